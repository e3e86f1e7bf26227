#include "worker/alone.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/mem.h"
#include "plugin/instance.h"
#include "plugin/trigger.h"
#include "schema/value.h"
#include "seal/secret.h"

#include <string.h>

enum { STATES_MAX = 1000, STATE_NAME_LENGTH_MAX = 64 };

struct alone_state {
	size_t length;
	unsigned char bytes[];
};

static struct alone *alone_of(hst_host *host)
{
	return (struct alone *)host;
}

static int64_t alone_now_us(hst_host *host)
{
	return alone_of(host)->now_us ? alone_of(host)->now_us : clock_wall_us();
}

static int emit_one(struct alone *alone, hst_arena *arena, const hst_event *event, hst_error *err)
{
	hst_value *record = value_make_record(arena);
	const hst_value *values = NULL;
	int code = trigger_event_values(alone->services.plugin, arena, event, &values, err);

	if (code != HST_OK)
		return code;
	value_set_text(record, "key", event->key);
	value_set(record, "values", values);
	return alone->event ? alone->event(alone->arg, record, err) : HST_OK;
}

static int alone_emit(hst_host *host, const hst_event *events, size_t n, hst_error *err)
{
	hst_arena *arena;
	int code = HST_OK;

	if (n > EVENTS_PER_EMIT_MAX)
		return hst_fail(err, HST_INVALID, "%zu events at once, at most %d are taken", n, EVENTS_PER_EMIT_MAX);
	arena = arena_new();
	for (size_t i = 0; i < n && code == HST_OK; i++)
		code = emit_one(alone_of(host), arena, &events[i], err);
	arena_free(arena);
	return code;
}

/* Nothing that was started goes on here. */
static int alone_emit_with(hst_host *host, const hst_emission *emission, hst_error *err)
{
	for (size_t i = 0; i < emission->passed_n; i++)
		hst_log(host, HST_INFO, "no event: %s: %s", emission->passed[i].reason, emission->passed[i].text);
	return alone_emit(host, emission->events, emission->n, err);
}

static int alone_state_put(hst_host *host, const char *name, const void *bytes, size_t length, hst_error *err)
{
	struct alone *alone = alone_of(host);
	size_t named = strnlen(name, STATE_NAME_LENGTH_MAX + 1);
	struct alone_state *state;

	if (!named || named > STATE_NAME_LENGTH_MAX || length > STATE_BYTES_MAX)
		return hst_fail(err, HST_INVALID, "a state has a name of 1 to %d bytes and at most 64 KiB",
				STATE_NAME_LENGTH_MAX);
	if (alone->kept.n >= STATES_MAX)
		return hst_fail(err, HST_INVALID, "more than %d states", STATES_MAX);
	state = mem_alloc(sizeof *state + length);
	state->length = length;
	if (length)
		memcpy(state->bytes, bytes, length);
	free(table_get(&alone->kept, name));
	table_set(&alone->kept, name, state);
	return HST_OK;
}

static int alone_state_get(hst_host *host, hst_arena *arena, const char *name, const void **ret_bytes, size_t *ret_length,
			   hst_error *err)
{
	const struct alone_state *state = table_get(&alone_of(host)->kept, name);

	if (!state)
		return hst_fail(err, HST_NOT_FOUND, "nothing is kept under \"%s\"", name);
	*ret_bytes = arena_copy(arena, (const char *)state->bytes, state->length);
	*ret_length = state->length;
	return HST_OK;
}

/* Nobody else ever sees what is kept here, so nothing is sealed. */
static int alone_state_put_secret(hst_host *host, const char *name, const hst_secret *secret, hst_error *err)
{
	size_t length;
	const void *bytes = secret_bytes(secret, &length);

	return alone_state_put(host, name, bytes, length, err);
}

static int alone_state_get_secret(hst_host *host, hst_arena *arena, const char *name, hst_secret **ret, hst_error *err)
{
	const void *bytes = NULL;
	size_t length = 0;
	int code = alone_state_get(host, arena, name, &bytes, &length, err);

	if (code != HST_OK)
		return code;
	*ret = secret_table.make(arena, bytes, length);
	return *ret ? HST_OK : hst_fail(err, HST_DENIED, "%s", plugin_no_room);
}

/* Drivers note what must be undone; whoever tries one alone has nobody who would undo it. */
static int alone_note(hst_call *call, const char *note, hst_error *err)
{
	(void)call, (void)note, (void)err;
	return HST_OK;
}

void alone_init(struct alone *alone, const hst_plugin *plugin, const char *instance, hst_arena *arena)
{
	hst_host *host = &alone->services.host;

	memset(alone, 0, sizeof *alone);
	services_init(&alone->services, plugin, instance, arena);
	host->now_us = alone_now_us;
	host->emit = alone_emit;
	host->emit_with = alone_emit_with;
	host->state_put = alone_state_put;
	host->state_get = alone_state_get;
	host->state_put_secret = alone_state_put_secret;
	host->state_get_secret = alone_state_get_secret;
	host->note = alone_note;
	table_init(&alone->kept);
}

void alone_clear(struct alone *alone)
{
	TABLE_EACH(&alone->kept, entry)
		free(entry->value);
	table_clear(&alone->kept);
	services_clear(&alone->services);
}
