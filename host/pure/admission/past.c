/*
 * Offers that are over. The host makes an offer again, with the same token, when it has no answer to it; what
 * was refused or has ended here must then be answered again and never start a second time. Tokens only grow:
 * the latest are remembered, and of what is older than those nobody can say any more what became of it.
 */
#include "pure/admission/internal.h"

#include "base/mem.h"

#include <stdlib.h>

enum { PAST_MAX = 1000 };

/* How an offer of each kind is answered, should it be made again. */
static const struct {
	const char *reason;
	enum reason_class class;
	const char *text;
} answers[] = {
	[PAST_NEVER] = {"Cancelled", REASON_RETRY, "nothing was done for the offer, and the host has it back"},
	[PAST_LOST] = {"OutcomeUnknown", REASON_FATAL,
		       "the run was launched on the device already, and nobody knows how it ended"},
	[PAST_HEARD] = {"OutcomeUnknown", REASON_FATAL,
			"the run has ended on the device already, and its outcome did not reach the host"},
};

static struct past_offer too_old = {
	.kind = PAST_LOST,
	.reason = (char *)"OutcomeUnknown",
	.class = REASON_FATAL,
	.text = (char *)"the offer is so old that the device does not know what became of it"};

/* The texts of all others are constants. */
static void past_free(struct past_offer *past)
{
	if (past->kind == PAST_REFUSED) {
		free(past->reason);
		free(past->text);
	}
	free(past);
}

static void forget(struct admission *admission, struct past_offer *past)
{
	*(past->before ? &past->before->after : &admission->past_first) = past->after;
	*(past->after ? &past->after->before : &admission->past_last) = past->before;
	table_remove_number(&admission->past, (uint64_t)past->token);
	past_free(past);
}

/* Most that are asked for are newer than all that are there, and those need not be looked for among a thousand. */
static struct past_offer *find(const struct admission *admission, int64_t token)
{
	return token > admission->past_newest ? NULL : table_get_number(&admission->past, (uint64_t)token);
}

static void add(struct admission *admission, struct past_offer *past)
{
	struct past_offer *known = find(admission, past->token);

	if (known)
		forget(admission, known);
	if (past->token > admission->past_newest)
		admission->past_newest = past->token;
	past->before = admission->past_last;
	*(past->before ? &past->before->after : &admission->past_first) = past;
	admission->past_last = past;
	table_set_number(&admission->past, (uint64_t)past->token, past);
	if (admission->past.n <= PAST_MAX)
		return;
	if (admission->past_first->token > admission->too_old)
		admission->too_old = admission->past_first->token;
	forget(admission, admission->past_first);
}

void past_refused(struct admission *admission, int64_t step, int64_t token, const char *reason,
		  enum reason_class class, const char *text, int64_t revision)
{
	struct past_offer *past = mem_alloc(sizeof *past);

	*past = (struct past_offer){.kind = PAST_REFUSED,
				    .step = step,
				    .token = token,
				    .reason = mem_text(reason),
				    .text = mem_text(text),
				    .class = class,
				    .revision = revision};
	add(admission, past);
}

void past_put(struct admission *admission, int64_t step, int64_t token, enum past_kind kind, bool untold)
{
	struct past_offer *past = mem_alloc(sizeof *past);

	*past = (struct past_offer){.kind = kind,
				    .step = step,
				    .token = token,
				    .untold = untold,
				    .reason = (char *)answers[kind].reason,
				    .text = (char *)answers[kind].text,
				    .class = answers[kind].class,
				    .revision = admission->revision};
	add(admission, past);
}

struct past_offer *past_of(const struct admission *admission, int64_t step, int64_t token)
{
	struct past_offer *past = find(admission, token);

	past = past && past->step == step ? past : NULL;
	return past || token > admission->too_old ? past : &too_old;
}

bool past_is_too_old(const struct past_offer *past)
{
	return past == &too_old;
}

bool past_never_ran(const struct past_offer *past)
{
	return past->kind == PAST_REFUSED || past->kind == PAST_NEVER;
}

void past_clear(struct admission *admission)
{
	while (admission->past_first)
		forget(admission, admission->past_first);
	table_clear(&admission->past);
}
