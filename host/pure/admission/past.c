/*
 * Offers that are over. The host makes an offer again, with the same token, when it has no answer to it; what
 * was refused or has ended here must then be answered again and never start a second time. Tokens only grow:
 * the latest are remembered, and of what is older than those nobody can say any more what became of it.
 */
#include "pure/admission/internal.h"

#include "base/mem.h"

#include <stdlib.h>

enum { PAST_MAX = 1000 };

static const struct past_offer too_old = {
	.reason = (char *)"OutcomeUnknown",
	.class = REASON_FATAL,
	.text = (char *)"the offer is so old that the device does not know what became of it"};

static void past_free(struct past_offer *past)
{
	free(past->reason);
	free(past->text);
	free(past);
}

static void past_put(struct admission *admission, int64_t step, int64_t token, struct past_offer *past)
{
	struct past_offer *oldest;
	char key[RUN_KEY_SIZE];
	size_t at = 0;

	past->token = token;
	run_key(step, token, key);
	table_set(&admission->past, key, past);
	if (admission->past.n <= PAST_MAX)
		return;
	oldest = table_remove(&admission->past, table_next(&admission->past, &at)->key);
	if (oldest->token > admission->too_old)
		admission->too_old = oldest->token;
	past_free(oldest);
}

void past_refused(struct admission *admission, const struct admission_run *run,
		  const struct admission_effect *effect)
{
	struct past_offer *past = mem_alloc(sizeof *past);

	*past = (struct past_offer){.reason = mem_text(effect->reason),
				    .text = mem_text(effect->text),
				    .class = effect->class,
				    .revision = effect->revision,
				    .never = true};
	past_put(admission, run->step, run->token, past);
}

void past_ended(struct admission *admission, const struct admission_run *run)
{
	struct past_offer *past = mem_alloc(sizeof *past);

	*past = (struct past_offer){
		.reason = mem_text("OutcomeUnknown"),
		.class = REASON_FATAL,
		.revision = admission->revision,
		.text = mem_text(
			"the run has ended on the device already, and its outcome did not reach the host")};
	past_put(admission, run->step, run->token, past);
}

void past_never(struct admission *admission, int64_t step, int64_t token)
{
	struct past_offer *past = mem_alloc(sizeof *past);

	*past = (struct past_offer){
		.never = true,
		.reason = mem_text("Cancelled"),
		.class = REASON_RETRY,
		.revision = admission->revision,
		.text = mem_text("the host asked the offer back before anything was done for it")};
	past_put(admission, step, token, past);
}

const struct past_offer *past_of(const struct admission *admission, int64_t step, int64_t token)
{
	const struct past_offer *past;
	char key[RUN_KEY_SIZE];

	run_key(step, token, key);
	past = table_get(&admission->past, key);
	return past || token > admission->too_old ? past : &too_old;
}

bool past_is_too_old(const struct past_offer *past)
{
	return past == &too_old;
}

void past_clear(struct admission *admission)
{
	TABLE_EACH(&admission->past, entry)
		past_free(entry->value);
	table_clear(&admission->past);
}
