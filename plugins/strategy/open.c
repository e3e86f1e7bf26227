/*
 * No rules but the limit and one run per user at a time (rules R8 and R9): for machines of one's own and for
 * benchmarks. Attended runs still need an unlocked session of a person, because that is what attended means
 * (R5).
 */
#include "table.h"

struct open_config {
	int64_t max_sessions;
	bool reuse_session;
};

static const hst_field open_options[] = {
	HST_FIELD(struct open_config, max_sessions, .def = "0", .min = 0, .max = 10000,
		  .doc = "sessions the device may have at once, people's included; 0: 4 per processor"),
	HST_FIELD(struct open_config, reuse_session, .def = "no",
		  .doc = "lock and keep a session after an unattended run, for a later run of the same user"),
};

static int open_open(const void *config, hst_host *host, void **ret_state, hst_error *err)
{
	(void)host, (void)err;
	*ret_state = (void *)(uintptr_t)config;
	return HST_OK;
}

static int open_slots(void *state, hst_call *call, const hst_device *device, const hst_session *sessions,
		      size_t n, int64_t *ret_max, int64_t *ret_free, hst_error *err)
{
	const struct open_config *config = state;

	(void)call, (void)err;
	*ret_max = table_limit(config->max_sessions, device).max;
	*ret_free = table_free(*ret_max, sessions, n);
	return HST_OK;
}

static int open_plan(void *state, hst_call *call, const hst_device *device, const hst_session *sessions,
		     size_t n, const hst_demand *demand, hst_plan *ret, hst_error *err)
{
	const struct open_config *config = state;

	(void)call;
	return table_plan(OPEN_UNATTENDED, table_limit(config->max_sessions, device).max, sessions, n, demand, ret, err);
}

static int open_retire(void *state, hst_call *call, const hst_session *session, hst_retirement *ret,
		       hst_error *err)
{
	const struct open_config *config = state;

	(void)call, (void)err;
	*ret = table_retire(session, config->reuse_session);
	return HST_OK;
}

static const char *open_limit_from(void *state, const hst_device *device)
{
	const struct open_config *config = state;

	return table_limit(config->max_sessions, device).from;
}

static const hst_strategy_ops open_ops = {
	.size = sizeof open_ops,
	.systems = HST_CLIENT | HST_SERVER | HST_LINUX,
	.slots = open_slots,
	.plan = open_plan,
	.retire = open_retire,
	.limit_from = open_limit_from,
};

HST_PLUGIN(open) = {
	.abi = HST_ABI,
	.size = sizeof(hst_plugin),
	.kind = HST_STRATEGY,
	.name = "open",
	.version = "1.0",
	.summary = "No rules but a limit and one run per user at a time, for machines of one's own",
	.options = HST_FIELDS(open_options),
	.config_size = sizeof(struct open_config),
	.open = open_open,
	.ops = &open_ops,
};
