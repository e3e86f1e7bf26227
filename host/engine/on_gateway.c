/* What gateways say: how devices stand, what became of offers; and packages that they fetch. Files are in on_files.c. */
#include "engine/gateways.h"
#include "engine/envelopes.h"
#include "engine/secrets.h"

#include "base/auto.h"
#include "base/clock.h"
#include "base/mem.h"
#include "os/crash.h"
#include "pure/core/steer.h"
#include "schema/facts.h"
#include "schema/value.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * Payload: {"sessions":[…],"holding":[[step,token],…],"about":{…}}; `holding` and `about` (driver, strategy, accounts) only
 * in the first word after a connection, `about` also when it has changed.
 */
void on_device(void *arg, struct hub_link *from, const struct message *message)
{
	struct engine *engine = arg;
	const char *name = message_text(message, "device");
	struct core_event event = {.kind = CORE_DEVICE, .device = name, .online = message_boolean(message, "online"),
	                           .system = system_named(message_text(message, "system")),
	                           .slots = message_integer(message, "slots"), .revision = message_integer(message, "revision"),
	                           .load_milli = fact_load(message_integer(message, "load")),
	                           .memory_milli = fact_memory(message_integer(message, "memory")), .journal = message_integer(message, "journal")};
	const hst_value *body, *holding;
	struct core_holding *held = NULL;
	hst_error err = {{0}, {0}};

	if (!gateway_serves(engine, from, name)) {
		engine_refuse(engine, from, message->id, HST_DENIED, "", "%s does not serve a device \"%s\"", from->name, name);
		return;
	}
	if (value_parse_json(engine->scratch, message->payload, message->payload_length, &body, &err) < 0) {
		engine_refuse(engine, from, message->id, HST_INVALID, "", "device %s: %s", name, err.text);
		return;
	}
	presences_heard(engine, from, message, body);
	holding = value_get(body, "holding");
	if (value_kind(holding) == HST_VALUE_LIST) {
		event.fresh = true;
		event.holding_count = value_count(holding);
		held = mem_array(event.holding_count + 1, sizeof *held);
		for (size_t i = 0; i < event.holding_count; i++) {
			value_integer(value_at(value_at(holding, i), 0), &held[i].step);
			value_integer(value_at(value_at(holding, i), 1), &held[i].token);
		}
		event.holding = held;
	}
	crash_point(CRASH_engine_heard_device);
	engine_event(engine, &event);
	free(held);
	if (message->id)
		engine_reply(engine, from, WORD_done, message->id);
}

bool gateway_may(struct engine *engine, const struct hub_link *from, int64_t step)
{
	const struct step *known = core_step_of(engine->core, step);

	return known && known->facts.device && gateway_serves(engine, from, known->facts.device);
}

static void step_event(struct engine *engine, struct hub_link *from, const struct message *message, struct core_event *event)
{
	event->step = message_integer(message, "step");
	event->token = message_integer(message, "token");
	if (gateway_may(engine, from, event->step))
		engine_event(engine, event);
	if (message->id && *message_row(message->word)->reply)
		engine_reply(engine, from, WORD_done, message->id);
}

void on_taken(void *arg, struct hub_link *from, const struct message *message)
{
	struct core_event event = {.kind = CORE_TAKEN, .state = state_named(message_text(message, "state"))};

	crash_point(CRASH_engine_heard_taken);
	step_event(arg, from, message, &event);
}

void on_refused(void *arg, struct hub_link *from, const struct message *message)
{
	struct engine *engine = arg;
	AUTO_FREE char *text = message_payload_text(message);
	struct core_event event = {.kind = CORE_REFUSED, .reason = message_text(message, "reason"), .text = text,
	                           .class = reason_class_named(message_text(message, "class")),
	                           .revision = message_integer(message, "revision")};
	const struct step *step = core_step_of(engine->core, message_integer(message, "step"));
	bool sign_in = step && step->facts.connection && reason_is_of_sign_in(event.reason);

	if (sign_in)
		event.serial = secrets_failed(engine, step);
	step_event(engine, from, message, &event);
	if (sign_in)
		secrets_look(engine);
}

void on_stage(void *arg, struct hub_link *from, const struct message *message)
{
	enum state state = state_named(message_text(message, "state"));
	struct core_event event = {.kind = CORE_STAGE, .state = state};

	crash_point(CRASH_engine_heard_stage);
	if (state == STATE_NONE || state_row(state)->ended || state == STATE_QUEUED) {
		engine_refuse(arg, from, message->id, HST_INVALID, "", "\"%s\" is no stage of a run", message_text(message, "state"));
		return;
	}
	step_event(arg, from, message, &event);
}

void on_progress(void *arg, struct hub_link *from, const struct message *message)
{
	struct engine *engine = arg;
	const hst_value *body;
	struct core_event event = {.kind = CORE_PROGRESS};

	crash_point(CRASH_engine_heard_progress);
	if (value_parse_json(engine->scratch, message->payload, message->payload_length, &body, NULL) < 0)
		return;
	event.subflow = value_text(value_get(body, "subflow"));
	event.action = value_text(value_get(body, "action"));
	step_event(engine, from, message, &event);
}

/* The person at the device has done something with the run. Who that is follows from the run, not from what is said. */
void on_asked(void *arg, struct hub_link *from, const struct message *message)
{
	struct core_event event = {.kind = CORE_ASKED, .verb = core_verb_named(message_text(message, "how"))};

	step_event(arg, from, message, &event);
}

/* Payload: outputs; of a run that went wrong {"text":…,"outputs":{…}}. */
void on_finished(void *arg, struct hub_link *from, const struct message *message)
{
	struct engine *engine = arg;
	struct core_event event = {.kind = CORE_FINISHED, .state = state_named(message_text(message, "state")),
	                           .reason = message_text(message, "reason"), .released = message_boolean(message, "released"),
	                           .started_us = message_integer(message, "started_us"),
	                           .ended_us = message_integer(message, "ended_us"), .payload = message->payload,
	                           .payload_length = message->payload_length};
	AUTO(text) struct text outputs;
	const hst_value *body;
	hst_error err = {{0}, {0}};

	crash_point(CRASH_engine_heard_finished);
	text_init(&outputs, PAYLOAD_BYTES_MAX);
	if (!state_row(event.state)->ended)
		event.state = STATE_FAILED;
	if (event.state != STATE_SUCCEEDED) {
		event.payload_length = 0;
		if (value_parse_json(engine->scratch, message->payload, message->payload_length, &body, NULL) >= 0) {
			event.text = value_text(value_get(body, "text"));
			if (value_count(value_get(body, "outputs")) > 0)
				value_write_json(&outputs, value_get(body, "outputs"));
			event.payload = outputs.s;
			event.payload_length = outputs.length;
		}
	}
	if (envelopes_read(engine->scratch, message, &event.sealed, &event.sealed_count, &err) < 0 && event.state == STATE_SUCCEEDED) {
		event.state = STATE_FAILED;
		event.reason = "OutputInvalid";
		event.text = "its session process sealed what cannot be read";
		event.payload_length = 0;
	}
	step_event(engine, from, message, &event);
}

void on_released(void *arg, struct hub_link *from, const struct message *message)
{
	struct core_event event = {.kind = CORE_RELEASED};

	crash_point(CRASH_engine_heard_released);
	step_event(arg, from, message, &event);
}

void on_standing(void *arg, struct hub_link *from, const struct message *message)
{
	struct core_event event = {.kind = CORE_STANDING, .standing = offer_standing_named(message_text(message, "state"))};

	crash_point(CRASH_engine_heard_standing);
	if (event.standing == OFFER_UNKNOWN)
		engine_refuse(arg, from, message->id, HST_INVALID, "", "\"%s\" is nothing that an offer can be at",
		              message_text(message, "state"));
	else
		step_event(arg, from, message, &event);
}

static const struct package *package_of_digest(const struct engine *engine, const char *digest)
{
	TABLE_EACH(&engine->definitions->packages, entry) {
		const struct package *package = entry->value;

		if (strcmp(package->digest, digest) == 0)
			return package;
	}
	return NULL;
}

void on_package(void *arg, struct hub_link *from, const struct message *message)
{
	struct engine *engine = arg;
	const char *digest = message_text(message, "digest");
	const struct package *package = package_of_digest(engine, digest);
	AUTO(text) struct text json;
	struct message reply;

	text_init(&json, PAYLOAD_BYTES_MAX);
	if (!package) {
		engine_refuse(engine, from, message->id, HST_NOT_FOUND, "FlowNotInstalled", "the host has no desktop flow with this digest");
		return;
	}
	value_write_json(&json, package_files_value(engine->scratch, package));
	message_init(&reply, WORD_contents, message->id);
	message_set_text(&reply, "digest", digest);
	message_set_payload(&reply, json.s, json.length);
	hub_send(engine->hub, from, &reply);
}

void on_package_get(void *arg, struct hub_link *from, const struct message *message)
{
	struct engine *engine = arg;
	const struct package *package = package_of_digest(engine, message_text(message, "digest"));
	int64_t index = message_integer(message, "file"), offset = message_integer(message, "offset");
	AUTO_FREE char *path = NULL;
	AUTO_FREE char *bytes = NULL;
	AUTO_CLOSE int fd = -1;
	struct message reply;
	ssize_t n;

	if (!package || index < 0 || (size_t)index >= package->file_count || offset < 0) {
		engine_refuse(engine, from, message->id, HST_NOT_FOUND, "FlowNotInstalled", "the host has no such file of a desktop flow");
		return;
	}
	path = mem_printf("%s/%s", package->directory, package->files[index].path);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	bytes = mem_alloc(PART_BYTES_MAX);
	n = fd < 0 ? -1 : pread(fd, bytes, PART_BYTES_MAX, offset);
	if (n < 0) {
		engine_refuse(engine, from, message->id, HST_RETRY, "FlowVersionMismatch", "%s: cannot be read: %s", path, strerror(errno));
		return;
	}
	message_init(&reply, WORD_part, message->id);
	message_set_integer(&reply, "offset", offset);
	message_set_integer(&reply, "total", package->files[index].size);
	message_set_payload(&reply, bytes, (size_t)n);
	hub_send(engine->hub, from, &reply);
}
