/* A trigger that misbehaves where and how its option says, also in what it emits. */
#include "deeds.h"

#include <hostler/trigger.h>
#include <hostler/value.h>

#include <stdint.h>

struct restless {
	const struct deed_config *config;
	hst_host *host;
};

struct restless_event {
	const char *word;
};

static const hst_field options[] = {DEED_OPTION};
static const hst_field event_fields[] = {HST_FIELD(struct restless_event, word, .doc = "what was said")};

static int restless_open(const void *config, hst_host *host, void **ret_state, hst_error *err)
{
	struct restless *restless = host->alloc(host->instance_arena, sizeof *restless);

	restless->config = config;
	restless->host = host;
	*ret_state = restless;
	return deed_in("open", config, host, err);
}

static void restless_close(void *state)
{
	const struct restless *restless = state;

	deed_in("close", restless->config, restless->host, NULL);
}

/* It has something to do at once where something is to be done wrong in `ready`, else never. */
static int restless_watch(void *state, hst_call *call, hst_watch *ret, hst_error *err)
{
	const struct restless *restless = state;

	if (strstr(restless->config->misbehave, "-in-ready"))
		ret->at.us = hst_now_us(call->host);
	if (deed_is(restless->config, "fd", "watch"))
		ret->fd = 4711;
	if (deed_is(restless->config, "minus", "watch"))
		ret->at.us = INT64_MIN;
	return deed_in("watch", restless->config, call->host, err);
}

static int flood(hst_host *host, hst_error *err)
{
	static const struct restless_event data = {.word = "more"};
	static hst_event events[1000];

	for (size_t i = 0; i < 1000; i++)
		events[i].data = &data;
	return hst_emit(host, events, 1000, err);
}

static int emit_large(hst_call *call, hst_error *err)
{
	struct restless_event data = {.word = NULL};
	char *word = hst_alloc(call, (2 << 20) + 1);

	memset(word, 'x', 2 << 20);
	data.word = word;
	return hst_emit(call->host, &(hst_event){.data = &data}, 1, err);
}

static int restless_ready(void *state, hst_call *call, hst_error *err)
{
	const struct restless *restless = state;
	static hst_event too_many[1001];

	if (deed_is(restless->config, "flood", "ready"))
		return flood(call->host, err);
	if (deed_is(restless->config, "many", "ready"))
		return hst_emit(call->host, too_many, 1001, err);
	if (deed_is(restless->config, "large", "ready"))
		return emit_large(call, err);
	if (deed_is(restless->config, "empty", "ready"))
		return hst_emit(call->host, too_many, 1, err);
	return deed_in("ready", restless->config, call->host, err);
}

static int restless_press(void *state, hst_call *call, const hst_value *inputs, hst_event *ret_event, hst_error *err)
{
	const struct restless *restless = state;
	hst_value *values = hst_make_record(call);

	hst_set(call, values, "word", hst_get(call, inputs, "word"));
	if (deed_is(restless->config, "undeclared", "press"))
		hst_set(call, values, "surprise", hst_make_boolean(call, true));
	if (deed_is(restless->config, "bytes", "press"))
		hst_set(call, values, "word", hst_make_text(call, "\xff\xfe", 2));
	if (!deed_is(restless->config, "empty", "press"))
		ret_event->values = values;
	return deed_in("press", restless->config, call->host, err);
}

static const hst_trigger_ops ops = {
	.size = sizeof ops, .watch = restless_watch, .ready = restless_ready, .press = restless_press};

HST_PLUGIN(restless) = {
	.abi = HST_ABI,
	.size = sizeof(hst_plugin),
	.kind = HST_TRIGGER,
	.name = "restless",
	.version = "1.0",
	.summary = "Misbehaves as its option says",
	.options = HST_FIELDS(options),
	.config_size = sizeof(struct deed_config),
	.event = HST_FIELDS(event_fields),
	.open = restless_open,
	.close = restless_close,
	.ops = &ops,
};
