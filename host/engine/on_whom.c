/*
 * whom: to whom the secret fields of an event are to be sealed, asked before the event is made: by who presses or runs
 * something, and by a trigger for what it emits. Whoever asks takes the keys from the roster, never from here.
 */
#include "engine/envelopes.h"
#include "engine/steer.h"

#include "base/auto.h"
#include "schema/fields.h"
#include "schema/types.h"
#include "schema/value.h"

#include <string.h>

/* What is to be started, as it was said. */
struct whom {
	struct engine *engine;
	const char *trigger;      /* NULL: a flow by hand */
	const struct flow *flow;
	const struct flow_envelope *there; /* of the run before, where one is begun again */
	size_t there_count;
	const struct core_direction *directions;
	size_t direction_count;
	hst_error *err;
};

static int find_trigger(struct whom *whom, const char *trigger)
{
	const struct definition *known = definitions_instance(whom->engine->definitions, HST_TRIGGER, trigger);

	if (!known)
		return hst_fail(whom->err, HST_NOT_FOUND, "there is no trigger \"%.80s\"; `hostler triggers` lists them", trigger);
	whom->trigger = known->instance->name;
	return stand_check_press(whom->engine, trigger, whom->err);
}

static int find_flow(struct whom *whom, const char *flow)
{
	whom->flow = table_get(&whom->engine->definitions->flows, flow);
	if (!whom->flow)
		return hst_fail(whom->err, HST_NOT_FOUND, "there is no flow \"%.80s\"; `hostler flows` lists them", flow);
	return stand_check_flow(whom->engine, flow, whom->err);
}

static const char *text_of(const hst_value *said, const char *name)
{
	const hst_value *text = value_get(said, name);

	return text && value_kind(text) == HST_VALUE_TEXT ? value_text(text) : NULL;
}

static int read_client(struct whom *whom, const struct message *message)
{
	const hst_value *said = NULL;
	const char *trigger, *flow;
	int rc = value_parse_json(whom->engine->scratch, message->payload, message->payload_length, &said, whom->err);

	if (rc < 0)
		return rc;
	trigger = text_of(said, "trigger");
	flow = text_of(said, "flow");
	if (trigger)
		return find_trigger(whom, trigger);
	if (text_of(said, "run"))
		return resubmit_look(whom->engine, said, &whom->flow, &whom->there, &whom->there_count, whom->err);
	return flow ? find_flow(whom, flow) : hst_fail(whom->err, HST_INVALID, "whom: of what? say trigger, flow or run");
}

static bool has_required(const hst_fields *fields, const char *name)
{
	const hst_field *field = fields_find(*fields, name);

	return field && field->required;
}

static bool is_required(const struct whom *whom, const char *name)
{
	size_t n = whom->trigger ? 1 : whom->flow->on_count;

	for (size_t i = 0; i < n; i++) {
		const struct definition *trigger =
			definitions_instance(whom->engine->definitions, HST_TRIGGER, whom->trigger ? whom->trigger : whom->flow->on[i]);

		if (trigger && has_required(&trigger->event, name))
			return true;
	}
	return false;
}

static bool is_there(const struct whom *whom, const char *name)
{
	for (size_t i = 0; i < whom->there_count; i++)
		if (strcmp(whom->there[i].name, name) == 0)
			return true;
	return false;
}

/* A direction to nobody names the operator's own screen alone. */
static bool is_taken(const struct core_direction *direction)
{
	return direction->member_count || direction->sink_count > 1 || strcmp(direction->sinks[0], "operator") != 0;
}

/* Whoever starts it sends the bytes of these first. */
static void add_files(const struct whom *whom, hst_value *fields)
{
	const char *trigger = whom->trigger ? whom->trigger : whom->flow->on_count == 1 ? whom->flow->on[0] : NULL;
	const struct definition *known = trigger ? definitions_instance(whom->engine->definitions, HST_TRIGGER, trigger) : NULL;

	for (size_t i = 0; known && i < known->event.n; i++) {
		hst_value *field;

		if (!type_is_file(field_type(&known->event.at[i])))
			continue;
		field = value_make_record(whom->engine->scratch);
		value_set_text(field, "name", field_name(&known->event.at[i]));
		value_set_boolean(field, "file", true);
		value_append(fields, field);
	}
}

static void write_fields(const struct whom *whom, struct text *to)
{
	hst_arena *arena = whom->engine->scratch;
	hst_value *fields = value_make_list(arena);

	for (size_t i = 0; i < whom->direction_count; i++) {
		const char *name = whom->directions[i].output;
		hst_value *field = value_make_record(arena);

		value_set_text(field, "name", name);
		value_set_boolean(field, "required", is_required(whom, name));
		value_set_boolean(field, "taken", is_taken(&whom->directions[i]));
		value_set_boolean(field, "there", is_there(whom, name));
		value_append(fields, field);
	}
	add_files(whom, fields);
	value_write_json(to, fields);
}

static int read_whom(struct whom *whom, const struct hub_link *from, const struct message *message)
{
	static const char worker[] = "worker/trigger/";

	if (from->speaker == SPEAKER_CLIENT)
		return read_client(whom, message);
	if (strncmp(from->name, worker, sizeof worker - 1) != 0)
		return hst_fail(whom->err, HST_DENIED, "only a trigger emits events");
	whom->trigger = from->name + sizeof worker - 1;
	return HST_OK;
}

void on_whom(void *arg, struct hub_link *from, const struct message *message)
{
	struct engine *engine = arg;
	hst_error err = {{0}, {0}};
	struct whom whom = {.engine = engine, .err = &err};
	AUTO(text) struct text json;
	struct message reply;
	int rc;

	text_init(&json, PAYLOAD_BYTES_MAX);
	if (from->speaker == SPEAKER_CLIENT && rest_refuses(engine, from, message->id))
		return;
	rc = read_whom(&whom, from, message);
	if (rc >= 0) {
		whom.direction_count = whom.trigger ? core_event_directions(engine->core, whom.trigger, engine->scratch, &whom.directions)
						    : core_flow_directions(engine->core, whom.flow, engine->scratch, &whom.directions);
		rc = envelopes_of_directions(engine, whom.directions, whom.direction_count, &err);
	}
	if (rc < 0) {
		engine_refuse(engine, from, message->id, rc, err.reason, "%s", err.text);
		return;
	}
	write_fields(&whom, &json);
	message_init(&reply, WORD_directions, message->id);
	message_set_payload(&reply, json.s, json.length);
	message_set_sealed(&reply, engine->sealed.s, engine->sealed.length);
	hub_send(engine->hub, from, &reply);
}
