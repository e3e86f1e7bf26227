/*
 * What holds for every trigger: nothing is emitted twice or lost when the host is away or the process is started
 * again, events fit the fields they were declared with, and what is said of the future is what happens.
 */
#include "emitted.h"

#include "base/auto.h"
#include "base/clock.h"
#include "plugin/registry.h"
#include "plugin/trigger.h"
#include "schema/fields.h"
#include "schema/types.h"
#include "schema/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PAIRS(...) ((const char *const[]){__VA_ARGS__, NULL})

enum { MINUTE_US = 60000000 };

/* Empty. */
static char folder[] = "/tmp/hostler-triggers-XXXXXX";

/* Each trigger with options that make it fire by the clock within `period_us`; 0: it never fires by itself. */
static const struct subject {
	const char *plugin;
	const char *const *options;
	int64_t period_us;
} subjects[] = {
	{"button", PAIRS("input.order", "integer default 7"), 0},
	{"event", PAIRS("field.number", "integer default 7"), 0},
	{"file", PAIRS("directory", folder), 0},
	{"schedule", PAIRS("every", "1m"), MINUTE_US},
	{"schedule", PAIRS("cron", "* * * * *", "zone", "Europe/Berlin"), MINUTE_US},
	{"schedule", PAIRS("every", "1m", "start", "2026-11-01T08:00", "jitter", "40s", "days_off", "2026-11-20"), MINUTE_US},
};

/* These need a server, and are held to the same by tests that have one. */
static const char *const served[] = {"email"};

static int64_t now_us;

static int64_t set_clock(void)
{
	return now_us;
}

static int stop_clock(void **unused)
{
	static const struct clock_source source = {set_clock, set_clock};

	(void)unused;
	clock_replace(&source);
	return mkdtemp(folder) ? 0 : -1;
}

static int start_clock(void **unused)
{
	char path[64];

	(void)unused;
	clock_replace(NULL);
	for (const char *const *name = (const char *const[]){"done", "failed", "", NULL}; *name; name++) {
		snprintf(path, sizeof path, "%s/%s", folder, *name);
		rmdir(path);
	}
	return 0;
}

static void begin(const struct subject *subject, struct staged *staged, struct emitted *emitted)
{
	staged_load(staged, HST_TRIGGER, subject->plugin);
	emitted_serve(emitted, staged);
	staged_open(staged, subject->options);
}

static void wake(struct emitted *emitted)
{
	hst_error err = {0};

	if (emitted_wake(emitted, &err) != HST_OK)
		fail_msg("%s: %s", emitted->staged->plugin->name, err.text);
}

static void for_each_subject(void (*check)(const struct subject *subject, struct staged *staged, struct emitted *emitted))
{
	for (size_t i = 0; i < sizeof subjects / sizeof subjects[0]; i++) {
		struct emitted emitted = {0};
		struct staged staged;

		now_us = 1795303912123456; /* 2026-11-21T23:31:52.123456Z */
		begin(&subjects[i], &staged, &emitted);
		wake(&emitted);
		check(&subjects[i], &staged, &emitted);
		staged_close(&staged);
		emitted_clear(&emitted);
	}
}

static void every_installed_trigger_is_looked_at(void **unused)
{
	char **names = registry_names(staged_directory(), HST_TRIGGER);

	(void)unused;
	for (size_t i = 0; names[i]; i++) {
		bool found = false;

		for (size_t s = 0; s < sizeof subjects / sizeof subjects[0]; s++)
			found = found || strcmp(subjects[s].plugin, names[i]) == 0;
		for (size_t s = 0; s < sizeof served / sizeof served[0]; s++)
			found = found || strcmp(served[s], names[i]) == 0;
		if (!found)
			fail_msg("the table of subjects lacks the trigger %s", names[i]);
	}
	registry_names_free(names);
}

static void check_fires(const struct subject *subject, struct staged *staged, struct emitted *emitted)
{
	(void)staged;
	assert_int_equal(emitted->n, 0);
	for (size_t i = 1; i <= 5; i++) {
		now_us += MINUTE_US;
		wake(emitted);
		assert_int_equal(emitted->n, subject->period_us ? i : 0);
	}
	assert_int_equal(emitted->again, 0);
}

static void it_fires_once_for_each_occasion(void **unused)
{
	(void)unused;
	for_each_subject(check_fires);
}

static void check_away(const struct subject *subject, struct staged *staged, struct emitted *emitted)
{
	hst_error err = {0};

	(void)staged;
	if (!subject->period_us)
		return;
	emitted->away = true;
	now_us += subject->period_us;
	assert_int_equal(emitted_wake(emitted, &err), HST_RETRY);
	assert_int_equal(emitted_wake(emitted, &err), HST_RETRY);
	assert_int_equal(emitted->n, 0);
	assert_true(emitted->calls >= 2);
	emitted->away = false;
	wake(emitted);
	assert_int_equal(emitted->n, 1);
	wake(emitted);
	assert_int_equal(emitted->n, 1);
	assert_int_equal(emitted->again, 0);
}

static void nothing_is_lost_while_the_host_is_away(void **unused)
{
	(void)unused;
	for_each_subject(check_away);
}

static void restart(const struct subject *subject, struct staged *staged, struct emitted *emitted)
{
	staged_close(staged);
	begin(subject, staged, emitted);
}

static void check_restart(const struct subject *subject, struct staged *staged, struct emitted *emitted)
{
	hst_error err = {0};

	if (!subject->period_us)
		return;
	now_us += subject->period_us;
	wake(emitted);
	restart(subject, staged, emitted);
	wake(emitted);
	assert_int_equal(emitted->n, 1);
	/* A process that dies before its events were kept leaves them to the next one. */
	emitted->away = true;
	now_us += subject->period_us;
	assert_int_equal(emitted_wake(emitted, &err), HST_RETRY);
	restart(subject, staged, emitted);
	emitted->away = false;
	wake(emitted);
	assert_int_equal(emitted->n, 2);
	assert_int_equal(emitted->again, 0);
}

static void a_restart_neither_loses_nor_repeats(void **unused)
{
	(void)unused;
	for_each_subject(check_restart);
}

static hst_fields shape_of(struct staged *staged)
{
	hst_shape shape;
	hst_error err = {0};

	if (plugin_shape(staged->plugin, staged->options, &staged->host, staged->arena, &shape, &err) != HST_OK)
		fail_msg("%s", err.text);
	return shape.event;
}

static void check_fit(struct staged *staged, const hst_value *values)
{
	hst_fields fields = shape_of(staged);
	const hst_value *checked;
	hst_error err = {0};

	if (fields_check(staged->arena, fields, "event field", values, false, &checked, &err) != HST_OK)
		fail_msg("%s: %s", staged->plugin->name, err.text);
	for (size_t i = 0; i < fields.n; i++)
		if (value_kind(value_get(values, field_name(&fields.at[i]))) == HST_VALUE_ABSENT)
			fail_msg("%s: the event lacks %s", staged->plugin->name, field_name(&fields.at[i]));
}

static void check_events(const struct subject *subject, struct staged *staged, struct emitted *emitted)
{
	const hst_value *checked, *values = NULL;
	const char *key = NULL;
	hst_error err = {0};

	now_us += subject->period_us;
	wake(emitted);
	for (size_t i = 0; i < emitted->n; i++)
		check_fit(staged, emitted->values[i]);
	if (!trigger_pressable(staged->instance))
		return;
	if (fields_check(staged->arena, shape_of(staged), "input", staged_record(staged->arena, NULL), false, &checked, &err) !=
		    HST_OK ||
	    trigger_press(staged->instance, &staged->call, checked, &key, &values, &err) != HST_OK)
		fail_msg("%s", err.text);
	check_fit(staged, values);
}

static void events_fit_the_fields_they_were_declared_with(void **unused)
{
	(void)unused;
	for_each_subject(check_events);
}

static void check_next(const struct subject *subject, struct staged *staged, struct emitted *emitted)
{
	const hst_value *coming = NULL;
	hst_error err = {0};
	int code = trigger_next(staged->instance, &staged->call, (hst_time){now_us}, 4, &coming, &err);

	if (!subject->period_us) {
		assert_int_equal(code, HST_INVALID);
		return;
	}
	assert_int_equal(code, HST_OK);
	assert_int_equal(value_count(coming), 4);
	for (size_t i = 0; i < 4; i++) {
		hst_time at;

		if (type_read_date(value_text(value_get(value_at(coming, i), "at")), &at, &err) != HST_OK)
			fail_msg("%s", err.text);
		assert_int_equal(at.us, emitted->at_us);
		now_us = at.us - 1;
		wake(emitted);
		assert_int_equal(emitted->n, i);
		now_us = at.us;
		wake(emitted);
		assert_int_equal(emitted->n, i + 1);
	}
}

static void what_is_said_of_the_future_is_what_happens(void **unused)
{
	(void)unused;
	for_each_subject(check_next);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_installed_trigger_is_looked_at),
		cmocka_unit_test(it_fires_once_for_each_occasion),
		cmocka_unit_test(nothing_is_lost_while_the_host_is_away),
		cmocka_unit_test(a_restart_neither_loses_nor_repeats),
		cmocka_unit_test(events_fit_the_fields_they_were_declared_with),
		cmocka_unit_test(what_is_said_of_the_future_is_what_happens),
	};

	return cmocka_run_group_tests(tests, stop_clock, start_clock);
}
