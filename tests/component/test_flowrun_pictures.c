/* Pictures of a desktop flow: when they are taken, which are kept. */
#include "flowrun_house.h"

#include "base/auto.h"
#include "base/clock.h"
#include "base/mem.h"
#include "os/files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void pictures_of_steps_are_kept_and_limited(void **state)
{
	struct house *house = *state;
	AUTO_FREE char *script = mem_printf(
		"i=0; while test $i -lt 25; do i=$((i+1))\n"
		"echo \"{\\\"event\\\":\\\"progress\\\",\\\"action\\\":\\\"Read the Total! $i\\\"}\" > "
		"$HOSTLER_EVENTS\n"
		"until test -f %s/screenshots/$(printf %%04d $i)-read-the-total-$i.png; do sleep 0.01; done\n"
		"done\n",
		house->results);

	house->role.screenshot = house_screenshot;
	house->spec.picture_ms = 1;
	house_run(house, "screenshots = steps\n", script, NULL);
	house_assert_end(house, FLOWRUN_SUCCEEDED, "", "");
	assert_int_equal(house->progress, 25);
	assert_int_equal(house->pictures, 26);
	assert_false(house_has_result(house, "screenshots/0005-read-the-total-5.png"));
	assert_true(house_has_result(house, "screenshots/0006-read-the-total-6.png"));
	assert_true(house_has_result(house, "screenshots/0025-read-the-total-25.png"));
	assert_true(house_has_result(house, "screenshots/end.png"));
	assert_false(house_has_result(house, "screenshots/error.png"));
}

static void a_burst_of_steps_has_a_picture_of_its_last(void **state)
{
	struct house *house = *state;

	house->role.screenshot = house_screenshot;
	house_run(house, "screenshots = steps\n",
		  "cat > $HOSTLER_EVENTS <<'E'\n"
		  "{\"event\":\"progress\",\"action\":\"a\"}\n"
		  "{\"event\":\"progress\",\"action\":\"b\"}\n"
		  "{\"event\":\"progress\",\"action\":\"c\"}\n"
		  "E\n",
		  NULL);
	house_assert_end(house, FLOWRUN_SUCCEEDED, "", "");
	assert_int_equal(house->progress, 3);
	assert_int_equal(house->pictures, 2);
	assert_true(house_has_result(house, "screenshots/0003-c.png"));
	assert_true(house_has_result(house, "screenshots/end.png"));
}

static void the_first_error_has_the_picture(void **state)
{
	struct house *house = *state;
	AUTO_FREE char *script = mem_printf(
		"say() { echo '{\"event\":\"error\",\"message\":\"Once more\"}' > $HOSTLER_EVENTS; }\n"
		"say; until test -f %s/screenshots/error.png; do sleep 0.01; done\n"
		"say; say; say; exit 1\n",
		house->results);

	house->role.screenshot = house_screenshot;
	house->spec.picture_ms = 1;
	house_run(house, "", script, NULL);
	house_assert_end(house, FLOWRUN_FAILED, "FlowFailed", "Once more");
	assert_int_equal(house->pictures, 1);
}

static void a_picture_shows_an_error(void **state)
{
	struct house *house = *state;

	house->role.screenshot = house_screenshot;
	house_run(house, "", "echo '{\"event\":\"progress\",\"action\":\"a\"}' > $HOSTLER_EVENTS\nexit 1\n",
		  NULL);
	assert_int_equal(house->pictures, 1);
	assert_true(house_has_result(house, "screenshots/error.png"));
}

static void a_package_may_want_no_pictures(void **state)
{
	struct house *house = *state;

	house->role.screenshot = house_screenshot;
	house_run(house, "screenshots = none\n", "exit 1\n", NULL);
	assert_int_equal(house->pictures, 0);
	assert_false(house_has_result(house, "screenshots"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE_CASE(pictures_of_steps_are_kept_and_limited),
		HOUSE_CASE(a_burst_of_steps_has_a_picture_of_its_last),
		HOUSE_CASE(the_first_error_has_the_picture),
		HOUSE_CASE(a_picture_shows_an_error),
		HOUSE_CASE(a_package_may_want_no_pictures),
	};
	int failed;

	house_open();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	house_close();
	return failed;
}
