/* Children that die or cannot be started: what is said of them, when they are started again, what they leave. */
#include "../fakes/fake_house.h"

#include "base/auto.h"
#include "base/mem.h"
#include "os/files.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HOST "[host]\nstate_dir = state\nrun_dir = run\nlisten = none\n"
#define GATEWAY "[gateway]\nname = desk\ndriver = null\naccounts = bot\n"
#define HOUSE HOST "[trigger start]\nplugin = button\n" GATEWAY
#define WORKER "worker.trigger.start.1"

static void tell_no_more(const struct house *house, const char *child)
{
	AUTO_FREE char *name = mem_printf("%s/do.%s", house->folder, child);

	assert_int_equal(unlink(name), 0);
}

static void one_that_pauses_after_a_death_says_how_it_died(void **state)
{
	struct house house;

	(void)state;
	house_make(&house, HOUSE);
	house_tell(&house, WORKER, "die");
	house_start(&house);
	WAIT_UNTIL(house_file_has(&house, "state/children", "worker/trigger/start backoff 0 "));
	assert_true(house_file_has(&house, "state/children", "\n\texit status 3\n\tabout to die\n"));
	house_clear(&house);
}

static void what_is_wrong_with_a_misconfigured_one_is_said(void **state)
{
	struct house house;

	(void)state;
	house_make(&house, HOUSE);
	house_tell(&house, WORKER, "bad hostler.ini:9: error: no such server");
	house_start(&house);
	WAIT_UNTIL(house_said(&house, "ready, but without worker/trigger/start\n"));
	WAIT_UNTIL(house_file_has(&house, "state/children", "\n\tmisconfigured: hostler.ini:9: error: no such server\n"));
	assert_int_equal(house_count(&house, WORKER " starts"), 1);
	house_clear(&house);
}

static void a_reload_starts_again_what_was_given_up(void **state)
{
	AUTO_FREE char *answer = NULL;
	struct house house;

	(void)state;
	house_make(&house, HOUSE);
	house_tell(&house, WORKER, "die");
	house_start(&house);
	WAIT_UNTIL(house_said(&house, "ready, but without worker/trigger/start\n"));
	tell_no_more(&house, WORKER);
	answer = house_reload(&house, 1);
	assert_true(strncmp(answer, "1 0\n", 4) == 0);
	WAIT_UNTIL(house_file_has(&house, "state/children", "worker/trigger/start ready "));
	house_clear(&house);
}

static void one_that_was_given_up_may_be_configured_anew(void **state)
{
	AUTO_FREE char *answer = NULL;
	struct house house;

	(void)state;
	house_make(&house, HOUSE);
	house_tell(&house, WORKER, "bad hostler.ini:7: error: no such server");
	house_start(&house);
	WAIT_UNTIL(house_said(&house, "ready, but without worker/trigger/start\n"));
	tell_no_more(&house, WORKER);
	house_configure(&house, HOST "[trigger start]\nplugin = button\nlabel = mended\n" GATEWAY);
	answer = house_reload(&house, 1);
	assert_true(strncmp(answer, "1 0\n", 4) == 0);
	assert_non_null(strstr(answer, "changed trigger start\n"));
	WAIT_UNTIL(house_file_has(&house, "state/children", "worker/trigger/start ready "));
	house_clear(&house);
}

static bool sleeps(int seconds)
{
	char command[120];

	snprintf(command, sizeof command, "grep -laszx '%d[%d]' /proc/[0-9]*/cmdline 2>/dev/null | grep -q .", seconds / 10, seconds % 10);
	return system(command) == 0;
}

static void what_a_worker_leaves_behind_goes_with_it(void **state)
{
	struct house house;

	(void)state;
	house_make(&house, HOUSE);
	house_tell(&house, WORKER, "orphans");
	house_start(&house);
	house_wait_ready(&house);
	assert_int_equal(house_count(&house, WORKER " has orphans"), 1);
	assert_int_equal(house_count(&house, WORKER " starts"), 2);
	for (int seconds = 7546; seconds <= 7549; seconds++)
		WAIT_UNTIL(!sleeps(seconds));
	house_clear(&house);
}

/* They may hold a person's work; the one who watches the device undoes them in order, by the notes. */
static void what_a_session_process_leaves_behind_is_not_touched(void **state)
{
	struct house house;

	(void)state;
	house_make(&house, HOUSE);
	house_tell(&house, "gateway", "session");
	house_tell(&house, "session.hold.desk", "orphans");
	house_tell(&house, WORKER, "die-once");
	house_start(&house);
	house_wait_ready(&house);
	WAIT_UNTIL(house_count(&house, "gateway record 4 7 9") == 1);
	WAIT_UNTIL(house_file_has(&house, "state/children", "worker/trigger/start ready "));
	for (int seconds = 7547; seconds <= 7549; seconds++)
		assert_true(sleeps(seconds));
	house_clear(&house);
	assert_int_equal(system("for p in $(grep -laszx '754[6-9]' /proc/[0-9]*/cmdline | cut -d/ -f3); do kill -9 $p; done"), 0);
}

/* Beside its status: else nobody but the log knows what a device is blind for. */
static void the_gateway_hears_what_a_session_process_could_not_begin_with(void **state)
{
	struct house house;

	(void)state;
	house_make(&house, HOUSE);
	house_tell(&house, "gateway", "watch");
	house_tell(&house, "session.watch.desk", "bad it lacks a key");
	house_start(&house);
	house_wait_ready(&house);
	assert_true(house_file_has(&house, "heard", "gateway record 4 7 exit status 2: it lacks a key\n"));
	house_clear(&house);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_that_pauses_after_a_death_says_how_it_died),
		cmocka_unit_test(what_is_wrong_with_a_misconfigured_one_is_said),
		cmocka_unit_test(a_reload_starts_again_what_was_given_up),
		cmocka_unit_test(one_that_was_given_up_may_be_configured_anew),
		cmocka_unit_test(what_a_worker_leaves_behind_goes_with_it),
		cmocka_unit_test(what_a_session_process_leaves_behind_is_not_touched),
		cmocka_unit_test(the_gateway_hears_what_a_session_process_could_not_begin_with),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
