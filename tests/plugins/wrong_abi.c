/* Says it was built for an ABI that does not exist yet. */
#include <hostler/balancer.h>

static int open_nothing(const void *config, hst_host *host, void **ret_state, hst_error *err)
{
	(void)config, (void)host, (void)ret_state, (void)err;
	return HST_OK;
}

HST_PLUGIN(wrong_abi) = {
	.abi = (HST_ABI_MAJOR + 1) << 16,
	.size = sizeof(hst_plugin),
	.kind = HST_BALANCER,
	.name = "wrong_abi",
	.version = "1.0",
	.summary = "Comes from the future",
	.open = open_nothing,
};
