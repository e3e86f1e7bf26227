/* The devices this gateway serves: their strategies, and what the host hears of them. */
#include "gateway/gateway.h"

#include "base/auto.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/conf_changes.h"
#include "schema/facts.h"
#include "schema/value.h"

#include <stdlib.h>
#include <string.h>

enum { HEARTBEAT_MS = 5000, SHOWN_MS = 15000 };

char *devices_made_of(const struct conf *conf, const struct conf_device *device)
{
	AUTO_FREE char *driver = conf_made_of(conf, HST_DRIVER, device->driver);

	return mem_printf("%s%s", driver, device->address ? device->address : "");
}

struct gateway_device *devices_add(struct gateway *gateway, const struct conf_device *conf, struct policy_strategy *strategy_take)
{
	struct gateway_device *device = mem_alloc(sizeof *device);
	struct admission_policy policy = strategies_policy(strategy_take);

	policy.handed_over = true;
	device->gateway = gateway;
	device->conf = conf;
	device->strategy = strategy_take;
	device->driver_made_of = devices_made_of(gateway->conf, conf);
	device->fresh = true;
	admission_effects_init(&device->effects);
	table_set(&gateway->devices, conf->name, device);
	device->admission = admission_new(conf->name, conf->accounts, conf->account_count, &policy);
	processes_want(device, true);
	return device;
}

int devices_open(struct gateway *gateway, hst_error *err)
{
	for (size_t i = 0; i < gateway->conf->device_count; i++) {
		struct policy_strategy *strategy;
		int rc;

		if (gateway->conf->devices[i].gateway)
			continue;
		rc = strategies_open(gateway->conf, &gateway->conf->devices[i], gateway->arena, &strategy, err);
		if (rc < 0)
			return rc;
		devices_add(gateway, &gateway->conf->devices[i], strategy);
	}
	return HST_OK;
}

void devices_let_go(struct gateway_device *device)
{
	if (!device->leaving || device->let_go || !admission_is_idle(device->admission))
		return;
	device->let_go = true;
	processes_end_watch(device);
	log_info("device %s is no longer configured, and nothing is left of it", device->conf->name);
}

void devices_close(struct gateway *gateway)
{
	TABLE_EACH(&gateway->devices, entry) {
		struct gateway_device *device = entry->value;

		admission_free(device->admission);
		admission_effects_clear(&device->effects);
		strategies_close(device->strategy);
		free(device->driver_made_of);
		free(device->gone.name);
		free(device->problem);
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
	text_addf(saying->to, ",\"connected\":\"%s\",\"locked\":\"%s\",\"ours\":%s,\"running\":%s,\"kept\":%s%s",
	          fact_name(session->connected), fact_name(session->locked), session->ours ? "true" : "false",
	          session->running ? "true" : "false", session->kept ? "true" : "false",
	          stuck ? ",\"reason\":\"SessionCloseFailed\"" : "");
	if (session->doubt) {
		text_add(saying->to, ",\"doubt\":");
		json_quote(saying->to, session->doubt, strlen(session->doubt));
	}
	text_add(saying->to, "}");
	return saying->n < 1000;
}

static bool say_held(void *arg, const struct admission_run *run)
{
	struct saying *saying = arg;

	text_addf(saying->to, "%s[%lld,%lld]", saying->n++ ? "," : "", (long long)run->step, (long long)run->token);
	return true;
}

static const char *strategy_of(const struct gateway_device *device)
{
	const struct admission_device now = admission_device(device->admission);

	return strategies_in_force(device->conf, now.known, now.facts.system);
}

static void say_text(struct text *to, const char *name, const char *value)
{
	text_addf(to, ",\"%s\":", name);
	if (value)
		json_quote(to, value, strlen(value));
	else
		text_add(to, "null");
}

void devices_about(struct text *to, const struct gateway_device *device)
{
	const struct conf_device *conf = device->conf;

	say_text(to, "driver", conf->driver);
	say_text(to, "device_address", conf->address);
	say_text(to, "strategy", strategy_of(device));
	text_add(to, ",\"accounts\":[");
	for (size_t i = 0; i < conf->account_count; i++) {
		text_add(to, i ? "," : "");
		json_quote(to, conf->accounts[i], strlen(conf->accounts[i]));
	}
	text_add(to, "]");
}

/* A device may be let go before the host has answered. */
struct showing {
	struct gateway *gateway;
	char *device;
};

/* To the first word of a connection: from now on the host shows the device, or says why it does not. */
static void on_shown(void *arg, const struct message *reply)
{
	struct showing *showing = arg;
	struct gateway *gateway = showing->gateway;
	struct gateway_device *device = reply ? table_get(&gateway->devices, showing->device) : NULL;
	hst_error err = {{0}, {0}};

	free(showing->device);
	free(showing);
	if (!device || !gateway->up)
		return;
	free(device->problem);
	device->problem = NULL;
	device->shown = reply->word != WORD_error;
	if (!device->shown) {
		message_read_error(reply, &err);
		log_error("device %s: the host refuses it: %s", device->conf->name, err.text);
		device->problem = mem_text(err.text);
	}
	now_write(device->gateway);
}

/* Which rules are in force here, and how many sessions they allow. */
static void say_rules(struct text *to, const struct gateway_device *device, const struct admission_device *now)
{
	if (!now->known || device->leaving)
		return;
	say_text(to, "strategy", strategy_of(device));
	text_addf(to, ",\"by_system\":%s,\"unfit\":%s,\"limit\":%lld", device->conf->strategy ? "false" : "true",
	          now->unfit ? "true" : "false", (long long)now->limit);
	say_text(to, "limit_from", now->limit_from);
}

/* Sessions, and in the first word of a connection also which runs are here, and what this machine has in its file and its folder. */
static void write_body(struct text *to, struct gateway_device *device)
{
	const struct admission_device now = admission_device(device->admission);
	struct saying saying = {.to = to};

	text_add(to, "{\"sessions\":[");
	admission_sessions(device->admission, say_session, &saying);
	text_add(to, "]");
	if (now.blind)
		say_text(to, "blind", now.blind);
	if (now.known && containment_name(now.facts.containment))
		say_text(to, "containment", containment_name(now.facts.containment));
	say_rules(to, device, &now);
	if (device->fresh) {
		saying.n = 0;
		text_add(to, ",\"holding\":[");
		admission_runs(device->admission, say_held, &saying);
		text_add(to, "]");
	}
	if ((device->fresh || device->fetched) && !device->leaving) {
		text_add(to, ",\"about\":{\"gateway\":");
		json_quote(to, device->gateway->conf->gateway_name, strlen(device->gateway->conf->gateway_name));
		devices_about(to, device);
		packages_say(to, device->gateway);
		text_add(to, "}");
	}
	text_add(to, "}");
}

static int say_first(struct gateway_device *device, struct message *message, hst_error *err)
{
	struct showing *showing = mem_alloc(sizeof *showing);
	int rc;

	*showing = (struct showing){.gateway = device->gateway, .device = mem_text(device->conf->name)};
	rc = link_request(device->gateway->link, message, SHOWN_MS, on_shown, showing, err);
	if (rc < 0) {
		free(showing->device);
		free(showing);
	}
	return rc;
}

/* Rule R10a, as soon as the driver has said what the device is: nothing starts there until somebody has mended it. */
static void look_whether_fit(struct gateway_device *device, const struct admission_device *now)
{
	if (now->unfit && !device->unfit)
		log_error("device %s: StrategyUnfit: the strategy %s is not made for a %s system; nothing starts there. Choose the one for "
		          "the system, win10 for clients and server-rds for servers, or leave `strategy` out",
		          device->conf->name, device->conf->strategy, system_name(now->facts.system));
	device->unfit = now->unfit;
}

void devices_say(struct gateway_device *device)
{
	struct admission_device now = admission_device(device->admission);
	struct link *link = device->gateway->link;
	struct text json;
	struct message message;
	hst_error err = {{0}, {0}};
	int rc;

	look_whether_fit(device, &now);
	if ((!now.known && !now.blind) || device->let_go)
		return;
	text_init(&json, PAYLOAD_BYTES_MAX);
	write_body(&json, device);
	message_init(&message, WORD_device, 0);
	message_set_text(&message, "device", now.name);
	message_set_boolean(&message, "online", true);
	/* Of one that was never seen nothing but that it is here can be said; the place for one run is where its reason is heard. */
	message_set_text(&message, "system", system_name(now.known ? now.facts.system : HST_LINUX));
	message_set_integer(&message, "slots", now.known ? now.slots : 1);
	message_set_integer(&message, "revision", now.revision);
	message_set_integer(&message, "load", now.known ? now.facts.load_milli : -1);
	message_set_integer(&message, "memory", now.known ? now.facts.memory_milli : -1);
	message_set_integer(&message, "journal", device->gateway->journal_identity);
	message_set_payload(&message, json.s, json.length);
	rc = device->fresh ? say_first(device, &message, &err) : link_send(link, &message, &err);
	if (rc < 0)
		log_warning("device %s: the host could not be told: %s", now.name, err.text);
	else
		device->changed = device->fresh = device->fetched = false;
	text_clear(&json);
}

void devices_heartbeat(void *arg)
{
	struct gateway *gateway = arg;

	TABLE_EACH(&gateway->devices, entry)
		if (gateway->up)
			devices_say(entry->value);
	now_write(gateway);
	/* What could wait for other records has waited long enough. */
	gateway->records_urgent |= gateway->records.length > 0;
	loop_in(gateway->loop, HEARTBEAT_MS, devices_heartbeat, gateway);
}
