/*
 * What becomes of slots that have come: those that are made runs of now, and those that make none, with the reason. Pure.
 */
#ifndef PLUGINS_TRIGGER_SCHEDULE_DUE_H
#define PLUGINS_TRIGGER_SCHEDULE_DUE_H

#include "times.h"

enum missed { MISSED_NONE, MISSED_LAST, MISSED_ALL };

enum {
	ON_TIME_S = 60, /* what is late by no more than this was not missed */
	MADE_UP_MAX = 900,
	DUE_MAX = MADE_UP_MAX + ON_TIME_S + 1, /* no two slots are less than a second apart */
	PASSED_MAX = 20000, /* so many are counted; of more it is only known from when to when they were */
};

/* What becomes of those that came while nobody looked. */
struct missed_policy {
	enum missed missed;
	int64_t within_us; /* an older one is never made up for */
	int64_t most;	   /* with MISSED_ALL, the last so many are; at most MADE_UP_MAX */
};

/* Slots that make no run. */
struct passed {
	int64_t n;
	bool more; /* than are counted */
	int64_t first_us, last_us;
};

struct due {
	size_t n;
	struct slot slots[DUE_MAX]; /* to fire for now, oldest first */
	size_t late;		    /* the first so many were missed and are made up for */
	struct passed missed, off;
	int64_t reached_us; /* every slot up to here is dealt with by this */
};

/*
 * Every slot after `after_us` that fires up to `now_us`. MISSED_LAST makes up for the last missed one, and for none where
 * one is due on time as well.
 */
void times_due(const struct times *times, int64_t after_us, int64_t now_us, const struct missed_policy *policy, struct due *ret);

/* When there is something to do about a slot after `after_us`; 0: never. For a day off that is when it has passed. */
int64_t times_wake(const struct times *times, int64_t after_us);

#endif
