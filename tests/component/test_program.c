/* The blocking form of a run, as connector/exec uses it. Its child is waited for by itself. */
#include "flowrun_house.h"

#include "base/auto.h"
#include "base/clock.h"
#include "base/mem.h"
#include "desktop/program.h"
#include "os/files.h"
#include "schema/value.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const char one_output[] =
	"[input order]\ntype = text\n[output total]\ntype = integer\nrequired = yes\n";

static bool never(void *arg)
{
	(void)arg;
	return false;
}

static bool always(void *arg)
{
	(void)arg;
	return true;
}

static void a_program_runs_in_place(void **state)
{
	struct house *house = *state;
	AUTO_FREE char *path = house_package(house, one_output, "hostler-event output total 5\n");
	const hst_value *outputs = NULL;
	hst_program_shape shape;
	hst_error err = {0};

	assert_int_equal(program_describe(house->arena, path, &shape, &err), HST_OK);
	assert_int_equal(shape.inputs.n, 1);
	assert_string_equal(shape.outputs.at[0].name, "total");
	if (program_run(house->arena, &(struct program_call){.manifest_path = path, .deadline_us = INT64_MAX, .cancelled = never}, &outputs, &err) != HST_OK)
		fail_msg("%s", err.text);
	value_write_json(&house->outputs, outputs);
	assert_string_equal(house->outputs.s, "{\"total\":5}");
}

static void a_program_that_fails_says_why(void **state)
{
	struct house *house = *state;
	AUTO_FREE char *path = house_package(house, "", "echo no paper; exit 3\n");
	const hst_value *outputs = NULL;
	hst_error err = {0};

	assert_int_equal(program_run(house->arena, &(struct program_call){.manifest_path = path, .deadline_us = INT64_MAX}, &outputs, &err),
			 HST_INVALID);
	assert_string_equal(err.reason, "FlowFailed");
	assert_non_null(strstr(err.text, "no paper"));
	assert_null(outputs);
}

/* The type says text, and yet it is a secret where it came sealed: others can read an environment. */
static void what_came_sealed_is_on_stdin_alone(void **state)
{
	struct house *house = *state;
	AUTO_FREE char *path = house_package(house, one_output, "all=$(cat)\ncase $all in *canary*) ;; *) exit 3 ;; esac\n"
								"env | grep -c canary >found\n"
								"hostler-event output total $(cat found)\n");
	hst_value *inputs = value_make_record(house->arena);
	struct program_call call = {.manifest_path = path, .inputs = inputs, .deadline_us = INT64_MAX};
	const hst_value *outputs = NULL;
	hst_error err = {0};

	value_set_text(inputs, "order", "canary");
	for (int hidden = 0; hidden <= 1; hidden++) {
		call.hidden = hidden;
		if (program_run(house->arena, &call, &outputs, &err) != HST_OK)
			fail_msg("%s", err.text);
		text_reset(&house->outputs);
		value_write_json(&house->outputs, outputs);
		assert_string_equal(house->outputs.s, hidden ? "{\"total\":0}" : "{\"total\":1}");
	}
}

static void a_program_ends_at_its_deadline_or_when_cancelled(void **state)
{
	struct house *house = *state;
	AUTO_FREE char *path = house_package(house, "", "sleep 1000\n");
	const hst_value *outputs = NULL;
	hst_error err = {0};

	assert_int_equal(
		program_run(house->arena, &(struct program_call){.manifest_path = path, .deadline_us = clock_wall_us() + 100000, .cancelled = never}, &outputs, &err),
		HST_TIMEOUT);
	assert_int_equal(program_run(house->arena, &(struct program_call){.manifest_path = path, .deadline_us = INT64_MAX, .cancelled = always}, &outputs, &err),
			 HST_CANCELLED);
}

/* A run lives that has its folder locked; one that was killed has left its inputs and its log. */
static void what_a_dead_run_left_is_swept(void **state)
{
	struct house *house = *state;
	AUTO_FREE char *dead = mem_printf("%s/hostler-program-dead", house->root);
	AUTO_FREE char *alive = mem_printf("%s/hostler-program-alive", house->root);
	AUTO_FREE char *other = mem_printf("%s/hostler-other", house->root);
	AUTO_FREE char *work = mem_printf("%s/work", dead);
	AUTO_FREE char *input = mem_printf("%s/input", work);
	int lock;

	assert_int_equal(mkdir(dead, 0700) | mkdir(work, 0700) | mkdir(alive, 0700) | mkdir(other, 0700), 0);
	assert_int_equal(files_replace(input, "canary", 6, 0600, false, NULL), HST_OK);
	lock = open(alive, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(flock(lock, LOCK_EX | LOCK_NB), 0);
	setenv("TMPDIR", house->root, 1);
	program_sweep();
	assert_int_equal(access(dead, F_OK), -1);
	assert_int_equal(access(alive, F_OK), 0);
	assert_int_equal(access(other, F_OK), 0);
	close(lock);
	program_sweep();
	unsetenv("TMPDIR");
	assert_int_equal(access(alive, F_OK), -1);
}

/* The program looks from inside whether a sweep would take its own folder. */
static void a_run_has_its_folder_locked(void **state)
{
	struct house *house = *state;
	AUTO_FREE char *path = house_package(house, one_output, "rest=${HOSTLER_WORK#*/hostler-program-}; folder=${HOSTLER_WORK%\"$rest\"}${rest%%/*}\n"
								"flock -n \"$folder\" true; hostler-event output total $?\n");
	const hst_value *outputs = NULL;
	hst_error err = {0};

	if (program_run(house->arena, &(struct program_call){.manifest_path = path, .deadline_us = INT64_MAX}, &outputs, &err) != HST_OK)
		fail_msg("%s", err.text);
	value_write_json(&house->outputs, outputs);
	assert_string_equal(house->outputs.s, "{\"total\":1}");
}

static void a_program_without_a_good_manifest_is_refused(void **state)
{
	struct house *house = *state;
	const hst_value *outputs = NULL;
	hst_program_shape shape;
	hst_error err = {0};

	assert_int_equal(program_describe(house->arena, "/nowhere/desktop-flow.ini", &shape, &err),
			 HST_INVALID);
	assert_non_null(strstr(err.text, "/nowhere"));
	assert_int_equal(program_run(house->arena, &(struct program_call){.manifest_path = "/nowhere/desktop-flow.ini", .deadline_us = INT64_MAX},
				     &outputs, &err),
			 HST_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE_CASE(a_program_runs_in_place),
		HOUSE_CASE(a_program_that_fails_says_why),
		HOUSE_CASE(what_came_sealed_is_on_stdin_alone),
		HOUSE_CASE(a_program_ends_at_its_deadline_or_when_cancelled),
		HOUSE_CASE(what_a_dead_run_left_is_swept),
		HOUSE_CASE(a_run_has_its_folder_locked),
		HOUSE_CASE(a_program_without_a_good_manifest_is_refused),
	};
	int failed;

	house_open();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	house_close();
	return failed;
}
