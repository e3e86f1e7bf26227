/* What workers say. */
#include "engine/alerting.h"
#include "engine/engine.h"
#include "engine/envelopes.h"
#include "engine/event_files.h"
#include "engine/steer.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "os/crash.h"
#include "plugin/trigger.h"
#include "pure/queue/reasons.h"
#include "schema/fields.h"
#include "schema/value.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* The request comes to nothing: whoever pressed, or the step that called, hears why. */
static void request_failed(struct engine *engine, struct hub_link *from, struct engine_request *request, int code, const hst_error *err)
{
	struct hub_link *client = request->asked != WORD_call ? engine_link(engine, request->client) : NULL;
	struct core_event event = {.kind = CORE_RETURNED, .step = request->step, .token = request->token,
	                           .state = code == HST_TIMEOUT ? STATE_TIMED_OUT : STATE_FAILED,
	                           .reason = err->reason[0] ? err->reason : code == HST_TIMEOUT ? "ActionTimeout" : "ActionFailed",
	                           .text = err->text};

	if (client)
		engine_refuse(engine, client, request->client_id, code, err->reason, "%s", err->text);
	if (request->asked == WORD_call) {
		workers_over(engine, request->notice, &event);
		workers_next(engine, from);
	}
	workers_request_free(request);
}

/* The request that an answer belongs to; NULL: none, or something else was asked, which is dealt with here. */
static struct engine_request *answered(struct engine *engine, struct hub_link *from, const struct message *message, enum word asked)
{
	struct engine_request *request = workers_take(engine, from, message->id);
	hst_error err = {{0}, {0}};

	if (!request || request->asked == asked)
		return request;
	hst_fail_as(&err, HST_BROKEN, "PluginCrashed", "the plugin's process answered with \"%s\", which was not asked for",
	            message_row(message->word)->word);
	request_failed(engine, from, request, HST_BROKEN, &err);
	return NULL;
}

static const hst_value *flows_on(struct engine *engine, const char *trigger)
{
	hst_value *flows = value_make_list(engine->scratch);

	TABLE_EACH(&engine->definitions->flows, entry) {
		const struct flow *flow = entry->value;

		for (size_t i = 0; i < flow->on_count; i++)
			if (strcmp(flow->on[i], trigger) == 0)
				value_append(flows, value_make_text(engine->scratch, entry->key, strlen(entry->key)));
	}
	return flows;
}

/* When a trigger will fire, and what stands between that and a run. */
void on_coming(void *arg, struct hub_link *from, const struct message *message)
{
	struct engine *engine = arg;
	struct engine_request *request = answered(engine, from, message, WORD_next);
	struct hub_link *client = request ? engine_link(engine, request->client) : NULL;
	hst_value *answer = value_make_record(engine->scratch);
	const hst_value *times;
	hst_error err = {{0}, {0}};

	if (client && (value_parse_json(engine->scratch, message->payload, message->payload_length, &times, &err) < 0 ||
		       value_kind(times) != HST_VALUE_LIST)) {
		engine_refuse(engine, client, request->client_id, HST_BROKEN, "PluginCrashed",
			      "the plugin's process answered with no list of times: %s", err.text);
	} else if (client) {
		value_set_text(answer, "trigger", request->trigger);
		value_set_boolean(answer, "running", true);
		value_set(answer, "flows", flows_on(engine, request->trigger));
		value_set(answer, "hindrance", stand_check_press(engine, request->trigger, &err) < 0
						       ? value_make_text(engine->scratch, err.text, strlen(err.text))
						       : value_make_null(engine->scratch));
		value_set(answer, "next", times);
		engine_answer(engine, client, request->client_id, answer);
	}
	workers_request_free(request);
}

/* The files that come with a press, from whoever pressed and from the trigger. Without `values`: there are none. */
static int fired_files(struct engine *engine, const struct hub_link *from, const struct engine_request *request,
		       const struct message *message, struct staging_event *ret, hst_error *err)
{
	const hst_value *values;
	int rc;

	*ret = (struct staging_event){.sets = {staging_find(engine, request->client, request->files),
	                                       staging_find(engine, from->number, message_integer(message, "files"))},
	                              .last_run = core_counters(engine->core)->run};
	if (!ret->sets[0] && !ret->sets[1])
		return request->files || message_integer(message, "files") ? hst_fail(err, HST_RETRY, "the files of the press are gone: press again")
		                                                           : HST_OK;
	rc = value_parse_json(engine->scratch, message->payload, message->payload_length, &values, err);
	if (rc < 0)
		return rc;
	ret->values = fields_files(engine->scratch, event_fields(engine, request->trigger), values);
	return staging_check(engine, ret, err);
}

/* A trigger turned a press into an event. */
void on_fired(void *arg, struct hub_link *from, const struct message *message)
{
	struct engine *engine = arg;
	struct engine_request *request = answered(engine, from, message, WORD_fire);
	struct core_event event = {.kind = CORE_FIRED, .payload = message->payload, .payload_length = message->payload_length};
	const char *key = message_text(message, "key");
	struct staging_event files;
	hst_error err = {{0}, {0}};
	int rc;

	if (!request)
		return;
	crash_point(CRASH_engine_heard_fired);
	if (keyed_again(engine, request, key))
		return;
	rc = fired_files(engine, from, request, message, &files, &err);
	if (rc < 0) {
		request_failed(engine, from, request, rc, &err);
		return;
	}
	event.trigger = request->trigger;
	if (envelopes_read(engine->scratch, message, &event.sealed, &event.sealed_count, &err) < 0) {
		hst_fail_as(&err, HST_BROKEN, "PluginCrashed", "the plugin's process sealed what cannot be read");
		request_failed(engine, from, request, HST_BROKEN, &err);
		return;
	}
	event.who = strncmp(request->who, "operator/", 9) == 0 ? request->who + 9 : request->who;
	event.tag = request->id;
	/* Kept until the runs are committed: perform.c answers the client by it. */
	table_set_number(&engine->requests, request->id, request);
	request->link = 0;
	engine_event(engine, &event);
	keyed_keep(engine, request, key);
	if (files.values)
		staging_place(engine, &files);
}

/* An answer to an engine that was restarted meanwhile. It is welcome where the step waits for one. */
static void returned_late(struct engine *engine, struct hub_link *from, const struct message *message, struct core_event *event)
{
	const struct step *step = core_step_of(engine->core, message_integer(message, "step"));

	event->step = message_integer(message, "step");
	event->token = message_integer(message, "token");
	if (step && step->facts.state == STATE_LOST && step->facts.token == event->token &&
	    workers_is_of(from, step->flow_step->target))
		engine_event(engine, event);
}

void on_returned(void *arg, struct hub_link *from, const struct message *message)
{
	struct engine *engine = arg;
	struct engine_request *request = answered(engine, from, message, WORD_call);
	struct core_event event = {.kind = CORE_RETURNED, .state = STATE_SUCCEEDED, .payload = message->payload,
	                           .payload_length = message->payload_length};
	hst_error err = {{0}, {0}};

	if (envelopes_read(engine->scratch, message, &event.sealed, &event.sealed_count, &err) < 0) {
		event.state = STATE_FAILED;
		event.reason = "OutputInvalid";
		event.text = "the plugin's process sealed what cannot be read";
		event.payload_length = 0;
	}
	if (!request) {
		returned_late(engine, from, message, &event);
		return;
	}
	crash_point(CRASH_engine_heard_returned);
	event.step = request->step;
	event.token = request->token;
	workers_over(engine, request->notice, &event);
	workers_next(engine, from);
	workers_request_free(request);
}

/* A worker could not do what it was asked. */
void on_error(void *arg, struct hub_link *from, const struct message *message)
{
	struct engine *engine = arg;
	struct engine_request *request = workers_take(engine, from, message->id);
	hst_error err = {{0}, {0}};
	int code = message_read_error(message, &err);

	if (request)
		request_failed(engine, from, request, code, &err);
}

/* "worker/trigger/inbox" -> "inbox" */
static const char *trigger_of(const struct hub_link *from)
{
	return strncmp(from->name, "worker/trigger/", 15) == 0 ? from->name + 15 : NULL;
}

/* It tries to look for what happens, and cannot. */
void on_failing(void *arg, struct hub_link *from, const struct message *message)
{
	const char *trigger = trigger_of(from);

	if (trigger)
		alerting_failing(arg, trigger, message_integer(message, "since_us"), message->payload, message->payload_length);
}

enum { PASSED_TEXT_MAX = 400 };

static int emit_state(struct engine *engine, const char *instance, const hst_value *entry, hst_error *err)
{
	const char *base64 = value_text(value_get(entry, "bytes"));
	size_t room = value_length(value_get(entry, "bytes")) + 1, length = 0;
	unsigned char *bytes = mem_alloc(room);
	int rc;

	if (sodium_base642bin(bytes, room, base64, strlen(base64), NULL, &length, NULL, sodium_base64_VARIANT_ORIGINAL) != 0) {
		free(bytes);
		return hst_fail(err, HST_INVALID, "the state is no base64");
	}
	rc = engine->store->ops->put_state(engine->store, instance, value_text(value_get(entry, "name")),
	                                   (struct store_bytes){.bytes = (char *)bytes, .length = length}, err);
	free(bytes);
	return rc;
}

/* What came with an emit: what is sealed of all its events, and what they do beside runs that go on. */
struct emitted {
	const struct flow_envelope *sealed;
	size_t count;
	hst_overlap overlap;
	struct staged *files; /* NULL: none came */
	hst_fields fields;    /* of the event, with `files` */
};

static int emit_event(struct engine *engine, const char *instance, const hst_value *events, size_t position,
		      const struct emitted *emitted, hst_error *err)
{
	const hst_value *entry = value_at(events, position);
	const char *key = value_kind(value_get(entry, "key")) == HST_VALUE_TEXT ? value_text(value_get(entry, "key")) : NULL;
	struct store_event record = {.instance = instance, .key = key, .at_us = clock_wall_us()};
	struct core_event event = {.kind = CORE_FIRED, .trigger = instance, .overlap = emitted->overlap};
	struct staging_event files = {.sets = {emitted->files}, .last_run = core_counters(engine->core)->run};
	struct text json;
	bool new = true;
	int rc = HST_OK;

	if (emitted->files) {
		files.values = fields_files(engine->scratch, emitted->fields, value_get(entry, "values"));
		rc = staging_check(engine, &files, err);
	}
	if (rc >= 0)
		rc = engine->store->ops->put_event(engine->store, &record, &new, err);
	if (rc < 0 || !new)
		return rc;
	event.sealed_count = emitted->count
				     ? envelopes_of_position(engine->scratch, emitted->sealed, emitted->count, position, &event.sealed)
				     : 0;
	text_init(&json, PAYLOAD_BYTES_MAX);
	value_write_json(&json, value_get(entry, "values"));
	event.payload = json.s;
	event.payload_length = json.length;
	engine_event(engine, &event);
	alerting_fired(engine, instance);
	text_clear(&json);
	if (emitted->files)
		staging_place(engine, &files);
	return HST_OK;
}

static int emit_passed(struct engine *engine, const char *instance, const hst_value *entry, hst_error *err)
{
	struct core_event event = {.kind = CORE_PASSED, .trigger = instance, .reason = value_text(value_get(entry, "reason")),
				   .text = value_text(value_get(entry, "text"))};

	if (!reason_named(event.reason) || value_length(value_get(entry, "text")) > PASSED_TEXT_MAX)
		return hst_fail(err, HST_INVALID, "\"%.64s\" is no reason code, or more than %d bytes are said of it", event.reason,
				PASSED_TEXT_MAX);
	engine_event(engine, &event);
	if (strcmp(event.reason, "SlotMissed") == 0)
		alerting_missed(engine, instance, event.text);
	return HST_OK;
}

/* What an engine was sent that is there no more has to be sent to this one. */
static int emitted_files(const struct engine *engine, const struct hub_link *from, const struct message *message, struct emitted *ret, hst_error *err)
{
	int64_t number = message_integer(message, "files");

	if (!number)
		return HST_OK;
	ret->files = staging_find(engine, from->number, number);
	ret->fields = event_fields(engine, trigger_of(from));
	return ret->files ? HST_OK : hst_fail(err, HST_RETRY, "the files of these events are gone: send all of it again");
}

/* Events and state of a trigger, in the batch's transaction; the worker hears `done` only after the commit. */
void on_emit(void *arg, struct hub_link *from, const struct message *message)
{
	struct engine *engine = arg;
	const char *instance = trigger_of(from);
	const hst_value *body, *events, *state, *passed;
	struct emitted emitted = {0};
	hst_error err = {{0}, {0}};
	int rc;

	if (!instance) {
		engine_refuse(engine, from, message->id, HST_DENIED, "", "only a trigger emits events");
		return;
	}
	rc = value_parse_json(engine->scratch, message->payload, message->payload_length, &body, &err);
	if (rc >= 0)
		rc = envelopes_read(engine->scratch, message, &emitted.sealed, &emitted.count, &err);
	if (rc >= 0)
		rc = emitted_files(engine, from, message, &emitted, &err);
	if (rc >= 0) {
		crash_point(CRASH_engine_heard_emit);
		engine_begin(engine);
		events = value_get(body, "events");
		emitted.overlap = trigger_overlap_of(value_text(value_get(body, "overlap")));
		state = value_get(body, "state");
		for (size_t i = 0; rc >= 0 && i < value_count(state); i++)
			rc = emit_state(engine, instance, value_at(state, i), &err);
		for (size_t i = 0; rc >= 0 && i < value_count(events); i++)
			rc = emit_event(engine, instance, events, i, &emitted, &err);
		passed = value_get(body, "passed");
		for (size_t i = 0; rc >= 0 && i < value_count(passed); i++)
			rc = emit_passed(engine, instance, value_at(passed, i), &err);
	}
	if (rc < 0)
		engine_refuse(engine, from, message->id, rc, err.reason, "%s", err.text);
	else
		engine_reply(engine, from, WORD_done, message->id);
	if (rc >= 0)
		staging_done(engine, emitted.files);
}

void on_state_get(void *arg, struct hub_link *from, const struct message *message)
{
	struct engine *engine = arg;
	const char *instance = trigger_of(from);
	struct message reply;
	hst_error err = {{0}, {0}};
	size_t length = 0;
	char *bytes = NULL;
	int rc = instance ? engine->store->ops->get_state(engine->store, instance, message_text(message, "name"), &bytes, &length, &err)
	                  : HST_NOT_FOUND;

	if (rc < 0 && rc != HST_NOT_FOUND) {
		engine_refuse(engine, from, message->id, rc, err.reason, "%s", err.text);
		return;
	}
	message_init(&reply, WORD_state, message->id);
	message_set_boolean(&reply, "found", rc >= 0);
	message_set_payload(&reply, bytes, length);
	hub_send(engine->hub, from, &reply);
	free(bytes);
}
