/* The first device of the cluster's list that can take the run now (rule R22). */
#include <hostler/balancer.h>

static int primary_open(const void *config, hst_host *host, void **ret_state, hst_error *err)
{
	(void)config, (void)host, (void)ret_state, (void)err;
	return HST_OK;
}

/* Candidates come in the order of the list. */
static int primary_choose(void *state, hst_call *call, const hst_candidate *candidates, size_t n,
			  const hst_placement_demand *demand, uint64_t draw, size_t *ret_index, hst_error *err)
{
	(void)state, (void)call, (void)candidates, (void)n, (void)demand, (void)draw, (void)err;
	*ret_index = 0;
	return HST_OK;
}

static const hst_balancer_ops primary_ops = {
	.size = sizeof primary_ops,
	.choose = primary_choose,
};

HST_PLUGIN(primary) = {
	.abi = HST_ABI,
	.size = sizeof(hst_plugin),
	.kind = HST_BALANCER,
	.name = "primary",
	.version = "1.0",
	.summary = "The first device of the list that can take the run now",
	.open = primary_open,
	.ops = &primary_ops,
};
