/* What is in the way on each device: what the core says, and what only the shell around it knows. */
#include "engine/why.h"

#include "base/auto.h"
#include "pure/core/candidates.h"
#include "pure/core/standing.h"
#include "schema/value.h"

#include <string.h>

enum { CLAUSE_MAX = 4000, SESSIONS_NAMED_MAX = 5 };

/* What is added to the core's clause; NULL: nothing. */
static const char *more_of_never(struct engine *engine, const struct step *step, const struct placement_device *device)
{
	const struct conf *conf = engine->definitions->conf;
	const char *gateway = serving_gateway(engine, device->name), *process;

	(void)step;
	if (!gateway || !conf->gateway_name || strcmp(gateway, conf->gateway_name) != 0)
		return NULL;
	process = why_process(engine, arena_printf(engine->scratch, "gateway/%s", conf->gateway_name));
	return process ? arena_printf(engine->scratch, "its gateway is %s of this machine, and %s", conf->gateway_name, process) : NULL;
}

static const hst_value *sessions_of(struct engine *engine, const char *device)
{
	const struct engine_device *known = table_get(&engine->devices, device);
	const hst_value *said = NULL;

	if (known && known->sessions)
		value_parse_json(engine->scratch, known->sessions, known->sessions_length, &said, NULL);
	return value_get(said, "sessions");
}

/* Sessions of people take slots, too. */
static const char *more_of_slots(struct engine *engine, const struct step *step, const struct placement_device *device)
{
	const hst_value *sessions = sessions_of(engine, device->name);
	const char *users = NULL;
	size_t n = 0;

	(void)step;
	for (size_t i = 0; i < value_count(sessions); i++) {
		const hst_value *session = value_at(sessions, i);

		if (value_boolean(value_get(session, "ours")) || n++ >= SESSIONS_NAMED_MAX)
			continue;
		users = users ? arena_printf(engine->scratch, "%s, %s", users, value_text(value_get(session, "user")))
		              : value_text(value_get(session, "user"));
	}
	if (!users)
		return NULL;
	return arena_printf(engine->scratch, "it has sessions of people, too: %s%s", users,
	                    n > SESSIONS_NAMED_MAX ? ", …" : "");
}

static const char *more_of_refusal(struct engine *engine, const struct step *step, const struct placement_device *device)
{
	int64_t again_us = core_asked_again_us(engine->core, step, device);

	if (again_us)
		return arena_printf(engine->scratch, "it is asked again at %s", why_moment(engine->scratch, again_us));
	return "it is asked again when its sessions change";
}

/* What was drained, which may be more than the device. */
static const char *drained_name(const struct engine *engine, const struct placement_device *device,
                                const struct core_stand **ret)
{
	const char *name = NULL;

	*ret = core_device_drained(engine->core, device->name, &name);
	return *ret && strncmp(name, "device:", 7) == 0 ? name + 7 : name;
}

static const char *more_of_draining(struct engine *engine, const struct step *step, const struct placement_device *device)
{
	const struct core_stand *stand;
	const char *name = drained_name(engine, device, &stand);

	(void)step;
	if (!stand)
		return NULL;
	return arena_printf(engine->scratch, "%s was drained at %s%s%s", name, why_moment(engine->scratch, stand->since_us),
	                    stand->who ? " by " : "", stand->who ? stand->who : "");
}

static const struct {
	const char *code;
	const char *(*more)(struct engine *engine, const struct step *step, const struct placement_device *device);
} additions[] = {
	{"DeviceNeverConnected", more_of_never},
	{"AllSlotsTaken", more_of_slots},
	{"GatewayRevoked", NULL},
	{"DeviceOffline", NULL},
	{"DeviceDraining", more_of_draining},
	{"ConnectionBlocked", NULL},
	{"StrictOrder", NULL},
};

static const char *addition(struct engine *engine, const char *code, const struct step *step,
                            const struct placement_device *device)
{
	for (size_t i = 0; i < sizeof additions / sizeof additions[0]; i++)
		if (strcmp(additions[i].code, code) == 0)
			return additions[i].more ? additions[i].more(engine, step, device) : NULL;
	if (table_get(&device->busy, step->folded_user))
		return NULL;
	return more_of_refusal(engine, step, device);
}

/* What the remedy's command is to name. */
static const char *name_for(const struct engine *engine, const char *code, const struct step *step,
                            const struct placement_device *device)
{
	const struct core_stand *stand;
	const char *drained = drained_name(engine, device, &stand);

	if (strcmp(code, "ConnectionBlocked") == 0)
		return step->facts.connection;
	return strcmp(code, "DeviceDraining") == 0 && stand ? drained : device->name;
}

static const hst_value *candidate(struct engine *engine, const struct step *step, const struct placement_device *device)
{
	hst_value *record = value_make_record(engine->scratch);
	const char *code, *more;
	AUTO(text) struct text clause;

	text_init(&clause, CLAUSE_MAX);
	code = core_candidate(step, device, &clause);
	more = code ? addition(engine, code, step, device) : NULL;
	/* A refusal is a sentence of the device's own, with its full stop. */
	if (more && clause.length && clause.s[clause.length - 1] == '.')
		clause.s[--clause.length] = '\0';
	value_set_text(record, "device", device->name);
	value_set_text(record, "code", code);
	value_set_text(record, "sentence",
	               arena_printf(engine->scratch, "%s: %s%s%s", device->name, clause.s, more ? "; " : "", more ? more : ""));
	value_set_text(record, "remedy", code ? why_remedy(engine->scratch, code, name_for(engine, code, step, device)) : NULL);
	return record;
}

size_t why_candidates(struct engine *engine, const struct step *step, hst_value *to)
{
	const struct placement_target *target = placement_target(core_placement(engine->core), step->facts.target);
	size_t n = target ? target->device_count : 0;

	for (size_t i = 0; i < n; i++)
		value_append(to, candidate(engine, step, target->devices[i]));
	return n;
}
