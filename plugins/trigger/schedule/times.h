/*
 * When a schedule fires: every so often, or when the clock on the wall of a zone shows what a cron expression
 * names. Pure: no clock, and zones only as a function.
 *
 * `every` counts from the start, or else from 1970-01-01T00:00:00Z, so its slots are the same after any restart. A slot of
 * `cron` comes at the first moment at which the clock on the wall shows it or has gone past it. So a time in the gap of a
 * clock change comes at the end of the gap, together with all others in it, and a time in a doubled hour comes
 * once, in the first of the two.
 *
 * A slot fires when it is due, or with `jitter` a while later, which follows from the salt and the slot alone. That is
 * before the next slot is due, so that slots fire in their order.
 */
#ifndef PLUGINS_TRIGGER_SCHEDULE_TIMES_H
#define PLUGINS_TRIGGER_SCHEDULE_TIMES_H

#include "cron.h"
#include "days.h"

#include <stddef.h>

enum { SECOND_US = 1000000 };

struct times {
	int64_t every_us; /* 0: by cron */
	struct cron cron;
	int64_t start_us;	    /* nothing is due before it; 0: no start */
	int64_t end_us;		    /* nor after it; 0: no end */
	int64_t jitter_us;	    /* less than this is a slot delayed; 0: none is */
	uint64_t salt;		    /* so that those who share slots do not share their delays */
	const struct days_off *off; /* NULL: none */
	/* Seconds that clocks on the wall are ahead of UTC at a moment, less than a day. */
	int64_t (*ahead)(void *zone, int64_t at_s);
	void *zone;
};

struct slot {
	int64_t due_us;
	int64_t at_us; /* when it fires, not before it is due */
	bool off;      /* it falls on a day off, and does not */
};

/* The first slot that is due after `after_us`, which is not before 1970; false: there is none. */
bool times_slot(const struct times *times, int64_t after_us, struct slot *ret);

/* The first slot that fires after `after_us`, days off left out; false: there is none within a hundred years. */
bool times_after(const struct times *times, int64_t after_us, struct slot *ret);

/* The last moment in (after_us, until_us] at which a slot is due; false: there is none. */
bool times_last(const struct times *times, int64_t after_us, int64_t until_us, int64_t *ret_us);

/* The first moment of the day behind the one of that moment. */
int64_t times_day_end(const struct times *times, int64_t at_us);

/* The first moment at which the clock on the wall shows `local` (seconds, cron.h) or has gone past it. */
int64_t times_shown(const struct times *times, int64_t local);

#endif
