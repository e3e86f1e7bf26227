/*
 * Windows Server and Linux machines with many sessions: a run per user, up to a limit that people's own
 * sessions count towards (rules R7 and R8).
 */
#include "table.h"

struct server_config {
	int64_t max_sessions;
	bool reuse_session;
};

static const hst_field server_options[] = {
	HST_FIELD(struct server_config, max_sessions, .def = "0", .min = 0, .max = 10000,
		  .doc = "sessions the device may have at once, people's included; 0: by the system, 2 on "
			 "Windows Server and 4 per processor on Linux"),
	HST_FIELD(struct server_config, reuse_session, .def = "no",
		  .doc = "lock and keep a session after an unattended run, for a later run of the same user"),
};

enum { WITHOUT_REMOTE_DESKTOP_SERVICES = 2 };

static int64_t server_limit(const struct server_config *config, const hst_device *device)
{
	if (config->max_sessions > 0)
		return config->max_sessions;
	return device->system == HST_LINUX ? table_per_processor(device) : WITHOUT_REMOTE_DESKTOP_SERVICES;
}

static int server_open(const void *config, hst_host *host, void **ret_state, hst_error *err)
{
	(void)host, (void)err;
	*ret_state = (void *)(uintptr_t)config;
	return HST_OK;
}

static int server_slots(void *state, hst_call *call, const hst_device *device, const hst_session *sessions,
			size_t n, int64_t *ret_max, int64_t *ret_free, hst_error *err)
{
	(void)call, (void)err;
	*ret_max = server_limit(state, device);
	*ret_free = table_free(*ret_max, sessions, n);
	return HST_OK;
}

static int server_plan(void *state, hst_call *call, const hst_device *device, const hst_session *sessions,
		       size_t n, const hst_demand *demand, hst_plan *ret, hst_error *err)
{
	(void)call;
	return table_plan(SERVER_UNATTENDED, server_limit(state, device), sessions, n, demand, ret, err);
}

static int server_retire(void *state, hst_call *call, const hst_session *session, hst_retirement *ret,
			 hst_error *err)
{
	const struct server_config *config = state;

	(void)call, (void)err;
	*ret = table_retire(session, config->reuse_session);
	return HST_OK;
}

static const hst_strategy_ops server_ops = {
	.size = sizeof server_ops,
	.systems = HST_SERVER | HST_LINUX,
	.slots = server_slots,
	.plan = server_plan,
	.retire = server_retire,
};

HST_PLUGIN(server_rds) = {
	.abi = HST_ABI,
	.size = sizeof(hst_plugin),
	.kind = HST_STRATEGY,
	.name = "server-rds",
	.version = "1.0",
	.summary = "Many sessions on a server, one per user, up to a limit",
	.options = HST_FIELDS(server_options),
	.config_size = sizeof(struct server_config),
	.open = server_open,
	.ops = &server_ops,
};
