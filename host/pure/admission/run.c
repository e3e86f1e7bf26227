/* One run on the device: refused, prepared, launched, ended, reported, released. */
#include "pure/admission/internal.h"

#include "base/mem.h"
#include "base/text.h"
#include "schema/value.h"

#include <stdlib.h>
#include <string.h>

/* Outcomes that the host has not heard: a ceiling, should it be away for long. */
enum { UNHEARD_MAX = 1000, SENTENCE_MAX = 8 << 10 };

static const char *keep(char **at, const char *bytes, size_t length)
{
	char *kept = *at;

	if (length)
		memcpy(kept, bytes, length);
	kept[length] = '\0';
	*at += length + 1;
	return kept;
}

struct admission_run *admission_run_new(const struct admission_run *from)
{
	const size_t run_id = strlen(from->run_id), name = strlen(from->name), user = strlen(from->user);
	const size_t package = strlen(from->package), chain = from->chain ? strlen(from->chain) : 0;
	const size_t title = from->title ? strlen(from->title) : 0, login = from->login ? strlen(from->login) : 0;
	struct admission_run *run =
		mem_alloc(sizeof *run + run_id + name + user + package + chain + title + login + from->inputs_length + from->sealed_length + 9);
	char *at = run->texts;

	*run = *from;
	run->run_id = keep(&at, from->run_id, run_id);
	run->name = keep(&at, from->name, name);
	run->user = keep(&at, from->user, user);
	run->package = keep(&at, from->package, package);
	run->chain = keep(&at, from->chain, chain);
	run->title = keep(&at, from->title, title);
	run->login = keep(&at, from->login, login);
	run->inputs = keep(&at, from->inputs, from->inputs_length);
	run->sealed = keep(&at, from->sealed, from->sealed_length);
	return run;
}

void admission_run_free(struct admission_run *run)
{
	if (!run)
		return;
	free(run->key);
	free(run->session);
	free(run->halt);
	free(run->outcome);
	free(run->sealed_result);
	free(run);
}

void run_keep_sealed(struct admission_run *run, const char *sealed, size_t length)
{
	free(run->sealed_result);
	run->sealed_result = length ? mem_copy(sealed, length) : NULL;
	run->sealed_result_length = length;
}

void run_ends_as(struct admission_run *run, const char *end, const char *reason, const char *result, size_t length)
{
	const size_t ends = strlen(end), reasons = strlen(reason);
	char *at = mem_alloc(ends + reasons + length + 3);

	free(run->outcome);
	run->outcome = at;
	run->end = keep(&at, end, ends);
	run->reason = keep(&at, reason, reasons);
	run->result = keep(&at, result, length);
	run->result_length = length;
	run->state = ADMISSION_UPLOADING;
}

void run_leave(struct admission *admission, struct admission_run *run)
{
	if (admission_run_of(admission, run->step, run->token) == run)
		table_remove_number(&admission->runs, (uint64_t)run->token);
	admission->gone_runs = mem_grow(admission->gone_runs, &admission->gone_run_size,
					admission->gone_run_count + 1, sizeof *admission->gone_runs);
	admission->gone_runs[admission->gone_run_count++] = run;
}

void admission_refuse(struct admission *admission, struct admission_run *run, const char *reason,
		      enum reason_class class, const char *text, struct admission_effects *effects)
{
	struct admission_effect *effect;

	if (run->trial) {
		trial_refused(admission, run, reason, class, text, effects);
		return;
	}
	effect = admission_effect(effects, ADMISSION_SAY_REFUSED);
	effect->run = run;
	effect->reason = arena_text(effects->arena, reason);
	effect->class = class;
	effect->text = arena_text(effects->arena, text ? text : "");
	effect->revision = admission->revision;
	past_refused(admission, run->step, run->token, reason, class, effect->text, admission->revision);
	/* It may have been in the way of another run of its user. */
	admission->stirred |= run->state != ADMISSION_OFFERED && admission->refused_since_change;
	admission->refused_since_change |= class == REASON_WAIT;
	records_refused(effects, run, reason, class);
	run_leave(admission, run);
}

void admission_prepare(struct admission_run *run, struct admission_effects *effects)
{
	if (run->taken || run->trial)
		return;
	records_run(effects, "started", run);
	run->taken = true;
	admission_say(run, ADMISSION_SAY_TAKEN, "preparing", effects);
}

void admission_fetch(struct admission *admission, const char *digest, struct admission_effects *effects)
{
	if (table_get(&admission->packages, digest) || table_get(&admission->fetching, digest))
		return;
	table_set(&admission->fetching, digest, admission);
	admission_effect(effects, ADMISSION_FETCH)->text = arena_text(effects->arena, digest);
}

/* It has not begun, and the person has locked the screen or left since it was decided. */
static void give_back(struct admission *admission, struct admission_run *run, const char *trouble,
		      struct admission_effects *effects)
{
	const struct reason *row = reason_named(strcmp(trouble, "locked") == 0 ? "AttendedUserSessionNotActive"
									       : "AttendedUserNotLoggedIn");
	struct admission_hold *hold = run->hold;

	hold->run = NULL;
	run->hold = NULL;
	holds_close(hold, effects);
	admission_refuse(admission, run, row->code, row->class, row->cause, effects);
}

void admission_launch(struct admission *admission, struct admission_run *run,
		      struct admission_effects *effects)
{
	const char *trouble = attended_trouble(admission, run);
	struct admission_effect *effect;
	bool taken = run->taken;

	if (run->trial) {
		trial_opened(run, effects);
		return;
	}
	run->hold->state = ADMISSION_HOLD_RUNNING;
	if (!table_get(&admission->packages, run->package)) {
		admission_prepare(run, effects);
		run->state = ADMISSION_FETCHING;
		/* Once more, if it failed while the session was being opened. */
		admission_fetch(admission, run->package, effects);
		return;
	}
	if (run->files && !run->files_there) {
		admission_prepare(run, effects);
		run->state = ADMISSION_FETCHING;
		if (!run->files_asked)
			admission_effect(effects, ADMISSION_FETCH_FILES)->run = run;
		run->files_asked = true;
		return;
	}
	if (trouble) {
		give_back(admission, run, trouble, effects);
		return;
	}
	free(run->session);
	run->session = mem_text(run->hold->session);
	records_run(effects, "launched", run);
	run->state = ADMISSION_RUNNING;
	run->taken = true;
	effect = admission_effect(effects, ADMISSION_LAUNCH);
	effect->hold = run->hold;
	effect->run = run;
	admission_say(run, taken ? ADMISSION_SAY_STAGE : ADMISSION_SAY_TAKEN, "running", effects);
}

/* Kept, or closed; of a person's session only the process that was attached to it. The run is released when that is done. */
static void retire(struct admission *admission, struct admission_run *run, struct admission_effects *effects)
{
	struct admission_hold *hold = run->hold;

	if (hold->state != ADMISSION_HOLD_RUNNING || !holds_keep(admission, hold, effects)) {
		holds_close(hold, effects);
		return;
	}
	hold->run = NULL;
	run->hold = NULL;
	run->released = true;
	admission->stirred = true;
}

static void set_end(struct admission_run *run, const char *end, const char *reason, const char *payload, size_t length,
		    struct admission_effects *effects)
{
	run_ends_as(run, end, reason ? reason : "", payload, payload ? length : 0);
	run->awaited = NULL;
	records_ended(effects, run);
}

/* One record is enough, and nothing waits for it: without it the offer was never touched, with it the run is over. */
void admission_rehearse(struct admission *admission, struct admission_run *run, struct admission_effects *effects)
{
	if (run->trial) {
		trial_over(admission, run, effects);
		return;
	}
	run->ended_us = run->started_us;
	run->taken = run->released = run->bare = true;
	set_end(run, "succeeded", NULL, "{}", 2, effects);
	admission_report(admission, run, effects);
}

/* The flow is over. Its session is dealt with while its files are on their way to the host. */
void admission_end(struct admission *admission, struct admission_run *run, const char *end,
		   const char *reason, const char *payload, size_t length, struct admission_effects *effects)
{
	set_end(run, end, reason, payload, length, effects);
	admission_effect(effects, ADMISSION_UPLOAD)->run = run;
	if (run->hold) {
		retire(admission, run, effects);
	} else {
		run->released = true;
		admission->stirred = true;
	}
}

void admission_fail(struct admission *admission, struct admission_run *run, const char *end,
		    const char *reason, const char *text, struct admission_effects *effects)
{
	struct text json;

	text_init(&json, SENTENCE_MAX);
	text_add(&json, "{\"text\":");
	json_quote(&json, text, strnlen(text, SENTENCE_MAX / 8));
	text_add(&json, "}");
	admission_end(admission, run, end, reason, json.s, json.length, effects);
	text_clear(&json);
}

static void run_done(struct admission *admission, struct admission_run *run, struct admission_effects *effects)
{
	if (!run->bare) {
		struct admission_effect *effect = admission_effect(effects, ADMISSION_DISCARD);

		effect->step = run->step;
		effect->token = run->token;
	}
	past_put(admission, run->step, run->token, PAST_HEARD, false);
	run_leave(admission, run);
}

/* Known no more, unless the host may still have to be told what became of it. */
static void run_over(struct admission *admission, struct admission_run *run, struct admission_effects *effects)
{
	struct admission_run *oldest = NULL;
	size_t unheard = 0;

	if (run->heard || !admission->policy.acknowledged) {
		run_done(admission, run, effects);
		return;
	}
	if (admission->runs.n <= UNHEARD_MAX)
		return;
	TABLE_EACH(&admission->runs, entry) {
		struct admission_run *other = entry->value;

		if (other->state != ADMISSION_REPORTED || !other->released)
			continue;
		unheard++;
		oldest = oldest ? oldest : other;
	}
	if (unheard > UNHEARD_MAX)
		standing_gone(admission, oldest, PAST_LOST, effects);
}

void run_heard(struct admission *admission, struct admission_run *run, struct admission_effects *effects)
{
	run->heard = true;
	records_heard(effects, run->step, run->token);
	if (run->released)
		run_done(admission, run, effects);
}

void admission_report(struct admission *admission, struct admission_run *run,
		      struct admission_effects *effects)
{
	bool first = run->state != ADMISSION_REPORTED;

	run->state = ADMISSION_REPORTED;
	admission_say(run, ADMISSION_SAY_FINISHED, NULL, effects);
	if (first && run->released)
		run_over(admission, run, effects);
}

void admission_release(struct admission *admission, struct admission_run *run,
		       struct admission_effects *effects)
{
	run->released = true;
	admission->stirred = true;
	if (run->trial) {
		trial_over(admission, run, effects);
		return;
	}
	if (run->state != ADMISSION_REPORTED)
		return; /* `finished` will say it */
	/* A `released` before its `finished` would tell the host that the outcome is lost. */
	if (run->heard || !admission->policy.acknowledged)
		admission_say(run, ADMISSION_SAY_RELEASED, NULL, effects);
	else
		admission_say(run, ADMISSION_SAY_FINISHED, NULL, effects);
	run_over(admission, run, effects);
}
