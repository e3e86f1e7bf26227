/*
 * hostlerd itself, with children that are faked. As root it is started as the user nobody, so that a test leaves no
 * accounts behind.
 */
#include "base/auto.h"
#include "base/clock.h"
#include "base/mem.h"
#include "os/files.h"
#include "os/spawn.h"
#include "wire/keys.h"

#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_US = 30000000, FILE_MAX = 16 << 20, LOOK_MS = 10 };

#define HOUSE                                                                             \
	"[host]\nstate_dir = state\nrun_dir = run\nlisten = none\n"                       \
	"[trigger start]\nplugin = button\n[connector orders]\nplugin = file\nworkers = 2\n" \
	"[gateway]\nname = desk\ndriver = null\naccounts = bot\n"

struct house {
	char folder[64];
	pid_t pid;
	int out; /* stdout of hostlerd */
	char said[4096];
	size_t said_length;
};

static void must(int code, const hst_error *err)
{
	if (code != HST_OK)
		fail_msg("%s", err->text);
}

static void put(const struct house *house, const char *name, const void *bytes, size_t length, mode_t mode)
{
	AUTO_FREE char *path = files_join(house->folder, name);
	hst_error err = {0};

	must(files_replace(path, bytes, length, mode, false, &err), &err);
	assert_int_equal(chmod(path, mode), 0);
}

static void tell_child(const struct house *house, const char *name, const char *behaviour)
{
	AUTO_FREE char *file = mem_printf("do.%s", name);

	put(house, file, behaviour, strlen(behaviour), 0644);
}

static void copy_to(const struct house *house, const char *from, const char *name)
{
	AUTO_FREE char *bytes = NULL;
	size_t length = 0;
	hst_error err = {0};

	must(files_read(from, FILE_MAX, &bytes, &length, &err), &err);
	put(house, name, bytes, length, 0755);
}

/* hostlerd as it was built, and beside it fakes in the place of all others. */
static void house_make(struct house *house, const char *configuration)
{
	static const char *const children[] = {"hostler", "hostler-engine", "hostler-worker", "hostler-gateway",
					       "hostler-session"};
	const char *programs = getenv("HOSTLER_PROGRAMS"), *top = getenv("SRCDIR");
	AUTO_FREE char *hostlerd = files_join(programs ? programs : ".", "hostlerd");
	AUTO_FREE char *fake = files_join(top ? top : ".", "tests/fakes/fake_child.py");
	const struct passwd *nobody = getpwnam("nobody");

	memset(house, 0, sizeof *house);
	house->out = -1;
	strcpy(house->folder, "/tmp/hostler-house-XXXXXX");
	assert_non_null(mkdtemp(house->folder));
	assert_int_equal(chmod(house->folder, 0755), 0);
	copy_to(house, hostlerd, "hostlerd");
	for (size_t i = 0; i < sizeof children / sizeof children[0]; i++)
		copy_to(house, fake, children[i]);
	put(house, "hostler.ini", configuration, strlen(configuration), 0644);
	if (geteuid() == 0)
		assert_int_equal(chown(house->folder, nobody->pw_uid, nobody->pw_gid), 0);
}

/* Starts hostlerd with these arguments; its stdout is ours to read. */
static pid_t run_hostlerd(const struct house *house, const char *how, int *ret_out)
{
	AUTO_FREE char *program = files_join(house->folder, "hostlerd");
	AUTO_FREE char *home = mem_printf("HOME=%s", house->folder);
	char *const environment[] = {home, "PATH=/usr/bin:/bin", NULL};
	char *as_nobody[] = {"setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", program, "-c",
			     "hostler.ini", (char *)how, NULL};
	bool root = geteuid() == 0;
	int out[2];
	pid_t pid = 0;
	hst_error err = {0};

	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	must(spawn_start(&(struct spawn){.path = root ? "/usr/bin/setpriv" : program,
					 .argv = root ? as_nobody : as_nobody + 4,
					 .environment = environment,
					 .directory = house->folder,
					 .fds = (struct spawn_fd[]){{out[1], 1}},
					 .fd_count = 1},
			 &pid, &err),
	     &err);
	close(out[1]);
	*ret_out = out[0];
	return pid;
}

static void house_start(struct house *house)
{
	house->pid = run_hostlerd(house, "--foreground", &house->out);
	fcntl(house->out, F_SETFL, O_NONBLOCK);
}

/* Looks again and again until it holds; half a minute of looking in vain fails the test. */
#define WAIT_UNTIL(condition)                                                              \
	do {                                                                               \
		int64_t until_us = clock_steady_us() + PATIENCE_US;                        \
		while (!(condition)) {                                                     \
			if (clock_steady_us() > until_us)                                  \
				fail_msg("waited in vain for %s", #condition);             \
			poll(NULL, 0, LOOK_MS);                                            \
		}                                                                          \
	} while (0)

static bool has_said(struct house *house, const char *word)
{
	ssize_t n = read(house->out, house->said + house->said_length, sizeof house->said - 1 - house->said_length);

	if (n > 0)
		house->said_length += (size_t)n;
	return strstr(house->said, word) != NULL;
}

static void wait_ready(struct house *house)
{
	WAIT_UNTIL(has_said(house, "ready\n"));
}

static bool has_ended(pid_t pid, int *status)
{
	return waitpid(pid, status, WNOHANG) == pid;
}

/* Exit status of a hostlerd; 128 and more stand for a signal. */
static int wait_status(pid_t pid)
{
	int status = 0;

	WAIT_UNTIL(has_ended(pid, &status));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static char *read_file(const struct house *house, const char *name)
{
	AUTO_FREE char *path = files_join(house->folder, name);
	char *bytes = NULL;
	size_t length = 0;

	return files_read(path, FILE_MAX, &bytes, &length, NULL) == HST_OK ? bytes : mem_text("");
}

static bool file_has(const struct house *house, const char *name, const char *text)
{
	AUTO_FREE char *bytes = read_file(house, name);

	return strstr(bytes, text) != NULL;
}

static bool is_there(const struct house *house, const char *name)
{
	AUTO_FREE char *path = files_join(house->folder, name);

	return access(path, F_OK) == 0;
}

static int count(const struct house *house, const char *text)
{
	AUTO_FREE char *bytes = read_file(house, "heard");
	int n = 0;

	for (const char *at = bytes; (at = strstr(at, text)) != NULL; at += strlen(text))
		n++;
	return n;
}

/* Whether the first text stands before the second one, and both do. */
static bool in_order(const struct house *house, const char *first, const char *second)
{
	AUTO_FREE char *bytes = read_file(house, "heard");
	const char *one = strstr(bytes, first), *other = strstr(bytes, second);

	return one && other && one < other;
}

static int house_stop(struct house *house)
{
	int status;

	kill(house->pid, SIGTERM);
	status = wait_status(house->pid);
	house->pid = 0;
	return status;
}

static void house_clear(struct house *house)
{
	if (house->pid)
		house_stop(house);
	if (house->out >= 0)
		close(house->out);
	assert_int_equal(files_remove_tree(house->folder, NULL), HST_OK);
}

static void the_house_comes_up_in_order_and_goes_down_in_reverse(void **state)
{
	struct house house;

	(void)state;
	house_make(&house, HOUSE);
	house_start(&house);
	wait_ready(&house);
	assert_true(in_order(&house, "engine starts", "worker.trigger.start.1 starts"));
	assert_true(in_order(&house, "engine starts", "gateway starts"));
	assert_true(file_has(&house, "heard", "worker.connector.orders.2 starts --instance connector/orders"));
	assert_true(file_has(&house, "state/children", "engine ready "));
	assert_true(file_has(&house, "state/children", "worker/connector/orders#2 ready "));
	assert_true(file_has(&house, "state/children", "gateway/desk ready "));
	assert_int_equal(house_stop(&house), 0);
	assert_true(in_order(&house, "gateway told to end", "worker.trigger.start.1 told to end"));
	assert_true(in_order(&house, "worker.connector.orders.2 told to end", "engine told to end"));
	assert_false(is_there(&house, "state/children"));
	house_clear(&house);
}

static void every_child_has_its_own_key_and_the_engine_knows_them_all(void **state)
{
	struct house house;

	(void)state;
	house_make(&house, HOUSE);
	house_start(&house);
	wait_ready(&house);
	assert_true(file_has(&house, "heard", "engine key self engine\n"));
	assert_true(file_has(&house, "heard", "engine key peer worker/trigger/start\n"));
	assert_true(file_has(&house, "heard", "engine key peer worker/connector/orders#2\n"));
	assert_true(file_has(&house, "heard", "engine key peer gateway/desk\n"));
	assert_true(file_has(&house, "heard", "worker.connector.orders.2 key self worker/connector/orders#2\n"));
	assert_true(file_has(&house, "heard", "gateway key host "));
	assert_false(file_has(&house, "heard", "gateway key peer"));
	house_clear(&house);
}

static void the_first_start_makes_seed_and_operator_key_and_later_ones_keep_them(void **state)
{
	struct house house;
	char *seed, *key, *roster, *again;
	struct key_ring ring = {0};
	hst_error err = {0};

	(void)state;
	house_make(&house, HOUSE);
	house_start(&house);
	wait_ready(&house);
	key = read_file(&house, ".config/hostler/operator.key");
	roster = read_file(&house, "state/roster");
	seed = read_file(&house, "state/host.seed");
	must(keys_parse(&ring, "operator.key", key, strlen(key), &err), &err);
	must(keys_parse(&ring, "roster", roster, strlen(roster), &err), &err);
	assert_int_equal(ring.peer_count, 1);
	assert_string_equal(ring.peers[0].name, ring.name);
	assert_memory_equal(ring.peers[0].public_key, ring.self.public_key, KEY_BYTES);
	assert_int_equal(house_stop(&house), 0);

	house.said_length = 0;
	memset(house.said, 0, sizeof house.said);
	close(house.out);
	house_start(&house);
	wait_ready(&house);
	again = read_file(&house, ".config/hostler/operator.key");
	assert_string_equal(again, key);
	free(again);
	again = read_file(&house, "state/roster");
	assert_string_equal(again, roster);
	free(again);
	again = read_file(&house, "state/host.seed");
	assert_memory_equal(again, seed, SEED_BYTES);
	free(again);
	free(seed);
	free(key);
	free(roster);
	keys_clear(&ring);
	house_clear(&house);
}

static void secrets_are_for_their_owner_alone(void **state)
{
	static const char *const names[] = {"state/host.seed", ".config/hostler/operator.key", "state", "run", ".config/hostler"};
	struct house house;

	(void)state;
	house_make(&house, HOUSE);
	house_start(&house);
	wait_ready(&house);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		AUTO_FREE char *path = files_join(house.folder, names[i]);
		struct stat found;

		assert_int_equal(stat(path, &found), 0);
		if (found.st_mode & 077)
			fail_msg("%s has mode %o", names[i], (unsigned)found.st_mode & 07777);
	}
	house_clear(&house);
}

static void a_child_that_dies_is_started_again(void **state)
{
	struct house house;

	(void)state;
	house_make(&house, HOUSE);
	tell_child(&house, "worker.trigger.start.1", "die-once");
	house_start(&house);
	wait_ready(&house);
	assert_int_equal(count(&house, "worker.trigger.start.1 starts"), 2);
	WAIT_UNTIL(file_has(&house, "state/children", "worker/trigger/start ready "));
	assert_int_equal(count(&house, "engine starts"), 1);
	house_clear(&house);
}

static void a_misconfigured_child_is_left_alone_and_named(void **state)
{
	struct house house;

	(void)state;
	house_make(&house, HOUSE);
	tell_child(&house, "worker.trigger.start.1", "bad no such server");
	house_start(&house);
	WAIT_UNTIL(has_said(&house, "ready, but without worker/trigger/start\n"));
	assert_int_equal(count(&house, "worker.trigger.start.1 starts"), 1);
	assert_true(file_has(&house, "state/children", "worker/trigger/start degraded 0 "));
	assert_int_equal(house_stop(&house), 0);
	house_clear(&house);
}

static void without_its_engine_a_house_does_not_come_up(void **state)
{
	struct house house;

	(void)state;
	house_make(&house, HOUSE);
	tell_child(&house, "engine", "bad the store is newer than this program");
	house_start(&house);
	assert_int_equal(wait_status(house.pid), 1);
	house.pid = 0;
	assert_int_equal(count(&house, "worker.trigger.start.1 starts"), 0);
	assert_int_equal(count(&house, "gateway starts"), 0);
	house_clear(&house);
}

static void a_wrong_configuration_starts_nothing(void **state)
{
	struct house house;

	(void)state;
	house_make(&house, HOUSE "# wrong\n");
	house_start(&house);
	assert_int_equal(wait_status(house.pid), 2);
	house.pid = 0;
	assert_false(is_there(&house, "state"));
	assert_false(is_there(&house, "heard"));
	house_clear(&house);
}

static void one_state_directory_has_one_hostlerd(void **state)
{
	struct house house;
	int out;

	(void)state;
	house_make(&house, HOUSE);
	house_start(&house);
	wait_ready(&house);
	assert_int_equal(wait_status(run_hostlerd(&house, "--foreground", &out)), 1);
	close(out);
	assert_int_equal(count(&house, "engine starts"), 1);
	house_clear(&house);
}

static void down_ends_the_running_one_and_waits_for_it(void **state)
{
	struct house house;
	int out;

	(void)state;
	house_make(&house, HOUSE);
	house_start(&house);
	wait_ready(&house);
	assert_int_equal(wait_status(run_hostlerd(&house, "--down", &out)), 0);
	close(out);
	assert_true(file_has(&house, "heard", "engine told to end"));
	assert_int_equal(wait_status(house.pid), 0);
	house.pid = 0;
	assert_int_equal(wait_status(run_hostlerd(&house, "--down", &out)), 3);
	close(out);
	house_clear(&house);
}

static void in_the_background_it_returns_when_ready(void **state)
{
	struct house house;
	int out;

	(void)state;
	house_make(&house, HOUSE);
	assert_int_equal(wait_status(run_hostlerd(&house, NULL, &out)), 0);
	close(out);
	assert_true(file_has(&house, "state/children", "gateway/desk ready "));
	assert_int_equal(wait_status(run_hostlerd(&house, "--down", &out)), 0);
	close(out);
	assert_true(file_has(&house, "state/hostlerd.log", "stopping"));
	house_clear(&house);
}

static void when_the_supervisor_dies_its_children_see_it(void **state)
{
	struct house house;

	(void)state;
	house_make(&house, HOUSE);
	house_start(&house);
	wait_ready(&house);
	kill(house.pid, SIGKILL);
	assert_int_equal(wait_status(house.pid), 128 + SIGKILL);
	house.pid = 0;
	WAIT_UNTIL(count(&house, "supervisor is gone") == 5);
	house_clear(&house);
}

static void the_gateway_gets_session_processes_and_their_end(void **state)
{
	struct house house;

	(void)state;
	house_make(&house, HOUSE);
	tell_child(&house, "gateway", "session");
	house_start(&house);
	wait_ready(&house);
	assert_true(file_has(&house, "heard", "session.hold.desk starts hold --device desk -c"));
	assert_true(file_has(&house, "heard", "gateway record 3 7 pid 1\n"));
	assert_true(file_has(&house, "heard", "gateway session says HELLO\n"));
	assert_true(file_has(&house, "heard", "gateway record 4 7 9\n"));
	assert_true(file_has(&house, "heard", "gateway record 5 8 the gateway named no device 0\n"));
	house_clear(&house);
}

static void a_second_signal_ends_what_does_not_end(void **state)
{
	struct house house;

	(void)state;
	house_make(&house, HOUSE);
	tell_child(&house, "gateway", "stubborn");
	house_start(&house);
	wait_ready(&house);
	kill(house.pid, SIGINT);
	WAIT_UNTIL(file_has(&house, "state/children", "gateway/desk stopping "));
	kill(house.pid, SIGINT);
	assert_int_equal(wait_status(house.pid), 0);
	house.pid = 0;
	assert_true(file_has(&house, "heard", "engine told to end"));
	house_clear(&house);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_house_comes_up_in_order_and_goes_down_in_reverse),
		cmocka_unit_test(every_child_has_its_own_key_and_the_engine_knows_them_all),
		cmocka_unit_test(the_first_start_makes_seed_and_operator_key_and_later_ones_keep_them),
		cmocka_unit_test(secrets_are_for_their_owner_alone),
		cmocka_unit_test(a_child_that_dies_is_started_again),
		cmocka_unit_test(a_misconfigured_child_is_left_alone_and_named),
		cmocka_unit_test(without_its_engine_a_house_does_not_come_up),
		cmocka_unit_test(a_wrong_configuration_starts_nothing),
		cmocka_unit_test(one_state_directory_has_one_hostlerd),
		cmocka_unit_test(down_ends_the_running_one_and_waits_for_it),
		cmocka_unit_test(in_the_background_it_returns_when_ready),
		cmocka_unit_test(when_the_supervisor_dies_its_children_see_it),
		cmocka_unit_test(the_gateway_gets_session_processes_and_their_end),
		cmocka_unit_test(a_second_signal_ends_what_does_not_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
