/*
 * Calendars of days off: the days on which a schedule makes no run.
 *
 *	2026-12-25              that day
 *	12-25                   that day of each year
 *	2026-12-24..2027-01-01  from the first of them to the last
 */
#ifndef PLUGINS_TRIGGER_SCHEDULE_DAYS_H
#define PLUGINS_TRIGGER_SCHEDULE_DAYS_H

#include <hostler/error.h>

#include <stdbool.h>
#include <stdint.h>

enum { DAYS_SPANS_MAX = 1000, DAYS_FILE_MAX = 256 * 1024 };

struct days_off {
	size_t n;
	struct days_span {
		int64_t first, last; /* numbers of the calendar */
	} spans[DAYS_SPANS_MAX];
	uint32_t yearly[13]; /* by month, bit 1 to 31 */
};

/* One of the three above; HST_INVALID with what is wrong. */
int days_add(struct days_off *days, const char *entry, hst_error *err);

/*
 * A file with one of them in each line, and after a blank what day it is. Blank lines and those that begin with # or ;
 * are passed over. The error begins with PATH:LINE.
 */
int days_add_file(struct days_off *days, const char *path, hst_error *err);

bool days_has(const struct days_off *days, int64_t number);

#endif
