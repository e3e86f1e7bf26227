/*
 * A small balancer: the device with the most free slots. Rename emptiest everywhere, and change how it chooses.
 *
 *	[cluster finance]
 *	members  = ts-01, ts-02
 *	balancer = emptiest
 */
#include <hostler/balancer.h>

static int emptiest_open(const void *config, hst_host *host, void **ret_state, hst_error *err)
{
	(void)config, (void)host, (void)ret_state, (void)err;
	return HST_OK;
}

/* Pure: the same arguments give the same answer. What it may weigh is in them, chance included (`draw`). */
static int emptiest_choose(void *state, hst_call *call, const hst_candidate *candidates, size_t n,
                           const hst_placement_demand *demand, uint64_t draw, size_t *ret_index, hst_error *err)
{
	size_t best = 0;

	(void)state, (void)call, (void)demand, (void)draw, (void)err;
	for (size_t i = 1; i < n; i++)
		if (candidates[i].slots - candidates[i].running > candidates[best].slots - candidates[best].running)
			best = i;
	*ret_index = best;
	return HST_OK;
}

static const hst_balancer_ops emptiest_ops = {
	.size = sizeof emptiest_ops,
	.choose = emptiest_choose,
};

HST_PLUGIN(emptiest) = {
	.abi = HST_ABI,
	.size = sizeof(hst_plugin),
	.kind = HST_BALANCER,
	.name = "emptiest",
	.version = "1.0",
	.summary = "The device with the most free slots",
	.open = emptiest_open,
	.ops = &emptiest_ops,
};
