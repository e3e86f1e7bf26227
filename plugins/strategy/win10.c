/*
 * Windows 10 and 11, any client system, and a Linux machine with one person at it: one run at a time, and
 * unattended only while nobody else has a session there (rule R6).
 */
#include "table.h"

struct win10_config {
	bool reuse_session;
};

static const hst_field win10_options[] = {
	HST_FIELD(struct win10_config, reuse_session, .def = "no",
		  .doc = "lock and keep a session after an unattended run, for a later run of the same user"),
};

enum { WIN10_LIMIT = 1 };

static int win10_open(const void *config, hst_host *host, void **ret_state, hst_error *err)
{
	(void)host, (void)err;
	*ret_state = (void *)(uintptr_t)config;
	return HST_OK;
}

static int win10_slots(void *state, hst_call *call, const hst_device *device, const hst_session *sessions,
		       size_t n, int64_t *ret_max, int64_t *ret_free, hst_error *err)
{
	(void)state, (void)call, (void)device, (void)err;
	*ret_max = WIN10_LIMIT;
	*ret_free = table_free(WIN10_LIMIT, sessions, n);
	return HST_OK;
}

static int win10_plan(void *state, hst_call *call, const hst_device *device, const hst_session *sessions,
		      size_t n, const hst_demand *demand, hst_plan *ret, hst_error *err)
{
	(void)state, (void)call, (void)device;
	return table_plan(WIN10_UNATTENDED, WIN10_LIMIT, sessions, n, demand, ret, err);
}

static int win10_retire(void *state, hst_call *call, const hst_session *session, hst_retirement *ret,
			hst_error *err)
{
	const struct win10_config *config = state;

	(void)call, (void)err;
	*ret = table_retire(session, config->reuse_session);
	return HST_OK;
}

static const char *win10_limit_from(void *state, const hst_device *device)
{
	(void)state, (void)device;
	return "win10 runs one at a time";
}

static const hst_strategy_ops win10_ops = {
	.size = sizeof win10_ops,
	.systems = HST_CLIENT | HST_LINUX,
	.slots = win10_slots,
	.plan = win10_plan,
	.retire = win10_retire,
	.limit_from = win10_limit_from,
};

HST_PLUGIN(win10) = {
	.abi = HST_ABI,
	.size = sizeof(hst_plugin),
	.kind = HST_STRATEGY,
	.name = "win10",
	.version = "1.0",
	.summary = "One run at a time on a client system, unattended only while nobody has a session",
	.options = HST_FIELDS(win10_options),
	.config_size = sizeof(struct win10_config),
	.open = win10_open,
	.ops = &win10_ops,
};
