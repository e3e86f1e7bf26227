/* The default of its option is none. */
#include <hostler/trigger.h>

struct config {
	hst_duration every;
};

static const hst_field options[] = {
	HST_FIELD(struct config, every, .def = "soon", .doc = "time between two events"),
};

static const hst_trigger_ops ops = {.size = sizeof ops};

static int open_nothing(const void *config, hst_host *host, void **ret_state, hst_error *err)
{
	(void)config, (void)host, (void)ret_state, (void)err;
	return HST_OK;
}

HST_PLUGIN(bad_default) = {
	.abi = HST_ABI,
	.size = sizeof(hst_plugin),
	.kind = HST_TRIGGER,
	.name = "bad_default",
	.version = "1.0",
	.summary = "Has a default that is no duration",
	.options = HST_FIELDS(options),
	.config_size = sizeof(struct config),
	.open = open_nothing,
	.ops = &ops,
};
