/* The journal read back: record by record it leads to the state that its gateway died with. */
#include "pure/admission/internal.h"

#include "base/mem.h"

#include <hostler/error.h>

#include <stdlib.h>
#include <string.h>

enum { WORDS_MAX = 9 };

/* A record in its words. */
struct record {
	hst_arena *arena;
	const char *words[WORDS_MAX];
	size_t n;
	int64_t step, token;
};

static bool number(const char *word, int64_t least, int64_t *ret)
{
	bool negative = *word == '-';
	int64_t value = 0;

	word += negative;
	if (!*word)
		return false;
	for (; *word; word++) {
		int digit = *word - '0';

		if (digit < 0 || digit > 9 || value > (INT64_MAX - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	*ret = negative ? -value : value;
	return *ret >= least;
}

static int contradicts(const struct record *record, const char *why, hst_error *err)
{
	return hst_fail(err, HST_INVALID, "\"%s %s %s\" contradicts what stands before it: %s", record->words[0],
			record->words[1], record->words[2], why);
}

static int unreadable(hst_error *err)
{
	return hst_fail(err, HST_INVALID, "it is no record of a journal");
}

/* The run, made when it is not there. NULL: the offer is over. */
static struct admission_run *run_of(struct admission *admission, const struct record *record, const char *user)
{
	struct admission_run *run = admission_run_of(admission, record->step, record->token);
	const struct past_offer *past = past_of(admission, record->step, record->token);

	if (run || (past && !past_is_too_old(past)))
		return run;
	run = admission_run_new(&(struct admission_run){.step = record->step, .token = record->token, .run_id = "", .name = "",
							.user = user, .package = "", .inputs = "", .taken = true});
	table_set_number(&admission->runs, (uint64_t)run->token, run);
	return run;
}

static int replay_run(struct admission *admission, const struct record *record, hst_error *err)
{
	struct admission_run *run;
	const char *user = records_unquote(record->arena, record->words[4]);
	const char *key = records_unquote(record->arena, record->words[5]);
	const char *session = records_unquote(record->arena, record->words[6]);
	int64_t run_number;

	if (!user || !key || !session || !number(record->words[3], 0, &run_number))
		return unreadable(err);
	run = run_of(admission, record, user);
	if (!run || run->state >= ADMISSION_RUNNING)
		return contradicts(record, "the run was launched or is over", err);
	run->number = run_number;
	free(run->key);
	free(run->session);
	run->session = mem_text(session);
	run->key = mem_text(key);
	/* Before its launch only an attended run knows its session. */
	run->attended |= *record->words[0] == 's' && *session;
	run->state = *record->words[0] == 'l' ? ADMISSION_RUNNING : ADMISSION_OPENING;
	return HST_OK;
}

static int replay_refused(struct admission *admission, const struct record *record, hst_error *err)
{
	struct admission_run *run = admission_run_of(admission, record->step, record->token);
	const char *reason = records_unquote(record->arena, record->words[3]);
	const struct reason *row = reason ? reason_named(reason) : NULL;

	if (!reason)
		return unreadable(err);
	if (run && run->state >= ADMISSION_RUNNING)
		return contradicts(record, "the run was launched", err);
	if (run)
		run_leave(admission, run);
	past_refused(admission, record->step, record->token, reason, reason_class_named(record->words[4]),
		     row ? row->cause : "", 0);
	return HST_OK;
}

static int replay_ended(struct admission *admission, const struct record *record, hst_error *err)
{
	struct admission_run *run;
	const char *state = records_unquote(record->arena, record->words[3]);
	const char *reason = records_unquote(record->arena, record->words[4]);
	const char *payload = records_unquote(record->arena, record->words[7]);
	size_t sealed_length = 0;
	const char *sealed = record->n > 8 ? records_unquote_bytes(record->arena, record->words[8], &sealed_length) : "";
	int64_t started_us, ended_us;

	if (!state || !reason || !payload || !sealed || (record->n > 8 && !sealed_length) ||
	    !number(record->words[5], INT64_MIN, &started_us) || !number(record->words[6], INT64_MIN, &ended_us))
		return unreadable(err);
	run = run_of(admission, record, "");
	if (!run || run->state >= ADMISSION_UPLOADING)
		return contradicts(record, "the run is over", err);
	run_keep_sealed(run, sealed, sealed_length);
	run_ends_as(run, state, reason, payload, strlen(payload));
	run->started_us = started_us;
	run->ended_us = ended_us;
	/* Should its hold still have the session, it is known by that alone. */
	run->released = true;
	return HST_OK;
}

static int replay_gone(struct admission *admission, const struct record *record, hst_error *err)
{
	struct admission_run *run = admission_run_of(admission, record->step, record->token);
	enum past_kind kind = *record->words[0] == 'l' ? PAST_LOST : PAST_NEVER;

	if (run && run->state >= ADMISSION_UPLOADING)
		return contradicts(record, "the run has ended", err);
	if (run)
		run_leave(admission, run);
	past_put(admission, record->step, record->token, kind, true);
	return HST_OK;
}

static int replay_heard(struct admission *admission, const struct record *record, hst_error *err)
{
	struct admission_run *run = admission_run_of(admission, record->step, record->token);
	struct past_offer *past = past_of(admission, record->step, record->token);

	if (run && run->state < ADMISSION_UPLOADING)
		return contradicts(record, "the run has not ended", err);
	if (run)
		run_leave(admission, run);
	if (past && !past_is_too_old(past))
		past->untold = false;
	else
		past_put(admission, record->step, record->token, PAST_HEARD, false);
	return HST_OK;
}

static int replay_floor(struct admission *admission, const struct record *record, hst_error *err)
{
	(void)err;
	if (record->token > admission->too_old)
		admission->too_old = record->token;
	return HST_OK;
}

static const struct {
	const char *word;
	size_t n;
	int (*replay)(struct admission *admission, const struct record *record, hst_error *err);
} kinds[] = {
	{"started", 7, replay_run}, {"launched", 7, replay_run}, {"refused", 5, replay_refused},
	{"ended", 8, replay_ended}, {"ended", 9, replay_ended}, {"lost", 3, replay_gone},
	{"never", 3, replay_gone}, {"heard", 3, replay_heard}, {"floor", 3, replay_floor},
};

static int replay(struct admission *admission, struct record *record, char *line, hst_error *err)
{
	for (char *word = line; word; record->n++) {
		char *blank = strchr(word, ' ');

		if (record->n == WORDS_MAX || *word == ' ' || !*word)
			return unreadable(err);
		if (blank)
			*blank = '\0';
		record->words[record->n] = word;
		word = blank ? blank + 1 : NULL;
	}
	if (record->n < 3 || !number(record->words[1], 0, &record->step) || !number(record->words[2], 0, &record->token))
		return unreadable(err);
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (strcmp(record->words[0], kinds[i].word) == 0 && record->n == kinds[i].n)
			return kinds[i].replay(admission, record, err);
	return unreadable(err);
}

int admission_replay(struct admission *admission, const char *line, size_t length, hst_error *err)
{
	struct record record = {.arena = arena_new()};
	int code = memchr(line, '\0', length) ? unreadable(err)
					      : replay(admission, &record, arena_copy(record.arena, line, length), err);

	arena_free(record.arena);
	return code;
}
