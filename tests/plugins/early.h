/* A connector that is right but for what its constructor does, which EARLY_DEED names. */
#include "deeds.h"

#include <hostler/connector.h>

__attribute__((constructor)) static void early(void)
{
	EARLY_DEED();
}

static int early_open(const void *config, hst_host *host, void **ret_state, hst_error *err)
{
	(void)config, (void)host, (void)err;
	*ret_state = NULL;
	return HST_OK;
}

static int early_run(void *state, hst_call *call, const void *input, const hst_value *values, void *output,
		     const hst_value **ret_values, hst_error *err)
{
	(void)state, (void)call, (void)input, (void)values, (void)output, (void)ret_values, (void)err;
	return HST_OK;
}

static const hst_action actions[] = {{.name = "go", .summary = "does nothing", .run = early_run}};

#define EARLY_PLUGIN(name) HST_PLUGIN(name)

EARLY_PLUGIN(EARLY_NAME) = {
	.abi = HST_ABI,
	.size = sizeof(hst_plugin),
	.kind = HST_CONNECTOR,
	.name = EARLY_TEXT,
	.version = "1.0",
	.summary = "Misbehaves when it is loaded",
	.actions = actions,
	.action_count = 1,
	.open = early_open,
};
