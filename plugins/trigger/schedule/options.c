#include "options.h"

#include "calendar.h"
#include "zone.h"

#include <string.h>

/* A point in time as it is written: what a clock shows, and perhaps which clock. */
struct written {
	int64_t local;
	bool day_alone, has_zone;
	int64_t ahead_s;
};

static bool read_clock(const char **at, int64_t *ret)
{
	const char *text = *at;
	int64_t hour, minute, second = 0;

	if (!calendar_digits(&text, 2, &hour) || *text++ != ':' || !calendar_digits(&text, 2, &minute))
		return false;
	if (*text == ':') {
		text++;
		if (!calendar_digits(&text, 2, &second))
			return false;
	}
	*at = text;
	*ret = hour * HOUR_S + minute * MINUTE_S + second;
	return hour < 24 && minute < 60 && second < 60;
}

/* "Z", "+01:00" or nothing. */
static bool read_ahead(const char *text, struct written *ret)
{
	int sign = *text == '-' ? -1 : 1;

	ret->has_zone = *text != '\0';
	if (!*text || strcmp(text, "Z") == 0)
		return true;
	if (*text != '+' && *text != '-')
		return false;
	text++;
	if (!read_clock(&text, &ret->ahead_s))
		return false;
	ret->ahead_s *= sign;
	return !*text;
}

static bool read_written(const char *text, struct written *ret)
{
	struct day day;
	int64_t second;

	*ret = (struct written){.day_alone = true};
	if (!calendar_read(&text, &day) || !calendar_exists(&day))
		return false;
	ret->local = calendar_number(&day) * DAY_S;
	if (!*text)
		return true;
	ret->day_alone = false;
	if (*text != 'T' && *text != ' ')
		return false;
	text++;
	if (!read_clock(&text, &second))
		return false;
	ret->local += second;
	return read_ahead(text, ret);
}

int options_moment(const char *text, bool whole_day, const struct times *zone, int64_t *ret_us, hst_error *err)
{
	struct written written;

	if (!read_written(text, &written))
		return hst_fail(err, HST_INVALID,
				"\"%.40s\" is no time; write 2026-12-01, or 2026-12-01T08:00 as the clock of the zone shows it, or "
				"2026-12-01T08:00+01:00",
				text);
	if (written.has_zone)
		*ret_us = (written.local - written.ahead_s) * SECOND_US;
	else if (written.day_alone && whole_day)
		*ret_us = times_shown(zone, written.local + DAY_S) * SECOND_US - 1;
	else
		*ret_us = times_shown(zone, written.local) * SECOND_US;
	return HST_OK;
}

static int read_moments(const struct schedule_config *config, struct times *times, hst_error *err)
{
	hst_error why = {0};

	if (config->start && options_moment(config->start, false, times, &times->start_us, &why) != HST_OK)
		return hst_fail(err, HST_INVALID, "\"start\": %s", why.text);
	if (config->end && options_moment(config->end, true, times, &times->end_us, &why) != HST_OK)
		return hst_fail(err, HST_INVALID, "\"end\": %s", why.text);
	if (config->start && config->end && times->end_us < times->start_us)
		return hst_fail(err, HST_INVALID, "\"end\": it is before the start");
	return HST_OK;
}

static int read_days(const struct schedule_config *config, struct days_off *off, hst_error *err)
{
	hst_error why = {0};

	memset(off, 0, sizeof *off);
	for (size_t i = 0; i < config->days_off.n; i++)
		if (days_add(off, config->days_off.at[i], &why) != HST_OK)
			return hst_fail(err, HST_INVALID, "\"days_off\": %s", why.text);
	if (config->days_off_file && days_add_file(off, config->days_off_file, &why) != HST_OK)
		return hst_fail(err, HST_INVALID, "\"days_off_file\": %s", why.text);
	return HST_OK;
}

/* FNV-1a */
static uint64_t salt_of(const char *instance)
{
	uint64_t salt = UINT64_C(0xcbf29ce484222325);

	for (; *instance; instance++)
		salt = (salt ^ (unsigned char)*instance) * UINT64_C(0x100000001b3);
	return salt;
}

int options_read(const struct schedule_config *config, const char *instance, struct days_off *off, struct times *ret, hst_error *err)
{
	struct times times = {.every_us = config->every.ms * 1000,
			      .jitter_us = config->jitter.ms * 1000,
			      .salt = salt_of(instance),
			      .off = config->days_off.n || config->days_off_file ? off : NULL,
			      .ahead = zone_ahead};
	int code = HST_OK;

	if (!config->every.ms == !config->cron)
		return hst_fail(err, HST_INVALID, "%s", config->cron ? "\"cron\": say every or cron, not both"
								      : "say when: every = 15m, or cron = 30 2 * * *");
	if (config->cron)
		code = cron_parse(config->cron, &times.cron, err);
	if (code == HST_OK && config->zone)
		code = zone_check(config->zone, err);
	if (code != HST_OK)
		return code;
	zone_use(config->zone);
	code = read_moments(config, &times, err);
	if (code == HST_OK)
		code = read_days(config, off, err);
	if (code == HST_OK)
		*ret = times;
	return code;
}
