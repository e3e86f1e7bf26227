/*
 * Requests to workers: presses to a trigger's worker, calls to a connector's. A worker does one thing at a time; calls
 * of an instance wait in a pool for whichever of its workers is free.
 */
#include "engine/engine.h"

#include "base/log.h"
#include "base/mem.h"
#include "engine/alerting.h"
#include "engine/envelopes.h"
#include "engine/why.h"
#include "os/crash.h"
#include "schema/value.h"

#include <stdlib.h>
#include <string.h>

static struct engine_request *request_new(struct engine *engine)
{
	struct engine_request *request = mem_alloc(sizeof *request);

	request->id = ++engine->next_request;
	table_set_number(&engine->requests, request->id, request);
	return request;
}

/* Remembers whom to answer once the runs of an event are committed. */
struct engine_request *workers_request(struct engine *engine, const struct hub_link *client, uint64_t client_id)
{
	struct engine_request *request = request_new(engine);

	request->asked = WORD_fire;
	request->client = client->number;
	request->client_id = client_id;
	request->who = table_word(&engine->words, client->name);
	return request;
}

void workers_request_free(struct engine_request *request)
{
	if (request)
		free(request->key);
	free(request);
}

struct engine_request *workers_take(struct engine *engine, const struct hub_link *from, uint64_t id)
{
	struct engine_request *request;

	request = table_get_number(&engine->requests, id);
	if (!request || request->link != from->number)
		return NULL;
	return table_remove_number(&engine->requests, id);
}

/* What a press has besides its inputs. */
struct pressed {
	const char *key; /* NULL: none */
	int64_t files;	 /* 0: none */
};

/* Sends a trigger's worker something that a client waits for; a refusal says why that cannot be. */
static void ask_trigger(struct engine *engine, struct hub_link *client, uint64_t client_id, const char *trigger,
			const struct pressed *pressed, struct message *message)
{
	struct engine_request *request;
	struct hub_link *worker;

	text_reset(&engine->said);
	text_add(&engine->said, "worker/trigger/");
	text_add(&engine->said, trigger);
	worker = hub_next(engine->hub, engine->said.s, NULL);
	if (!definitions_instance(engine->definitions, HST_TRIGGER, trigger)) {
		engine_refuse(engine, client, client_id, HST_NOT_FOUND, "", "there is no trigger \"%s\"; `hostler triggers` lists them",
		              trigger);
		return;
	}
	if (!worker) {
		engine_refuse(engine, client, client_id, HST_RETRY, rest_is_ending(engine) ? "HostResting" : "",
		              "the process of trigger \"%s\" is not running now; try again", trigger);
		return;
	}
	request = workers_request(engine, client, client_id);
	request->asked = message->word;
	request->link = worker->number;
	request->trigger = table_word(&engine->words, trigger);
	request->key = pressed && *pressed->key ? mem_text(pressed->key) : NULL;
	request->files = pressed ? pressed->files : 0;
	message->id = request->id;
	hub_send(engine->hub, worker, message);
}

void workers_press(struct engine *engine, struct hub_link *client, const struct message *press)
{
	const char *trigger = message_text(press, "trigger");
	const struct pressed pressed = {.key = message_text(press, "key"), .files = message_integer(press, "files")};
	hst_error err = {{0}, {0}};
	struct message message;

	if (envelopes_of_press(engine, press, trigger, &err) < 0) {
		engine_refuse(engine, client, press->id, HST_INVALID, "InputInvalid", "%s", err.text);
		return;
	}
	message_init(&message, WORD_fire, 0);
	message_set_text(&message, "who", engine_operator(client));
	if (pressed.files)
		message_set_boolean(&message, "files", true);
	message_set_payload(&message, press->payload, press->payload_length);
	message_set_sealed(&message, engine->sealed.s, engine->sealed.length);
	ask_trigger(engine, client, press->id, trigger, &pressed, &message);
}

void workers_ask_next(struct engine *engine, struct hub_link *client, uint64_t id, const hst_value *filters)
{
	struct message message;
	int64_t limit = 0;

	value_integer(value_get(filters, "limit"), &limit);
	message_init(&message, WORD_next, 0);
	message_set_integer(&message, "n", limit);
	ask_trigger(engine, client, id, value_text(value_get(filters, "trigger")), NULL, &message);
}

static struct engine_pool *pool_of(struct engine *engine, const char *instance)
{
	struct engine_pool *pool = table_get(&engine->pools, instance);

	if (!pool) {
		pool = mem_alloc(sizeof *pool);
		table_set(&engine->pools, instance, pool);
		pool->instance = table_word(&engine->words, instance);
	}
	return pool;
}

static void call_free(struct engine_call *call)
{
	loop_cancel(call->engine->loop, &call->overdue);
	free(call->action);
	free(call->inputs);
	free(call->sealed);
	free(call->name);
	free(call);
}

static void call_send(struct engine *engine, struct hub_link *worker, struct engine_call *call)
{
	struct engine_request *request = request_new(engine);
	struct message message;

	request->asked = WORD_call;
	request->link = worker->number;
	request->step = call->step;
	request->token = call->token;
	request->notice = call->notice;
	worker->role = request;
	message_init(&message, WORD_call, request->id);
	message_set_integer(&message, "step", call->step);
	message_set_integer(&message, "token", call->token);
	message_set_text(&message, "action", call->action);
	message_set_integer(&message, "timeout_ms", call->timeout_ms);
	message_set_text(&message, "once", call->once);
	if (call->name)
		message_set_text(&message, "name", call->name);
	if (call->sealed)
		message_set_text(&message, "run", call->chain);
	message_set_payload(&message, call->inputs, call->inputs_length);
	message_set_sealed(&message, call->sealed, call->sealed_length);
	hub_send(engine->hub, worker, &message);
	crash_point(CRASH_engine_called);
	call_free(call);
}

/* "worker/connector/post#2" -> "post"; NULL for anything else. Caller frees. */
static char *instance_of(const struct hub_link *worker)
{
	static const char prefix[] = "worker/connector/";
	char *instance;

	if (strncmp(worker->name, prefix, sizeof prefix - 1) != 0)
		return NULL;
	instance = mem_text(worker->name + sizeof prefix - 1);
	instance[strcspn(instance, "#")] = '\0';
	return instance;
}

bool workers_is_of(const struct hub_link *worker, const char *connector)
{
	char *instance = instance_of(worker);
	bool is = instance && strcmp(instance, connector) == 0;

	free(instance);
	return is;
}

static void pool_remove(struct engine_pool *pool, const struct engine_call *call)
{
	struct engine_call *before = NULL;

	for (struct engine_call *at = pool->first; at; before = at, at = at->next) {
		if (at != call)
			continue;
		if (before)
			before->next = at->next;
		else
			pool->first = at->next;
		if (pool->last == at)
			pool->last = before;
		return;
	}
}

void workers_next(struct engine *engine, struct hub_link *worker)
{
	char *instance = instance_of(worker);
	struct engine_pool *pool;
	struct engine_call *call;

	if (!instance)
		return;
	pool = pool_of(engine, instance);
	free(instance);
	worker->role = NULL;
	if (worker->retired || engine->resting)
		return;
	for (call = pool->first; call && call->cancelled;)
		call = call->next;
	if (!call)
		return;
	pool_remove(pool, call);
	call_send(engine, worker, call);
}

/* A worker of the instance that does nothing now; NULL: all are busy or none is there. */
static struct hub_link *idle_worker(struct engine *engine, const char *instance)
{
	const struct conf_instance *conf = conf_instance(engine->definitions->conf, HST_CONNECTOR, instance);
	int64_t workers = conf && conf->workers > 1 ? conf->workers : 1;

	for (int64_t i = 1; i <= workers; i++) {
		char *name = i == 1 ? mem_printf("worker/connector/%s", instance)
		                    : mem_printf("worker/connector/%s#%lld", instance, (long long)i);
		struct hub_link *worker = hub_next(engine->hub, name, NULL);

		free(name);
		if (worker && !worker->role)
			return worker;
	}
	return NULL;
}

void workers_over(struct engine *engine, uint64_t notice, struct core_event *event)
{
	if (!notice)
		engine_event(engine, event);
	else
		alerting_told(engine, notice, event->kind == CORE_RETURNED && event->state == STATE_SUCCEEDED ? NULL : event->text);
}

/* The caller frees it. */
static char *overdue_text(struct engine *engine, const struct engine_call *call)
{
	const char *instance = call->pool->instance;
	const struct definition *definition = definitions_instance(engine->definitions, HST_CONNECTOR, instance);
	const char *child = arena_printf(engine->scratch, "worker/connector/%s", instance);
	const char *why = definition ? definition->fault : NULL;

	if (!why && !hub_next(engine->hub, child, NULL))
		why = why_process(engine, child);
	return mem_printf("no process of the connector %s was free to take the call before its time-out%s%s", instance,
			  why ? ": " : "", why ? why : "");
}

/* No worker took it in time: none is there, or all are busy with something else. */
static void call_overdue(void *arg)
{
	struct engine_call *call = arg;
	struct engine *engine = call->engine;
	struct core_event event = {.kind = CORE_RETURNED, .step = call->step, .token = call->token, .state = STATE_TIMED_OUT,
	                           .reason = "ActionTimeout"};
	char *text = overdue_text(engine, call);
	uint64_t notice = call->notice;

	call->overdue = NULL;
	event.text = text;
	pool_remove(call->pool, call);
	call_free(call);
	workers_over(engine, notice, &event);
	free(text);
}

/* It ends by an event of its own: while a batch is performed the core is not to be changed. */
static void call_withdrawn(void *arg)
{
	struct engine_call *call = arg;
	struct engine *engine = call->engine;
	struct core_event event = {.kind = CORE_RETURNED, .step = call->step, .token = call->token,
	                           .state = STATE_CANCELLED, .reason = "Cancelled"};

	call->overdue = NULL;
	pool_remove(call->pool, call);
	call_free(call);
	engine_event(engine, &event);
}

/* A call that no worker has taken yet never begins; of one under way the worker says what came of it. */
void workers_cancel(struct engine *engine, const struct step *step)
{
	struct engine_pool *pool = pool_of(engine, step->flow_step->target);
	struct message message;

	for (struct engine_call *call = pool->first; call; call = call->next) {
		if (call->step != step->facts.id || call->token != step->facts.token)
			continue;
		call->cancelled = true;
		loop_cancel(engine->loop, &call->overdue);
		call->overdue = loop_in(engine->loop, 0, call_withdrawn, call);
		return;
	}
	message_init(&message, WORD_cancel, 0);
	message_set_integer(&message, "step", step->facts.id);
	message_set_integer(&message, "token", step->facts.token);
	TABLE_EACH(&engine->requests, entry) {
		const struct engine_request *request = entry->value;
		struct hub_link *worker = engine_link(engine, request->link);

		if (request->asked == WORD_call && request->step == step->facts.id && request->token == step->facts.token && worker)
			hub_send(engine->hub, worker, &message);
	}
}

/* To a worker that does nothing now, else it waits for one; `call` is taken over. */
static void begin_call(struct engine *engine, const char *connector, struct engine_call *call)
{
	struct hub_link *worker = engine->resting ? NULL : idle_worker(engine, connector);
	struct engine_pool *pool = pool_of(engine, connector);

	call->engine = engine;
	call->pool = pool;
	if (worker) {
		call_send(engine, worker, call);
		return;
	}
	call->overdue = loop_in(engine->loop, call->timeout_ms, call_overdue, call);
	if (pool->last)
		pool->last->next = call;
	else
		pool->first = call;
	pool->last = call;
}

void workers_call(struct engine *engine, const struct core_action *action)
{
	const struct flow_step *flow_step = action->step->flow_step;
	struct engine_call *call;
	hst_error err = {{0}, {0}};

	if (envelopes_of_action(engine, action, &err) < 0) {
		envelopes_failed(engine, action, &err);
		return;
	}
	call = mem_alloc(sizeof *call);
	call->step = action->step->facts.id;
	call->token = action->step->facts.token;
	call->timeout_ms = action->timeout_ms;
	snprintf(call->once, sizeof call->once, "%s.%lld", action->step->run->facts.id, (long long)call->step);
	call->action = mem_text(flow_step->action);
	call->name = mem_text(flow_step->name);
	call->inputs = mem_copy(action->inputs, action->inputs_length);
	call->inputs_length = action->inputs_length;
	if (engine->sealed.length) {
		call->sealed = mem_copy(engine->sealed.s, engine->sealed.length);
		call->sealed_length = engine->sealed.length;
		snprintf(call->chain, sizeof call->chain, "%s", action->step->run->facts.chain);
	}
	begin_call(engine, flow_step->target, call);
}

/* Steps are numbered from 1 on, so it is none; its own number keeps it apart from others where it is looked for. */
void workers_notify(struct engine *engine, const struct engine_notice *notice)
{
	struct engine_call *call = mem_alloc(sizeof *call);

	call->token = (int64_t)notice->id;
	call->notice = notice->id;
	call->timeout_ms = notice->timeout_ms;
	call->action = mem_text(notice->action);
	call->inputs = mem_copy(notice->inputs, notice->inputs_length);
	call->inputs_length = notice->inputs_length;
	begin_call(engine, notice->connector, call);
}

void workers_configured(struct engine *engine)
{
	TABLE_EACH(&engine->pools, entry) {
		struct engine_pool *pool = entry->value;

		while (pool->first && !definitions_instance(engine->definitions, HST_CONNECTOR, entry->key)) {
			struct engine_call *call = pool->first;
			struct core_event event = {.kind = CORE_RETURNED, .step = call->step, .token = call->token,
			                           .state = STATE_FAILED, .reason = "DefinitionGone",
			                           .text = "the configuration no longer has this connector"};

			uint64_t notice = call->notice;

			pool_remove(pool, call);
			call_free(call);
			workers_over(engine, notice, &event);
		}
	}
}

void workers_uncall(struct engine *engine)
{
	TABLE_EACH(&engine->pools, entry)
		for (const struct engine_call *call = ((struct engine_pool *)entry->value)->first; call; call = call->next) {
			struct core_event event = {.kind = CORE_UNCALLED, .step = call->step, .token = call->token};

			if (!call->cancelled && !call->notice)
				engine_event(engine, &event);
		}
}

void workers_clear(struct engine *engine)
{
	workers_left_clear(engine);
	TABLE_EACH(&engine->pools, entry) {
		struct engine_pool *pool = entry->value;

		while (pool->first) {
			struct engine_call *call = pool->first;

			pool->first = call->next;
			call_free(call);
		}
		free(pool);
	}
	table_clear(&engine->pools);
}
