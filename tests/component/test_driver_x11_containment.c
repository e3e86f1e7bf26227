/* That no program gets away from a session of driver x11, with a cgroup of the session's own and without one. */
#include "x11_house.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Loses its parents, its group, its environment and what others may read in /proc, heeds no SIGTERM, says its id and stays. */
#define HIDER                                                                                    \
	"exec env -i /usr/bin/python3 -c '\n"                                                    \
	"import ctypes, os, signal, time\n"                                                      \
	"signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"                                        \
	"if os.fork(): os._exit(0)\n"                                                            \
	"os.setsid()\n"                                                                          \
	"if os.fork(): os._exit(0)\n"                                                            \
	"ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)\n"                                               \
	"print(os.getpid(), flush=True)\n"                                                       \
	"null = os.open(\"/dev/null\", os.O_RDWR)\n"                                             \
	"for fd in range(3): os.dup2(null, fd)\n"                                                \
	"time.sleep(1000)'"

/*
 * Forks whenever it may, and so does each of its children: where one is killed another takes its place. The kernel lets
 * the user have 150 processes at most, and each ends by itself after 20 seconds; where the kernel has no say, as for
 * root, there are no more than 1,000 forks in all.
 */
#define BOMB                                                                                     \
	"/usr/bin/python3 -c '\n"                                                                \
	"import os, resource, signal, time\n"                                                    \
	"resource.setrlimit(resource.RLIMIT_NPROC, (150, 150))\n"                                \
	"signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"                                        \
	"signal.signal(signal.SIGCHLD, signal.SIG_IGN)\n"                                        \
	"end = time.monotonic() + 20\n"                                                          \
	"budget, more = os.pipe(); os.write(more, b\"x\" * 1000); os.set_blocking(budget, False)\n" \
	"def fork(): os.read(budget, 1); return os.fork()\n"                              \
	"def bomb():\n"                                                                   \
	"    null = os.open(\"/dev/null\", os.O_RDWR)\n"                                  \
	"    for fd in range(3): os.dup2(null, fd)\n"                                     \
	"    while time.monotonic() < end:\n"                                             \
	"        try: fork()\n"                                                        \
	"        except OSError: time.sleep(0.01)\n"                                      \
	"    os._exit(0)\n"                                                               \
	"while True:\n"                                                                   \
	"    try:\n"                                                                      \
	"        if not fork(): bomb()\n"                                              \
	"    except OSError: break\n"                                                     \
	"print(\"is going on\")'"

static const char *const with_cgroup[] = {"containment", "cgroup", "grace", "1s", NULL};
static const char *const without[] = {"containment", "processes", "grace", "1s", NULL};

static hst_containment in_force(struct holder *holder)
{
	hst_session *sessions;
	hst_device device = {0};
	hst_error err = {0};
	size_t n;

	if (ops->list(holder->state, &holder->host.call, &device, &sessions, &n, &err) != HST_OK)
		fail_msg("%s", err.text);
	return device.containment;
}

/* Skips the test where this machine gives no cgroup. */
static void needs_cgroup(void)
{
	static struct holder holder;
	hst_containment found;

	NEEDS_ROOT();
	holder_init(&holder, NULL);
	found = in_force(&holder);
	holder_clear(&holder);
	if (found == HST_CONTAINMENT_CGROUP)
		return;
	print_message("skipped: cgroup v2 cannot be written to here\n");
	skip();
}

static pid_t start_hider(struct holder *holder)
{
	long pid = strtol(shell(holder, HIDER), NULL, 10);

	assert_true(pid > 1);
	assert_int_equal(kill((pid_t)pid, 0), 0);
	return (pid_t)pid;
}

static void open_hide_and_close(const char *const *set)
{
	static struct holder holder;

	holder_open(&holder, set);
	start_hider(&holder);
	holder_close_session(&holder);
	assert_nothing_left();
	holder_clear(&holder);
}

static void what_sheds_everything_is_ended_with_a_cgroup(void **unused)
{
	(void)unused;
	needs_cgroup();
	open_hide_and_close(with_cgroup);
}

static void what_sheds_everything_is_ended_without_a_cgroup(void **unused)
{
	(void)unused;
	NEEDS_ROOT();
	open_hide_and_close(without);
}

static void open_bomb_and_close(const char *const *set)
{
	static struct holder holder;

	holder_open(&holder, set);
	assert_string_equal(shell(&holder, BOMB), "is going on\n");
	holder_close_session(&holder);
	assert_nothing_left();
	holder_clear(&holder);
}

static void what_multiplies_is_ended_with_a_cgroup(void **unused)
{
	(void)unused;
	needs_cgroup();
	open_bomb_and_close(with_cgroup);
}

static void what_multiplies_is_ended_without_a_cgroup(void **unused)
{
	(void)unused;
	NEEDS_ROOT();
	open_bomb_and_close(without);
}

/* The cgroup of a session from its notes; "": it has none. */
static void cgroup_of(const struct holder *holder, char path[PATH_MAX])
{
	path[0] = '\0';
	for (size_t i = 0; i < holder->host.note_count; i++)
		if (sscanf(holder->host.notes[i], "cgroup %4000s", path) == 1)
			return;
}

static void a_session_has_a_cgroup_that_its_user_cannot_leave(void **unused)
{
	static struct holder holder;
	char path[PATH_MAX], line[64], script[2 * PATH_MAX + 128];
	const char *seen;

	(void)unused;
	needs_cgroup();
	holder_open(&holder, NULL); /* as is best */
	assert_int_equal(in_force(&holder), HST_CONTAINMENT_CGROUP);
	cgroup_of(&holder, path);
	assert_int_equal(access(path, F_OK), 0);
	snprintf(script, sizeof script, "cat %s/cgroup.procs; echo in as $$; echo $$ >%s/../cgroup.procs && echo has left", path, path);
	seen = shell(&holder, script);
	snprintf(line, sizeof line, "%d\n", (int)server_of(&holder));
	assert_non_null(strstr(seen, line));
	snprintf(line, sizeof line, "%ld\n", strtol(strstr(seen, "in as") + 5, NULL, 10));
	assert_true(strstr(seen, line) < strstr(seen, "in as"));
	assert_null(strstr(seen, "has left"));
	holder_close_session(&holder);
	assert_int_equal(access(path, F_OK), -1);
	assert_nothing_left();
	holder_clear(&holder);
}

static void the_operator_can_do_without(void **unused)
{
	static struct holder holder;
	char path[PATH_MAX];

	(void)unused;
	NEEDS_ROOT();
	holder_open(&holder, without);
	assert_int_equal(in_force(&holder), HST_CONTAINMENT_PROCESSES);
	cgroup_of(&holder, path);
	assert_string_equal(path, "");
	holder_close_session(&holder);
	assert_nothing_left();
	holder_clear(&holder);
}

/* Another process of hostler, which was not the parent of anything there. */
static void reap_ends_what_hides_in_the_cgroup(void **unused)
{
	static struct holder reaper;
	char notes[PATH_MAX], line[256] = "", run_dir[128] = "", path[PATH_MAX];
	hst_error err = {0};
	int said[2], hider;
	pid_t pid;

	(void)unused;
	needs_cgroup();
	snprintf(notes, sizeof notes, "%s/notes", work);
	assert_int_equal(pipe2(said, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		static struct holder holder;

		holder_init(&holder, NULL);
		holder.host.notes_file = notes;
		if (holder_try(&holder, USER, NULL, &err) != HST_OK ||
		    dprintf(said[1], "%d %s", (int)start_hider(&holder), holder.run_dir) < 0)
			_exit(1);
		pause();
		_exit(1);
	}
	close(said[1]);
	assert_true(read(said[0], line, sizeof line - 1) > 0);
	assert_int_equal(sscanf(line, "%d %127s", &hider, run_dir), 2);
	close(said[0]);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(kill(hider, 0), 0);

	holder_init(&reaper, (const char *const[]){"grace", "1s", NULL});
	fake_host_read_notes(&reaper.host, notes);
	cgroup_of(&reaper, path);
	assert_int_equal(access(path, F_OK), 0);
	for (int twice = 0; twice < 2; twice++) {
		if (ops->reap(reaper.state, &reaper.host.call, (const char *const *)reaper.host.notes, reaper.host.note_count, &err) != HST_OK)
			fail_msg("%s", err.text);
		rmdir(run_dir);
		assert_nothing_left();
		assert_int_equal(access(path, F_OK), -1);
	}
	assert_int_equal(unlink(notes), 0);
	holder_clear(&reaper);
}

static void reap_spares_a_cgroup_of_another_name(void **unused)
{
	const char *const notes[] = {"session 00112233445566778899aabbccddeeff 12345 this-boot", "cgroup /sys/fs/cgroup/system.slice"};
	static struct holder reaper;
	hst_error err = {0};

	(void)unused;
	NEEDS_ROOT();
	holder_init(&reaper, NULL);
	assert_int_equal(ops->reap(reaper.state, &reaper.host.call, notes, 2, &err), HST_INVALID);
	holder_clear(&reaper);
}

/* As in a container that is not given any: in the place of /sys/fs/cgroup lies an empty folder. */
static void without_any_cgroup_sessions_open_unless_one_is_asked_for(void **unused)
{
	int status;
	pid_t pid;

	(void)unused;
	NEEDS_ROOT();
	pid = fork();
	if (pid == 0) {
		static struct holder strict, lenient;
		hst_error err = {0};

		if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
		    mount("none", "/sys/fs/cgroup", "tmpfs", 0, NULL) != 0)
			_exit(77);
		holder_init(&strict, with_cgroup);
		if (holder_try(&strict, USER, NULL, &err) != HST_INVALID || !strstr(err.text, "containment = best"))
			_exit(1);
		holder_clear(&strict);
		holder_init(&lenient, NULL);
		if (holder_try(&lenient, USER, NULL, &err) != HST_OK || in_force(&lenient) != HST_CONTAINMENT_PROCESSES)
			_exit(2);
		holder_close_session(&lenient);
		holder_clear(&lenient);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
		print_message("skipped: no mount namespace can be had here\n");
		skip();
	}
	assert_int_equal(status, 0);
	assert_nothing_left();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_sheds_everything_is_ended_with_a_cgroup),
		TEST(what_sheds_everything_is_ended_without_a_cgroup),
		TEST(what_multiplies_is_ended_with_a_cgroup),
		TEST(what_multiplies_is_ended_without_a_cgroup),
		TEST(a_session_has_a_cgroup_that_its_user_cannot_leave),
		TEST(the_operator_can_do_without),
		TEST(reap_ends_what_hides_in_the_cgroup),
		TEST(reap_spares_a_cgroup_of_another_name),
		TEST(without_any_cgroup_sessions_open_unless_one_is_asked_for),
	};

	return house_run(tests, sizeof tests / sizeof *tests);
}
