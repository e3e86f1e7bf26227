/* Which notifications are due: one for each cause and section, again after `repeat`, and one when it is over. */
#include "pure/alerts/internal.h"

#include "base/mem.h"

#include <stdlib.h>

enum { RETRY_FIRST_US = 30 * 1000 * 1000 };

static const int64_t minute_us = 60 * INT64_C(1000000), retry_most_us = 30 * 60 * INT64_C(1000000);
static const int64_t calm_us = ALERT_CALM_MINUTES * 60 * INT64_C(1000000);

static void want(struct alert_telling *telling, enum alert_state state)
{
	if (telling->wanted == state)
		return;
	telling->wanted = state;
	telling->attempts = telling->next_us = 0;
}

static void close_telling(struct alert_cause *cause, struct alert_telling *telling, int64_t now_us)
{
	int64_t closed_us = telling->told_us ? now_us : telling->closed_us;

	cause->changed |= telling->told_us != 0;
	telling_clear(telling);
	telling->closed_us = closed_us;
}

/* What is over and was never told of is told of no more, and neither is what the section is no longer about. */
static void settle_over(const struct alerts *alerts, size_t position, struct alert_cause *cause, int64_t now_us)
{
	struct alert_telling *telling = &cause->tellings[position];

	if (!telling->over_us)
		telling->over_us = now_us;
	if (telling->told_us && telling->restless && now_us - telling->over_us < calm_us)
		want(telling, 0);
	else if (!telling->told_us || !alerts->sections[position].closing || telling->attempts >= ALERT_ATTEMPTS_MOST ||
		 (cause->standing && !alerts_watch(alerts, position, cause)))
		close_telling(cause, telling, now_us);
	else
		want(telling, ALERT_ENDED);
}

/* What the section is to be told of the cause, whether or not it can be by now. */
static void settle(const struct alerts *alerts, size_t position, struct alert_cause *cause, int64_t now_us)
{
	struct alert_telling *telling = &cause->tellings[position];
	int64_t repeat_us = alerts->sections[position].repeat_ms * 1000;

	if (telling->asked)
		return;
	if (telling->closed_us && now_us - telling->closed_us >= calm_us)
		telling->closed_us = 0;
	if (!alerts_concern(alerts, position, cause, now_us)) {
		settle_over(alerts, position, cause, now_us);
		return;
	}
	telling->over_us = 0;
	if (!telling->told_us)
		want(telling, ALERT_BEGUN);
	else if (repeat_us && now_us - telling->told_us >= repeat_us)
		want(telling, ALERT_AGAIN);
	else
		want(telling, 0);
	/* Given up, it is tried once more when it would be repeated anyway. */
	if (telling->attempts >= ALERT_ATTEMPTS_MOST && repeat_us && now_us - telling->failed_us >= repeat_us)
		telling->attempts = 0;
}

bool notices_settle(struct alerts *alerts, struct alert_cause *cause, int64_t now_us)
{
	bool any = false;

	for (size_t i = 0; i < alerts->section_count; i++) {
		settle(alerts, i, cause, now_us);
		any |= cause->tellings[i].wanted || cause->tellings[i].told_us || cause->tellings[i].asked || cause->tellings[i].closed_us;
	}
	return any;
}

static bool is_due(const struct alerts *alerts, size_t section, const struct alert_cause *cause, int64_t now_us)
{
	const struct alert_telling *telling = &cause->tellings[section];

	return telling->wanted && !telling->asked && telling->attempts < ALERT_ATTEMPTS_MOST && now_us >= telling->next_us &&
	       !(telling->wanted != ALERT_ENDED && alerts_through_itself(alerts, section, cause));
}

static void add_item(struct alerts *alerts, struct alert_notice *notice, struct alert_cause *cause)
{
	struct alert_telling *telling = &cause->tellings[notice->section];

	alerts->items = mem_grow(alerts->items, &alerts->item_size, notice->n + 1, sizeof *alerts->items);
	alerts->items[notice->n++] = (struct alert_item){.cause = cause, .state = telling->wanted};
	telling->asked = notice->id;
	notice->items = alerts->items;
}

/* How many causes the next notification of the section may have; 0: it has to wait. */
static size_t room_of(struct alert_minute *minute, int64_t now_us)
{
	if (!minute->began_us || now_us - minute->began_us >= minute_us || now_us < minute->began_us)
		*minute = (struct alert_minute){.began_us = now_us};
	if (minute->sent >= ALERT_MINUTE_MOST)
		return 0;
	return minute->sent == ALERT_MINUTE_MOST - 1 ? SIZE_MAX : 1;
}

static bool next_of(struct alerts *alerts, struct alert_notice *notice, int64_t now_us)
{
	struct alert_minute *minute = &alerts->minutes[notice->section];
	size_t room = room_of(minute, now_us);

	if (!room)
		return false;
	TABLE_EACH(&alerts->causes, entry) {
		struct alert_cause *cause = entry->value;

		settle(alerts, notice->section, cause, now_us);
		if (notice->n < room && is_due(alerts, notice->section, cause, now_us))
			add_item(alerts, notice, cause);
		if (notice->n == room)
			break;
	}
	minute->sent += notice->n > 0;
	return notice->n > 0;
}

bool alerts_next(struct alerts *alerts, int64_t now_us, struct alert_notice *ret)
{
	for (size_t i = 0; i < alerts->section_count; i++) {
		*ret = (struct alert_notice){.id = alerts->notices + 1, .section = i};
		if (!next_of(alerts, ret, now_us))
			continue;
		alerts->notices++;
		ret->state = ret->n > 1 ? ALERT_SEVERAL : ret->items[0].state;
		return true;
	}
	return false;
}

static void told_well(struct alert_cause *cause, struct alert_telling *telling, int64_t now_us)
{
	struct alert_telling before = *telling;

	if (before.wanted == ALERT_ENDED) {
		close_telling(cause, telling, now_us);
		return;
	}
	telling_clear(telling);
	cause->changed = true;
	telling->told_us = now_us;
	telling->told = before.told + 1;
	telling->restless = before.restless || before.closed_us;
}

static void told_badly(struct alert_telling *telling, const char *error, int64_t now_us)
{
	int64_t delay_us = (int64_t)RETRY_FIRST_US << telling->attempts;

	free(telling->error);
	telling->error = mem_text(error);
	telling->attempts++;
	telling->asked = 0;
	telling->failed_us = now_us;
	telling->next_us = now_us + (delay_us < retry_most_us ? delay_us : retry_most_us);
}

void alerts_told(struct alerts *alerts, uint64_t id, const char *error, int64_t now_us)
{
	TABLE_EACH(&alerts->causes, entry) {
		struct alert_cause *cause = entry->value;

		for (size_t i = 0; i < alerts->section_count; i++) {
			struct alert_telling *telling = &cause->tellings[i];

			if (telling->asked != id)
				continue;
			if (error)
				told_badly(telling, error, now_us);
			else
				told_well(cause, telling, now_us);
		}
	}
}
