/* Facades hold plugins to the contract of their ops: each plugin here breaks it in one way. */
#include "odd_plugin.h"

#include "plugin/balancer.h"
#include "plugin/connector.h"
#include "plugin/driver.h"
#include "plugin/strategy.h"
#include "plugin/trigger.h"
#include "schema/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

static void open_ok(hst_plugin_kind kind, const void *ops)
{
	hst_error err = {0};

	if (odd_open(kind, ops, &err) != HST_OK)
		fail_msg("%s", err.text);
}

static void check_broken(int code, const hst_error *err, const char *says)
{
	assert_int_equal(code, HST_BROKEN);
	assert_non_null(strstr(err->text, "\"odd\""));
	if (!strstr(err->text, says))
		fail_msg("\"%s\" does not say \"%s\"", err->text, says);
}

static void options_are_bound_before_open(void **unused)
{
	(void)unused;
	open_ok(HST_BALANCER, &odd_balancer);
	assert_int_equal(odd_opened, 1);
	assert_int_equal(odd_seen->count, 3);
	assert_null(odd_seen->word);
	plugin_close(odd);
	odd = NULL;
	assert_int_equal(odd_closed, 1);
	plugin_close(NULL);
}

static void a_failed_open_leaves_nothing(void **unused)
{
	hst_error err = {0};

	(void)unused;
	next.code = HST_DENIED;
	next.text = "wrong password";
	next.reason = "ConnectionBlocked";
	assert_int_equal(odd_open(HST_BALANCER, &odd_balancer, &err), HST_DENIED);
	assert_null(odd);
	assert_int_equal(odd_closed, 0);
	assert_string_equal(err.text, "wrong password");
	assert_string_equal(err.reason, "ConnectionBlocked");
}

static void a_failure_without_text_and_a_wrong_code_get_one(void **unused)
{
	hst_error err = {0};

	(void)unused;
	open_ok(HST_BALANCER, &odd_balancer);
	next.code = HST_RETRY;
	assert_int_equal(balancer_choose(odd, (hst_candidate[1]){{0}}, 1, NULL, 0, &next.index, &err),
			 HST_RETRY);
	assert_non_null(strstr(err.text, "choose"));
	next.code = 5;
	check_broken(balancer_choose(odd, (hst_candidate[1]){{0}}, 1, NULL, 0, &next.index, &err), &err, "5");
	next.code = -99;
	check_broken(balancer_choose(odd, (hst_candidate[1]){{0}}, 1, NULL, 0, &next.index, &err), &err,
		     "-99");
	assert_int_equal(balancer_choose(odd, (hst_candidate[1]){{0}}, 1, NULL, 0, &next.index, NULL),
			 HST_BROKEN);
}

static void a_balancer_must_stay_in_range(void **unused)
{
	const hst_candidate candidates[2] = {{0}};
	hst_error err = {0};
	size_t got = 99;

	(void)unused;
	open_ok(HST_BALANCER, &odd_balancer);
	next.index = 1;
	assert_int_equal(balancer_choose(odd, candidates, 2, NULL, 0, &got, &err), HST_OK);
	assert_int_equal(got, 1);
	next.index = 2;
	check_broken(balancer_choose(odd, candidates, 2, NULL, 0, &got, &err), &err, "2 of 2");
	assert_int_equal(got, 1);
}

static void a_strategy_must_give_a_whole_plan(void **unused)
{
	static const struct {
		hst_plan plan;
		const char *says;
	} wants[] = {
		{{.verdict = HST_PLAN_USE, .session = 1}, "session 1 of 1"},
		{{.verdict = HST_PLAN_REUSE, .session = HST_NO_SESSION}, "of 1"},
		{{.verdict = HST_PLAN_CLOSE_FIRST, .session = 7}, "session 7 of 1"},
		{{.verdict = HST_PLAN_REFUSE, .blocker = HST_NO_SESSION}, "without a reason"},
		{{.verdict = HST_PLAN_REFUSE, .reason = "", .blocker = HST_NO_SESSION}, "without a reason"},
		{{.verdict = HST_PLAN_REFUSE, .reason = "AllSlotsTaken", .blocker = 1},
		 "blocked by session 1 of 1"},
		{{.verdict = 0}, "verdict 0"},
		{{.verdict = 77}, "verdict 77"},
	};
	const hst_session session = {.id = "s"};
	hst_error err = {0};
	hst_plan got = {.verdict = 42};

	(void)unused;
	open_ok(HST_STRATEGY, &odd_strategy);
	for (size_t i = 0; i < sizeof wants / sizeof wants[0]; i++) {
		next.plan = wants[i].plan;
		check_broken(strategy_plan(odd, NULL, &session, 1, NULL, &got, &err), &err, wants[i].says);
		assert_int_equal(got.verdict, 42);
	}
	next.plan = (hst_plan){.verdict = HST_PLAN_REFUSE, .reason = "AllSlotsTaken", .blocker = 0};
	assert_int_equal(strategy_plan(odd, NULL, &session, 1, NULL, &got, &err), HST_OK);
	assert_string_equal(got.reason, "AllSlotsTaken");
}

static void a_strategy_must_count_and_retire_sanely(void **unused)
{
	hst_error err = {0};
	int64_t max, room;
	hst_retirement retirement;

	(void)unused;
	open_ok(HST_STRATEGY, &odd_strategy);
	next.max = 2, next.free = 3;
	check_broken(strategy_slots(odd, NULL, NULL, 0, &max, &room, &err), &err, "3 free of 2");
	next.max = 2, next.free = -1;
	check_broken(strategy_slots(odd, NULL, NULL, 0, &max, &room, &err), &err, "-1 free");
	next.retirement = 0;
	check_broken(strategy_retire(odd, NULL, &retirement, &err), &err, "retire gave 0");
	next.retirement = HST_LOCK;
	assert_int_equal(strategy_retire(odd, NULL, &retirement, &err), HST_OK);
	assert_int_equal(retirement, HST_LOCK);
}

static void a_trigger_gives_its_event_in_one_way(void **unused)
{
	const struct odd_config data = {.count = 7, .word = "hello"};
	const hst_value *values = NULL;
	const char *key = NULL;
	char long_key[202];
	hst_error err = {0};

	(void)unused;
	open_ok(HST_TRIGGER, &odd_trigger);
	assert_true(trigger_pressable(odd));
	next.event = (hst_event){.key = "k", .data = &data};
	assert_int_equal(trigger_press(odd, &odd_call, NULL, &key, &values, &err), HST_OK);
	assert_string_equal(key, "k");
	assert_string_equal(value_text(value_get(values, "word")), "hello");
	assert_string_equal(value_text(value_get(values, "count")), "7");
	next.event = (hst_event){0};
	check_broken(trigger_press(odd, &odd_call, NULL, &key, &values, &err), &err, "exactly one");
	next.event = (hst_event){.data = &data, .values = values};
	check_broken(trigger_press(odd, &odd_call, NULL, &key, &values, &err), &err, "exactly one");
	memset(long_key, 'k', sizeof long_key - 1);
	long_key[sizeof long_key - 1] = '\0';
	next.event = (hst_event){.key = long_key, .data = &data};
	check_broken(trigger_press(odd, &odd_call, NULL, &key, &values, &err), &err, "200 bytes");
}

static void times_to_come_are_in_order_and_not_too_many(void **unused)
{
	const hst_value *coming = NULL;
	hst_error err = {0};

	(void)unused;
	open_ok(HST_TRIGGER, &odd_trigger);
	next.coming[0] = (hst_coming){{2000000}, "the first"};
	next.coming[1] = (hst_coming){{3000000}, NULL};
	next.coming_count = 2;
	assert_int_equal(trigger_next(odd, &odd_call, (hst_time){1999999}, 2, &coming, &err), HST_OK);
	assert_int_equal(value_count(coming), 2);
	assert_string_equal(value_text(value_get(value_at(coming, 0), "at")), "1970-01-01T00:00:02Z");
	assert_string_equal(value_text(value_get(value_at(coming, 0), "local")), "the first");
	assert_int_equal(value_kind(value_get(value_at(coming, 1), "local")), HST_VALUE_ABSENT);
	check_broken(trigger_next(odd, &odd_call, (hst_time){1999999}, 1, &coming, &err), &err, "2 times where 1");
	check_broken(trigger_next(odd, &odd_call, (hst_time){2000000}, 2, &coming, &err), &err, "not in order");
	next.coming[1].at.us = 2000000;
	check_broken(trigger_next(odd, &odd_call, (hst_time){1999999}, 2, &coming, &err), &err, "not in order");
}

static void what_lies_beyond_the_size_of_an_old_plugin_is_absent(void **unused)
{
	hst_error err = {0};
	const hst_value *values;
	const char *key;

	(void)unused;
	open_ok(HST_TRIGGER, &odd_old_trigger);
	assert_false(trigger_pressable(odd));
	assert_int_equal(trigger_press(odd, &odd_call, NULL, &key, &values, &err), HST_INVALID);
	assert_non_null(strstr(err.text, "odd-one"));
	assert_int_equal(trigger_next(odd, &odd_call, (hst_time){0}, 1, &values, &err), HST_INVALID);
	assert_non_null(strstr(err.text, "odd-one"));
}

static void a_trigger_without_ops_is_never_woken(void **unused)
{
	static const hst_trigger_ops none = {.size = sizeof none};
	hst_watch watch = {.fd = 5};
	hst_error err = {0};

	(void)unused;
	open_ok(HST_TRIGGER, &none);
	assert_int_equal(trigger_watch(odd, &odd_call, &watch, &err), HST_OK);
	assert_int_equal(watch.fd, -1);
	assert_int_equal(watch.at.us, 0);
	assert_int_equal(trigger_ready(odd, &odd_call, &err), HST_INVALID);
}

static void a_watch_must_make_sense(void **unused)
{
	hst_watch watch;
	hst_error err = {0};

	(void)unused;
	open_ok(HST_TRIGGER, &odd_trigger);
	next.watch = (hst_watch){.fd = -2};
	check_broken(trigger_watch(odd, &odd_call, &watch, &err), &err, "fd -2");
	next.watch = (hst_watch){.fd = 4711};
	check_broken(trigger_watch(odd, &odd_call, &watch, &err), &err, "fd 4711, which is not open");
	next.watch = (hst_watch){.fd = -1, .at.us = -5};
	check_broken(trigger_watch(odd, &odd_call, &watch, &err), &err, "-5");
}

static int run_with(const char *text, const char *times, const hst_value **ret, hst_error *err)
{
	hst_value *inputs = value_make_record(odd_call.arena);

	if (text)
		value_set_text(inputs, "text", text);
	if (times)
		value_set_text(inputs, "times", times);
	*err = (hst_error){0};
	return connector_run(odd, connector_action(odd, "run"), NULL, &odd_call, inputs, false, ret, err);
}

static void a_connectors_inputs_and_outputs_are_checked(void **unused)
{
	const hst_value *out = NULL;
	hst_error err = {0};

	(void)unused;
	open_ok(HST_CONNECTOR, NULL);
	assert_null(connector_action(odd, "walk"));
	assert_int_equal(run_with("hello", NULL, &out, &err), HST_OK);
	assert_string_equal(value_text(value_get(out, "text")), "hello");
	assert_int_equal(run_with(NULL, NULL, &out, &err), HST_INVALID);
	assert_string_equal(err.reason, "InputInvalid");
	assert_int_equal(run_with("hello", "0", &out, &err), HST_INVALID);
	assert_string_equal(err.reason, "InputInvalid");
	assert_int_equal(run_with("none", NULL, &out, &err), HST_INVALID);
	assert_string_equal(err.reason, "OutputInvalid");
	assert_int_equal(run_with("many", NULL, &out, &err), HST_INVALID);
	assert_string_equal(err.reason, "OutputInvalid");
}

static void what_a_connector_has_to_have_sealed_is_not_quoted(void **unused)
{
	hst_value *inputs = value_make_record(odd_call.arena);
	const hst_value *out = NULL;
	hst_error err = {0};

	(void)unused;
	open_ok(HST_CONNECTOR, NULL);
	value_set_text(inputs, "text", "many");
	for (int unshown = 0; unshown <= 1; unshown++) {
		assert_int_equal(connector_run(odd, connector_action(odd, "run"), NULL, &odd_call, inputs, unshown, &out, &err), HST_INVALID);
		assert_string_equal(err.reason, "OutputInvalid");
		assert_int_equal(!strstr(err.text, ", got "), unshown);
	}
}

static void a_connectors_outputs_have_ceilings(void **unused)
{
	const hst_value *out = NULL;
	hst_error err = {0};

	(void)unused;
	open_ok(HST_CONNECTOR, NULL);
	assert_int_equal(run_with("long", "1000000", &out, &err), HST_OK);
	assert_int_equal(run_with("long", "1048576", &out, &err), HST_INVALID);
	assert_string_equal(err.reason, "OutputInvalid");
	assert_int_equal(run_with("wide", "90000", &out, &err), HST_OK);
	assert_int_equal(run_with("wide", "100000", &out, &err), HST_INVALID);
	assert_string_equal(err.reason, "OutputInvalid");
}

static void a_connectors_failure_has_a_reason(void **unused)
{
	const hst_value *out;
	hst_error err;

	(void)unused;
	open_ok(HST_CONNECTOR, NULL);
	next.text = "no such mailbox";
	next.code = HST_NOT_FOUND;
	assert_int_equal(run_with("a", NULL, &out, &err), HST_NOT_FOUND);
	assert_string_equal(err.reason, "ActionFailed");
	assert_string_equal(err.text, "no such mailbox");
	next.code = HST_TIMEOUT;
	run_with("a", NULL, &out, &err);
	assert_string_equal(err.reason, "ActionTimeout");
	next.code = HST_CANCELLED;
	run_with("a", NULL, &out, &err);
	assert_string_equal(err.reason, "Cancelled");
	next.reason = "CertificateRejected";
	next.code = HST_DENIED;
	run_with("a", NULL, &out, &err);
	assert_string_equal(err.reason, "CertificateRejected");
}

static void a_driver_must_name_sessions_users_and_processes(void **unused)
{
	hst_session *sessions;
	hst_device device;
	hst_identity identity;
	const char *session = NULL;
	char long_id[202];
	hst_error err = {0};
	size_t n;
	pid_t pid = 0;

	(void)unused;
	open_ok(HST_DRIVER, &odd_driver);
	next.device = (hst_device){.name = "d", .system = HST_LINUX};
	next.sessions[0] = (hst_session){.id = ":1", .user = "bot1", .key = "1001"};
	next.sessions[1] = (hst_session){.id = ":2", .user = "", .key = ""};
	next.session_count = 2;
	assert_int_equal(driver_list(odd, &odd_call, &device, &sessions, &n, &err), HST_OK);
	assert_int_equal(n, 2);
	/* Nobody has filled in the memory, and no machine has all of it free. */
	assert_int_equal(device.load_milli, 0);
	assert_int_equal(device.memory_milli, -1);
	next.device.load_milli = -7;
	next.device.memory_milli = 340;
	assert_int_equal(driver_list(odd, &odd_call, &device, &sessions, &n, &err), HST_OK);
	assert_int_equal(device.load_milli, -1);
	assert_int_equal(device.memory_milli, 340);
	next.device.load_milli = INT64_MAX;
	next.device.memory_milli = INT64_MAX;
	assert_int_equal(driver_list(odd, &odd_call, &device, &sessions, &n, &err), HST_OK);
	assert_int_equal(device.load_milli, 1000 * 1000);
	assert_int_equal(device.memory_milli, 1000);
	next.sessions[1].key = NULL;
	check_broken(driver_list(odd, &odd_call, &device, &sessions, &n, &err), &err, "\":2\"");
	next.sessions[1] = (hst_session){.id = "", .user = "", .key = ""};
	check_broken(driver_list(odd, &odd_call, &device, &sessions, &n, &err), &err, "session 1");
	next.sessions[1] = (hst_session){.id = ":2", .user = "", .key = "", .locked = 3};
	check_broken(driver_list(odd, &odd_call, &device, &sessions, &n, &err), &err, "hst_fact");
	next.session_count = 0;
	next.device.system = 3;
	check_broken(driver_list(odd, &odd_call, &device, &sessions, &n, &err), &err, "system 3");

	next.id = "";
	check_broken(driver_identify(odd, &odd_call, "bot1", &identity, &err), &err, "bot1");
	check_broken(driver_open(odd, &odd_call, NULL, &session, &err), &err, "session id");
	memset(long_id, 'x', sizeof long_id - 1);
	long_id[sizeof long_id - 1] = '\0';
	next.id = long_id;
	check_broken(driver_open(odd, &odd_call, NULL, &session, &err), &err, "200 bytes");
	assert_null(session);
	next.id = ":3";
	assert_int_equal(driver_open(odd, &odd_call, NULL, &session, &err), HST_OK);
	assert_string_equal(session, ":3");

	next.pid = -1;
	check_broken(driver_start(odd, &odd_call, ":3", NULL, &pid, &err), &err, "pid -1");
	next.pid = 1;
	check_broken(driver_start(odd, &odd_call, ":3", NULL, &pid, &err), &err, "pid 1");
	next.pid = 0;
	check_broken(driver_start(odd, &odd_call, ":3", NULL, &pid, &err), &err, "pid 0");
	next.pid = 4711;
	assert_int_equal(driver_start(odd, &odd_call, ":3", NULL, &pid, &err), HST_OK);
	assert_int_equal(pid, 4711);
}

static void what_a_driver_cannot_do_is_said_by_name(void **unused)
{
	hst_error err = {0};

	(void)unused;
	open_ok(HST_DRIVER, &odd_driver);
	assert_false(driver_can_screenshot(odd));
	assert_int_equal(driver_attach(odd, &odd_call, ":1", &err), HST_INVALID);
	assert_non_null(strstr(err.text, "attach"));
	assert_int_equal(driver_screenshot(odd, &odd_call, ":1", "/x.png", &err), HST_INVALID);
	assert_non_null(strstr(err.text, "screenshot"));
	assert_int_equal(driver_lock(odd, &odd_call, ":1", &err), HST_INVALID);
	assert_non_null(strstr(err.text, "lock"));
	assert_int_equal(driver_reap(odd, &odd_call, NULL, 0, &err), HST_INVALID);
	assert_non_null(strstr(err.text, "reap"));
}

static void a_plain_host_offers_no_services(void **unused)
{
	hst_error err = {0};
	const void *bytes;
	size_t length;

	(void)unused;
	assert_int_equal(hst_emit(&odd_host, NULL, 0, &err), HST_INVALID);
	assert_non_null(strstr(err.text, "hst_emit"));
	assert_int_equal(hst_state_get(&odd_call, "x", &bytes, &length, &err), HST_INVALID);
	assert_int_equal(hst_note(&odd_call, "x", &err), HST_INVALID);
	assert_null(hst_file_new(&odd_call, "x", &err));
	assert_false(hst_cancelled(&odd_call));
	odd_call.deadline_us = 1;
	assert_true(hst_cancelled(&odd_call));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, odd_begin, odd_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(options_are_bound_before_open),
		TEST(a_failed_open_leaves_nothing),
		TEST(a_failure_without_text_and_a_wrong_code_get_one),
		TEST(a_balancer_must_stay_in_range),
		TEST(a_strategy_must_give_a_whole_plan),
		TEST(a_strategy_must_count_and_retire_sanely),
		TEST(a_trigger_gives_its_event_in_one_way),
		TEST(times_to_come_are_in_order_and_not_too_many),
		TEST(what_lies_beyond_the_size_of_an_old_plugin_is_absent),
		TEST(a_trigger_without_ops_is_never_woken),
		TEST(a_watch_must_make_sense),
		TEST(a_connectors_inputs_and_outputs_are_checked),
		TEST(what_a_connector_has_to_have_sealed_is_not_quoted),
		TEST(a_connectors_outputs_have_ceilings),
		TEST(a_connectors_failure_has_a_reason),
		TEST(a_driver_must_name_sessions_users_and_processes),
		TEST(what_a_driver_cannot_do_is_said_by_name),
		TEST(a_plain_host_offers_no_services),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
