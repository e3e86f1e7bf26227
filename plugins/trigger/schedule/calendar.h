/*
 * Days of the calendar and their numbers, counted from 1970-01-01, which is 0. Pure.
 */
#ifndef PLUGINS_TRIGGER_SCHEDULE_CALENDAR_H
#define PLUGINS_TRIGGER_SCHEDULE_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

enum { CALENDAR_YEARS = 400, MINUTE_S = 60, HOUR_S = 3600, DAY_S = 86400 }; /* after so many years it repeats */

struct day {
	int64_t year, month, day;
};

int64_t calendar_days_in(int64_t year, int64_t month); /* 28 to 31 */
bool calendar_exists(const struct day *day);	       /* from 1970-01-01 to 9999-12-31 */
int64_t calendar_number(const struct day *day);
struct day calendar_day(int64_t number); /* not before 1970 */

/*
 * "2026-12-25" at `*at`, which then points behind it. False: there is none such, and `*at` stays. It is not looked
 * whether the day exists.
 */
bool calendar_read(const char **at, struct day *ret);

/* So many decimal digits and no sign; false: there are not, and `*at` stays. */
bool calendar_digits(const char **at, int count, int64_t *ret);

#endif
