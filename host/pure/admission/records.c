/*
 * Records of the journal, written. One is a line of words; the first three are what happened, the step and the token:
 *
 *	started STEP TOKEN NUMBER USER KEY -		a session is about to be touched for the run
 *	launched STEP TOKEN NUMBER USER KEY SESSION	its flow is about to be started
 *	refused STEP TOKEN REASON CLASS
 *	ended STEP TOKEN STATE REASON STARTED_US ENDED_US PAYLOAD
 *	heard STEP TOKEN			the host knows that it ended, is lost, or never began
 *	lost STEP TOKEN				it was launched, and nobody knows how it ended
 *	never STEP TOKEN			it never ran, and never will
 *	floor 0 TOKEN				what is not listed and not above this is over
 */
#include "pure/admission/internal.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

enum { QUOTED_MAX = 16 << 20 };

static const char hex[] = "0123456789abcdef";

static void quote(struct text *to, const char *bytes, size_t length)
{
	if (length == 0)
		text_add(to, "-");
	for (size_t i = 0; i < length; i++) {
		unsigned char byte = (unsigned char)bytes[i];

		if (byte <= ' ' || byte == '%' || byte == 0x7f || (length == 1 && byte == '-'))
			text_addf(to, "%%%02x", byte);
		else
			text_bytes(to, &bytes[i], 1);
	}
}

static void quote_text(struct text *to, const char *text)
{
	text_add(to, " ");
	quote(to, text ? text : "", text ? strlen(text) : 0);
}

static int digit(char c)
{
	const char *found = c ? strchr(hex, c) : NULL;

	return found ? (int)(found - hex) : -1;
}

char *records_unquote(hst_arena *arena, const char *word)
{
	char *text = arena_text(arena, word), *to = text;

	if (strcmp(word, "-") == 0)
		return arena_text(arena, "");
	for (const char *from = word; *from; from++) {
		int high = *from == '%' ? digit(from[1]) : -1, low = high >= 0 ? digit(from[2]) : -1;

		if (*from == '%' && low < 0)
			return NULL;
		*to++ = *from == '%' ? (char)(high * 16 + low) : *from;
		from += *from == '%' ? 2 : 0;
	}
	*to = '\0';
	return text;
}

static void begin(struct text *text, const char *word, int64_t step, int64_t token)
{
	text_init(text, QUOTED_MAX);
	text_addf(text, "%s %lld %lld", word, (long long)step, (long long)token);
}

static void end(struct admission_effects *effects, enum admission_effect_kind kind, struct text *text)
{
	admission_effect(effects, kind)->text = arena_text(effects->arena, text->s);
	text_clear(text);
}

static void run_words(struct text *text, const char *word, const struct admission_run *run)
{
	begin(text, word, run->step, run->token);
	text_addf(text, " %lld", (long long)run->number);
	quote_text(text, run->user);
	quote_text(text, run->key);
	quote_text(text, run->session);
}

static void ended_words(struct text *text, const struct admission_run *run)
{
	begin(text, "ended", run->step, run->token);
	quote_text(text, run->end);
	quote_text(text, run->reason);
	text_addf(text, " %lld %lld ", (long long)run->started_us, (long long)run->ended_us);
	quote(text, run->result, run->result_length);
}

static void refused_words(struct text *text, int64_t step, int64_t token, const char *reason, enum reason_class class)
{
	begin(text, "refused", step, token);
	quote_text(text, reason);
	text_addf(text, " %s", reason_class_name(class));
}

void records_run(struct admission_effects *effects, const char *word, const struct admission_run *run)
{
	struct text text;

	run_words(&text, word, run);
	end(effects, ADMISSION_JOURNAL, &text);
}

void records_offer(struct admission_effects *effects, const char *word, int64_t step, int64_t token)
{
	struct text text;

	begin(&text, word, step, token);
	end(effects, ADMISSION_JOURNAL, &text);
}

void records_heard(struct admission_effects *effects, int64_t step, int64_t token)
{
	struct text text;

	begin(&text, "heard", step, token);
	end(effects, ADMISSION_JOURNAL_SOON, &text);
}

void records_refused(struct admission_effects *effects, const struct admission_run *run, const char *reason,
		    enum reason_class class)
{
	struct text text;

	refused_words(&text, run->step, run->token, reason, class);
	end(effects, ADMISSION_JOURNAL, &text);
}

void records_ended(struct admission_effects *effects, const struct admission_run *run)
{
	struct text text;

	ended_words(&text, run);
	/* A rehearsal that is forgotten is only rehearsed again. */
	end(effects, run->bare ? ADMISSION_JOURNAL_SOON : ADMISSION_JOURNAL, &text);
}

/* The present state as records */

struct visiting {
	void (*visit)(void *arg, const char *record);
	void *arg;
};

static void visit(const struct visiting *visiting, struct text *text)
{
	visiting->visit(visiting->arg, text->s);
	text_clear(text);
}

static void visit_offer(const struct visiting *visiting, const char *word, int64_t step, int64_t token)
{
	struct text text;

	begin(&text, word, step, token);
	visit(visiting, &text);
}

static void visit_past(const struct visiting *visiting, const struct past_offer *past)
{
	struct text text;

	if (past->kind == PAST_REFUSED) {
		refused_words(&text, past->step, past->token, past->reason, past->class);
		visit(visiting, &text);
		return;
	}
	if (past->kind != PAST_HEARD)
		visit_offer(visiting, past->kind == PAST_LOST ? "lost" : "never", past->step, past->token);
	if (!past->untold)
		visit_offer(visiting, "heard", past->step, past->token);
}

/* One that was only offered has left no trace: it is offered again. */
static void visit_run(const struct visiting *visiting, const struct admission_run *run)
{
	struct text text;

	if (run->state >= ADMISSION_UPLOADING) {
		ended_words(&text, run);
		visit(visiting, &text);
		if (run->heard)
			visit_offer(visiting, "heard", run->step, run->token);
	} else if (run->state != ADMISSION_OFFERED) {
		run_words(&text, run->state == ADMISSION_RUNNING ? "launched" : "started", run);
		visit(visiting, &text);
	}
}

void admission_records(const struct admission *admission, void (*each)(void *arg, const char *record), void *arg)
{
	const struct visiting visiting = {each, arg};

	TABLE_EACH(&admission->past, entry)
		visit_past(&visiting, entry->value);
	TABLE_EACH(&admission->runs, entry)
		visit_run(&visiting, entry->value);
	if (admission->too_old > 0)
		visit_offer(&visiting, "floor", 0, admission->too_old);
}
