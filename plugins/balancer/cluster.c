/*
 * All devices take turns (rule R22): the one that this cluster has given the fewest runs gets the next. The host
 * counts, and never counts anybody lower than the lowest of those that could take the last run; so whoever was
 * away makes nothing up.
 */
#include <hostler/balancer.h>

static int cluster_open(const void *config, hst_host *host, void **ret_state, hst_error *err)
{
	(void)config, (void)host, (void)ret_state, (void)err;
	return HST_OK;
}

/* Of equals the one that has had no run for longest; then the first of the list. */
static bool comes_before(const hst_candidate *a, const hst_candidate *b)
{
	if (a->placed_by_this_target != b->placed_by_this_target)
		return a->placed_by_this_target < b->placed_by_this_target;
	return a->last_placed_seq < b->last_placed_seq;
}

static int cluster_choose(void *state, hst_call *call, const hst_candidate *candidates, size_t n,
			  const hst_placement_demand *demand, uint64_t draw, size_t *ret_index, hst_error *err)
{
	size_t best = 0;

	(void)state, (void)call, (void)demand, (void)draw, (void)err;
	for (size_t i = 1; i < n; i++)
		if (comes_before(&candidates[i], &candidates[best]))
			best = i;
	*ret_index = best;
	return HST_OK;
}

static const hst_balancer_ops cluster_ops = {
	.size = sizeof cluster_ops,
	.choose = cluster_choose,
};

HST_PLUGIN(cluster) = {
	.abi = HST_ABI,
	.size = sizeof(hst_plugin),
	.kind = HST_BALANCER,
	.name = "cluster",
	.version = "1.0",
	.summary = "All devices take turns: the one that had the fewest runs of this cluster gets the next",
	.open = cluster_open,
	.ops = &cluster_ops,
};
