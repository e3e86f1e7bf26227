#include "flowrun_house.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/mem.h"
#include "os/files.h"
#include "schema/value.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { LIMIT_MS = 60000 };

/* One loop takes SIGCHLD for the whole program. */
static struct loop *the_loop;
static struct house *the_house;

static void on_signal(void *arg, int signal)
{
	pid_t pid;
	int status;

	(void)arg, (void)signal;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (the_house && the_house->run)
			flowrun_reaped(the_house->run, pid, status);
}

static void on_progress(void *arg, const char *subflow, const char *action)
{
	struct house *house = arg;

	(void)subflow;
	house->progress++;
	snprintf(house->action, sizeof house->action, "%s", action);
	if (house->on_progress)
		house->on_progress(house);
}

bool house_screenshot(void *arg, const char *path)
{
	struct house *house = arg;

	house->pictures++;
	assert_int_equal(access(path, F_OK), -1);
	return files_replace(path, "PNG", 3, 0600, false, NULL) == HST_OK;
}

void house_paused(void *arg, bool paused)
{
	struct house *house = arg;

	assert_true(strlen(house->pauses) + 8 < sizeof house->pauses);
	strcat(house->pauses, paused ? "paused " : "runs ");
	if (paused && house->resume_at_once)
		flowrun_steer(house->run, FLOWRUN_RESUME);
}

static void on_ended(void *arg, const struct flowrun_result *result)
{
	struct house *house = arg;

	assert_false(house->over);
	house->over = true;
	house->end = result->end;
	snprintf(house->reason, sizeof house->reason, "%s", result->reason ? result->reason : "");
	snprintf(house->text, sizeof house->text, "%s", result->text);
	value_write_json(&house->outputs, result->outputs);
	assert_true(result->started_us > 0 && result->ended_us >= result->started_us);
}

int house_set_up(void **state)
{
	struct house *house = mem_alloc(sizeof *house);

	snprintf(house->root, sizeof house->root, "/tmp/hostler-flowrun-XXXXXX");
	assert_non_null(mkdtemp(house->root));
	house->arena = arena_new();
	house->loop = the_loop;
	house->work = mem_printf("%s/work", house->root);
	house->results = mem_printf("%s/results", house->root);
	assert_int_equal(mkdir(house->work, 0700), 0);
	assert_int_equal(mkdir(house->results, 0700), 0);
	text_init(&house->outputs, 4 << 20);
	house->role = (struct flowrun_role){
		.start = flowrun_spawn_here, .progress = on_progress, .ended = on_ended, .arg = house};
	assert_int_equal(flow_place_make(&house->place, house->work, -1, -1, NULL), HST_OK);
	house->spec = (struct flowrun_spec){.place = &house->place,
					    .results = house->results,
					    .uid = -1,
					    .gid = -1,
					    .timeout_ms = LIMIT_MS,
					    .run_id = "r-test",
					    .step_name = "enter",
					    .drain_ms = 100};
	the_house = house;
	*state = house;
	return 0;
}

int house_tear_down(void **state)
{
	struct house *house = *state;

	flowrun_free(house->run);
	flow_place_clear(&house->place);
	package_free(house->package);
	arena_free(house->arena);
	files_remove_tree(house->root, NULL);
	text_clear(&house->outputs);
	free(house->work);
	free(house->results);
	free(house);
	the_house = NULL;
	return 0;
}

char *house_package(struct house *house, const char *manifest, const char *script)
{
	AUTO_FREE char *folder = mem_printf("%s/package", house->root);
	AUTO_FREE char *path = mem_printf("%s/flow.sh", folder);
	AUTO_FREE char *whole =
		mem_printf("[desktop-flow]\nname = test\nrun = sh $HOSTLER_PACKAGE/flow.sh\n%s", manifest);
	char *manifest_path = mem_printf("%s/desktop-flow.ini", folder);

	assert_int_equal(files_make_directory(folder, 0755, NULL), HST_OK);
	assert_int_equal(files_replace(path, script, strlen(script), 0644, false, NULL), HST_OK);
	assert_int_equal(files_replace(manifest_path, whole, strlen(whole), 0644, false, NULL), HST_OK);
	return manifest_path;
}

void house_start(struct house *house, const char *manifest, const char *script, const char *inputs)
{
	AUTO_FREE char *path = house_package(house, manifest, script);
	struct problems problems;
	hst_error err = {0};

	problems_init(&problems);
	house->package = package_read_manifest(path, &problems);
	if (!house->package)
		fail_msg("%s", problems.at[0].text);
	problems_clear(&problems);
	if (inputs)
		assert_int_equal(
			value_parse_json(house->arena, inputs, strlen(inputs), &house->spec.inputs, &err),
			HST_OK);
	house->spec.package = house->package;
	if (flowrun_start(house->loop, &house->spec, &house->role, &house->run, &err) != HST_OK)
		fail_msg("%s", err.text);
	assert_false(house->over);
}

static void too_late(void *arg)
{
	((struct house *)arg)->late = true;
}

void house_wait_for_end(struct house *house)
{
	struct loop_timer *limit = loop_in(house->loop, LIMIT_MS, too_late, house);

	while (!house->over && !house->late)
		loop_turn(house->loop, -1);
	if (house->late)
		fail_msg("the run did not end");
	loop_cancel(house->loop, &limit);
}

void house_run(struct house *house, const char *manifest, const char *script, const char *inputs)
{
	house_start(house, manifest, script, inputs);
	house_wait_for_end(house);
}

char *house_result(struct house *house, const char *name, size_t *ret_length)
{
	AUTO_FREE char *path = files_join(house->results, name);
	char *bytes = NULL;

	if (files_read(path, 8 << 20, &bytes, ret_length, NULL) != HST_OK)
		return mem_text("");
	return bytes;
}

bool house_has_result(struct house *house, const char *name)
{
	AUTO_FREE char *path = files_join(house->results, name);

	return access(path, F_OK) == 0;
}

void house_assert_end(struct house *house, enum flowrun_end end, const char *reason, const char *text)
{
	if (house->end != end || strcmp(house->reason, reason) != 0 || !strstr(house->text, text))
		fail_msg("ended as %d %s: %s", (int)house->end, house->reason, house->text);
}

bool house_is_alive(const char *pid_text)
{
	AUTO_FREE char *path = mem_printf("/proc/%d/stat", (int)strtol(pid_text, NULL, 10));
	AUTO_FREE char *stat = NULL;

	return files_read(path, 4096, &stat, NULL, NULL) == HST_OK && !strstr(stat, ") Z ");
}

/* hostler-event lies with the other programs. */
static void find_programs(void)
{
	const char *programs = getenv("HOSTLER_PROGRAMS");
	const char *path = getenv("PATH");
	AUTO_FREE char *both =
		mem_printf("%s:%s", programs ? programs : files_program_directory(), path ? path : "/bin");

	setenv("PATH", both, 1);
}

void house_open(void)
{
	static const int signals[] = {SIGCHLD, 0};

	sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
	find_programs();
	the_loop = loop_new(loop_wait_poll);
	loop_signals(the_loop, signals, on_signal, NULL);
}

void house_close(void)
{
	loop_free(the_loop);
}
