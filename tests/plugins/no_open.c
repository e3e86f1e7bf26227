/* Cannot be opened. */
#include <hostler/trigger.h>

static const hst_trigger_ops ops = {.size = sizeof ops};

HST_PLUGIN(no_open) = {
	.abi = HST_ABI,
	.size = sizeof(hst_plugin),
	.kind = HST_TRIGGER,
	.name = "no_open",
	.version = "1.0",
	.summary = "Has no open",
	.ops = &ops,
};
