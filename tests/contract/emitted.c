#include "emitted.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "plugin/trigger.h"
#include "schema/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

enum { STATES_MAX = 16, READY_MAX = 10 };

struct state {
	char *name, *bytes;
	size_t length;
};

static struct emitted *serving;
static struct state kept[STATES_MAX], put[STATES_MAX];
static size_t kept_count, put_count;
static hst_arena *kept_arena;

static void state_clear(struct state *state)
{
	free(state->name);
	free(state->bytes);
	*state = (struct state){0};
}

static int set_state(struct state *states, size_t *n, const char *name, const void *bytes, size_t length)
{
	size_t i = 0;

	while (i < *n && strcmp(states[i].name, name) != 0)
		i++;
	assert_true(i < STATES_MAX);
	if (i < *n)
		state_clear(&states[i]);
	else
		(*n)++;
	states[i] = (struct state){mem_text(name), mem_copy(bytes, length), length};
	return HST_OK;
}

static int state_put(hst_host *host, const char *name, const void *bytes, size_t length, hst_error *err)
{
	(void)host, (void)err;
	return set_state(put, &put_count, name, bytes, length);
}

static int state_get(hst_host *host, hst_arena *arena, const char *name, const void **ret_bytes, size_t *ret_length,
		     hst_error *err)
{
	(void)host;
	if (serving->away)
		return hst_fail(err, HST_RETRY, "the host is away");
	for (size_t i = 0; i < kept_count; i++) {
		if (strcmp(kept[i].name, name) != 0)
			continue;
		*ret_bytes = arena_copy(arena, kept[i].bytes, kept[i].length);
		*ret_length = kept[i].length;
		return HST_OK;
	}
	return hst_fail(err, HST_NOT_FOUND, "nothing is kept under %s", name);
}

static void keep_event(const hst_event *event)
{
	const hst_plugin *plugin = serving->staged->plugin;
	const hst_value *values = NULL;
	AUTO(text) struct text json;
	hst_error err = {0};

	text_init(&json, VALUE_BYTES_MAX);
	for (size_t i = 0; event->key && i < serving->n; i++) {
		if (strcmp(serving->keys[i], event->key) != 0)
			continue;
		serving->again++;
		return;
	}
	assert_true(serving->n < EMITTED_MAX);
	serving->keys[serving->n] = arena_text(kept_arena, event->key ? event->key : "");
	if (trigger_event_values(plugin, kept_arena, event, &values, &err) != HST_OK)
		fail_msg("%s", err.text);
	/* They outlive the process that made them. */
	value_write_json(&json, values);
	if (value_parse_json(kept_arena, json.s, json.length, &serving->values[serving->n++], &err) != HST_OK)
		fail_msg("%s", err.text);
}

static bool is_refused(const hst_event *event)
{
	const hst_value *values = NULL;

	if (!serving->refused || trigger_event_values(serving->staged->plugin, kept_arena, event, &values, NULL) != HST_OK)
		return false;
	for (size_t i = 0; i < value_count(values); i++)
		if (strcmp(value_text(value_at(values, i)), serving->refused) == 0)
			return true;
	return false;
}

static int emit(hst_host *host, const hst_event *events, size_t n, hst_error *err)
{
	(void)host;
	serving->calls++;
	if (serving->away)
		return hst_fail(err, HST_RETRY, "the host is away");
	for (size_t i = 0; i < n; i++)
		if (is_refused(&events[i]))
			return hst_fail(err, HST_INVALID, "it is not wanted");
	for (size_t i = 0; i < n; i++)
		keep_event(&events[i]);
	for (size_t i = 0; i < put_count; i++) {
		set_state(kept, &kept_count, put[i].name, put[i].bytes, put[i].length);
		state_clear(&put[i]);
	}
	put_count = 0;
	return serving->lost ? hst_fail(err, HST_RETRY, "no answer came") : HST_OK;
}

static int emit_with(hst_host *host, const hst_emission *emission, hst_error *err)
{
	int code = emit(host, emission->events, emission->n, err);

	if (code != HST_OK)
		return code;
	serving->overlap = emission->overlap;
	serving->passed += emission->passed_n;
	return HST_OK;
}

static void log_line(hst_host *host, hst_level level, const char *text)
{
	(void)host, (void)level;
	free(serving->log);
	serving->log = mem_text(text);
}

void emitted_serve(struct emitted *emitted, struct staged *staged)
{
	emitted->staged = staged;
	serving = emitted;
	emitted->at_us = -1;
	for (size_t i = 0; i < put_count; i++)
		state_clear(&put[i]);
	put_count = 0;
	if (!kept_arena)
		kept_arena = arena_new();
	staged->host.emit = emit;
	staged->host.emit_with = emit_with;
	staged->host.state_put = state_put;
	staged->host.state_get = state_get;
	staged->host.log = log_line;
}

void emitted_clear(struct emitted *emitted)
{
	for (size_t i = 0; i < kept_count; i++)
		state_clear(&kept[i]);
	for (size_t i = 0; i < put_count; i++)
		state_clear(&put[i]);
	kept_count = put_count = 0;
	arena_free(kept_arena);
	kept_arena = NULL;
	free(emitted->log);
	*emitted = (struct emitted){0};
}

static void watch(struct emitted *emitted)
{
	hst_watch wish;
	hst_error err = {0};

	if (trigger_watch(emitted->staged->instance, &emitted->staged->call, &wish, &err) != HST_OK)
		fail_msg("%s", err.text);
	emitted->at_us = wish.at.us;
}

int emitted_ready(struct emitted *emitted, hst_error *err)
{
	int code = trigger_ready(emitted->staged->instance, &emitted->staged->call, err);

	if (code == HST_OK)
		watch(emitted);
	return code;
}

int emitted_wake(struct emitted *emitted, hst_error *err)
{
	int code = HST_OK;

	if (emitted->at_us < 0)
		watch(emitted);
	for (int i = 0; code == HST_OK && emitted->at_us > 0 && emitted->at_us <= clock_wall_us(); i++) {
		code = emitted_ready(emitted, err);
		if (i == READY_MAX)
			fail_msg("%s is ready and ready again, and never done", emitted->staged->plugin->name);
	}
	return code;
}
