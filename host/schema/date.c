/* Points in time as ISO 8601 writes them. Nothing here looks at a clock, a time zone of the machine or a
 * locale. */
#include "schema/types.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* What is left to read. A part that is not there sets `bad` and reads as 0, so that one look at the end is
 * enough. */
struct reader {
	const char *at;
	bool bad;
};

static int read_digits(struct reader *reader, int count, int least, int most)
{
	int number = 0;

	for (int i = 0; i < count; i++) {
		if (*reader->at < '0' || *reader->at > '9') {
			reader->bad = true;
			return 0;
		}
		number = 10 * number + (*reader->at++ - '0');
	}
	if (number < least || number > most)
		reader->bad = true;
	return number;
}

static bool read_mark(struct reader *reader, char mark)
{
	if (*reader->at != mark)
		return false;
	reader->at++;
	return true;
}

static void read_required(struct reader *reader, char mark)
{
	if (!read_mark(reader, mark))
		reader->bad = true;
}

/* Digits behind the dot; those beyond a microsecond are read and dropped. */
static int64_t read_fraction_us(struct reader *reader)
{
	int64_t us = 0, worth = 100000;

	if (*reader->at < '0' || *reader->at > '9')
		reader->bad = true;
	for (; *reader->at >= '0' && *reader->at <= '9'; reader->at++, worth /= 10)
		us += worth * (*reader->at - '0');
	return us;
}

static int64_t read_zone_s(struct reader *reader)
{
	bool east = *reader->at == '+';
	int64_t hours, minutes;

	if (!*reader->at || read_mark(reader, 'Z'))
		return 0;
	if (!read_mark(reader, '+'))
		read_required(reader, '-');
	hours = read_digits(reader, 2, 0, 23);
	read_mark(reader, ':');
	minutes = read_digits(reader, 2, 0, 59);
	return (east ? 1 : -1) * (hours * 3600 + minutes * 60);
}

int type_read_date(const char *text, hst_time *ret, hst_error *err)
{
	struct reader reader = {.at = text};
	struct tm parts = {0}, normal;
	int64_t fraction_us = 0, zone_s = 0, seconds;

	parts.tm_year = read_digits(&reader, 4, 1, 9999) - 1900;
	read_required(&reader, '-');
	parts.tm_mon = read_digits(&reader, 2, 1, 12) - 1;
	read_required(&reader, '-');
	parts.tm_mday = read_digits(&reader, 2, 1, 31);
	if (read_mark(&reader, 'T')) {
		parts.tm_hour = read_digits(&reader, 2, 0, 23);
		read_required(&reader, ':');
		parts.tm_min = read_digits(&reader, 2, 0, 59);
		if (read_mark(&reader, ':')) {
			parts.tm_sec = read_digits(&reader, 2, 0, 59);
			if (read_mark(&reader, '.'))
				fraction_us = read_fraction_us(&reader);
		}
		zone_s = read_zone_s(&reader);
	}
	if (reader.bad || *reader.at)
		return hst_fail(err, HST_INVALID,
				"must be a date such as 2026-11-21 or 2026-11-21T23:31:52Z, got \"%.64s\"",
				text);
	normal = parts;
	seconds = timegm(&normal);
	/* timegm turns 31 April into 1 May; a date that moves does not exist. */
	if (normal.tm_mday != parts.tm_mday)
		return hst_fail(err, HST_INVALID, "must be a day that exists, got \"%.64s\"", text);
	ret->us = (seconds - zone_s) * 1000000 + fraction_us;
	return HST_OK;
}

void type_write_date(hst_time time, char *to, size_t size)
{
	int64_t us = time.us % 1000000;
	time_t seconds = time.us / 1000000;
	struct tm parts;
	char fraction[8] = "";

	if (us < 0) {
		us += 1000000;
		seconds--;
	}
	if (us) {
		snprintf(fraction, sizeof fraction, ".%06d", (int)us);
		for (size_t last = strlen(fraction); fraction[last - 1] == '0'; last--)
			fraction[last - 1] = '\0';
	}
	if (!gmtime_r(&seconds, &parts))
		parts = (struct tm){.tm_mday = 1, .tm_year = 70};
	snprintf(to, size, "%04d-%02d-%02dT%02d:%02d:%02d%sZ", parts.tm_year + 1900, parts.tm_mon + 1,
		 parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, fraction);
}
