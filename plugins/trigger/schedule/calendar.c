#include "calendar.h"

static bool is_leap(int64_t year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int64_t calendar_days_in(int64_t year, int64_t month)
{
	static const int64_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return days[month - 1] + (month == 2 && is_leap(year) ? 1 : 0);
}

bool calendar_exists(const struct day *day)
{
	return day->year >= 1970 && day->year <= 9999 && day->month >= 1 && day->month <= 12 && day->day >= 1 &&
	       day->day <= calendar_days_in(day->year, day->month);
}

/* In years that begin with March, so that the leap day is the last of its year. */
int64_t calendar_number(const struct day *day)
{
	int64_t year = day->month <= 2 ? day->year - 1 : day->year;
	int64_t month = day->month <= 2 ? day->month + 9 : day->month - 3;

	return year * 365 + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day->day - 1 - 719468;
}

struct day calendar_day(int64_t number)
{
	int64_t from = number + 719468, century = from / 146097, rest = from % 146097;
	int64_t year = (rest - rest / 1460 + rest / 36524 - rest / 146096) / 365;
	int64_t in_year = rest - (365 * year + year / 4 - year / 100), month = (5 * in_year + 2) / 153;
	struct day day = {.day = in_year - (153 * month + 2) / 5 + 1, .month = month < 10 ? month + 3 : month - 9};

	day.year = year + century * 400 + (day.month <= 2 ? 1 : 0);
	return day;
}

bool calendar_digits(const char **at, int count, int64_t *ret)
{
	int64_t value = 0;

	for (int i = 0; i < count; i++) {
		if ((*at)[i] < '0' || (*at)[i] > '9')
			return false;
		value = value * 10 + ((*at)[i] - '0');
	}
	*at += count;
	*ret = value;
	return true;
}

bool calendar_read(const char **at, struct day *ret)
{
	const char *text = *at;
	struct day day;

	if (!calendar_digits(&text, 4, &day.year) || *text++ != '-' || !calendar_digits(&text, 2, &day.month) ||
	    *text++ != '-' || !calendar_digits(&text, 2, &day.day))
		return false;
	*at = text;
	*ret = day;
	return true;
}
