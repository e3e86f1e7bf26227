/* What session processes say: the watch of its device, a hold of its session and of the run in it. */
#include "gateway/gateway.h"

#include "base/auto.h"
#include "base/log.h"
#include "base/mem.h"
#include "os/crash.h"
#include "schema/facts.h"
#include "schema/value.h"

#include <stdlib.h>
#include <string.h>

static void on_sessions(struct gateway_process *process, const struct message *message)
{
	struct gateway *gateway = process->device->gateway;
	hst_device facts = {.name = process->device->conf->name, .system = system_named(message_text(message, "system")),
	                    .processors = message_integer(message, "processors"), .load_milli = message_integer(message, "load"),
	                    .memory_milli = message_integer(message, "memory"), .rehearses = message_boolean(message, "rehearses"),
	                    .rds = rds_named(message_text(message, "rds")),
	                    .containment = containment_named(message_text(message, "containment"))};
	struct admission_event event = {.kind = ADMISSION_SESSIONS, .device = &facts};
	const hst_value *list;
	hst_session *sessions;
	hst_error err = {{0}, {0}};

	if (value_parse_json(gateway->scratch, message->payload, message->payload_length, &list, &err) < 0) {
		log_warning("device %s: its sessions cannot be read: %s", facts.name, err.text);
		return;
	}
	event.session_count = value_count(list);
	sessions = mem_array(event.session_count + 1, sizeof *sessions);
	for (size_t i = 0; i < event.session_count; i++) {
		const hst_value *item = value_at(list, i);

		sessions[i] = (hst_session){.id = value_text(value_get(item, "id")), .user = value_text(value_get(item, "user")),
		                            .key = value_text(value_get(item, "key")),
		                            .connected = fact_named(value_text(value_get(item, "connected"))),
		                            .locked = fact_named(value_text(value_get(item, "locked"))),
		                            .ours = value_boolean(value_get(item, "ours")),
		                            .doubt = value_get(item, "doubt") ? value_text(value_get(item, "doubt")) : NULL};
	}
	event.sessions = sessions;
	gateway_event(process->device, &event);
	free(sessions);
}

static void question_key(uint64_t id, char to[24])
{
	snprintf(to, 24, "%llu", (unsigned long long)id);
}

static void identity_is(struct gateway_device *device, const char *user, const char *key, int code, const char *text)
{
	struct admission_event event = {.kind = ADMISSION_IDENTITY, .user = user, .key = key, .code = code, .text = text};

	gateway_event(device, &event);
}

void ask_identity(struct gateway_device *device, const char *user)
{
	struct gateway_process *watch = device->watch;
	struct message message;
	hst_error err = {{0}, {0}};
	char key[24];

	message_init(&message, WORD_identify, watch ? ++watch->next_question : 0);
	message_set_text(&message, "user", user);
	if (!watch || !watch->stream || stream_send(watch->stream, &message, &err) < 0) {
		identity_is(device, user, NULL, HST_RETRY, "the process that watches the device's sessions is not there");
		return;
	}
	question_key(message.id, key);
	table_set(&watch->questions, key, mem_text(user));
}

/* The user that the answer is about; the caller frees it. NULL: nothing was asked under this id. */
static char *question_answered(struct gateway_process *process, uint64_t id)
{
	char key[24];

	question_key(id, key);
	return table_remove(&process->questions, key);
}

static void on_identity(struct gateway_process *process, const struct message *message)
{
	AUTO_FREE char *user = question_answered(process, message->id);

	if (user)
		identity_is(process->device, user, message_text(message, "key"), HST_OK, NULL);
}

/* A watch could not identify a user; a hold could not open its session. */
static void on_error(struct gateway_process *process, const struct message *message)
{
	AUTO_FREE char *user = question_answered(process, message->id);
	hst_error err = {{0}, {0}};
	int code = message_read_error(message, &err);
	struct admission_event event = {.kind = ADMISSION_OPEN_FAILED, .number = process->number, .code = code,
	                                .reason = err.reason, .text = err.text};

	/* Unasked it is about the session, which has ended. */
	if (!process->watch && (message->id == LOCK_ID || !message->id))
		event.kind = ADMISSION_LOCK_FAILED;
	if (user)
		identity_is(process->device, user, NULL, code, err.text);
	else if (!process->watch)
		gateway_event(process->device, &event);
	else if (!process->replaced)
		processes_blind(process->device, err.text);
}

/* Progress, and what the person has asked for, go straight on: nothing here depends on them. */
static void forward(struct gateway_process *process, const struct message *message)
{
	struct message same = *message;
	hst_error err = {{0}, {0}};

	same.id = 0;
	if (link_send(process->device->gateway->link, &same, &err) < 0)
		log_debug("%s was not forwarded: %s", message_row(message->word)->word, err.text);
}

static void on_hold_stage(struct gateway_process *process, const struct message *message)
{
	struct admission_event event = {.kind = ADMISSION_PAUSED, .number = process->number,
	                                .paused = strcmp(message_text(message, "state"), "paused") == 0};

	gateway_event(process->device, &event);
}

static void on_hold_finished(struct gateway_process *process, const struct message *message)
{
	struct admission_event event = {.kind = ADMISSION_FINISHED, .number = process->number, .id = message->id,
	                                .end = message_text(message, "state"),
	                                .reason = message_text(message, "reason"), .payload = message->payload,
	                                .payload_length = message->payload_length,
	                                .sealed = message->sealed, .sealed_length = message->sealed_length,
	                                .started_us = message_integer(message, "started_us"),
	                                .ended_us = message_integer(message, "ended_us")};

	crash_point(CRASH_gateway_heard_finished);
	gateway_event(process->device, &event);
}

void on_session_message(void *arg, struct stream *stream, const struct message *message)
{
	struct gateway_process *process = arg;
	struct admission_event opened = {.kind = ADMISSION_OPENED, .number = process->number};
	struct admission_event closed = {.kind = ADMISSION_CLOSED, .number = process->number};

	(void)stream;
	switch (message->word) {
	case WORD_sessions:
		on_sessions(process, message);
		break;
	case WORD_identity:
		on_identity(process, message);
		break;
	case WORD_held:
		crash_point(CRASH_gateway_heard_held);
		processes_held(process, message);
		break;
	case WORD_probed:
		link_send(process->device->gateway->link, message, NULL);
		break;
	case WORD_opened:
		crash_point(CRASH_gateway_heard_opened);
		opened.session = message_text(message, "session");
		gateway_event(process->device, &opened);
		break;
	case WORD_progress:
	case WORD_asked:
		forward(process, message);
		break;
	case WORD_stage:
		on_hold_stage(process, message);
		break;
	case WORD_finished:
		on_hold_finished(process, message);
		break;
	case WORD_closed:
		crash_point(CRASH_gateway_heard_closed);
		gateway_event(process->device, &closed);
		break;
	case WORD_error:
		on_error(process, message);
		break;
	default:
		log_debug("session process %u: \"%s\" is not expected", process->number, message_row(message->word)->word);
	}
}

/* The supervisor says how the process ended; here its stream is only put away. */
void on_session_ended(void *arg, struct stream *stream, const hst_error *why)
{
	struct gateway_process *process = arg;

	if (why && *why->text)
		log_debug("session process %u: %s", process->number, why->text);
	process->stream = NULL;
	if (process->device->watch == process)
		process->device->watch = NULL;
	stream_free(stream);
}
