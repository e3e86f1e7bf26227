#include "policy/strategies.h"

#include "base/mem.h"
#include "definitions/options.h"
#include "plugin/load.h"
#include "plugin/registry.h"
#include "plugin/strategy.h"

#include <stdlib.h>

/* Rule R10a, where the configuration names none: a person at a client would be thrown out by what is for servers. */
static const char on_clients[] = "win10", elsewhere[] = "server-rds";

static struct plugin_instance *instance_for(const struct policy_strategy *strategy, const hst_device *device)
{
	return strategy->client && device->system == HST_CLIENT ? strategy->client : strategy->instance;
}

static int policy_slots(void *arg, const hst_device *device, const hst_session *sessions, size_t n, int64_t *ret_max,
                        int64_t *ret_free, hst_error *err)
{
	return strategy_slots(instance_for(arg, device), device, sessions, n, ret_max, ret_free, err);
}

static int policy_plan(void *arg, const hst_device *device, const hst_session *sessions, size_t n, const hst_demand *demand,
                       hst_plan *ret, hst_error *err)
{
	return strategy_plan(instance_for(arg, device), device, sessions, n, demand, ret, err);
}

static int policy_retire(void *arg, const hst_session *session, hst_retirement *ret, hst_error *err)
{
	const struct policy_strategy *strategy = arg;

	/* Neither of the two that go by the system keeps a session by its defaults. */
	return strategy_retire(strategy->instance, session, ret, err);
}

static const char *policy_limit_from(void *arg, const hst_device *device)
{
	return strategy_limit_from(instance_for(arg, device), device);
}

static int gone_slots(void *arg, const hst_device *device, const hst_session *sessions, size_t n, int64_t *ret_max,
                      int64_t *ret_free, hst_error *err)
{
	(void)arg, (void)device, (void)sessions, (void)n, (void)err;
	*ret_max = *ret_free = 0;
	return HST_OK;
}

static int gone_plan(void *arg, const hst_device *device, const hst_session *sessions, size_t n, const hst_demand *demand,
                     hst_plan *ret, hst_error *err)
{
	(void)arg, (void)device, (void)sessions, (void)n, (void)demand, (void)err;
	*ret = (hst_plan){.verdict = HST_PLAN_REFUSE, .reason = "DeviceDraining", .session = HST_NO_SESSION, .blocker = HST_NO_SESSION};
	return HST_OK;
}

static int gone_retire(void *arg, const hst_session *session, hst_retirement *ret, hst_error *err)
{
	(void)arg, (void)session, (void)err;
	*ret = HST_SIGN_OUT;
	return HST_OK;
}

struct admission_policy strategies_policy(struct policy_strategy *strategy)
{
	struct admission_policy policy = {.slots = gone_slots, .plan = gone_plan, .retire = gone_retire, .acknowledged = true,
	                                  .systems = ~0u};

	if (!strategy)
		return policy;
	policy.slots = policy_slots;
	policy.plan = policy_plan;
	policy.retire = policy_retire;
	policy.limit_from = policy_limit_from;
	policy.systems = strategy_systems(strategy->instance);
	if (strategy->client)
		policy.systems = (policy.systems & ~(unsigned)HST_CLIENT) | (strategy_systems(strategy->client) & (unsigned)HST_CLIENT);
	policy.arg = strategy;
	return policy;
}

static int open_plugin(const struct conf *conf, const struct conf_instance *instance, hst_arena *arena, hst_host *host,
                       struct plugin_instance **ret, hst_error *err)
{
	const hst_plugin *plugin = NULL;
	const hst_value *options;
	struct problems problems;
	char *path = NULL;
	int rc = registry_path(conf->plugins, HST_STRATEGY, instance->plugin, &path, err);

	if (rc >= 0)
		rc = plugin_load(path, &plugin, err);
	free(path);
	if (rc < 0)
		return rc;
	problems_init(&problems);
	options = definitions_options(arena, instance, plugin->options, &problems);
	if (!options)
		rc = hst_fail(err, HST_INVALID, "%s", problems.n ? problems.at[0].text : "the strategy's options are wrong");
	problems_clear(&problems);
	if (rc < 0)
		return rc;
	plugin_plain_host(host, instance->name, arena);
	return plugin_open(plugin, options, host, ret, err);
}

static int open_named(const struct conf *conf, const char *plugin, hst_arena *arena, hst_host *host, struct plugin_instance **ret,
                      hst_error *err)
{
	const struct conf_instance bare = {.kind = HST_STRATEGY, .name = (char *)plugin, .plugin = (char *)plugin};

	return open_plugin(conf, &bare, arena, host, ret, err);
}

int strategies_open(const struct conf *conf, const struct conf_device *device, hst_arena *arena,
                    struct policy_strategy **ret, hst_error *err)
{
	const struct conf_instance *instance = device->strategy ? conf_instance(conf, HST_STRATEGY, device->strategy) : NULL;
	struct policy_strategy *strategy;
	int rc;

	if (device->strategy && !instance)
		return hst_fail(err, HST_NOT_FOUND, "device %s: there is no strategy \"%s\"", device->name, device->strategy);
	strategy = mem_alloc(sizeof *strategy);
	if (instance) {
		rc = open_plugin(conf, instance, arena, &strategy->host, &strategy->instance, err);
	} else {
		rc = open_named(conf, elsewhere, arena, &strategy->host, &strategy->instance, err);
		if (rc >= 0)
			rc = open_named(conf, on_clients, arena, &strategy->client_host, &strategy->client, err);
	}
	if (rc < 0)
		strategies_close(strategy);
	else
		*ret = strategy;
	return rc;
}

const char *strategies_in_force(const struct conf_device *device, bool known, hst_system system)
{
	if (device->strategy)
		return device->strategy;
	if (!known)
		return NULL;
	return system == HST_CLIENT ? on_clients : elsewhere;
}

void strategies_close(struct policy_strategy *strategy)
{
	if (!strategy)
		return;
	plugin_close(strategy->instance);
	plugin_close(strategy->client);
	free(strategy);
}
