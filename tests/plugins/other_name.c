/* Exports a descriptor under another name than its file's. */
#include <hostler/trigger.h>

HST_PLUGIN(somebody_else) = {
	.abi = HST_ABI,
	.size = sizeof(hst_plugin),
	.kind = HST_TRIGGER,
	.name = "somebody_else",
	.version = "1.0",
	.summary = "Has lost its name",
};
