/* What operators ask to be done. Questions are in answers.c, files in on_files.c. */
#include "engine/envelopes.h"
#include "engine/event_files.h"
#include "engine/steer.h"

#include "base/auto.h"
#include "os/crash.h"
#include "schema/fields.h"
#include "schema/value.h"

#include <stdlib.h>
#include <string.h>

void on_press(void *arg, struct hub_link *from, const struct message *message)
{
	crash_point(CRASH_engine_heard_press);
	hst_error err = {{0}, {0}};

	if (rest_refuses(arg, from, message->id))
		return;
	if (keyed_check(message_text(message, "key"), &err) < 0)
		engine_refuse(arg, from, message->id, HST_INVALID, err.reason, "%s", err.text);
	else if (stand_check_press(arg, message_text(message, "trigger"), &err) < 0)
		engine_refuse(arg, from, message->id, HST_DENIED, err.reason, "%s", err.text);
	else
		workers_press(arg, from, message);
}

/*
 * The event of a run by hand, as the flow's trigger would have made it: checked against the trigger's fields, defaults
 * filled in. A flow with several triggers, or none, takes any event.
 */
int event_by_hand(struct engine *engine, const struct flow *flow, const hst_value *given, const struct flow_envelope *sealed,
		  size_t sealed_count, const hst_value **ret, hst_error *err)
{
	const struct definition *trigger = flow->on_count == 1 ? definitions_instance(engine->definitions, HST_TRIGGER, flow->on[0]) : NULL;

	*ret = given;
	if (!trigger)
		return HST_OK;
	if (envelopes_refuse_sealed(trigger->event, sealed, sealed_count, err) < 0)
		return HST_INVALID;
	given = envelopes_without(engine->scratch, given, sealed, sealed_count);
	if (envelopes_refuse_readable(trigger->event, given, err) < 0)
		return HST_INVALID;
	return fields_check(engine->scratch, envelopes_left(engine->scratch, trigger->event, sealed, sealed_count), "input", given,
			    false, ret, err);
}

/* A flow by hand: the payload is the event. */
void on_run(void *arg, struct hub_link *from, const struct message *message)
{
	struct engine *engine = arg;
	const char *flow = message_text(message, "flow");
	struct core_event event = {.kind = CORE_FIRED, .flow = flow};
	const struct flow *known = table_get(&engine->definitions->flows, flow);
	struct engine_request *request;
	struct staging_event files;
	AUTO(text) struct text json;
	const hst_value *body;
	hst_error err = {{0}, {0}};

	text_init(&json, PAYLOAD_BYTES_MAX);
	if (rest_refuses(engine, from, message->id))
		return;
	if (!known) {
		engine_refuse(engine, from, message->id, HST_NOT_FOUND, "", "there is no flow \"%s\"; `hostler flows` lists them", flow);
		return;
	}
	if (stand_check_flow(engine, flow, &err) < 0) {
		engine_refuse(engine, from, message->id, HST_DENIED, err.reason, "%s", err.text);
		return;
	}
	if (value_parse_json(engine->scratch, message->payload, message->payload_length, &body, &err) < 0 ||
	    value_kind(body) != HST_VALUE_RECORD) {
		engine_refuse(engine, from, message->id, HST_INVALID, "InputInvalid", "the event must be a JSON object: %s", err.text);
		return;
	}
	if (envelopes_read(engine->scratch, message, &event.sealed, &event.sealed_count, &err) < 0) {
		engine_refuse(engine, from, message->id, HST_INVALID, "InputInvalid", "what is sealed of the event: %s", err.text);
		return;
	}
	if (event_by_hand(engine, known, body, event.sealed, event.sealed_count, &body, &err) < 0 ||
	    event_files_by_hand(engine, from, message_integer(message, "files"), known, body, &files, &err) < 0) {
		engine_refuse(engine, from, message->id, HST_INVALID, "InputInvalid", "%s", err.text);
		return;
	}
	value_write_json(&json, body);
	event.payload = json.s;
	event.payload_length = json.length;
	crash_point(CRASH_engine_heard_run);
	request = workers_request(engine, from, message->id);
	event.tag = request->id;
	event.who = engine_operator(from);
	engine_event(engine, &event);
	event_files_place(engine, &files);
}

struct following {
	struct engine *engine;
	struct hub_link *to;
	const char *run_id, *flow;
	int64_t run;
	bool ends; /* all that is asked for */
	bool ended;
	struct table names; /* step id -> name */
};

static bool follow_step(void *arg, const struct store_step *step)
{
	struct following *following = arg;

	table_set_number(&following->names, (uint64_t)step->id, arena_text(following->engine->scratch, step->name));
	return true;
}

static bool follow_run(void *arg, const struct store_run *run)
{
	struct following *following = arg;

	following->run_id = arena_text(following->engine->scratch, run->id);
	following->flow = arena_text(following->engine->scratch, run->flow);
	return true;
}

static bool follow_happening(void *arg, const struct store_happening *happening)
{
	struct following *following = arg;
	AUTO(text) struct text json;
	struct message message;

	text_init(&json, PAYLOAD_BYTES_MAX);
	following->ended = !happening->step && strcmp(happening->what, "ended") == 0;
	if (following->ends && !following->ended)
		return true;
	engine_say_happening(&json, &(struct engine_happening){.run = following->run, .at_us = happening->at_us,
	                                                       .run_id = following->run_id, .flow = following->flow,
	                                                       .step = table_get_number(&following->names, (uint64_t)happening->step),
	                                                       .what = happening->what, .detail = happening->detail});
	message_init(&message, WORD_happened, 0);
	message_set_integer(&message, "run", following->run);
	message_set_text(&message, "what", happening->what);
	message_set_boolean(&message, "ended", following->ended);
	message_set_payload(&message, json.s, json.length);
	return hub_send(following->engine->hub, following->to, &message);
}

/* Whatever comes, in any run. */
static void follow_all(struct engine *engine, struct hub_link *from, uint64_t id, bool ends)
{
	struct message done;

	message_init(&done, WORD_done, id);
	hub_send(engine->hub, from, &done);
	engine_follow(engine, from->number, 0, ends);
}

/* First everything that has happened so far, as the store has it, then whatever comes. Run 0: all runs, and no past. */
void on_follow(void *arg, struct hub_link *from, const struct message *message)
{
	struct engine *engine = arg;
	const struct store_ops *ops = engine->store->ops;
	struct following following = {.engine = engine, .to = from, .run = message_integer(message, "run"),
	                              .ends = message_boolean(message, "ends")};
	struct message done;
	hst_error err = {{0}, {0}};
	int rc;

	if (following.run == 0) {
		follow_all(engine, from, message->id, following.ends);
		return;
	}
	table_init(&following.names);
	rc = ops->run(engine->store, following.run, follow_run, &following, &err);
	if (rc >= 0)
		rc = ops->steps(engine->store, following.run, follow_step, &following, &err);
	if (rc < 0) {
		engine_refuse(engine, from, message->id, rc, err.reason, "%s", err.text);
	} else {
		message_init(&done, WORD_done, message->id);
		hub_send(engine->hub, from, &done);
		ops->happenings(engine->store, following.run, follow_happening, &following, &err);
		if (!following.ended)
			engine_follow(engine, from->number, following.run, following.ends);
	}
	table_clear(&following.names);
}
