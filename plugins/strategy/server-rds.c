/*
 * Windows Server and Linux machines with many sessions: a run per user, up to a limit that people's own
 * sessions count towards (rules R7 and R8).
 */
#include "table.h"

struct server_config {
	int64_t max_sessions;
	hst_choice rds;
	bool reuse_session;
};

enum { RDS_AUTO, RDS_YES, RDS_NO };

static const char *const rds_words[] = {"auto", "yes", "no", NULL};

static const hst_field server_options[] = {
	HST_FIELD(struct server_config, max_sessions, .def = "0", .min = 0, .max = 10000,
		  .doc = "sessions the device may have at once, people's included; 0: 4 per processor. "
			 "Without Remote Desktop Services never more than 2"),
	HST_FIELD(struct server_config, rds, .choices = rds_words, .def = "auto",
		  .doc = "whether Remote Desktop Services allow more than two sessions; auto: what the driver says "
			 "of a Windows Server, where it does not say so they do not; on Linux they are not needed"),
	HST_FIELD(struct server_config, reuse_session, .def = "no",
		  .doc = "lock and keep a session after an unattended run, for a later run of the same user"),
};

enum { WITHOUT_RDS = 2 };

/* Why no more than two: constant half a sentence. NULL: there may be more. */
static const char *held_to_two(const struct server_config *config, const hst_device *device)
{
	if (config->rds.index == RDS_NO)
		return "rds = no";
	if (config->rds.index == RDS_YES || device->system != HST_SERVER || device->rds == HST_RDS_YES)
		return NULL;
	if (device->rds == HST_RDS_NO)
		return "this server is without Remote Desktop Services";
	return "nobody can say whether this server has Remote Desktop Services; with rds = yes it may have more";
}

static struct table_limit server_limit(const struct server_config *config, const hst_device *device)
{
	struct table_limit limit = table_limit(config->max_sessions, device);
	const char *why = held_to_two(config, device);

	if (why && (limit.max > WITHOUT_RDS || !config->max_sessions))
		limit = (struct table_limit){WITHOUT_RDS, why};
	return limit;
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
	*ret_max = server_limit(state, device).max;
	*ret_free = table_free(*ret_max, sessions, n);
	return HST_OK;
}

static int server_plan(void *state, hst_call *call, const hst_device *device, const hst_session *sessions,
		       size_t n, const hst_demand *demand, hst_plan *ret, hst_error *err)
{
	(void)call;
	return table_plan(SERVER_UNATTENDED, server_limit(state, device).max, sessions, n, demand, ret, err);
}

static int server_retire(void *state, hst_call *call, const hst_session *session, hst_retirement *ret,
			 hst_error *err)
{
	const struct server_config *config = state;

	(void)call, (void)err;
	*ret = table_retire(session, config->reuse_session);
	return HST_OK;
}

static const char *server_limit_from(void *state, const hst_device *device)
{
	return server_limit(state, device).from;
}

static const hst_strategy_ops server_ops = {
	.size = sizeof server_ops,
	.systems = HST_SERVER | HST_LINUX,
	.slots = server_slots,
	.plan = server_plan,
	.retire = server_retire,
	.limit_from = server_limit_from,
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
