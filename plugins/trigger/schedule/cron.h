/*
 * Cron expressions: five fields, read into sets, and the next minute on a calendar that they name. Pure: a
 * calendar has no zones and no clock changes; those are times.h.
 *
 *	minute hour day month weekday
 *
 * Each field is `*`, a number, a range `a-b`, either with a step (`*` or a range, then `/n`), or several of
 * these with commas between them. Months and weekdays may be named by their first three letters, in any case;
 * weekdays count from 0 or 7, which is Sunday. As in Vixie cron, a day must fit both day fields where one of
 * them begins with `*`, and either of them where none does. `@hourly`, `@daily`, `@midnight`, `@weekly`,
 * `@monthly`, `@yearly` and `@annually` stand for the expressions they name.
 */
#ifndef PLUGINS_TRIGGER_SCHEDULE_CRON_H
#define PLUGINS_TRIGGER_SCHEDULE_CRON_H

#include <hostler/error.h>

#include <stdbool.h>
#include <stdint.h>

struct cron {
	uint64_t minutes;  /* bit 0 to 59 */
	uint64_t hours;	   /* bit 0 to 23 */
	uint64_t days;	   /* bit 1 to 31 */
	uint64_t months;   /* bit 1 to 12 */
	uint64_t weekdays; /* bit 0 (Sunday) to 6 */
	bool either;	   /* a day need only fit one of its two fields */
};

/* HST_INVALID, with what is wrong and where: also for an expression that names no day there ever is. */
int cron_parse(const char *text, struct cron *ret, hst_error *err);

/*
 * The first minute after `local` that the expression names, found from its sets and not by trying minutes.
 * Both are seconds of a calendar: what a clock on the wall shows, counted as if it stood in Greenwich, not
 * before 1970. False: there is none within 400 years, after which the calendar repeats.
 */
bool cron_after(const struct cron *cron, int64_t local, int64_t *ret);

#endif
