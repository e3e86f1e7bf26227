/* What people write of times: cron expressions, days off, moments; and the times that come of an expression. */
#include "fuzz.h"

#include "../../plugins/trigger/schedule/options.h"

#include "base/auto.h"

#include <stdbool.h>
#include <string.h>
#include <time.h>

const char fuzz_name[] = "schedule";
const int fuzz_cases = 10000;

enum { MINUTE = 60, LOOKED_AT = 3 * 1440 };

/* As a clock in Greenwich; an expression knows no others. */
static bool fits(const struct cron *cron, int64_t minute)
{
	time_t at = (time_t)minute;
	struct tm parts;
	bool day, weekday;

	gmtime_r(&at, &parts);
	day = cron->days >> parts.tm_mday & 1;
	weekday = cron->weekdays >> parts.tm_wday & 1;
	return (cron->minutes >> parts.tm_min & 1) && (cron->hours >> parts.tm_hour & 1) && (cron->months >> (parts.tm_mon + 1) & 1) &&
	       (cron->either ? day || weekday : day && weekday);
}

/* The next minute is the first that fits: minute by minute, as far as there is time for. */
static void next_is_first(const struct cron *cron, int64_t after)
{
	int64_t next = 0, end;

	fuzz_must(cron_after(cron, after, &next) && next > after && next % MINUTE == 0 && fits(cron, next));
	end = next < after + LOOKED_AT * MINUTE ? next : after + LOOKED_AT * MINUTE;
	for (int64_t at = (after / MINUTE + 1) * MINUTE; at < end; at += MINUTE)
		fuzz_must(!fits(cron, at));
}

/* A refusal says what is wrong, and nothing was changed. */
static bool expression(const char *text, int64_t after)
{
	struct cron cron = {.minutes = 4711};
	hst_error err = {0};

	if (cron_parse(text, &cron, &err) == HST_OK) {
		next_is_first(&cron, after);
		return true;
	}
	fuzz_must(cron.minutes == 4711 && strncmp(err.text, "\"cron\": ", 8) == 0);
	return false;
}

static int64_t an_hour_ahead(void *unused, int64_t at_s)
{
	(void)unused, (void)at_s;
	return 3600;
}

static bool moment(const char *text)
{
	const struct times zone = {.ahead = an_hour_ahead};
	int64_t first_us = 0, last_us = 0;
	hst_error err = {0};

	if (options_moment(text, false, &zone, &first_us, &err) != HST_OK) {
		fuzz_must(strstr(err.text, "is no time"));
		return false;
	}
	fuzz_must(options_moment(text, true, &zone, &last_us, &err) == HST_OK && last_us >= first_us);
	fuzz_must(last_us == first_us || last_us - first_us == 86400 * (int64_t)SECOND_US - 1);
	return true;
}

static bool day_off(const char *text, int64_t day)
{
	static struct days_off off;
	hst_error err = {0};

	memset(&off, 0, sizeof off);
	if (days_add(&off, text, &err) != HST_OK) {
		fuzz_must(strstr(err.text, "is no day off") && !days_has(&off, day));
		return false;
	}
	fuzz_must(off.n == 0 || (days_has(&off, off.spans[0].first) && days_has(&off, off.spans[0].last) &&
				 !days_has(&off, off.spans[0].last + 1)));
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	AUTO_FREE char *text = fuzz_text(bytes, length);
	/* Some moment from 1970 to 2106 that follows from the bytes. */
	uint32_t at = 2166136261u;

	for (size_t i = 0; i < length; i++)
		at = (at ^ bytes[i]) * 16777619u;
	fuzz_taken += expression(text, at) | moment(text) | day_off(text, at / 86400);
	return 0;
}
