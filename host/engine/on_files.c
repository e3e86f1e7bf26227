/* Files in parts: what gateways, workers and clients put, and what clients and those whose inputs name them get. */
#include "engine/files.h"
#include "engine/gateways.h"
#include "engine/staging.h"

#include "base/auto.h"
#include "base/mem.h"
#include "os/crash.h"
#include "schema/value.h"

#include <stdlib.h>
#include <string.h>

enum { SMALL_BYTES = 64 << 10 }; /* what is smaller than this cannot be too much for a run before there are too many */

static void send_part(struct engine *engine, struct hub_link *to, const struct message *asked, const struct files_got *got)
{
	struct message part;

	message_init(&part, WORD_part, asked->id);
	message_set_integer(&part, "offset", message_integer(asked, "offset"));
	message_set_integer(&part, "total", got->total);
	if (*got->sum)
		message_set_text(&part, "sum", got->sum);
	message_set_payload(&part, got->bytes, got->length);
	hub_send(engine->hub, to, &part);
}

void on_file_get(void *arg, struct hub_link *from, const struct message *message)
{
	struct engine *engine = arg;
	struct files_got got = {0};
	char run[ID_SIZE];
	hst_error err = {{0}, {0}};
	int rc;

	engine_run_id(engine, message_integer(message, "run"), run);
	rc = *run ? files_get_part(engine->files_dir, run, message_text(message, "step"), message_text(message, "name"),
	                           message_integer(message, "offset"), PART_BYTES_MAX, &got, &err)
	          : hst_fail(&err, HST_NOT_FOUND, "there is no run #%lld", (long long)message_integer(message, "run"));
	if (rc < 0)
		engine_refuse(engine, from, message->id, rc, err.reason, "%s", err.text);
	else
		send_part(engine, from, message, &got);
	free(got.bytes);
}

/* The process that has this call of the step now. */
static bool worker_has(const struct hub_link *from, const struct step *step)
{
	const struct engine_request *request = from->role;

	return from->speaker == SPEAKER_WORKER && strncmp(from->name, "worker/connector/", 17) == 0 && request &&
	       request->step == step->facts.id && request->token == step->facts.token;
}

/* The step, if who speaks has it with the token that it names; NULL: it was told that it has not. */
static const struct step *step_of(struct engine *engine, struct hub_link *from, const struct message *message)
{
	const struct step *step = core_step_of(engine->core, message_integer(message, "step"));

	if (step && step->facts.token == message_integer(message, "token") &&
	    (from->speaker == SPEAKER_GATEWAY ? gateway_may(engine, from, step->facts.id) : worker_has(from, step)))
		return step;
	engine_refuse(engine, from, message->id, HST_NOT_FOUND, "", "no such step has files to do with %s", from->name);
	return NULL;
}

static int put(struct engine *engine, const struct hub_link *from, const struct step *step, const struct message *message, hst_error *err)
{
	const struct files_part part = {.offset = message_integer(message, "offset"), .total = message_integer(message, "total"),
	                                .bytes = message->payload, .length = message->payload_length, .sum = message_text(message, "sum")};
	const char *run = step->run->facts.id;
	AUTO_FREE char *path = NULL;
	int rc = files_path(engine->files_dir, run, step->flow_step->name, message_text(message, "name"), &path, err);

	if (rc >= 0 && part.offset == 0 && (part.total > SMALL_BYTES || from->speaker == SPEAKER_WORKER))
		rc = files_room(&engine->writing, engine->files_dir, run, path, part.total, err);
	return rc < 0 ? rc : files_put_part(&engine->writing, path, &part, err);
}

static bool makes_events(const struct hub_link *from)
{
	return from->speaker == SPEAKER_CLIENT || strncmp(from->name, "worker/trigger/", 15) == 0;
}

void on_file_put(void *arg, struct hub_link *from, const struct message *message)
{
	struct engine *engine = arg;
	bool event = message_integer(message, "step") == 0 && makes_events(from);
	const struct step *step = event ? NULL : step_of(engine, from, message);
	hst_error err = {{0}, {0}};
	int rc;

	if (!event && !step)
		return;
	crash_point(CRASH_engine_heard_file);
	rc = event ? staging_put(engine, from, message, &err) : put(engine, from, step, message, &err);
	if (rc < 0)
		engine_refuse(engine, from, message->id, rc, err.reason, "%s", err.text);
	else
		engine_reply(engine, from, WORD_done, message->id);
}

/* A text anywhere in the tree. */
static bool names(const hst_value *value, const char *name)
{
	if (value_kind(value) == HST_VALUE_TEXT)
		return strcmp(value_text(value), name) == 0;
	for (size_t i = 0; i < value_count(value); i++)
		if (names(value_at(value, i), name))
			return true;
	return false;
}

/* Several names of a list that was written by hand stand in one text, each on a line. */
static bool names_among_lines(const hst_value *inputs, const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < value_count(inputs); i++) {
		const char *text = value_kind(value_at(inputs, i)) == HST_VALUE_TEXT ? value_text(value_at(inputs, i)) : "";

		for (size_t line; *text; text += line + (text[line] != '\0')) {
			line = strcspn(text, "\n");
			if (line == length && memcmp(text, name, length) == 0)
				return true;
		}
	}
	return false;
}

void on_file_fetch(void *arg, struct hub_link *from, const struct message *message)
{
	struct engine *engine = arg;
	const struct step *step = step_of(engine, from, message);
	const char *value = message_text(message, "name"), *name = value;
	const hst_value *inputs = NULL;
	struct files_got got = {0};
	AUTO_FREE char *in = NULL;
	hst_error err = {{0}, {0}};
	size_t length = 0;
	int rc;

	if (!step)
		return;
	rc = value_parse_json(engine->scratch, step->facts.inputs, step->facts.inputs_length, &inputs, &err);
	if (rc >= 0 && !names(inputs, value) && !names_among_lines(inputs, value))
		rc = hst_fail(&err, HST_DENIED, "no input of the step names the file \"%.100s\"", value);
	if (rc >= 0 && (!file_value_fits(value) || !file_value_step(value, &length, &name)))
		rc = hst_fail_as(&err, HST_INVALID, "InputInvalid",
		                 "\"%.100s\" does not say which step's file it is: the name of a file of the run is STEP/NAME, or trigger/NAME", value);
	if (rc >= 0) {
		in = mem_copy(value, length);
		rc = files_get_part(engine->files_dir, step->run->facts.id, in, name, message_integer(message, "offset"), PART_BYTES_MAX, &got, &err);
	}
	if (rc < 0)
		engine_refuse(engine, from, message->id, rc, err.reason[0] ? err.reason : "InputInvalid", "%s", err.text);
	else
		send_part(engine, from, message, &got);
	free(got.bytes);
}
