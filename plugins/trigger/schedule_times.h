/*
 * When a schedule fires: every so often, or when the clock on the wall of a zone shows what a cron expression
 * names. Pure: no clock, and zones only as a function.
 *
 * `every` counts from 1970-01-01T00:00:00Z, so its times are the same after any restart. A time of `cron` comes
 * at the first moment at which the clock on the wall shows it or has gone past it. So a time in the gap of a
 * clock change comes at the end of the gap, together with all others in it, and a time in a doubled hour comes
 * once, in the first of the two.
 */
#ifndef PLUGIN_TRIGGER_SCHEDULE_TIMES_H
#define PLUGIN_TRIGGER_SCHEDULE_TIMES_H

#include "schedule_cron.h"

#include <stddef.h>

struct times {
	int64_t every_us; /* 0: by cron */
	struct cron cron;
	/* Seconds that clocks on the wall are ahead of UTC at a moment, less than a day. */
	int64_t (*ahead)(void *zone, int64_t at_s);
	void *zone;
};

/* The first moment after `after_us`, which is not before 1970; false: there is none. */
bool times_after(const struct times *times, int64_t after_us, int64_t *ret_us);

/* What becomes of times that passed while nobody looked. */
enum missed { MISSED_NONE, MISSED_LAST, MISSED_ALL };

enum {
	ON_TIME_S = 60,	  /* what is late by no more than this was not missed */
	MADE_UP_MAX = 100, /* with MISSED_ALL; the last of them */
	DUE_MAX = ON_TIME_S + 1 + MADE_UP_MAX, /* no two times are less than a second apart */
};

/* What is due: the times to fire for now, oldest first, and the missed ones that nothing is made of. */
struct due {
	size_t n;
	int64_t at_us[DUE_MAX];
	size_t late; /* the first so many were missed and are made up for */
	int64_t dropped;
	int64_t dropped_first_us, dropped_last_us;
};

/*
 * Everything after `after_us` up to `now_us`. Missed times are made up for by `policy`, as long as they are no
 * older than `within_us`; MISSED_LAST makes up for the last one, and for none where one is due on time as well.
 */
void times_due(const struct times *times, int64_t after_us, int64_t now_us, enum missed policy, int64_t within_us,
	       struct due *ret);

#endif
