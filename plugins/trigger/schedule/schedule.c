/*
 * A schedule: fires every so often, or at the times of a cron expression in a time zone.
 *
 *	[trigger nightly]
 *	plugin = schedule
 *	cron   = 30 2 * * mon-fri
 *	zone   = Europe/Berlin
 *
 * Up to which moment everything was dealt with is kept as state, in the transaction of the events; each event's
 * key is the time it was due. So neither a restart nor a repeat makes two runs of one time, or none.
 */
#include "options.h"
#include "zone.h"

#include <hostler/trigger.h>
#include <hostler/value.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define STATE_NAME "reached"

static const char *const missed_words[] = {[MISSED_NONE] = "none", [MISSED_LAST] = "last", [MISSED_ALL] = "all", NULL};

static const char *const overlap_words[] = {"queue", "skip", "replace", "allow", NULL};
static const hst_overlap overlaps[] = {HST_OVERLAP_QUEUE, HST_OVERLAP_SKIP, HST_OVERLAP_REPLACE, HST_OVERLAP_ALLOW};

static const hst_field schedule_options[] = {
	HST_FIELD(struct schedule_config, every, .min = 1000, .max = 366 * 86400000LL,
		  .doc = "fires every so often, counted from the start or else from 1970-01-01T00:00:00Z; this or cron"),
	HST_FIELD(struct schedule_config, cron,
		  .doc = "fires at these times: minute, hour, day, month and weekday as in cron, or @daily and the like"),
	HST_FIELD(struct schedule_config, zone,
		  .doc = "time zone in which cron, start, end and days off count, such as Europe/Berlin; left out: the system's own"),
	HST_FIELD(struct schedule_config, start,
		  .doc = "nothing is due before it: a day, or a moment such as 2026-12-01T08:00"),
	HST_FIELD(struct schedule_config, end,
		  .doc = "nothing is due after it: a moment, or a day, which is then the last one"),
	HST_FIELD(struct schedule_config, jitter, .max = 86400000LL,
		  .doc = "each time fires up to so much later, always the same for one time, and before the next is due"),
	HST_FIELD(struct schedule_config, days_off,
		  .doc = "days without runs: 2026-12-25, 12-25 (each year) or 2026-12-24..2027-01-01, with commas between them"),
	HST_FIELD(struct schedule_config, days_off_file,
		  .doc = "file with further days off, one in each line, perhaps with its name behind it"),
	HST_FIELD(struct schedule_config, missed, .choices = missed_words, .def = "last",
		  .doc = "which of the times that passed by more than a minute while hostler did not run are made up for"),
	HST_FIELD(struct schedule_config, missed_within, .def = "1h", .max = 7 * 86400000LL,
		  .doc = "a missed time that is older than this is not made up for"),
	HST_FIELD(struct schedule_config, missed_most, .def = "100", .min = 1, .max = MADE_UP_MAX,
		  .doc = "with missed = all, how many are made up for at most, the last ones"),
	HST_FIELD(struct schedule_config, overlap, .choices = overlap_words, .def = "queue",
		  .doc = "what becomes of a time while a run of the one before goes on: it waits (one at most), is skipped, ends that or runs beside it"),
};

static const hst_field schedule_event[] = {
	{.member = "due", .type = HST_TYPE_DATE, .doc = "when it was due, in UTC"},
	{.member = "local", .type = HST_TYPE_TEXT, .doc = "the same as the clock in the zone showed it, with its distance from UTC"},
	{.member = "date", .type = HST_TYPE_DATE, .doc = "the day of it in the zone"},
	{.member = "late", .type = HST_TYPE_BOOLEAN, .doc = "whether it was missed and is made up for"},
};

struct schedule {
	const struct schedule_config *config;
	struct times times;
	struct days_off off;
	bool loaded;
	int64_t reached_us; /* every time up to here was dealt with */
};

/* Here, so that whatever is wrong with the options is told before anything runs. */
static int schedule_fields(const void *config, hst_call *call, hst_shape *ret, hst_error *err)
{
	struct schedule *schedule = hst_alloc(call, sizeof *schedule);

	ret->event = (hst_fields)HST_FIELDS(schedule_event);
	return options_read(config, call->host->instance, &schedule->off, &schedule->times, err);
}

static int schedule_open(const void *config, hst_host *host, void **ret_state, hst_error *err)
{
	struct schedule *schedule = host->alloc(host->instance_arena, sizeof *schedule);
	int code = options_read(config, host->instance, &schedule->off, &schedule->times, err);

	if (code != HST_OK)
		return code;
	schedule->config = config;
	*ret_state = schedule;
	return HST_OK;
}

/*
 * What the state is of. Once the section names other times, what passed before is none of them, and nothing of it was
 * missed. Its end, jitter and days off may change: it then goes on from where it stood.
 */
static const char *write_state(const struct schedule *schedule, hst_call *call, int64_t reached_us)
{
	static const char format[] = "%lld every %lld cron %s zone %s%s%s";
	const struct schedule_config *config = schedule->config;
	const char *cron = config->cron ? config->cron : "", *zone = config->zone ? config->zone : "";
	const char *start = config->start ? config->start : "", *before = config->start ? " start " : "";
	size_t size = sizeof format + 40 + strlen(cron) + strlen(zone) + strlen(before) + strlen(start);
	char *to = hst_alloc(call, size);

	snprintf(to, size, format, (long long)reached_us, (long long)config->every.ms, cron, zone, before, start);
	return to;
}

static int put_state(struct schedule *schedule, hst_call *call, int64_t reached_us, hst_error *err)
{
	const char *state = write_state(schedule, call, reached_us);

	return hst_state_put(call->host, STATE_NAME, state, strlen(state), err);
}

/* False: it is of other options. */
static bool read_state(const struct schedule *schedule, hst_call *call, const void *bytes, size_t length, int64_t *ret_us)
{
	const char *text = hst_copy(call, bytes, length);
	int64_t reached_us = strtoll(text, NULL, 10);

	*ret_us = reached_us;
	return strcmp(text, write_state(schedule, call, reached_us)) == 0;
}

/* Everything that has fired by now is dealt with; what jitter has delayed until later is yet to come. */
static int64_t begin_at(const struct schedule *schedule, int64_t now_us)
{
	struct slot slot;

	return times_after(&schedule->times, now_us, &slot) && slot.due_us <= now_us ? slot.due_us - 1 : now_us;
}

/* Where the last process of this instance came to. The first one begins now, and says so at once. */
static int load(struct schedule *schedule, hst_call *call, int64_t now_us, hst_error *err)
{
	const void *bytes = NULL;
	hst_error none = {0};
	size_t length = 0;
	int code = hst_state_get(call, STATE_NAME, &bytes, &length, &none);

	if (code != HST_OK && code != HST_NOT_FOUND)
		return hst_fail(err, (hst_code)code, "%s", none.text);
	if (code == HST_NOT_FOUND || !read_state(schedule, call, bytes, length, &schedule->reached_us)) {
		schedule->reached_us = begin_at(schedule, now_us);
		code = put_state(schedule, call, schedule->reached_us, err);
		if (code == HST_OK)
			code = hst_emit(call->host, NULL, 0, err);
		if (code != HST_OK)
			return code;
	}
	schedule->loaded = true;
	return HST_OK;
}

static int schedule_watch(void *state, hst_call *call, hst_watch *ret, hst_error *err)
{
	const struct schedule *schedule = state;

	(void)call, (void)err;
	/* At once as long as nobody knows where to go on from. */
	*ret = (hst_watch){.fd = -1, .at.us = schedule->loaded ? times_wake(&schedule->times, schedule->reached_us) : 1};
	return HST_OK;
}

static const char *write_local(hst_call *call, int64_t at_us)
{
	char *text = hst_alloc(call, 48);

	zone_write(at_us / SECOND_US, text, 48);
	return text;
}

static const hst_value *text_value(hst_call *call, const char *text, size_t length)
{
	return hst_make_text(call, text, length);
}

static void make_event(hst_call *call, int64_t at_us, bool late, hst_event *ret)
{
	hst_value *values = hst_make_record(call);
	const char *local = write_local(call, at_us);
	time_t at = (time_t)(at_us / SECOND_US);
	char *key = hst_alloc(call, 24);
	struct tm parts;
	char due[32];

	gmtime_r(&at, &parts);
	hst_set(call, values, "due", text_value(call, due, strftime(due, sizeof due, "%Y-%m-%dT%H:%M:%SZ", &parts)));
	hst_set(call, values, "local", text_value(call, local, strlen(local)));
	hst_set(call, values, "date", text_value(call, local, strcspn(local, "T")));
	hst_set(call, values, "late", hst_make_boolean(call, late));
	snprintf(key, 24, "%lld", (long long)at_us);
	*ret = (hst_event){.key = key, .values = values};
}

/* "5 missed times from A to B make no run: " and why, for the log and for the history. */
static const char *write_passed(hst_call *call, const struct passed *passed, const char *what, const char *why)
{
	char *text = hst_alloc(call, 400);

	if (passed->n == 1 && !passed->more)
		snprintf(text, 400, "the %s time %s makes no run: %s", what, write_local(call, passed->first_us), why);
	else
		snprintf(text, 400, "%s%lld %s times from %s to %s make no run: %s", passed->more ? "more than " : "",
			 (long long)passed->n, what, write_local(call, passed->first_us), write_local(call, passed->last_us), why);
	return text;
}

static const char *write_policy(hst_call *call, const struct schedule_config *config)
{
	char *text = hst_alloc(call, 120);

	snprintf(text, 120, "missed = %s, missed_within = %llds, missed_most = %lld", missed_words[config->missed.index],
		 (long long)config->missed_within.ms / 1000, (long long)config->missed_most);
	return text;
}

static size_t find_passed(const struct schedule *schedule, hst_call *call, const struct due *due, hst_passed ret[2])
{
	size_t n = 0;

	if (due->missed.n || due->missed.more)
		ret[n++] = (hst_passed){"SlotMissed", write_passed(call, &due->missed, "missed", write_policy(call, schedule->config))};
	if (due->off.n)
		ret[n++] = (hst_passed){"DayOff", write_passed(call, &due->off, "scheduled", "a day off")};
	return n;
}

/* A clock that was set back repeats times; their keys are known, so they make no second run. */
static void follow_clock(struct schedule *schedule, hst_call *call, int64_t now_us)
{
	if (schedule->reached_us <= now_us + (int64_t)ON_TIME_S * SECOND_US)
		return;
	hst_log(call->host, HST_WARNING, "the clock was set back from %s or later; going on from %s",
		write_local(call, schedule->reached_us), write_local(call, now_us));
	schedule->reached_us = begin_at(schedule, now_us);
}

static int schedule_ready(void *state, hst_call *call, hst_error *err)
{
	struct schedule *schedule = state;
	const struct schedule_config *config = schedule->config;
	int64_t now_us = hst_now_us(call->host);
	const struct missed_policy policy = {(enum missed)config->missed.index, config->missed_within.ms * 1000, config->missed_most};
	struct due *due = hst_alloc(call, sizeof *due);
	hst_passed passed[2];
	hst_emission emission = {.size = sizeof emission, .overlap = overlaps[config->overlap.index], .passed = passed};
	hst_event *events;
	int code = schedule->loaded ? HST_OK : load(schedule, call, now_us, err);

	if (code != HST_OK)
		return code;
	follow_clock(schedule, call, now_us);
	times_due(&schedule->times, schedule->reached_us, now_us, &policy, due);
	if (due->reached_us == schedule->reached_us)
		return HST_OK;
	events = hst_alloc(call, (due->n + 1) * sizeof *events);
	for (size_t i = 0; i < due->n; i++)
		make_event(call, due->slots[i].due_us, i < due->late, &events[i]);
	emission.n = due->n;
	emission.events = events;
	emission.passed_n = find_passed(schedule, call, due, passed);
	code = put_state(schedule, call, due->reached_us, err);
	if (code == HST_OK)
		code = hst_emit_with(call->host, &emission, err);
	if (code != HST_OK)
		return code;
	for (size_t i = 0; i < emission.passed_n; i++)
		hst_log(call->host, HST_WARNING, "%s", passed[i].text);
	schedule->reached_us = due->reached_us;
	return HST_OK;
}

static int schedule_next(void *state, hst_call *call, hst_time after, size_t n, hst_coming *ret, size_t *ret_n,
			 hst_error *err)
{
	const struct schedule *schedule = state;
	struct slot slot = {.at_us = after.us};
	size_t found = 0;

	(void)err;
	while (found < n && times_after(&schedule->times, slot.at_us, &slot))
		ret[found++] = (hst_coming){.at.us = slot.at_us, .local = write_local(call, slot.at_us)};
	*ret_n = found;
	return HST_OK;
}

static const hst_trigger_ops schedule_ops = {
	.size = sizeof schedule_ops,
	.watch = schedule_watch,
	.ready = schedule_ready,
	.next = schedule_next,
};

HST_PLUGIN(schedule) = {
	.abi = HST_ABI,
	.size = sizeof(hst_plugin),
	.kind = HST_TRIGGER,
	.name = "schedule",
	.version = "1.0",
	.summary = "Fires every so often, or at the times of a cron expression",
	.options = HST_FIELDS(schedule_options),
	.config_size = sizeof(struct schedule_config),
	.fields = schedule_fields,
	.open = schedule_open,
	.ops = &schedule_ops,
	.about = "[schedules.md](../schedules.md) says what is meant by its times, zones and clock changes, with examples.",
};
