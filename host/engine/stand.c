/* What operators take out of service and put back: flows and triggers, devices, clusters, the host. */
#include "engine/answers.h"
#include "engine/steer.h"

#include "base/clock.h"
#include "schema/nearest.h"
#include "schema/types.h"
#include "schema/value.h"

#include <sodium.h>
#include <string.h>

enum { NAME_MAX_SHOWN = 80 };

static bool stands(struct steer *steer, enum core_stand_verb verb, const char *name)
{
	struct draw draw;

	randombytes_buf(&draw, sizeof draw);
	return core_stand(steer->engine->core, clock_wall_us(), draw, verb, name, steer->who, &steer->engine->effects);
}

void stand_set(struct engine *engine, hst_value *to, const char *member, const char *name, const struct core_stand *stand)
{
	hst_value *record;

	if (!stand) {
		value_set(to, member, value_make_null(engine->scratch));
		return;
	}
	record = value_make_record(engine->scratch);
	value_set_text(record, "name", name);
	answer_set_time(engine->scratch, record, "since", stand->since_us);
	value_set_text(record, "who", stand->who);
	value_set(to, member, record);
}

/* " since 2026-11-21T23:31:52Z, by anna" */
static const char *since(struct engine *engine, const struct core_stand *stand)
{
	char at[40];

	type_write_date((hst_time){stand->since_us - stand->since_us % 1000000}, at, sizeof at);
	return arena_printf(engine->scratch, " since %s%s%s", at, stand->who ? ", by " : "", stand->who ? stand->who : "");
}

static const struct core_stand *disabled(const struct engine *engine, const char *kind, const char *name)
{
	return core_disabled(engine->core, arena_printf(engine->scratch, "%s:%s", kind, name));
}

const char *stand_sentence(struct engine *engine, const char *kind, const char *name)
{
	const struct core_stand *stand = disabled(engine, kind, name);

	return stand ? arena_printf(engine->scratch, "the %s %s is disabled%s", kind, name, since(engine, stand)) : NULL;
}

static int refuse(struct engine *engine, const char *kind, const char *name, hst_error *err)
{
	return hst_fail_as(err, HST_DENIED, "Disabled", "%s; `hostler enable %s:%s` lets it start runs again",
	                   stand_sentence(engine, kind, name), kind, name);
}

int stand_check_flow(struct engine *engine, const char *flow, hst_error *err)
{
	return disabled(engine, "flow", flow) ? refuse(engine, "flow", flow, err) : HST_OK;
}

static bool listens(const struct flow *flow, const char *trigger)
{
	for (size_t i = 0; i < flow->on_count; i++)
		if (strcmp(flow->on[i], trigger) == 0)
			return true;
	return false;
}

int stand_check_press(struct engine *engine, const char *trigger, hst_error *err)
{
	const char *flow = NULL;

	if (core_all_enabled(engine->core))
		return HST_OK;
	if (disabled(engine, "trigger", trigger))
		return refuse(engine, "trigger", trigger, err);
	TABLE_EACH(&engine->definitions->flows, entry) {
		if (!listens(entry->value, trigger))
			continue;
		if (!disabled(engine, "flow", entry->key))
			return HST_OK;
		flow = entry->key;
	}
	return flow ? refuse(engine, "flow", flow, err) : HST_OK;
}

static bool is_there(const struct engine *engine, const char *kind, const char *name)
{
	if (strcmp(kind, "flow") == 0)
		return table_get(&engine->definitions->flows, name);
	return definitions_instance(engine->definitions, HST_TRIGGER, name);
}

static int not_there(const struct steer *steer, const char *said)
{
	struct nearest nearest;

	nearest_init(&nearest, said);
	TABLE_EACH(&steer->engine->definitions->flows, entry)
		nearest_offer(&nearest, entry->key);
	TABLE_EACH(&steer->engine->definitions->instances[HST_TRIGGER], entry)
		nearest_offer(&nearest, entry->key);
	if (nearest.best)
		return hst_fail(steer->err, HST_NOT_FOUND, "there is no flow or trigger \"%.*s\"; did you mean \"%s\"?",
		                NAME_MAX_SHOWN, said, nearest.best);
	return hst_fail(steer->err, HST_NOT_FOUND,
	                "there is no flow or trigger \"%.*s\"; `hostler flows` and `hostler triggers` list them",
	                NAME_MAX_SHOWN, said);
}

/* What is disabled can be enabled when the configuration has it no more. */
static bool is_meant(const struct steer *steer, const char *kind, const char *name)
{
	return is_there(steer->engine, kind, name) || disabled(steer->engine, kind, name);
}

/* "hello" may be a flow or a trigger; "flow:hello" is the flow. */
static int find_subject(const struct steer *steer, const char *said, const char **ret_kind, const char **ret_name)
{
	const char *colon = strchr(said, ':');
	bool flow, trigger;

	*ret_name = colon ? colon + 1 : said;
	flow = (!colon || strncmp(said, "flow:", 5) == 0) && is_meant(steer, "flow", *ret_name);
	trigger = (!colon || strncmp(said, "trigger:", 8) == 0) && is_meant(steer, "trigger", *ret_name);
	if (flow && trigger)
		return hst_fail(steer->err, HST_INVALID,
		                "\"%.*s\" is a flow and a trigger; say flow:%s or trigger:%s", NAME_MAX_SHOWN, said, said, said);
	if (!flow && !trigger)
		return not_there(steer, said);
	*ret_kind = flow ? "flow" : "trigger";
	return HST_OK;
}

int steer_stand(struct steer *steer)
{
	bool disable = strcmp(steer->what, "disable") == 0;
	const char *said = steer_text(steer, "name"), *kind = NULL, *name = NULL, *full;
	int rc;

	if (!said)
		return hst_fail(steer->err, HST_INVALID, "which flow or trigger?");
	rc = find_subject(steer, said, &kind, &name);
	if (rc < 0)
		return rc;
	full = arena_printf(steer->engine->scratch, "%s:%s", kind, name);
	value_set_text(steer->answer, "kind", kind);
	value_set_text(steer->answer, "name", name);
	value_set_boolean(steer->answer, "changed", stands(steer, disable ? CORE_DISABLE : CORE_ENABLE, full));
	value_set_text(steer->answer, "state", disable ? "disabled" : "enabled");
	stand_set(steer->engine, steer->answer, "disabled", full, core_disabled(steer->engine->core, full));
	if (strcmp(kind, "flow") == 0)
		value_set_integer(steer->answer, "active", core_flow_active(steer->engine->core, name));
	return HST_OK;
}

/* "ts-01" is a device; "cluster:finance", "host". NULL: there is no such thing. */
static const char *find_place(struct engine *engine, const char *said)
{
	const struct conf *conf = engine->definitions->conf;
	const char *full = strchr(said, ':') || strcmp(said, "host") == 0 ? said : arena_printf(engine->scratch, "device:%s", said);

	if (strcmp(full, "host") == 0 || core_drained(engine->core, full) ||
	    (strncmp(full, "device:", 7) == 0 && conf_device(conf, full + 7)) ||
	    (strncmp(full, "cluster:", 8) == 0 && conf_cluster(conf, full + 8)))
		return full;
	return NULL;
}

static int no_place(const struct steer *steer, const char *said)
{
	const struct conf *conf = steer->engine->definitions->conf;
	const char *bare = strncmp(said, "cluster:", 8) == 0 ? said + 8 : said;
	struct nearest nearest;

	if (conf_cluster(conf, bare))
		return hst_fail(steer->err, HST_NOT_FOUND, "there is no device \"%.*s\"; say cluster:%s for the cluster",
		                NAME_MAX_SHOWN, said, bare);
	nearest_init(&nearest, bare);
	for (size_t i = 0; i < conf->device_count; i++)
		nearest_offer(&nearest, conf->devices[i].name);
	for (size_t i = 0; i < conf->cluster_count; i++)
		nearest_offer(&nearest, conf->clusters[i].name);
	return hst_fail(steer->err, HST_NOT_FOUND, "there is no device or cluster \"%.*s\"; %s%s%s", NAME_MAX_SHOWN, bare,
	                nearest.best ? "did you mean \"" : "`hostler devices` lists them", nearest.best ? nearest.best : "",
	                nearest.best ? "\"?" : "");
}

/* The devices that it is about, with what still runs there. */
static const hst_value *places(struct engine *engine, const char *name)
{
	hst_value *list = value_make_list(engine->scratch);

	TABLE_EACH(&core_placement(engine->core)->devices, entry) {
		const struct placement_device *device = entry->value;
		bool meant = strcmp(name, "host") == 0;
		hst_value *record;

		for (size_t i = 0; !meant && i < device->target_count; i++)
			meant = strcmp(device->targets[i]->order.name, name) == 0;
		if (!meant)
			continue;
		record = value_make_record(engine->scratch);
		value_set_text(record, "name", device->name);
		value_set_boolean(record, "drained", device->drained);
		value_set_integer(record, "running", device->running);
		value_append(list, record);
	}
	return list;
}

int steer_drain(struct steer *steer)
{
	bool drain = strcmp(steer->what, "drain") == 0;
	const char *said = steer_text(steer, "name"), *name;

	if (!said)
		return hst_fail(steer->err, HST_INVALID, "which device? say its name, cluster:NAME or host");
	name = find_place(steer->engine, said);
	if (!name)
		return no_place(steer, said);
	value_set_text(steer->answer, "name", name);
	value_set_boolean(steer->answer, "changed", stands(steer, drain ? CORE_DRAIN : CORE_UNDRAIN, name));
	stand_set(steer->engine, steer->answer, "drained", name, core_drained(steer->engine->core, name));
	value_set(steer->answer, "devices", places(steer->engine, name));
	return HST_OK;
}
