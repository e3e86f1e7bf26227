#include "plugin/balancer.h"

#include "base/arena.h"
#include "plugin/guard.h"

int balancer_choose(struct plugin_instance *balancer, const hst_candidate *candidates, size_t n,
		    const hst_placement_demand *demand, uint64_t draw, size_t *ret, hst_error *err)
{
	const hst_balancer_ops *ops = balancer->plugin->ops;
	size_t index = SIZE_MAX;
	hst_error said = {0};
	hst_call call;
	int code;

	if (n == 0)
		return hst_fail(err, HST_INVALID, "there is no device to choose from");
	arena_reset(balancer->scratch);
	plugin_plain_call(&call, balancer->host, balancer->scratch);
	plugin_begin(balancer, "choose", GUARD_PURE_MS);
	code = ops->choose(balancer->state, &call, candidates, n, demand, draw, &index, &said);
	if ((code = plugin_answer(balancer->plugin, "choose", code, &said, err)) != HST_OK)
		return code;
	if (index >= n)
		return plugin_broke(balancer->plugin, "choose", err, "gave index %zu of %zu candidates",
				    index, n);
	*ret = index;
	return HST_OK;
}
