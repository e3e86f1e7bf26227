/*
 * A small strategy: one session on the device, whoever it belongs to. Rename single everywhere, and change its rules;
 * docs/sessions.md says which rules there are and what the refusals are called.
 *
 *	[gateway]
 *	strategy = single
 */
#include <hostler/strategy.h>

#include <string.h>

static int single_open(const void *config, hst_host *host, void **ret_state, hst_error *err)
{
	(void)config, (void)host, (void)ret_state, (void)err;
	return HST_OK;
}

static int single_slots(void *state, hst_call *call, const hst_device *device, const hst_session *sessions, size_t n,
                        int64_t *ret_max, int64_t *ret_free, hst_error *err)
{
	(void)state, (void)call, (void)device, (void)sessions, (void)err;
	*ret_max = 1;
	*ret_free = n == 0;
	return HST_OK;
}

static int refuse(hst_plan *ret, const char *reason, size_t blocker)
{
	*ret = (hst_plan){.verdict = HST_PLAN_REFUSE, .session = HST_NO_SESSION, .reason = reason, .blocker = blocker};
	return HST_OK;
}

static bool is_own(const hst_session *session, const hst_demand *demand)
{
	return !session->ours && strcmp(session->key, demand->key) == 0;
}

/* A person may have several sessions; the order in which they are listed must not matter, so any doubt comes first. */
static int single_use(const hst_session *sessions, size_t n, const hst_demand *demand, hst_plan *ret)
{
	size_t own = HST_NO_SESSION;

	for (size_t i = 0; i < n; i++) {
		if (!is_own(&sessions[i], demand))
			continue;
		if (sessions[i].connected == HST_UNKNOWN || sessions[i].locked == HST_UNKNOWN)
			return refuse(ret, "SessionFactUnknown", i);
		if (own == HST_NO_SESSION || sessions[i].connected == HST_NO || sessions[i].locked == HST_YES)
			own = i;
	}
	if (own == HST_NO_SESSION)
		return refuse(ret, "AttendedUserNotLoggedIn", own);
	if (sessions[own].connected == HST_NO || sessions[own].locked == HST_YES)
		return refuse(ret, "AttendedUserSessionNotActive", own);
	*ret = (hst_plan){.verdict = HST_PLAN_USE, .session = own, .blocker = HST_NO_SESSION};
	return HST_OK;
}

/*
 * Pure: it looks at the sessions and says what it would do. A refusal is an answer, not an error. What is unknown counts
 * as a reason not to start.
 */
static int single_plan(void *state, hst_call *call, const hst_device *device, const hst_session *sessions, size_t n,
                       const hst_demand *demand, hst_plan *ret, hst_error *err)
{
	(void)state, (void)call, (void)device, (void)err;
	for (size_t i = 0; i < n; i++)
		if (sessions[i].running && strcmp(sessions[i].key, demand->key) == 0)
			return refuse(ret, "UIFlowAlreadyRunning", i);
	if (demand->attended)
		return single_use(sessions, n, demand, ret);
	if (n > 0)
		return refuse(ret, "TooManyActiveSessions", 0);
	*ret = (hst_plan){.verdict = HST_PLAN_OPEN, .session = HST_NO_SESSION, .blocker = HST_NO_SESSION};
	return HST_OK;
}

static int single_retire(void *state, hst_call *call, const hst_session *session, hst_retirement *ret, hst_error *err)
{
	(void)state, (void)call, (void)session, (void)err;
	*ret = HST_SIGN_OUT;
	return HST_OK;
}

static const hst_strategy_ops single_ops = {
	.size = sizeof single_ops,
	.systems = HST_CLIENT | HST_SERVER | HST_LINUX,
	.slots = single_slots,
	.plan = single_plan,
	.retire = single_retire,
};

HST_PLUGIN(single) = {
	.abi = HST_ABI,
	.size = sizeof(hst_plugin),
	.kind = HST_STRATEGY,
	.name = "single",
	.version = "1.0",
	.summary = "One session on the device, whoever it belongs to",
	.open = single_open,
	.ops = &single_ops,
};
