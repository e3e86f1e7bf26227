/* The strategy of the simulated devices: a server with one session per user and so many at once, where a kept session
 * gives way. */
#include "sim_device.h"

#include <string.h>

static int policy_slots(void *arg, const hst_device *facts, const hst_session *sessions, size_t n, int64_t *ret_max,
			int64_t *ret_free, hst_error *err)
{
	const struct sim_device *device = arg;
	int64_t used = 0;

	(void)facts;
	(void)err;
	for (size_t i = 0; i < n; i++)
		used += !(sessions[i].kept && !sessions[i].running);
	*ret_max = device->limit;
	*ret_free = used < device->limit ? device->limit - used : 0;
	return HST_OK;
}

static int policy_plan(void *arg, const hst_device *facts, const hst_session *sessions, size_t n,
		       const hst_demand *demand, hst_plan *ret, hst_error *err)
{
	const struct sim_device *device = arg;
	size_t kept = HST_NO_SESSION;

	(void)facts;
	(void)err;
	*ret = (hst_plan){.verdict = HST_PLAN_OPEN, .session = HST_NO_SESSION, .blocker = HST_NO_SESSION};
	for (size_t i = 0; i < n; i++) {
		bool own = strcmp(sessions[i].key, demand->key) == 0;

		if (sessions[i].kept && !sessions[i].running && own) {
			ret->verdict = HST_PLAN_REUSE;
			ret->session = i;
			return HST_OK;
		}
		if (sessions[i].kept && !sessions[i].running)
			kept = i;
		if (own) {
			ret->verdict = HST_PLAN_REFUSE;
			ret->reason = "SessionExistsForTheUserWhenUnattended";
			ret->blocker = i;
			return HST_OK;
		}
	}
	if ((int64_t)n < device->limit)
		return HST_OK;
	ret->verdict = kept == HST_NO_SESSION ? HST_PLAN_REFUSE : HST_PLAN_CLOSE_FIRST;
	ret->session = kept;
	ret->reason = "TooManyActiveSessions";
	return HST_OK;
}

static int policy_retire(void *arg, const hst_session *session, hst_retirement *ret, hst_error *err)
{
	(void)session;
	(void)err;
	*ret = ((const struct sim_device *)arg)->retirement;
	return HST_OK;
}

struct admission *sim_strategy_admission(struct sim_device *device)
{
	static char *const accounts[] = {(char *)"bot1", (char *)"bot2", (char *)"bot3", (char *)"bot4"};
	const struct admission_policy policy = {.slots = policy_slots,
						.plan = policy_plan,
						.retire = policy_retire,
						.systems = HST_LINUX,
						.acknowledged = true,
						.handed_over = device->numbers > 0,
						.arg = device};

	return admission_new(device->name, accounts, sizeof accounts / sizeof accounts[0], &policy);
}
