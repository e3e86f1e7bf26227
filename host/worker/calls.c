#include "worker/calls.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "os/crash.h"
#include "plugin/connector.h"
#include "plugin/guard.h"
#include "plugin/trigger.h"
#include "schema/fields.h"
#include "schema/value.h"
#include "desktop/masking.h"
#include "seal/sealing.h"
#include "worker/moving.h"

#include <string.h>

enum { FIRE_MS = 30000, CALL_DEFAULT_MS = 60000 };

struct request {
	struct request *next;
	enum word word;
	uint64_t id;
	int64_t step, token, timeout_ms, n;
	bool files; /* come with a press */
	char *action, *once, *run, *name, *who; /* NULL: not said */
	size_t payload_length, sealed_length;
	char payload[]; /* behind it, what is sealed */
};

static void request_free(struct request *request)
{
	if (!request)
		return;
	free(request->action);
	free(request->once);
	free(request->run);
	free(request->name);
	free(request->who);
	free(request);
}

static struct request *request_of(const struct message *message)
{
	struct request *request = mem_alloc(sizeof *request + message->payload_length + message->sealed_length);

	request->word = message->word;
	request->id = message->id;
	if (message->payload_length)
		memcpy(request->payload, message->payload, message->payload_length);
	request->payload_length = message->payload_length;
	if (message->sealed_length)
		memcpy(request->payload + message->payload_length, message->sealed, message->sealed_length);
	request->sealed_length = message->sealed_length;
	if (message->word == WORD_next)
		request->n = message_integer(message, "n");
	if (message->word == WORD_fire) {
		request->who = mem_text(message_text(message, "who"));
		request->files = message_boolean(message, "files");
	}
	if (message->word == WORD_call) {
		request->step = message_integer(message, "step");
		request->token = message_integer(message, "token");
		request->timeout_ms = message_integer(message, "timeout_ms");
		request->action = mem_text(message_text(message, "action"));
		request->once = mem_text(message_text(message, "once"));
		request->run = mem_text(message_text(message, "run"));
		request->name = mem_text(message_text(message, "name"));
	}
	return request;
}

void calls_clear(struct calls *calls)
{
	while (calls->first) {
		struct request *request = calls->first;

		calls->first = request->next;
		request_free(request);
	}
	calls->last = NULL;
	calls->waiting = 0;
	arena_free(calls->arena);
	calls->arena = NULL;
}

static void send(struct calls *calls, const struct message *message)
{
	hst_error err = {0};

	/* The engine asks again for what it did not hear, so a lost answer is only worth a line. */
	if (link_send(calls->services->link, message, &err) != HST_OK)
		log_warning("an answer could not be sent: %s", err.text);
}

static void answer_error(struct calls *calls, uint64_t id, int code, const hst_error *err)
{
	struct message message;

	message_init_error(&message, id, code, err);
	send(calls, &message);
}

static void answer_refusal(struct calls *calls, uint64_t id, hst_code code, const char *reason, const char *text)
{
	hst_error err;

	hst_fail_as(&err, code, reason, "%s", text);
	answer_error(calls, id, code, &err);
}

/* Takes a waiting call out of the row; NULL when there is no such call. */
static struct request *remove_waiting(struct calls *calls, int64_t step, int64_t token)
{
	struct request *before = NULL;

	for (struct request *request = calls->first; request; before = request, request = request->next) {
		if (request->word != WORD_call || request->step != step || request->token != token)
			continue;
		if (before)
			before->next = request->next;
		else
			calls->first = request->next;
		if (calls->last == request)
			calls->last = before;
		calls->waiting--;
		return request;
	}
	return NULL;
}

static void take_cancel(struct calls *calls, const struct message *message)
{
	int64_t step = message_integer(message, "step"), token = message_integer(message, "token");
	struct request *waiting = remove_waiting(calls, step, token);
	struct message done;

	if (waiting) {
		answer_refusal(calls, waiting->id, HST_CANCELLED, "Cancelled", "the call was cancelled before it began");
		request_free(waiting);
	} else if (calls->now && calls->now->word == WORD_call && calls->now->step == step &&
		   calls->now->token == token) {
		calls->services->current->cancelled = true;
		/* One that has looked and goes on all the same is given no more than any that is overdue. */
		guard_hurry();
	}
	if (!message->id)
		return;
	/* A call that is over needs no cancelling: that is done, too. */
	message_init(&done, WORD_done, message->id);
	send(calls, &done);
}

static void take_work(struct calls *calls, const struct message *message)
{
	struct request *request;

	if (calls->waiting >= REQUESTS_MAX) {
		answer_refusal(calls, message->id, HST_RETRY, "RetryDelay", "too many calls wait for this worker");
		return;
	}
	request = request_of(message);
	if (calls->last)
		calls->last->next = request;
	else
		calls->first = request;
	calls->last = request;
	calls->waiting++;
}

void calls_take(struct calls *calls, const struct message *message)
{
	hst_plugin_kind kind = calls->instance->plugin->kind;

	if (message->word == WORD_cancel)
		take_cancel(calls, message);
	else if ((message->word == WORD_call && kind == HST_CONNECTOR) ||
		 ((message->word == WORD_fire || message->word == WORD_next) && kind == HST_TRIGGER))
		take_work(calls, message);
	else if (message->id)
		answer_refusal(calls, message->id, HST_INVALID, NULL, "this worker has no answer to that message");
}

/* `sealing` NULL: nothing of it can be sealed. */
static int answer_values(struct calls *calls, struct message *answer, const hst_value *values, struct sealing *sealing, hst_error *err)
{
	struct text json, sealed;
	int code = HST_OK;

	crash_point(CRASH_worker_before_answer);
	text_init(&json, PAYLOAD_BYTES_MAX);
	text_init(&sealed, SEALED_BYTES_MAX);
	value_write_json(&json, values);
	if (json.over)
		code = hst_fail_as(err, HST_INVALID, "OutputInvalid", "the answer is larger than 1 MiB");
	else if (sealing)
		code = sealing_write(sealing, &sealed, err);
	message_set_payload(answer, json.s, json.length);
	if (sealed.length)
		message_set_sealed(answer, sealed.s, sealed.length);
	if (code == HST_OK)
		send(calls, answer);
	crash_point(CRASH_worker_answered);
	text_clear(&json);
	text_clear(&sealed);
	return code;
}

static int begin_sealing(struct calls *calls, const struct request *request, struct sealing *ret, hst_error *err)
{
	return sealing_begin(ret, calls->vault, calls->arena, request->payload + request->payload_length, request->sealed_length,
			     request->run ? request->run : "", err);
}

/* What a connector is asked to do, and with what, as this process knows it for itself. */
static int open_inputs(struct calls *calls, const struct request *request, struct sealing *sealing, hst_fields fields,
		       const hst_value **inputs, hst_error *err)
{
	AUTO_FREE char *front = mem_printf("connector/%s.%s", calls->services->host.instance, request->action);
	AUTO_FREE char *use = mem_printf("%lld/%lld", (long long)request->step, (long long)request->token);
	int code = begin_sealing(calls, request, sealing, err);

	if (code == HST_OK)
		code = sealing_open(sealing, fields, front, use, *inputs, inputs, err);
	for (size_t i = 0; i < sealing->opened_count && code == HST_OK; i++)
		code = masking_know(sealing->opened[i], false, err);
	return code;
}

static bool seals_outputs(const struct sealing *sealing, hst_fields outputs)
{
	for (size_t i = 0; i < outputs.n; i++)
		if (sealing_must(sealing, &outputs.at[i], field_name(&outputs.at[i])))
			return true;
	return sealing->took;
}

static int do_call(struct calls *calls, struct request *request, struct service_call *call, const hst_value *inputs,
		   hst_error *err)
{
	const hst_action *action = connector_action(calls->instance, request->action);
	const hst_shape *shape = calls->shaped ? calls->shape : NULL;
	const hst_value *outputs = NULL;
	struct sealing sealing;
	struct message answer;
	size_t sent = 0;
	int code;

	if (!action)
		return hst_fail(err, HST_NOT_FOUND, "connector plugin \"%s\" has no action \"%s\"",
				calls->instance->plugin->name, request->action);
	code = open_inputs(calls, request, &sealing, shape ? shape->inputs : action->inputs, &inputs, err);
	call->sealed = sealing.took;
	calls->services->files.front = *request->name ? request->name : request->action;
	if (code == HST_OK)
		code = moving_fetch(calls->services, request->step, request->token, shape ? shape->inputs : action->inputs, inputs, err);
	if (code == HST_OK)
		code = connector_run(calls->instance, action, shape, &call->call, inputs,
				     seals_outputs(&sealing, shape ? shape->outputs : action->outputs), &outputs, err);
	if (code == HST_OK)
		code = sealing_close(&sealing, shape ? shape->outputs : action->outputs,
				     *request->name ? request->name : request->action, outputs, &outputs, err);
	if (code == HST_OK)
		code = moving_put(calls->services, request->step, request->token, shape ? shape->outputs : action->outputs, outputs, &sent, err);
	if (code != HST_OK)
		return code;
	message_init(&answer, WORD_returned, request->id);
	message_set_integer(&answer, "step", request->step);
	message_set_integer(&answer, "token", request->token);
	return answer_values(calls, &answer, outputs, &sealing, err);
}

/* What came with a press is handed on by its name; it is not fetched, since a press reads none of it. */
static int take_files(struct calls *calls, const struct request *request, const hst_value *inputs, hst_error *err)
{
	const hst_value *names = fields_files(calls->arena, calls->shape->event, inputs);

	for (size_t i = 0; i < value_count(names); i++) {
		const char *value = value_text(value_at(names, i));

		if (!request->files)
			return hst_fail_as(err, HST_INVALID, "InputInvalid",
					   "the file \"%.100s\" did not come with the press: say --input NAME=PATH, with the path of a file", value);
		call_files_named(&calls->services->files, value);
	}
	return HST_OK;
}

/* A trigger passes sealed inputs on as they are: who will use them opens them. */
static int do_fire(struct calls *calls, struct request *request, struct service_call *call, const hst_value *inputs,
		   hst_error *err)
{
	const hst_value *checked = NULL, *values = NULL;
	const char *key = NULL;
	struct sealing sealing;
	struct message answer;
	hst_error said = {0};
	int64_t set = ++calls->services->files.sets;
	size_t sent = 0;
	int code;

	code = begin_sealing(calls, request, &sealing, err);
	if (code == HST_OK)
		code = sealing_stand_in(&sealing, calls->shape->event, inputs, &inputs, err);
	if (code != HST_OK)
		return code;
	code = fields_check(call->call.arena, calls->shape->event, "input", inputs, false, &checked, &said);
	if (code != HST_OK)
		return hst_fail_as(err, (hst_code)code, "InputInvalid", "%s", said.text);
	code = fields_have_files(calls->shape->event) ? take_files(calls, request, checked, err) : HST_OK;
	call->call.who = request->who;
	if (code == HST_OK)
		code = trigger_press(calls->instance, &call->call, checked, &key, &values, err);
	if (code == HST_OK)
		code = sealing_close(&sealing, calls->shape->event, "trigger", values, &values, err);
	if (code == HST_OK)
		code = moving_put(calls->services, 0, set, calls->shape->event, values, &sent, err);
	if (code != HST_OK)
		return code;
	message_init(&answer, WORD_fired, request->id);
	if (sent)
		message_set_integer(&answer, "files", set);
	if (key)
		message_set_text(&answer, "key", key);
	return answer_values(calls, &answer, values, &sealing, err);
}

static int do_next(struct calls *calls, struct request *request, struct service_call *call, hst_error *err)
{
	const hst_value *coming = NULL;
	struct message answer;
	int code = trigger_next(calls->instance, &call->call, (hst_time){clock_wall_us()},
				request->n > 0 ? (size_t)request->n : 0, &coming, err);

	if (code != HST_OK)
		return code;
	message_init(&answer, WORD_coming, request->id);
	return answer_values(calls, &answer, coming, NULL, err);
}

static int do_request(struct calls *calls, struct request *request, struct service_call *call, hst_error *err)
{
	const hst_value *inputs = NULL;
	hst_error said = {0};
	int code;

	if (request->word == WORD_next)
		return do_next(calls, request, call, err);
	code = value_parse_json(call->call.arena, request->payload, request->payload_length, &inputs, &said);
	if (code != HST_OK)
		return hst_fail_as(err, (hst_code)code, "InputInvalid", "%s", said.text);
	return request->word == WORD_call ? do_call(calls, request, call, inputs, err)
					  : do_fire(calls, request, call, inputs, err);
}

bool calls_work(struct calls *calls)
{
	struct request *request = calls->first;
	struct service_call call;
	hst_error err = {0};
	int64_t timeout_ms;
	int code;

	if (!request)
		return false;
	calls->first = request->next;
	if (!calls->first)
		calls->last = NULL;
	calls->waiting--;

	timeout_ms = request->word != WORD_call ? FIRE_MS : request->timeout_ms > 0 ? request->timeout_ms : CALL_DEFAULT_MS;
	if (!calls->arena)
		calls->arena = arena_new_wiping();
	services_begin(calls->services, &call, calls->arena, timeout_ms);
	calls->now = request;
	call.call.once = request->once && *request->once ? request->once : NULL;
	crash_point(CRASH_worker_before_call);
	code = do_request(calls, request, &call, &err);
	masking_text(err.text, sizeof err.text);
	services_done(calls->services);
	calls->now = NULL;
	if (code != HST_OK)
		answer_error(calls, request->id, code, &err);
	calls->broken = calls->broken || code == HST_BROKEN;
	arena_reset(calls->arena);
	request_free(request);
	return true;
}
