/*
 * What the section of a schedule says, and what comes of it. What is wrong is told with the name of the option in front.
 */
#ifndef PLUGINS_TRIGGER_SCHEDULE_OPTIONS_H
#define PLUGINS_TRIGGER_SCHEDULE_OPTIONS_H

#include "due.h"

#include <hostler/types.h>

struct schedule_config {
	hst_duration every;
	const char *cron;
	const char *zone;
	const char *start, *end;
	hst_duration jitter;
	hst_texts days_off;
	const char *days_off_file;
	hst_choice missed;
	hst_duration missed_within;
	int64_t missed_most;
	hst_choice overlap;
};

/* Takes the zone into use (zone.h). `off` is filled and, where there are days off, borrowed by the times. */
int options_read(const struct schedule_config *config, const char *instance, struct days_off *off, struct times *ret, hst_error *err);

/*
 * "2026-12-01", "2026-12-01T08:00", "2026-12-01T08:00:30", the latter two also with the distance from UTC, as "Z" or
 * "+01:00"; without one it is the moment at which the clock of the zone shows it. `whole_day`: of a day alone it is the end.
 */
int options_moment(const char *text, bool whole_day, const struct times *zone, int64_t *ret_us, hst_error *err);

#endif
