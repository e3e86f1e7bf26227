/* Its descriptor ends before the ops. */
#include <hostler/balancer.h>

static int open_nothing(const void *config, hst_host *host, void **ret_state, hst_error *err)
{
	(void)config, (void)host, (void)ret_state, (void)err;
	return HST_OK;
}

HST_PLUGIN(short_size) = {
	.abi = HST_ABI,
	.size = offsetof(hst_plugin, ops),
	.kind = HST_BALANCER,
	.name = "short_size",
	.version = "1.0",
	.summary = "Is cut off",
	.open = open_nothing,
};
