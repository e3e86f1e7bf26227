#include "due.h"

#include <string.h>

static void pass(struct passed *passed, int64_t due_us)
{
	if (!passed->n++)
		passed->first_us = due_us;
	passed->last_us = due_us;
}

/* The oldest of those that were to be made up for gives way. */
static void give_way(struct due *due)
{
	pass(&due->missed, due->slots[0].due_us);
	memmove(due->slots, due->slots + 1, --due->n * sizeof due->slots[0]);
	due->late--;
}

static void keep(struct due *due, const struct slot *slot, const struct missed_policy *policy)
{
	size_t most = policy->missed == MISSED_ALL ? (size_t)policy->most : 1;

	if (due->late == most)
		give_way(due);
	due->slots[due->n++] = *slot;
	due->late = due->n;
}

static void take(struct due *due, const struct slot *slot, int64_t now_us, const struct missed_policy *policy)
{
	int64_t late_us = now_us - slot->at_us;

	if (slot->off) {
		pass(&due->off, slot->due_us);
	} else if (late_us <= ON_TIME_S * (int64_t)SECOND_US) {
		if (policy->missed == MISSED_LAST && due->late)
			give_way(due);
		due->slots[due->n++] = *slot;
	} else if (policy->missed != MISSED_NONE && late_us <= policy->within_us) {
		keep(due, slot, policy);
	} else {
		pass(&due->missed, slot->due_us);
	}
}

/* What is too old in any case need not be counted to the end when years of it have passed. */
static void leap(const struct times *times, struct due *due, int64_t now_us, const struct missed_policy *policy)
{
	int64_t kept_us = policy->within_us > ON_TIME_S * (int64_t)SECOND_US ? policy->within_us : ON_TIME_S * (int64_t)SECOND_US;
	int64_t last_us;

	if (!times_last(times, due->reached_us, now_us - kept_us - times->jitter_us - 1, &last_us))
		return;
	if (!due->missed.n)
		due->missed.first_us = due->reached_us;
	due->missed.more = true;
	due->missed.last_us = due->reached_us = last_us;
}

void times_due(const struct times *times, int64_t after_us, int64_t now_us, const struct missed_policy *policy, struct due *ret)
{
	struct slot slot;

	memset(ret, 0, sizeof *ret);
	ret->reached_us = after_us;
	while (times_slot(times, ret->reached_us, &slot) && slot.at_us <= now_us) {
		ret->reached_us = slot.due_us;
		take(ret, &slot, now_us, policy);
		if (!ret->missed.more && ret->missed.n + ret->off.n > PASSED_MAX)
			leap(times, ret, now_us, policy);
	}
}

int64_t times_wake(const struct times *times, int64_t after_us)
{
	struct slot slot;

	if (!times_slot(times, after_us, &slot))
		return 0;
	return slot.off ? times_day_end(times, slot.due_us) : slot.at_us;
}
