/* Calls what nobody has; built without -z defs, so that only loading it tells. */
#include <hostler/trigger.h>

int hst_nobody_has_this(void);

static int open_nothing(const void *config, hst_host *host, void **ret_state, hst_error *err)
{
	(void)config, (void)host, (void)ret_state, (void)err;
	return hst_nobody_has_this();
}

HST_PLUGIN(unresolved) = {
	.abi = HST_ABI,
	.size = sizeof(hst_plugin),
	.kind = HST_TRIGGER,
	.name = "unresolved",
	.version = "1.0",
	.summary = "Needs what is not there",
	.open = open_nothing,
};
