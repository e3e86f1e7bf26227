/* The question "devices": what they are, how they are there, and why one that is not there is not. */
#include "engine/answers.h"
#include "engine/steer.h"

#include "base/auto.h"
#include "pure/queue/presence.h"
#include "schema/facts.h"
#include "schema/value.h"

#include <string.h>

static hst_value *accounts_of(hst_arena *arena, const struct conf_device *conf)
{
	hst_value *list = value_make_list(arena);

	for (size_t i = 0; i < conf->account_count; i++)
		value_append(list, value_make_text(arena, conf->accounts[i], strlen(conf->accounts[i])));
	return list;
}

/* What stands in a file: this host's own, or the one of another machine, whose gateway says it. */
static void set_about(struct engine *engine, const struct conf_device *conf, const struct engine_device *device, hst_value *record)
{
	static const char *const members[] = {"driver", "device_address", "strategy", "accounts"};
	const hst_value *about = NULL;

	if (conf && !conf->gateway) {
		value_set_text(record, "driver", conf->driver);
		value_set_text(record, "device_address", conf->address);
		value_set_text(record, "strategy", conf->strategy);
		value_set(record, "accounts", accounts_of(engine->scratch, conf));
		return;
	}
	if (device && device->about)
		value_parse_json(engine->scratch, device->about, device->about_length, &about, NULL);
	for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
		const hst_value *said = value_get(about, members[i]);

		value_set(record, members[i], said ? said : value_make_null(engine->scratch));
	}
}

/* Digests of the desktop flows that its gateway has copies of. */
static void set_packages(struct engine *engine, const struct engine_device *device, hst_value *record)
{
	const hst_value *about = NULL, *said;

	if (device && device->about)
		value_parse_json(engine->scratch, device->about, device->about_length, &about, NULL);
	said = value_get(about, "packages");
	value_set(record, "packages", value_kind(said) == HST_VALUE_LIST ? said : value_make_list(engine->scratch));
}

static const hst_value *said_by_gateway(struct engine *engine, const struct engine_device *device)
{
	const hst_value *said = NULL;

	if (device && device->sessions)
		value_parse_json(engine->scratch, device->sessions, device->sessions_length, &said, NULL);
	return said;
}

/* The strategy in force, and how many sessions it allows; null: the gateway has not said so. */
static void set_rules(struct engine *engine, const hst_value *said, hst_value *record)
{
	const hst_value *strategy = value_get(said, "strategy");
	static const char *const members[] = {"limit", "limit_from"};

	if (value_kind(strategy) == HST_VALUE_TEXT)
		value_set(record, "strategy", strategy);
	value_set_boolean(record, "strategy_by_system", value_boolean(value_get(said, "by_system")));
	for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
		const hst_value *member = value_get(said, members[i]);

		value_set(record, members[i], member ? member : value_make_null(engine->scratch));
	}
}

/* As the gateway says them; the reason of one that is stuck with its sentence and remedy. */
static hst_value *sessions_list(struct engine *engine, const struct engine_device *device)
{
	hst_value *list = value_make_list(engine->scratch);
	const hst_value *said = value_get(said_by_gateway(engine, device), "sessions");

	for (size_t i = 0; i < value_count(said); i++) {
		const hst_value *one = value_at(said, i);
		const char *reason = value_text(value_get(one, "reason"));
		hst_value *session = value_make_record(engine->scratch);

		for (size_t j = 0; j < value_count(one); j++)
			value_set(session, value_name_at(one, j), value_at(one, j));
		answer_set_reason(engine->scratch, session, *reason ? reason : NULL, NULL);
		value_append(list, session);
	}
	return list;
}

/* Its gateway is there, and nothing starts: its sessions are not seen (rule R11), or the strategy is not for it (R10a). */
static void set_trouble(struct engine *engine, const hst_value *said, hst_value *record)
{
	const char *why = value_text(value_get(said, "blind"));

	if (*why) {
		answer_set_reason(engine->scratch, record, "SessionFactUnknown", why);
		value_set_text(record, "text", arena_printf(engine->scratch, "its sessions are not known: %s", why));
	} else if (value_boolean(value_get(said, "unfit"))) {
		why = arena_printf(engine->scratch, "the strategy %s is not made for a %s system: choose win10 for clients and server-rds for "
		                   "servers, or leave `strategy` out", value_text(value_get(record, "strategy")),
		                   value_text(value_get(record, "system")));
		answer_set_reason(engine->scratch, record, "StrategyUnfit", why);
		value_set_text(record, "text", why);
	} else {
		answer_set_reason(engine->scratch, record, NULL, NULL);
	}
}

static const hst_value *device_record(struct engine *engine, const char *name)
{
	const struct placement_device *placed = placement_device(core_placement(engine->core), name);
	const struct engine_device *device = table_get(&engine->devices, name);
	hst_value *record = value_make_record(engine->scratch);
	const hst_value *said = said_by_gateway(engine, device);
	struct presence presence;
	AUTO(text) struct text text;
	const char *by;

	text_init(&text, 4096);
	presences_of(engine, name, &presence);
	presence_say(&presence, &text);
	value_set_text(record, "name", name);
	value_set_text(record, "state", presence_word(&presence));
	value_set_text(record, "text", text.length ? text.s : NULL);
	stand_set(engine, record, "drained", presence.drained_name, core_device_drained(engine->core, name, &by));
	value_set_text(record, "gateway", *presence.gateway ? presence.gateway : NULL);
	value_set_text(record, "address", presence.address && *presence.address ? presence.address : NULL);
	value_set_text(record, "system", placed->known && device && device->sessions ? system_name(placed->system) : NULL);
	set_about(engine, conf_device(engine->definitions->conf, name), device, record);
	set_rules(engine, said, record);
	value_set_integer(record, "slots", placed->slots);
	value_set_integer(record, "running", placed->running);
	value_set_integer(record, "revision", placed->revision);
	value_set_integer(record, "load_milli", placed->load_milli);
	value_set_integer(record, "memory_milli", placed->memory_milli);
	answer_set_time(engine->scratch, record, "last_seen", presence.seen_us);
	set_trouble(engine, said, record);
	value_set_text(record, "containment", containment_name(containment_named(value_text(value_get(said, "containment")))));
	set_packages(engine, device, record);
	value_set(record, "sessions", sessions_list(engine, device));
	return record;
}

/* First those that the configuration names, in its order, then the others that were let in. */
int answer_devices(struct engine *engine, const hst_value *filters, const hst_value **ret, hst_error *err)
{
	const struct conf *conf = engine->definitions->conf;
	hst_value *list = value_make_list(engine->scratch);

	(void)filters;
	(void)err;
	for (size_t i = 0; i < conf->device_count; i++)
		value_append(list, device_record(engine, conf->devices[i].name));
	TABLE_EACH(&core_placement(engine->core)->devices, entry) {
		const struct placement_device *placed = entry->value;

		/* One that the configuration has dropped is there as long as something runs on it. */
		if (!conf_device(conf, entry->key) && (!placed->retired || placed->running > 0))
			value_append(list, device_record(engine, entry->key));
	}
	*ret = list;
	return HST_OK;
}
