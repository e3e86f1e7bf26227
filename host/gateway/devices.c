/* The devices this gateway serves: their strategies, and what the host hears of them. */
#include "gateway/gateway.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "definitions/options.h"
#include "plugin/load.h"
#include "plugin/registry.h"
#include "plugin/strategy.h"
#include "schema/facts.h"
#include "schema/value.h"

#include <stdlib.h>
#include <string.h>

enum { HEARTBEAT_MS = 5000 };

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

/* Rule R10a: on Linux, as on a server, several users may have sessions at once. A client names win10 itself. */
static const struct conf_instance by_system = {.kind = HST_STRATEGY, .name = "server-rds", .plugin = "server-rds"};

static int open_strategy(struct gateway *gateway, struct gateway_device *device, hst_error *err)
{
	const char *name = device->conf->strategy;
	const struct conf_instance *instance = name ? conf_instance(gateway->conf, HST_STRATEGY, name) : &by_system;
	const hst_plugin *plugin = NULL;
	const hst_value *options;
	struct problems problems;
	char *path = NULL;
	int rc;

	if (!instance)
		return hst_fail(err, HST_NOT_FOUND, "device %s: there is no strategy \"%s\"", device->conf->name, name);
	rc = registry_path(gateway->conf->plugins, HST_STRATEGY, instance->plugin, &path, err);
	if (rc >= 0)
		rc = plugin_load(path, &plugin, err);
	free(path);
	if (rc < 0)
		return rc;
	problems_init(&problems);
	options = definitions_options(gateway->arena, instance, plugin->options, &problems);
	if (!options)
		rc = hst_fail(err, HST_INVALID, "%s", problems.n ? problems.at[0].text : "the strategy's options are wrong");
	problems_clear(&problems);
	if (rc < 0)
		return rc;
	plugin_plain_host(&device->host, instance->name, gateway->arena);
	return plugin_open(plugin, options, &device->host, &device->strategy, err);
}

int devices_open(struct gateway *gateway, hst_error *err)
{
	for (size_t i = 0; i < gateway->conf->device_count; i++) {
		struct gateway_device *device;
		struct admission_policy policy = {.slots = policy_slots, .plan = policy_plan, .retire = policy_retire, .acknowledged = true, .handed_over = true};
		int rc;

		if (gateway->conf->devices[i].gateway)
			continue;
		device = mem_alloc(sizeof *device);
		device->gateway = gateway;
		device->conf = &gateway->conf->devices[i];
		admission_effects_init(&device->effects);
		table_set(&gateway->devices, device->conf->name, device);
		rc = open_strategy(gateway, device, err);
		if (rc < 0)
			return rc;
		policy.systems = strategy_systems(device->strategy);
		policy.arg = device->strategy;
		device->admission = admission_new(device->conf->name, device->conf->accounts, device->conf->account_count, &policy);
		processes_want(device, true);
	}
	return HST_OK;
}

void devices_close(struct gateway *gateway)
{
	TABLE_EACH(&gateway->devices, entry) {
		struct gateway_device *device = entry->value;

		admission_free(device->admission);
		admission_effects_clear(&device->effects);
		plugin_close(device->strategy);
		free(device);
	}
	table_clear(&gateway->devices);
}

struct saying {
	struct text *to;
	size_t n;
};

static bool say_session(void *arg, const hst_session *session, bool stuck)
{
	struct saying *saying = arg;

	text_add(saying->to, saying->n++ ? ",{\"id\":" : "{\"id\":");
	json_quote(saying->to, session->id, strlen(session->id));
	text_add(saying->to, ",\"user\":");
	json_quote(saying->to, session->user, strlen(session->user));
	text_addf(saying->to, ",\"connected\":\"%s\",\"locked\":\"%s\",\"ours\":%s,\"running\":%s,\"kept\":%s%s}",
	          fact_name(session->connected), fact_name(session->locked), session->ours ? "true" : "false",
	          session->running ? "true" : "false", session->kept ? "true" : "false",
	          stuck ? ",\"reason\":\"SessionCloseFailed\"" : "");
	return saying->n < 1000;
}

static bool say_held(void *arg, const struct admission_run *run)
{
	struct saying *saying = arg;

	text_addf(saying->to, "%s[%lld,%lld]", saying->n++ ? "," : "", (long long)run->step, (long long)run->token);
	return true;
}

/* What the host cannot read itself: it stands in the file of this machine. */
static void say_about(struct text *to, const struct conf_device *conf)
{
	text_add(to, ",\"about\":{\"driver\":");
	json_quote(to, conf->driver, strlen(conf->driver));
	text_add(to, ",\"strategy\":");
	json_quote(to, conf->strategy ? conf->strategy : by_system.name, strlen(conf->strategy ? conf->strategy : by_system.name));
	text_add(to, ",\"accounts\":[");
	for (size_t i = 0; i < conf->account_count; i++) {
		text_add(to, i ? "," : "");
		json_quote(to, conf->accounts[i], strlen(conf->accounts[i]));
	}
	text_add(to, "]}");
}

void devices_say(struct gateway_device *device)
{
	struct admission_device now = admission_device(device->admission);
	struct text json;
	struct saying saying = {.to = &json};
	struct message message;
	hst_error err = {{0}, {0}};

	if (!now.known)
		return;
	text_init(&json, PAYLOAD_BYTES_MAX);
	text_add(&json, "{\"sessions\":[");
	admission_sessions(device->admission, say_session, &saying);
	text_add(&json, "]");
	if (device->fresh) {
		saying.n = 0;
		text_add(&json, ",\"holding\":[");
		admission_runs(device->admission, say_held, &saying);
		text_add(&json, "]");
		say_about(&json, device->conf);
	}
	text_add(&json, "}");
	message_init(&message, WORD_device, 0);
	message_set_text(&message, "device", now.name);
	message_set_boolean(&message, "online", true);
	message_set_text(&message, "system", system_name(now.facts.system));
	message_set_integer(&message, "slots", now.slots);
	message_set_integer(&message, "revision", now.revision);
	message_set_integer(&message, "load", now.facts.load_milli);
	message_set_integer(&message, "journal", device->gateway->journal_identity);
	message_set_payload(&message, json.s, json.length);
	if (link_send(device->gateway->link, &message, &err) < 0)
		log_warning("device %s: the host could not be told: %s", now.name, err.text);
	else
		device->changed = device->fresh = false;
	text_clear(&json);
}

void devices_heartbeat(void *arg)
{
	struct gateway *gateway = arg;

	TABLE_EACH(&gateway->devices, entry)
		if (gateway->up)
			devices_say(entry->value);
	/* What could wait for other records has waited long enough. */
	gateway->records_urgent |= gateway->records.length > 0;
	loop_in(gateway->loop, HEARTBEAT_MS, devices_heartbeat, gateway);
}
