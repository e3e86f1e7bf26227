/*
 * The device with the most room. A device is as loaded as the scarcest of its three resources: places for runs,
 * processors, memory. What not every candidate reports is not weighed at all, since it would favour either those that
 * say it or those that do not.
 */
#include <hostler/balancer.h>

static int least_loaded_open(const void *config, hst_host *host, void **ret_state, hst_error *err)
{
	(void)config, (void)host, (void)ret_state, (void)err;
	return HST_OK;
}

/* How much is taken, in thousandths. */
struct load {
	int64_t most; /* of the scarcest resource */
	int64_t all;  /* of all together */
};

static void add(struct load *load, int64_t part)
{
	load->most = part > load->most ? part : load->most;
	load->all += part;
}

static struct load load_of(const hst_candidate *candidate, bool processors, bool memory)
{
	struct load load = {0};
	int64_t slots = candidate->slots > 0 ? candidate->slots : 1;

	add(&load, candidate->running * 1000 / slots);
	if (processors)
		add(&load, candidate->load_milli);
	if (memory)
		add(&load, candidate->memory_milli);
	return load;
}

/* Of equals the one that had the fewest runs of this cluster, then the first of the list. */
static bool comes_before(const hst_candidate *a, struct load load_a, const hst_candidate *b, struct load load_b)
{
	if (load_a.most != load_b.most)
		return load_a.most < load_b.most;
	if (load_a.all != load_b.all)
		return load_a.all < load_b.all;
	return a->placed_by_this_target < b->placed_by_this_target;
}

static int least_loaded_choose(void *state, hst_call *call, const hst_candidate *candidates, size_t n,
			       const hst_placement_demand *demand, uint64_t draw, size_t *ret_index, hst_error *err)
{
	bool processors = true, memory = true;
	struct load least, load;
	size_t best = 0;

	(void)state, (void)call, (void)demand, (void)draw, (void)err;
	for (size_t i = 0; i < n; i++) {
		processors &= candidates[i].load_milli >= 0;
		memory &= candidates[i].memory_milli >= 0;
	}
	least = load_of(&candidates[0], processors, memory);
	for (size_t i = 1; i < n; i++) {
		load = load_of(&candidates[i], processors, memory);
		if (comes_before(&candidates[i], load, &candidates[best], least)) {
			best = i;
			least = load;
		}
	}
	*ret_index = best;
	return HST_OK;
}

static const hst_balancer_ops least_loaded_ops = {
	.size = sizeof least_loaded_ops,
	.choose = least_loaded_choose,
};

HST_PLUGIN(least_loaded) = {
	.abi = HST_ABI,
	.size = sizeof(hst_plugin),
	.kind = HST_BALANCER,
	.name = "least-loaded",
	.version = "1.0",
	.summary = "The device with the most room: places for runs, processors and memory",
	.open = least_loaded_open,
	.ops = &least_loaded_ops,
};
