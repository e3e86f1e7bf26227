#include "gateway/strategies.h"

#include "base/mem.h"
#include "definitions/options.h"
#include "plugin/load.h"
#include "plugin/registry.h"
#include "plugin/strategy.h"

#include <stdlib.h>

static int policy_slots(void *arg, const hst_device *device, const hst_session *sessions, size_t n, int64_t *ret_max,
                        int64_t *ret_free, hst_error *err)
{
	return strategy_slots(arg, device, sessions, n, ret_max, ret_free, err);
}

static int policy_plan(void *arg, const hst_device *device, const hst_session *sessions, size_t n, const hst_demand *demand,
                       hst_plan *ret, hst_error *err)
{
	return strategy_plan(arg, device, sessions, n, demand, ret, err);
}

static int policy_retire(void *arg, const hst_session *session, hst_retirement *ret, hst_error *err)
{
	return strategy_retire(arg, session, ret, err);
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

struct admission_policy strategies_policy(struct gateway_strategy *strategy)
{
	struct admission_policy policy = {.slots = gone_slots, .plan = gone_plan, .retire = gone_retire, .acknowledged = true,
	                                  .systems = ~0u};

	if (!strategy)
		return policy;
	policy.slots = policy_slots;
	policy.plan = policy_plan;
	policy.retire = policy_retire;
	policy.systems = strategy_systems(strategy->instance);
	policy.arg = strategy->instance;
	return policy;
}

static int open_plugin(struct gateway_strategy *strategy, const struct conf *conf, const struct conf_instance *instance,
                       hst_arena *arena, hst_error *err)
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
	plugin_plain_host(&strategy->host, instance->name, arena);
	return plugin_open(plugin, options, &strategy->host, &strategy->instance, err);
}

int strategies_open(const struct conf *conf, const struct conf_device *device, hst_arena *arena,
                    struct gateway_strategy **ret, hst_error *err)
{
	static const struct conf_instance by_system = {
		.kind = HST_STRATEGY, .name = (char *)STRATEGY_BY_SYSTEM, .plugin = (char *)STRATEGY_BY_SYSTEM};
	const struct conf_instance *instance = device->strategy ? conf_instance(conf, HST_STRATEGY, device->strategy) : &by_system;
	struct gateway_strategy *strategy;
	int rc;

	if (!instance)
		return hst_fail(err, HST_NOT_FOUND, "device %s: there is no strategy \"%s\"", device->name, device->strategy);
	strategy = mem_alloc(sizeof *strategy);
	rc = open_plugin(strategy, conf, instance, arena, err);
	if (rc < 0)
		free(strategy);
	else
		*ret = strategy;
	return rc;
}

void strategies_close(struct gateway_strategy *strategy)
{
	if (!strategy)
		return;
	plugin_close(strategy->instance);
	free(strategy);
}
