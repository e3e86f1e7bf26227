#include "cron.h"

#include "calendar.h"

#include <ctype.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

enum { FIELDS = 5 };

static const char *const month_names[] = {"jan", "feb", "mar", "apr", "may", "jun",
					  "jul", "aug", "sep", "oct", "nov", "dec"};
static const char *const weekday_names[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

/* What may stand in each field, and where its set goes. */
static const struct field {
	const char *name;
	int64_t min, max;
	const char *const *names; /* the first is `min` */
	int64_t name_count;
	size_t offset;
} fields[FIELDS] = {
	{"minute", 0, 59, NULL, 0, offsetof(struct cron, minutes)},
	{"hour", 0, 23, NULL, 0, offsetof(struct cron, hours)},
	{"day", 1, 31, NULL, 0, offsetof(struct cron, days)},
	{"month", 1, 12, month_names, 12, offsetof(struct cron, months)},
	{"weekday", 0, 7, weekday_names, 7, offsetof(struct cron, weekdays)},
};

static const struct {
	const char *word, *means;
} words[] = {
	{"@hourly", "0 * * * *"},  {"@daily", "0 0 * * *"},  {"@midnight", "0 0 * * *"}, {"@weekly", "0 0 * * 0"},
	{"@monthly", "0 0 1 * *"}, {"@yearly", "0 0 1 1 *"}, {"@annually", "0 0 1 1 *"},
};

/* One field while it is read. */
struct reading {
	const struct field *field;
	const char *at;
	hst_error *err;
};

static bool ends(char c)
{
	return c == '\0' || c == ' ' || c == '\t';
}

__attribute__((format(printf, 2, 3))) static int wrong(const struct reading *reading, const char *format, ...)
{
	char says[160];
	size_t length = 0;
	va_list args;

	while (!ends(reading->at[length]) && length < 20)
		length++;
	va_start(args, format);
	vsnprintf(says, sizeof says, format, args);
	va_end(args);
	return hst_fail(reading->err, HST_INVALID, "\"cron\": the %s field: %s at \"%.*s\"", reading->field->name, says,
			(int)length, reading->at);
}

static bool read_name(struct reading *reading, int64_t *ret)
{
	const struct field *field = reading->field;

	for (int64_t i = 0; i < field->name_count; i++) {
		if (strncasecmp(reading->at, field->names[i], 3) != 0 || isalpha((unsigned char)reading->at[3]))
			continue;
		*ret = field->min + i;
		reading->at += 3;
		return true;
	}
	return false;
}

static int read_number(struct reading *reading, const char *what, int64_t min, int64_t max, int64_t *ret)
{
	const struct field *field = reading->field;
	const char *at = reading->at;
	int64_t value = 0;

	if (!isdigit((unsigned char)*at))
		return wrong(reading, "a number%s is missing",
			     field->names ? " or the first three letters of a name" : "");
	for (; isdigit((unsigned char)*at) && value <= max; at++)
		value = value * 10 + (*at - '0');
	if (value < min || value > max)
		return wrong(reading, "%s from %lld to %lld is wanted", what, (long long)min, (long long)max);
	reading->at = at;
	*ret = value;
	return HST_OK;
}

static int read_value(struct reading *reading, int64_t *ret)
{
	return read_name(reading, ret) ? HST_OK
				       : read_number(reading, "a number", reading->field->min, reading->field->max, ret);
}

/* `*`, `5`, `1-5`, each but the number with `/2` behind it. */
static int read_item(struct reading *reading, uint64_t *set)
{
	const struct field *field = reading->field;
	int64_t first = field->min, last = field->max, step = 1;
	bool range = true;
	int code = HST_OK;

	if (*reading->at == '*') {
		reading->at++;
	} else {
		code = read_value(reading, &first);
		last = first;
		range = code == HST_OK && *reading->at == '-';
		if (range) {
			reading->at++;
			code = read_value(reading, &last);
		}
	}
	if (code != HST_OK)
		return code;
	if (last < first)
		return hst_fail(reading->err, HST_INVALID,
				"\"cron\": the %s field: the range %lld-%lld runs backwards; write %lld-%lld,%lld-%lld",
				field->name, (long long)first, (long long)last, (long long)first,
				(long long)field->max, (long long)field->min, (long long)last);
	if (*reading->at == '/') {
		if (!range)
			return wrong(reading, "a step needs * or a range before it,");
		reading->at++;
		code = read_number(reading, "a step", 1, field->max, &step);
	}
	for (int64_t value = first; code == HST_OK && value <= last; value += step)
		*set |= UINT64_C(1) << value;
	return code;
}

static int read_field(struct reading *reading, struct cron *cron)
{
	uint64_t set = 0;
	int code = read_item(reading, &set);

	while (code == HST_OK && *reading->at == ',') {
		reading->at++;
		code = read_item(reading, &set);
	}
	if (code == HST_OK && !ends(*reading->at))
		code = wrong(reading, "it cannot be read on");
	if (code == HST_OK)
		memcpy((char *)cron + reading->field->offset, &set, sizeof set);
	return code;
}

static size_t count_fields(const char *text)
{
	size_t n = 0;

	for (const char *at = text; *at; n++) {
		while (*at && !ends(*at))
			at++;
		while (*at && ends(*at))
			at++;
	}
	return n;
}

static int read_fields(const char *text, struct cron *cron, hst_error *err)
{
	struct reading reading = {.at = text, .err = err};
	size_t n = count_fields(text);
	bool free_day = false;
	int code = HST_OK;

	if (n != FIELDS)
		return hst_fail(err, HST_INVALID,
				"\"cron\": \"%.60s\" has %zu field%s where five are wanted: minute hour day month weekday", text, n,
				n == 1 ? "" : "s");
	for (size_t i = 0; code == HST_OK && i < FIELDS; i++) {
		reading.field = &fields[i];
		free_day = free_day || ((i == 2 || i == 4) && *reading.at == '*');
		code = read_field(&reading, cron);
		while (code == HST_OK && *reading.at && ends(*reading.at))
			reading.at++;
	}
	cron->either = !free_day;
	/* 7 is Sunday too. */
	cron->weekdays = (cron->weekdays | cron->weekdays >> 7) & 0x7f;
	return code;
}

static const char *meaning(const char *text)
{
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strcasecmp(text, words[i].word) == 0)
			return words[i].means;
	return text;
}

int cron_parse(const char *text, struct cron *ret, hst_error *err)
{
	struct cron cron = {0};
	const char *means;
	int64_t never;
	int code;

	while (*text && ends(*text))
		text++;
	means = meaning(text);
	if (*means == '@')
		return hst_fail(err, HST_INVALID,
				"\"cron\": there is no \"%.20s\"; there are @hourly, @daily, @weekly, @monthly and @yearly", text);
	code = read_fields(means, &cron, err);
	if (code != HST_OK)
		return code;
	if (!cron_after(&cron, 0, &never))
		return hst_fail(err, HST_INVALID, "\"cron\": \"%.60s\" names a day that never comes", text);
	*ret = cron;
	return HST_OK;
}

/* The smallest member of the set that is not below `least`; false: there is none. */
static bool lowest(uint64_t set, int64_t least, int64_t *ret)
{
	uint64_t left = least > 63 ? 0 : set >> least << least;

	if (left)
		*ret = __builtin_ctzll(left);
	return left != 0;
}

/* The days of one month that fit, as a set. */
static uint64_t fitting_days(const struct cron *cron, int64_t year, int64_t month)
{
	uint64_t all = ((UINT64_C(1) << calendar_days_in(year, month)) - 1) << 1;
	/* 1970-01-01 was a Thursday. */
	int64_t weekday = (calendar_number(&(struct day){year, month, 1}) + 4) % 7;
	uint64_t by_weekday = 0;

	for (int64_t day = 1; day <= 31; day++)
		by_weekday |= (cron->weekdays >> (weekday + day - 1) % 7 & 1) << day;
	return all & (cron->either ? cron->days | by_weekday : cron->days & by_weekday);
}

/* The first time of a day from this one on; false: the day has none left. */
static bool time_from(const struct cron *cron, int64_t second, int64_t *ret)
{
	int64_t now = second / HOUR_S, hour, minute;
	bool this_hour = cron->hours >> now & 1;

	if (this_hour && lowest(cron->minutes, second % HOUR_S / MINUTE_S, &minute))
		hour = now;
	else if (!lowest(cron->hours, now + 1, &hour) || !lowest(cron->minutes, 0, &minute))
		return false;
	*ret = hour * HOUR_S + minute * MINUTE_S;
	return true;
}

/* The first fitting day from day number `from` on; false: there is none until the calendar repeats. */
static bool day_from(const struct cron *cron, int64_t from, int64_t *ret)
{
	struct day day = calendar_day(from);
	int64_t last_year = day.year + CALENDAR_YEARS;

	while (day.year <= last_year) {
		int64_t month = 0;

		if (!lowest(cron->months, day.month, &month)) {
			day = (struct day){day.year + 1, 1, 1};
		} else if (month > day.month) {
			day = (struct day){day.year, month, 1};
		} else if (lowest(fitting_days(cron, day.year, month), day.day, &day.day)) {
			*ret = calendar_number(&day);
			return true;
		} else {
			day = (struct day){day.year, month + 1, 1};
		}
	}
	return false;
}

bool cron_after(const struct cron *cron, int64_t local, int64_t *ret)
{
	int64_t from = (local / MINUTE_S + 1) * MINUTE_S, today = from / DAY_S, day, second;

	if (!day_from(cron, today, &day))
		return false;
	if (day == today && time_from(cron, from % DAY_S, &second)) {
		*ret = day * DAY_S + second;
		return true;
	}
	if ((day == today && !day_from(cron, today + 1, &day)) || !time_from(cron, 0, &second))
		return false;
	*ret = day * DAY_S + second;
	return true;
}
