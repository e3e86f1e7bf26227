/* How a hold ends when others do, what is undone when it dies itself, and whom flows and files belong to
 * under root. */
#include "session_house.h"

#include "base/auto.h"
#include "base/mem.h"
#include "os/files.h"

#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { GATEWAY_UID = 65533 };

#define HOUSE(state)                            \
	struct session_house *house = *(state); \
	if (!house)                             \
	skip()

static const char endless[] =
	"echo $$ > out/pid\necho '{\"event\":\"progress\",\"action\":\"a\"}' > $HOSTLER_EVENTS\nsleep 1000\n";

/* A hold with a session and a flow in it that does not end by itself. */
static void begin(struct session_house *house, const char *options)
{
	session_house_configure(house, "noting", options);
	session_house_package(house, "", endless);
	session_house_start(house, "hold");
	session_house_open(house, "ada");
	session_house_launch(house, 1, 600000, "{}");
	session_house_hear(house, WORD_progress);
	assert_true(session_house_has(house, "marks/session"));
	assert_int_equal(session_house_count(house, "state/work"), 1);
}

static void assert_clean(struct session_house *house)
{
	assert_false(session_house_has(house, "marks/session"));
	assert_int_equal(session_house_count(house, "state/notes"), 0);
	assert_int_equal(session_house_count(house, "state/work"), 0);
	assert_int_equal(session_house_count(house, "run/sessions"), 0);
}

/* The flow's own number of itself, from its files. */
static void assert_is_gone(const char *pid)
{
	AUTO_FREE char *path = mem_printf("/proc/%d", (int)strtol(pid, NULL, 10));

	assert_true(strlen(pid) > 1);
	assert_int_equal(access(path, F_OK), -1);
}

static bool has_environment(const char *path)
{
	AUTO_FREE char *environment = NULL;

	return files_read(path, 1 << 20, &environment, NULL, NULL) == HST_OK && environment[0];
}

/* Killed by a stranger: it ends when the kernel gets to it, and init waits for it when it gets to it. Until then it is a zombie
 * without an environment. */
static void assert_is_gone_soon(const char *pid)
{
	AUTO_FREE char *path = mem_printf("/proc/%d/environ", (int)strtol(pid, NULL, 10));

	assert_true(strlen(pid) > 1);
	for (int i = 0; i < 10000 && has_environment(path); i++)
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	assert_false(has_environment(path));
}

static void assert_flow_is_gone(struct session_house *house)
{
	AUTO_FREE char *pid = session_house_read(house, SESSION_RESULTS "/out/pid");

	assert_is_gone(pid);
}

static void a_hold_ends_with_its_gateway(void **state)
{
	HOUSE(state);

	begin(house, "");
	session_house_leave(house);
	assert_int_equal(session_house_wait(house), 0);
	assert_true(session_house_has(house, "marks/closed"));
	assert_flow_is_gone(house);
	assert_clean(house);
}

static void a_hold_ends_with_the_supervisor(void **state)
{
	HOUSE(state);
	const struct session_heard *heard;

	begin(house, "");
	close(house->life);
	house->life = -1;
	/* The gateway is still there and hears how the flow ended: nobody cancelled it. */
	heard = session_house_hear(house, WORD_finished);
	assert_string_equal(message_text(&heard->message, "state"), "failed");
	assert_string_equal(message_text(&heard->message, "reason"), "SessionEnded");
	assert_int_equal(session_house_wait(house), 0);
	assert_flow_is_gone(house);
	assert_clean(house);
}

static void a_hold_ends_when_told_by_a_signal(void **state)
{
	HOUSE(state);

	begin(house, "");
	assert_int_equal(kill(house->pid, SIGTERM), 0);
	assert_int_equal(session_house_wait(house), 0);
	assert_flow_is_gone(house);
	assert_clean(house);
}

static void what_a_dead_hold_left_is_undone_by_the_watch(void **state)
{
	HOUSE(state);

	begin(house, "");
	assert_int_equal(kill(house->pid, SIGKILL), 0);
	session_house_wait(house);
	session_house_leave(house);
	assert_true(session_house_has(house, "marks/session"));
	assert_int_equal(session_house_count(house, "state/notes"), 1);
	AUTO_FREE char *work = session_house_only(house, "state/work");
	AUTO_FREE char *name = mem_printf("state/work/%s/run/flow/out/pid", work);
	AUTO_FREE char *pid = session_house_read(house, name);

	session_house_start(house, "watch");
	session_house_hear(house, WORD_sessions);
	assert_is_gone_soon(pid);
	AUTO_FREE char *reaped = session_house_read(house, "marks/reaped");
	assert_string_equal(reaped, "mark session\n");
	assert_clean(house);
}

static void the_notes_of_a_living_hold_and_of_other_devices_are_left_alone(void **state)
{
	HOUSE(state);
	static const char other[] = "device ts-02\ndriver mark other\n";
	AUTO_FREE char *path = files_join(house->state_dir, "notes/1.notes");
	struct session_house watch;

	begin(house, "");
	assert_int_equal(files_replace(path, other, strlen(other), 0600, false, NULL), HST_OK);

	/* A second process beside the first, with the same house. */
	watch = *house;
	watch.stream = NULL;
	session_house_start(&watch, "watch");
	session_house_hear(&watch, WORD_sessions);
	session_house_leave(&watch);
	assert_int_equal(session_house_wait(&watch), 0);
	for (size_t i = house->heard_count; i < watch.heard_count; i++) {
		free(watch.heard[i].payload);
		free(watch.heard[i].sealed);
	}

	assert_false(session_house_has(house, "marks/reaped"));
	assert_true(session_house_has(house, "marks/session"));
	assert_int_equal(session_house_count(house, "state/notes"), 2);
	assert_int_equal(session_house_count(house, "state/work"), 1);
}

static void a_session_that_cannot_be_closed_is_told_by_the_status_and_stays_noted(void **state)
{
	HOUSE(state);

	session_house_configure(house, "noting", "close_fails = yes\n");
	session_house_start(house, "hold");
	session_house_open(house, "ada");
	session_house_say(house, WORD_close, 3);
	assert_int_equal(session_house_wait(house), 1 << 8);
	assert_int_equal(session_house_count(house, "state/notes"), 1);
}

/* Under root */

static int64_t owner_of(struct session_house *house, const char *name)
{
	AUTO_FREE char *path = files_join(house->root, name);
	struct stat status;

	assert_int_equal(lstat(path, &status), 0);
	return status.st_uid;
}

/* The folder of the run is not there yet: it is made when there is something to put into it. */
static void give_results_to_the_gateway(const struct session_house *house)
{
	AUTO_FREE char *all = files_join(house->state_dir, "gateway/results");

	assert_int_equal(rmdir(house->results), 0);
	assert_int_equal(chown(all, GATEWAY_UID, GATEWAY_UID), 0);
}

static void a_flow_is_its_users_and_its_results_the_gateways(void **state)
{
	HOUSE(state);
	const struct session_heard *heard;

	if (geteuid() != 0)
		skip();
	session_house_configure(house, "noting", "uid = 65534\n");
	session_house_package(
		house, "[output who]\ntype = text\n",
		"set -e\ntest \"$(id -u)\" = 65534\ntest \"$(stat -c %u .)\" = 65534\n"
		"test \"$(stat -c %u $HOSTLER_CONTROL)\" = 0\n"
		"if touch ../more 2>/dev/null; then exit 4; fi\n"
		"if echo stop 2>/dev/null > $HOSTLER_CONTROL; then exit 5; fi\n"
		"test \"$(cat $HOSTLER_CONTROL)\" = run\n"
		"echo a > out/a\necho said\n"
		"echo '{\"event\":\"output\",\"name\":\"who\",\"value\":\"me\"}' > $HOSTLER_EVENTS\n");
	give_results_to_the_gateway(house);
	session_house_start(house, "hold");
	session_house_open(house, "ada");
	session_house_launch(house, 1, 60000, "{}");
	heard = session_house_hear(house, WORD_finished);
	assert_string_equal(heard->payload, "{\"who\":\"me\"}");
	assert_int_equal(owner_of(house, SESSION_RESULTS), GATEWAY_UID);
	assert_int_equal(owner_of(house, SESSION_RESULTS "/log"), GATEWAY_UID);
	assert_int_equal(owner_of(house, SESSION_RESULTS "/out"), GATEWAY_UID);
	assert_int_equal(owner_of(house, SESSION_RESULTS "/out/a"), GATEWAY_UID);
	session_house_say(house, WORD_close, 3);
	assert_int_equal(session_house_wait(house), 0);
}

static void a_folder_that_bars_the_user_is_named(void **state)
{
	HOUSE(state);
	const struct session_heard *heard;

	if (geteuid() != 0)
		skip();
	session_house_configure(house, "noting", "uid = 65534\n");
	session_house_package(house, "", "exit 0\n");
	assert_int_equal(chmod(house->state_dir, 0700), 0);
	session_house_start(house, "hold");
	session_house_open(house, "ada");
	session_house_launch(house, 1, 60000, "{}");
	heard = session_house_hear(house, WORD_finished);
	assert_string_equal(message_text(&heard->message, "state"), "failed");
	assert_non_null(strstr(heard->payload, house->state_dir));
	assert_non_null(strstr(heard->payload, "chmod o+x"));
	session_house_say(house, WORD_close, 3);
	assert_int_equal(session_house_wait(house), 0);
}

static void a_folder_that_somebody_else_made_is_not_used(void **state)
{
	HOUSE(state);
	AUTO_FREE char *work = files_join(house->state_dir, "work");
	const struct session_heard *heard;

	if (geteuid() != 0)
		skip();
	session_house_configure(house, "null", "");
	session_house_package(house, "", "exit 0\n");
	assert_int_equal(mkdir(work, 0755), 0);
	assert_int_equal(chown(work, GATEWAY_UID, GATEWAY_UID), 0);
	session_house_start(house, "hold");
	session_house_open(house, "ada");
	session_house_launch(house, 1, 60000, "{}");
	heard = session_house_hear(house, WORD_finished);
	assert_string_equal(message_text(&heard->message, "state"), "failed");
	assert_non_null(strstr(heard->payload, "belongs to the user"));
	assert_int_equal(session_house_count(house, "state/work"), 0);
	session_house_say(house, WORD_close, 3);
	assert_int_equal(session_house_wait(house), 0);
}

/* The number of a process that is no more. */
static int dead_pid(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	return (int)pid;
}

static void make_unnamed(const struct session_house *house, int pid)
{
	AUTO_FREE char *work = mem_printf("%s/work/.new-%d", house->state_dir, pid);
	AUTO_FREE char *notes = mem_printf("%s/notes/%d.new", house->state_dir, pid);

	assert_int_equal(files_make_directory(work, 0700, NULL), HST_OK);
	assert_int_equal(files_replace(notes, "device ts-01\n", 13, 0600, false, NULL), HST_OK);
}

/* Folder and notes get their names once they are locked. A hold may die before. */
static void what_died_before_it_had_a_name_is_removed(void **state)
{
	HOUSE(state);
	AUTO_FREE char *work = files_join(house->state_dir, "work");
	AUTO_FREE char *notes = files_join(house->state_dir, "notes");

	session_house_configure(house, "null", "");
	assert_int_equal(files_make_directory(work, 0711, NULL), HST_OK);
	assert_int_equal(files_make_directory(notes, 0700, NULL), HST_OK);
	make_unnamed(house, dead_pid());
	make_unnamed(house, (int)getpid());
	session_house_start(house, "watch");
	session_house_hear(house, WORD_sessions);
	assert_int_equal(session_house_count(house, "state/work"), 1);
	assert_int_equal(session_house_count(house, "state/notes"), 1);
	session_house_leave(house);
}

/* To keep a session is to lock it where the driver can; one that could not be locked is closed by whoever asked. */
static void lock_a_session(struct session_house *house, const char *options, enum word answer)
{
	session_house_configure(house, "null", options);
	session_house_start(house, "hold");
	session_house_open(house, "ada");
	session_house_say(house, WORD_lock, 4);
	assert_int_equal(session_house_hear(house, answer)->message.id, 4);
	session_house_say(house, WORD_close, 3);
	session_house_hear(house, WORD_closed);
	assert_int_equal(session_house_wait(house), 0);
}

static void a_session_that_is_kept_is_locked(void **state)
{
	HOUSE(state);
	lock_a_session(house, "", WORD_done);
}

static void one_that_cannot_be_locked_is_told(void **state)
{
	HOUSE(state);
	lock_a_session(house, "locks = no\n", WORD_error);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_session_that_is_kept_is_locked),
		CASE(one_that_cannot_be_locked_is_told),
		CASE(a_hold_ends_with_its_gateway),
		CASE(a_hold_ends_with_the_supervisor),
		CASE(a_hold_ends_when_told_by_a_signal),
		CASE(what_a_dead_hold_left_is_undone_by_the_watch),
		CASE(the_notes_of_a_living_hold_and_of_other_devices_are_left_alone),
		CASE(a_session_that_cannot_be_closed_is_told_by_the_status_and_stays_noted),
		CASE(a_flow_is_its_users_and_its_results_the_gateways),
		CASE(a_folder_that_bars_the_user_is_named),
		CASE(a_folder_that_somebody_else_made_is_not_used),
		CASE(what_died_before_it_had_a_name_is_removed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
