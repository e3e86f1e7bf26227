/*
 * Records of the journal, written. One is a line of words; the first three are what happened, the step and the token:
 *
 *	started STEP TOKEN NUMBER USER KEY -		a session is about to be touched for the run
 *	launched STEP TOKEN NUMBER USER KEY SESSION	its flow is about to be started
 *	refused STEP TOKEN REASON CLASS
 *	ended STEP TOKEN STATE REASON STARTED_US ENDED_US PAYLOAD [SEALED]
 *	heard STEP TOKEN			the host knows that it ended, is lost, or never began
 *	lost STEP TOKEN				it was launched, and nobody knows how it ended
 *	never STEP TOKEN			it never ran, and never will
 *	floor 0 TOKEN				what is not listed and not above this is over
 */
#include "pure/admission/internal.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static const char hex[] = "0123456789abcdef";

static void quote(struct text *to, const char *bytes, size_t length)
{
	size_t plain = 0; /* from here to `i` nothing has to be changed */

	if (length == 0)
		text_add(to, "-");
	for (size_t i = 0; i < length; i++) {
		unsigned char byte = (unsigned char)bytes[i];

		if (byte > ' ' && byte != '%' && byte != 0x7f && (length > 1 || byte != '-'))
			continue;
		text_bytes(to, bytes + plain, i - plain);
		text_bytes(to, (char[]){'%', hex[byte >> 4], hex[byte & 15]}, 3);
		plain = i + 1;
	}
	text_bytes(to, bytes + plain, length - plain);
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

char *records_unquote_bytes(hst_arena *arena, const char *word, size_t *ret_length)
{
	char *text = arena_text(arena, word), *to = text;

	*ret_length = 0;
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
	*ret_length = (size_t)(to - text);
	return text;
}

char *records_unquote(hst_arena *arena, const char *word)
{
	size_t length;

	return records_unquote_bytes(arena, word, &length);
}

static void add_number(struct text *to, int64_t number)
{
	text_add(to, " ");
	text_integer(to, number);
}

static void begin(struct text *text, const char *word, int64_t step, int64_t token)
{
	text_reset(text);
	text_add(text, word);
	add_number(text, step);
	add_number(text, token);
}

static void end(struct admission_effects *effects, enum admission_effect_kind kind)
{
	admission_effect(effects, kind)->text = arena_copy(effects->arena, effects->record.s, effects->record.length);
}

static void run_words(struct text *text, const char *word, const struct admission_run *run)
{
	begin(text, word, run->step, run->token);
	add_number(text, run->number);
	quote_text(text, run->user);
	quote_text(text, run->key);
	quote_text(text, run->session);
}

static void ended_words(struct text *text, const struct admission_run *run)
{
	begin(text, "ended", run->step, run->token);
	quote_text(text, run->end);
	quote_text(text, run->reason);
	add_number(text, run->started_us);
	add_number(text, run->ended_us);
	text_add(text, " ");
	quote(text, run->result, run->result_length);
	if (!run->sealed_result)
		return;
	text_add(text, " ");
	quote(text, run->sealed_result, run->sealed_result_length);
}

static void refused_words(struct text *text, int64_t step, int64_t token, const char *reason, enum reason_class class)
{
	begin(text, "refused", step, token);
	quote_text(text, reason);
	text_add(text, " ");
	text_add(text, reason_class_name(class));
}

void records_run(struct admission_effects *effects, const char *word, const struct admission_run *run)
{
	run_words(&effects->record, word, run);
	end(effects, ADMISSION_JOURNAL);
}

void records_offer(struct admission_effects *effects, const char *word, int64_t step, int64_t token)
{
	begin(&effects->record, word, step, token);
	end(effects, ADMISSION_JOURNAL);
}

void records_heard(struct admission_effects *effects, int64_t step, int64_t token)
{
	begin(&effects->record, "heard", step, token);
	end(effects, ADMISSION_JOURNAL_SOON);
}

void records_refused(struct admission_effects *effects, const struct admission_run *run, const char *reason,
		    enum reason_class class)
{
	refused_words(&effects->record, run->step, run->token, reason, class);
	end(effects, ADMISSION_JOURNAL);
}

void records_ended(struct admission_effects *effects, const struct admission_run *run)
{
	ended_words(&effects->record, run);
	/* A rehearsal that is forgotten is only rehearsed again. */
	end(effects, run->bare ? ADMISSION_JOURNAL_SOON : ADMISSION_JOURNAL);
}

/* The present state as records */

struct visiting {
	void (*visit)(void *arg, const char *record);
	void *arg;
	struct text text;
};

static void visit(const struct visiting *visiting)
{
	visiting->visit(visiting->arg, visiting->text.s);
}

static void visit_offer(struct visiting *visiting, const char *word, int64_t step, int64_t token)
{
	begin(&visiting->text, word, step, token);
	visit(visiting);
}

static void visit_past(struct visiting *visiting, const struct past_offer *past)
{
	if (past->kind == PAST_REFUSED) {
		refused_words(&visiting->text, past->step, past->token, past->reason, past->class);
		visit(visiting);
		return;
	}
	if (past->kind != PAST_HEARD)
		visit_offer(visiting, past->kind == PAST_LOST ? "lost" : "never", past->step, past->token);
	if (!past->untold)
		visit_offer(visiting, "heard", past->step, past->token);
}

/* One that was only offered has left no trace: it is offered again. */
static void visit_run(struct visiting *visiting, const struct admission_run *run)
{
	if (run->trial)
		return;
	if (run->state >= ADMISSION_UPLOADING) {
		ended_words(&visiting->text, run);
		visit(visiting);
		if (run->heard)
			visit_offer(visiting, "heard", run->step, run->token);
	} else if (run->state != ADMISSION_OFFERED) {
		run_words(&visiting->text, run->state == ADMISSION_RUNNING ? "launched" : "started", run);
		visit(visiting);
	}
}

void admission_records(const struct admission *admission, void (*each)(void *arg, const char *record), void *arg)
{
	struct visiting visiting = {each, arg, {0}};

	text_init(&visiting.text, RECORD_MAX);
	for (const struct past_offer *past = admission->past_first; past; past = past->after)
		visit_past(&visiting, past);
	TABLE_EACH(&admission->runs, entry)
		visit_run(&visiting, entry->value);
	if (admission->too_old > 0)
		visit_offer(&visiting, "floor", 0, admission->too_old);
	text_clear(&visiting.text);
}
