#include "pure/alerts/words.h"

#include "schema/types.h"

#include <string.h>

enum { CAUSES_SAID = 50 };

const char *alert_state_name(enum alert_state state)
{
	static const char *const names[] = {[ALERT_BEGUN] = "begun", [ALERT_AGAIN] = "again", [ALERT_ENDED] = "ended",
					    [ALERT_SEVERAL] = "several"};

	return names[state];
}

void alert_say_when(const struct alert_notice *notice, struct text *to)
{
	unsigned said = 0;

	for (size_t i = 0; i < notice->n; i++) {
		enum alert_kind kind = notice->items[i].cause->kind;

		if (said & 1u << kind)
			continue;
		if (said)
			text_add(to, ", ");
		text_add(to, alert_kind_row(kind)->word);
		said |= 1u << kind;
	}
}

static const char *front_of(enum alert_state state)
{
	return state == ALERT_ENDED ? "over: " : state == ALERT_AGAIN ? "still: " : "";
}

void alert_say_subject(const struct alert_notice *notice, const char *host, struct text *to)
{
	text_addf(to, "hostler on %s: ", host);
	if (notice->state == ALERT_SEVERAL)
		text_addf(to, "%zu more: ", notice->n);
	else
		text_add(to, front_of(notice->state));
	alert_say_when(notice, to);
	if (notice->n == 1)
		text_addf(to, ": %s", notice->items[0].cause->subject);
}

static void say_moment(const char *before, int64_t us, struct text *to)
{
	char moment[40];

	type_write_date((hst_time){us - us % 1000000}, moment, sizeof moment);
	text_addf(to, "%s%s", before, moment);
}

void alert_say_text(const struct alert_notice *notice, struct text *to)
{
	for (size_t i = 0; i < notice->n && i < CAUSES_SAID; i++) {
		const struct alert_cause *cause = notice->items[i].cause;
		enum alert_state state = notice->items[i].state;

		if (i)
			text_add(to, "\n\n");
		text_addf(to, "%s%s: %s", front_of(state), alert_kind_row(cause->kind)->word, cause->text ? cause->text : cause->subject);
		say_moment("\nsince ", cause->since_us, to);
		if (state == ALERT_ENDED && cause->ended_us)
			say_moment(" until ", cause->ended_us, to);
		else if (cause->remedy)
			text_addf(to, "\n%s", cause->remedy);
	}
	if (notice->n > CAUSES_SAID)
		text_addf(to, "\n\nand %zu more; `hostler alerts` lists them all", notice->n - CAUSES_SAID);
}
