/* What a desktop flow is at: told to the gateway and to the person, as often as people can read. */
#include "session/hold_parts.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/text.h"
#include "schema/value.h"

enum { EACH_MS = 100 };

void hold_progress_say(struct hold_progress *progress)
{
	hst_arena *arena;
	hst_value *record;
	AUTO(text) struct text json = {0};
	struct message message;

	if (!progress->waits)
		return;
	arena = arena_new();
	record = value_make_record(arena);
	value_set_text(record, "subflow", progress->subflow);
	value_set_text(record, "action", progress->action);
	text_init(&json, 4096);
	value_write_json(&json, record);
	message_init(&message, WORD_progress, 0);
	hold_run_say(progress->run, &message);
	message_set_payload(&message, json.s, json.length);
	hold_say(progress->hold, &message);
	hold_person_progress(progress->hold, progress->subflow, progress->action);
	arena_free(arena);
	progress->waits = false;
}

static void its_time(void *arg)
{
	struct hold_progress *progress = arg;

	progress->timer = NULL;
	if (!progress->waits)
		return;
	hold_progress_say(progress);
	progress->timer = loop_in(progress->hold->loop, EACH_MS, its_time, progress);
}

void hold_progress_heard(struct hold_progress *progress, const char *subflow, const char *action)
{
	snprintf(progress->subflow, sizeof progress->subflow, "%s", subflow);
	snprintf(progress->action, sizeof progress->action, "%s", action);
	progress->waits = true;
	if (!progress->timer)
		progress->timer = loop_in(progress->hold->loop, 0, its_time, progress);
}

void hold_progress_clear(struct hold_progress *progress)
{
	loop_cancel(progress->hold->loop, &progress->timer);
}
