#include "plugin/strategy.h"

#include "base/arena.h"
#include "plugin/guard.h"
#include "plugin/present.h"

static const hst_strategy_ops *begin(struct plugin_instance *strategy, const char *op, hst_call *call)
{
	plugin_begin(strategy, op, GUARD_PURE_MS);
	arena_reset(strategy->scratch);
	plugin_plain_call(call, strategy->host, strategy->scratch);
	return strategy->plugin->ops;
}

int strategy_slots(struct plugin_instance *strategy, const hst_device *device, const hst_session *sessions,
		   size_t n, int64_t *ret_max, int64_t *ret_free, hst_error *err)
{
	int64_t max = -1, room = -1;
	hst_error said = {0};
	hst_call call;
	const hst_strategy_ops *ops = begin(strategy, "slots", &call);
	int code = ops->slots(strategy->state, &call, device, sessions, n, &max, &room, &said);

	if ((code = plugin_answer(strategy->plugin, "slots", code, &said, err)) != HST_OK)
		return code;
	if (max < 0 || room < 0 || room > max)
		return plugin_broke(strategy->plugin, "slots", err, "gave %lld free of %lld slots",
				    (long long)room, (long long)max);
	*ret_max = max;
	*ret_free = room;
	return HST_OK;
}

/* What each verdict must bring along. */
static int check_plan(const struct plugin_instance *strategy, const hst_plan *plan, size_t n, hst_error *err)
{
	switch (plan->verdict) {
	case HST_PLAN_USE:
	case HST_PLAN_REUSE:
	case HST_PLAN_CLOSE_FIRST:
		if (plan->session >= n)
			return plugin_broke(strategy->plugin, "plan", err, "names session %zu of %zu",
					    plan->session, n);
		return HST_OK;
	case HST_PLAN_REFUSE:
		if (!plan->reason || !plan->reason[0])
			return plugin_broke(strategy->plugin, "plan", err, "refuses without a reason");
		if (plan->blocker != HST_NO_SESSION && plan->blocker >= n)
			return plugin_broke(strategy->plugin, "plan", err, "is blocked by session %zu of %zu",
					    plan->blocker, n);
		return HST_OK;
	case HST_PLAN_OPEN:
		return HST_OK;
	}
	return plugin_broke(strategy->plugin, "plan", err, "gave verdict %d, which is none of hst_verdict",
			    (int)plan->verdict);
}

int strategy_plan(struct plugin_instance *strategy, const hst_device *device, const hst_session *sessions,
		  size_t n, const hst_demand *demand, hst_plan *ret, hst_error *err)
{
	hst_plan plan = {.session = HST_NO_SESSION, .blocker = HST_NO_SESSION};
	hst_error said = {0};
	hst_call call;
	const hst_strategy_ops *ops = begin(strategy, "plan", &call);
	int code = ops->plan(strategy->state, &call, device, sessions, n, demand, &plan, &said);

	if ((code = plugin_answer(strategy->plugin, "plan", code, &said, err)) != HST_OK)
		return code;
	if ((code = check_plan(strategy, &plan, n, err)) != HST_OK)
		return code;
	*ret = plan;
	return HST_OK;
}

int strategy_retire(struct plugin_instance *strategy, const hst_session *session, hst_retirement *ret,
		    hst_error *err)
{
	hst_retirement retirement = 0;
	hst_error said = {0};
	hst_call call;
	const hst_strategy_ops *ops = begin(strategy, "retire", &call);
	int code = ops->retire(strategy->state, &call, session, &retirement, &said);

	if ((code = plugin_answer(strategy->plugin, "retire", code, &said, err)) != HST_OK)
		return code;
	if (retirement != HST_KEEP && retirement != HST_LOCK && retirement != HST_SIGN_OUT)
		return plugin_broke(strategy->plugin, "retire", err,
				    "gave %d, which is none of hst_retirement", (int)retirement);
	*ret = retirement;
	return HST_OK;
}

unsigned strategy_systems(const struct plugin_instance *strategy)
{
	const hst_strategy_ops *ops = strategy->plugin->ops;

	return ops->systems;
}

const char *strategy_limit_from(struct plugin_instance *strategy, const hst_device *device)
{
	const hst_strategy_ops *ops = strategy->plugin->ops;
	const char *from;

	if (!PRESENT(ops, limit_from))
		return NULL;
	plugin_begin(strategy, "limit_from", GUARD_PURE_MS);
	from = ops->limit_from(strategy->state, device);
	guard_leave();
	return from;
}
