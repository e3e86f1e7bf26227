/* How devices are there: what their gateways said last, and why those that are not there are not. */
#include "engine/gateways.h"

#include "base/auto.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "pure/core/standing.h"
#include "pure/queue/presence.h"
#include "schema/value.h"
#include "wire/admitted.h"

#include <stdlib.h>
#include <string.h>

/* The word of the store under which it is kept when a device was seen last. */
#define SEEN "seen"

static struct engine_device *device_of(struct engine *engine, const char *name)
{
	struct engine_device *device = table_get(&engine->devices, name);

	if (!device) {
		device = mem_alloc(sizeof *device);
		table_set(&engine->devices, name, device);
	}
	return device;
}

void presences_free(struct engine_device *device)
{
	free(device->sessions);
	free(device->about);
	free(device->gateway);
	free(device);
}

static void add_gateway(const struct engine *engine, const char *gateway, struct presence *to)
{
	static const struct {
		enum key_standing standing;
		enum presence_gateway means;
	} words[] = {{KEY_IN, PRESENCE_ADMITTED}, {KEY_INVITED, PRESENCE_INVITED}, {KEY_REVOKED, PRESENCE_REVOKED}};
	const struct conf *conf = engine->definitions->conf;

	to->gateway = gateway ? gateway : "";
	if (gateway && conf->gateway_name && strcmp(conf->gateway_name, gateway) == 0) {
		to->standing = PRESENCE_OWN;
		return;
	}
	for (size_t i = 0; gateway && i < sizeof words / sizeof words[0]; i++) {
		const struct key_peer *peer = admitted_of(engine->ring, gateway, words[i].standing);

		if (!peer || (words[i].standing == KEY_INVITED && peer->at_us <= to->now_us))
			continue;
		to->standing = words[i].means;
		to->at_us = peer->at_us;
		to->who = peer->who;
		return;
	}
}

static void add_drained(const struct engine *engine, const char *device, struct presence *to)
{
	const struct core_stand *stand = core_device_drained(engine->core, device, &to->drained_name);

	to->drained_us = stand ? stand->since_us : 0;
	to->drained_who = stand ? stand->who : NULL;
}

void presences_of(struct engine *engine, const char *name, struct presence *ret)
{
	const struct placement_device *placed = placement_device(core_placement(engine->core), name);
	const struct engine_device *device = table_get(&engine->devices, name);
	const struct engine_turned_away *turned;

	*ret = (struct presence){.now_us = clock_wall_us(), .listen = engine->definitions->conf->listen};
	add_gateway(engine, serving_gateway(engine, name), ret);
	turned = table_get(&engine->turned_away, ret->gateway);
	if (placed) {
		ret->seen = placed->known;
		ret->online = placed->online;
		ret->drained = placed->drained;
		add_drained(engine, name, ret);
	}
	if (device) {
		ret->seen = true;
		ret->seen_us = device->last_seen_us;
		ret->address = device->address;
	}
	if (turned) {
		ret->turned_away_us = turned->at_us;
		ret->turned_from = turned->from;
	}
}

static void note_device(struct engine *engine, const char *name)
{
	struct presence presence;
	AUTO(text) struct text text;

	text_init(&text, 4096);
	presences_of(engine, name, &presence);
	presence_say(&presence, &text);
	core_note_device(engine->core, name, presence.standing == PRESENCE_REVOKED, presence.seen, text.length ? text.s : NULL);
}

void presences_note(struct engine *engine)
{
	TABLE_EACH(&core_placement(engine->core)->devices, entry) {
		const struct placement_device *placed = entry->value;

		if (!placed->online || placed->revoked || placed->note || engine->turned_away.n)
			note_device(engine, entry->key);
	}
}

/* When it was seen last outlives the engine: a device that is off was not "never connected". */
static void keep(struct engine *engine, const char *name, const struct engine_device *device)
{
	AUTO(text) struct text json;
	hst_error err = {{0}, {0}};

	text_init(&json, 1024);
	text_addf(&json, "{\"at_us\":%lld,\"address\":", (long long)device->last_seen_us);
	json_quote(&json, device->address, strlen(device->address));
	text_add(&json, "}");
	engine_begin(engine);
	if (engine->store->ops->put_standing(engine->store, SEEN, name, (struct store_bytes){json.s, json.length}, &err) < 0)
		log_error("device %s: when it was seen last could not be kept: %s", name, err.text);
}

bool presences_restore(struct engine *engine, const char *kind, const char *name, const char *value, size_t length)
{
	const hst_value *body = NULL;
	struct engine_device *device;

	if (strcmp(kind, SEEN) != 0)
		return false;
	if (value_parse_json(engine->scratch, value, length, &body, NULL) < 0)
		return true;
	device = device_of(engine, name);
	value_integer(value_get(body, "at_us"), &device->last_seen_us);
	snprintf(device->address, sizeof device->address, "%s", value_text(value_get(body, "address")));
	return true;
}

void presences_heard(struct engine *engine, const struct hub_link *from, const struct message *message, const hst_value *body)
{
	const char *name = message_text(message, "device");
	struct engine_device *device = device_of(engine, name);
	const hst_value *about = value_get(body, "about");
	AUTO(text) struct text json;

	text_init(&json, PAYLOAD_BYTES_MAX);
	device->last_seen_us = clock_wall_us();
	free(device->sessions);
	device->sessions = mem_copy(message->payload, message->payload_length);
	device->sessions_length = message->payload_length;
	device->link = from->number;
	free(device->gateway);
	device->gateway = mem_text(from->name + strlen("gateway/"));
	/* Over ipc ZeroMQ names the process instead; such a gateway is on this machine, and that is no address. */
	snprintf(device->address, sizeof device->address, "%s",
	         strncmp(from->address, "localhost:", 10) == 0 ? "" : from->address);
	if (value_kind(about) == HST_VALUE_RECORD) {
		value_write_json(&json, about);
		free(device->about);
		device->about_length = json.length;
		device->about = text_take(&json);
	}
	if (value_get(body, "holding")) {
		keep(engine, name, device);
		note_device(engine, name);
	}
}

void presences_close(struct engine *engine)
{
	TABLE_EACH(&engine->devices, entry)
		if (gateway_of(engine, entry->key))
			keep(engine, entry->key, entry->value);
}

void presences_left(struct engine *engine, const struct hub_link *gateway)
{
	if (gateway->speaker != SPEAKER_GATEWAY)
		return;
	TABLE_EACH(&engine->devices, entry) {
		if (!gateway_serves(engine, gateway, entry->key))
			continue;
		keep(engine, entry->key, entry->value);
		note_device(engine, entry->key);
	}
}
