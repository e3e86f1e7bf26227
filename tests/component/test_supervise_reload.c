/* hostlerd reads its configuration again, with children that are faked. */
#include "../fakes/fake_house.h"

#include "base/auto.h"
#include "base/mem.h"

#include <signal.h>
#include <string.h>

#define HOST "[host]\nstate_dir = state\nrun_dir = run\n"
#define REST "[trigger start]\nplugin = button\n[gateway]\nname = desk\ndriver = null\naccounts = bot\n"
#define HOUSE HOST "listen = none\n" REST
#define ORDERS "[connector orders]\nplugin = file\nroot = orders\n"

static void begin(struct house *house)
{
	house_make(house, HOUSE);
	house_start(house);
	house_wait_ready(house);
}

static void starts_with(const char *text, const char *expected)
{
	if (strncmp(text, expected, strlen(expected)) != 0)
		fail_msg("it says \"%s\", expected \"%s\"", text, expected);
}

static void what_was_read_is_in_force_once_all_could_read_it(void **state)
{
	AUTO_FREE char *answer = NULL;
	struct house house;

	(void)state;
	begin(&house);
	house_configure(&house, HOUSE "[connection me]\ntarget = device:desk\nuser = bot\n");
	answer = house_reload(&house, 1);
	starts_with(answer, "1 0\nchanged flow hello\n");
	assert_non_null(strstr(answer, "\nadded connection me\n"));
	assert_true(house_in_order(&house, "engine hears load", "engine hears take"));
	assert_true(house_in_order(&house, "gateway hears load", "engine hears take"));
	assert_true(house_in_order(&house, "engine hears take", "gateway hears take"));
	assert_int_equal(house_count(&house, "engine starts"), 1);
	house_clear(&house);
}

/* There is one, so however few processors there are, it does not start after the engine. */
static void a_worker_beside_the_engine_is_told_that_it_is_there(void **state)
{
	struct house house;

	(void)state;
	begin(&house);
	WAIT_UNTIL(house_file_has(&house, "heard", "worker.trigger.start.1 hears engine"));
	house_clear(&house);
}

static void a_wrong_file_reaches_nobody(void **state)
{
	AUTO_FREE char *answer = NULL;
	struct house house;

	(void)state;
	begin(&house);
	house_configure(&house, HOUSE "# wrong\n");
	answer = house_reload(&house, 1);
	starts_with(answer, "1 2\n");
	assert_non_null(strstr(answer, "hostler.ini:11: error: this is wrong\n"));
	assert_false(house_file_has(&house, "heard", "hears load"));
	house_clear(&house);
}

static void what_only_a_restart_can_change_is_named(void **state)
{
	AUTO_FREE char *answer = NULL;
	struct house house;

	(void)state;
	begin(&house);
	house_configure(&house, HOST "listen = tcp://127.0.0.1:8499\n" REST);
	answer = house_reload(&house, 1);
	starts_with(answer, "1 2\n");
	assert_non_null(strstr(answer, "hostler.ini:4: error: \"listen\" of [host] was "));
	assert_non_null(strstr(answer, "`hostler down`"));
	assert_false(house_file_has(&house, "heard", "hears load"));
	house_clear(&house);
}

static void one_that_cannot_work_with_it_keeps_it_from_all(void **state)
{
	AUTO_FREE char *answer = NULL;
	struct house house;

	(void)state;
	house_make(&house, HOUSE);
	house_tell(&house, "engine", "refuse");
	house_start(&house);
	house_wait_ready(&house);
	answer = house_reload(&house, 1);
	starts_with(answer, "1 2\na.ini:1: error: not with me\n");
	assert_false(house_file_has(&house, "heard", "hears take"));
	house_clear(&house);
}

static void one_that_dies_of_it_is_started_again_and_nothing_is_changed(void **state)
{
	AUTO_FREE char *answer = NULL;
	AUTO_FREE char *again = NULL;
	struct house house;

	(void)state;
	house_make(&house, HOUSE);
	house_tell(&house, "engine", "leave");
	house_start(&house);
	house_wait_ready(&house);
	answer = house_reload(&house, 1);
	starts_with(answer, "1 2\nengine ended while it read the configuration");
	WAIT_UNTIL(house_count(&house, "engine starts") == 2 && house_file_has(&house, "state/children", "engine ready "));
	again = house_reload(&house, 2);
	starts_with(again, "2 0\n");
	house_clear(&house);
}

static void signals_that_come_meanwhile_are_heeded_afterwards(void **state)
{
	AUTO_FREE char *answer = NULL;
	struct house house;

	(void)state;
	begin(&house);
	kill(house.pid, SIGHUP);
	WAIT_UNTIL(house_file_has(&house, "state/reload", "1 "));
	for (int i = 0; i < 20; i++)
		kill(house.pid, SIGHUP);
	answer = house_reload(&house, 2);
	assert_non_null(strstr(answer, " 0\n"));
	house_clear(&house);
}

static void a_new_instance_gets_a_worker_that_the_engine_knows(void **state)
{
	AUTO_FREE char *answer = NULL;
	struct house house;

	(void)state;
	begin(&house);
	house_configure(&house, HOUSE ORDERS "workers = 2\n");
	answer = house_reload(&house, 1);
	assert_non_null(strstr(answer, "\nadded connector orders\n"));
	assert_true(house_in_order(&house, "engine hears peer worker/connector/orders#2 ", "engine hears take"));
	assert_true(house_in_order(&house, "engine hears take", "worker.connector.orders.1 starts"));
	WAIT_UNTIL(house_file_has(&house, "state/children", "worker/connector/orders#2 ready "));
	assert_int_equal(house_count(&house, "worker.trigger.start.1 starts"), 1);
	house_clear(&house);
}

static void a_worker_that_has_gone_finishes_what_it_is_at(void **state)
{
	AUTO_FREE char *answer = NULL;
	struct house house;

	(void)state;
	house_make(&house, HOUSE ORDERS);
	house_tell(&house, "worker.connector.orders.1", "busy");
	house_start(&house);
	house_wait_ready(&house);
	house_configure(&house, HOUSE);
	answer = house_reload(&house, 1);
	assert_non_null(strstr(answer, "\nremoved connector orders\n"));
	assert_true(house_in_order(&house, "engine hears retire worker/connector/orders", "engine hears take"));
	WAIT_UNTIL(house_file_has(&house, "state/children", "worker/connector/orders draining "));
	house_let_go(&house, "worker.connector.orders.1");
	WAIT_UNTIL(!house_file_has(&house, "state/children", "worker/connector/orders "));
	assert_true(house_file_has(&house, "heard", "worker.connector.orders.1 is drained"));
	assert_int_equal(house_count(&house, "worker.connector.orders.1 starts"), 1);
	house_clear(&house);
}

/* A connector's new process works beside the old one; a trigger's follows it. */
static void a_changed_connector_is_there_at_once_and_a_trigger_after_the_old_one(void **state)
{
	AUTO_FREE char *answer = NULL;
	struct house house;

	(void)state;
	house_make(&house, HOUSE ORDERS);
	house_tell(&house, "worker.connector.orders.1", "busy");
	house_start(&house);
	house_wait_ready(&house);
	house_configure(&house, HOST "listen = none\n" REST "[connector orders]\nplugin = file\nroot = others\n");
	answer = house_reload(&house, 1);
	assert_non_null(strstr(answer, "\nchanged connector orders\n"));
	WAIT_UNTIL(house_file_has(&house, "state/children", "worker/connector/orders draining "));
	WAIT_UNTIL(house_file_has(&house, "state/children", "worker/connector/orders ready "));
	house_configure(&house, HOST "listen = none\n[trigger start]\nplugin = button\ninput.a = text\n"
				     "[gateway]\nname = desk\ndriver = null\naccounts = bot\n"
				     "[connector orders]\nplugin = file\nroot = others\n");
	free(answer);
	answer = house_reload(&house, 2);
	assert_non_null(strstr(answer, "\nchanged trigger start\n"));
	assert_null(strstr(answer, "connector"));
	assert_int_equal(house_count(&house, "worker.trigger.start.1 starts"), 2);
	assert_true(house_in_order(&house, "worker.trigger.start.1 is drained", "worker.trigger.start.1 starts") == false);
	assert_int_equal(house_count(&house, "worker.connector.orders.1 starts"), 2);
	house_clear(&house);
}

static void what_does_not_come_up_is_named(void **state)
{
	AUTO_FREE char *answer = NULL;
	struct house house;

	(void)state;
	begin(&house);
	house_tell(&house, "worker.connector.orders.1", "bad no such folder");
	house_configure(&house, HOUSE ORDERS);
	answer = house_reload(&house, 1);
	starts_with(answer, "1 0\n");
	assert_non_null(strstr(answer, "\nmissing worker connector/orders\n"));
	/* Mended, it is worth another try. */
	house_tell(&house, "worker.connector.orders.1", "");
	free(answer);
	answer = house_reload(&house, 2);
	assert_null(strstr(answer, "missing"));
	WAIT_UNTIL(house_file_has(&house, "state/children", "worker/connector/orders ready "));
	house_clear(&house);
}

static void one_that_says_nothing_any_more_is_replaced_and_the_reason_is_kept(void **state)
{
	struct house house;

	(void)state;
	house_make(&house, HOUSE);
	house_tell(&house, "worker.trigger.start.1", "hang");
	house_start(&house);
	house_wait_ready(&house);
	house_tell(&house, "worker.trigger.start.1", "");
	/* What waits for it waits longer than for other things. */
	for (int64_t until_us = clock_steady_us() + 2 * HOUSE_PATIENCE_US;
	     clock_steady_us() < until_us && house_count(&house, "worker.trigger.start.1 starts") < 2;)
		poll(NULL, 0, HOUSE_LOOK_MS);
	WAIT_UNTIL(house_file_has(&house, "state/children", "worker/trigger/start ready "));
	WAIT_UNTIL(house_file_has(&house, "state/children", ": it had said nothing for 25 s\n"));
	assert_int_equal(house_count(&house, "engine starts"), 1);
	assert_int_equal(house_count(&house, "gateway starts"), 1);
	house_clear(&house);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_read_is_in_force_once_all_could_read_it),
		cmocka_unit_test(a_wrong_file_reaches_nobody),
		cmocka_unit_test(a_worker_beside_the_engine_is_told_that_it_is_there),
		cmocka_unit_test(what_only_a_restart_can_change_is_named),
		cmocka_unit_test(one_that_cannot_work_with_it_keeps_it_from_all),
		cmocka_unit_test(one_that_dies_of_it_is_started_again_and_nothing_is_changed),
		cmocka_unit_test(a_new_instance_gets_a_worker_that_the_engine_knows),
		cmocka_unit_test(a_worker_that_has_gone_finishes_what_it_is_at),
		cmocka_unit_test(a_changed_connector_is_there_at_once_and_a_trigger_after_the_old_one),
		cmocka_unit_test(what_does_not_come_up_is_named),
		cmocka_unit_test(one_that_says_nothing_any_more_is_replaced_and_the_reason_is_kept),
		cmocka_unit_test(signals_that_come_meanwhile_are_heeded_afterwards),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
