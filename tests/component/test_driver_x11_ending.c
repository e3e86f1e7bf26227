/* That nothing of a session of driver x11 is left, however it ends, and however many there are. */
#include "x11_house.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A process without terminal, group and parent of the session, running once this returns; `how` is put before
 * it. */
static pid_t start_daemon(struct holder *holder, const char *how)
{
	char script[512];
	long pid;

	snprintf(script, sizeof script,
		 "%s setsid -f sh -c 'trap \"\" TERM; echo $$; exec >/dev/null 2>&1 </dev/null; sleep 1000; "
		 "sleep 1000'",
		 how);
	pid = strtol(shell(holder, script), NULL, 10);
	assert_true(pid > 1);
	return (pid_t)pid;
}

static void what_hides_or_clings_to_life_is_ended_too(void **unused)
{
	static struct holder holder;
	pid_t marked, unmarked;

	(void)unused;
	NEEDS_ROOT();
	holder_open(&holder, (const char *const[]){"grace", "1s", NULL});
	marked = start_daemon(&holder, "");
	unmarked = start_daemon(&holder, "env -i");
	assert_int_equal(kill(marked, 0), 0);
	assert_int_equal(kill(unmarked, 0), 0);
	holder_close_session(&holder);
	assert_nothing_left();
	holder_clear(&holder);
}

static int64_t wall_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void a_display_that_hangs_hangs_nobody(void **unused)
{
	static struct holder holder;
	char path[PATH_MAX];
	int64_t began_us;
	hst_error err = {0};
	struct stat about;
	int rc;

	(void)unused;
	NEEDS_ROOT();
	holder_open(&holder, (const char *const[]){"ready_within", "5s", "grace", "1s", NULL});
	snprintf(path, sizeof path, "%s/hung.png", work);
	assert_int_equal(kill(server_of(&holder), SIGSTOP), 0);
	rc = ops->screenshot(holder.state, &holder.host.call, holder.session, path, &err);
	assert_int_equal(rc, HST_TIMEOUT);
	assert_int_equal(stat(path, &about), -1);

	/* Nor does it take longer than the caller has time. */
	began_us = wall_us();
	holder.host.call.deadline_us = began_us + 500 * 1000;
	rc = ops->screenshot(holder.state, &holder.host.call, holder.session, path, &err);
	assert_int_equal(rc, HST_TIMEOUT);
	assert_true(wall_us() - began_us < 4 * 1000 * 1000);
	holder.host.call.deadline_us = INT64_MAX;

	/* It has to be killed, so its socket and its lock are left to be removed. */
	holder_close_session(&holder);
	assert_nothing_left();
	holder_clear(&holder);
}

/* Deeper than descriptors, stack or a path reach; links lead out, and a folder bars its owner. */
static void files_nested_very_deep_are_removed(void **unused)
{
	static struct holder holder;
	char outside[PATH_MAX], script[2 * PATH_MAX];
	const char *said;

	(void)unused;
	NEEDS_ROOT();
	holder_open(&holder, NULL);
	snprintf(outside, sizeof outside, "%s/outside", work);
	assert_int_equal(mkdir(outside, 0777), 0);
	assert_int_equal(RUN("touch", "--", strcat(strcpy(script, outside), "/kept")), 0);
	snprintf(script, sizeof script,
		 "cd \"$XDG_RUNTIME_DIR\" && mkdir barred && touch barred/f && chmod 0 barred\n"
		 "i=0; while test $i -lt 1500; do mkdir d e .hostler-$i && touch f e/f && ln -s %s out && cd "
		 "d\n"
		 "i=$((i+1)); done; echo made $i",
		 outside);
	said = shell(&holder, script);
	assert_string_equal(said, "made 1500\n");
	holder_close_session(&holder);
	assert_nothing_left();
	holder_clear(&holder);
	snprintf(script, sizeof script, "%s/kept", outside);
	assert_int_equal(access(script, F_OK), 0);
}

static void opening_fails_cleanly_when_notes_cannot_be_kept(void **unused)
{
	(void)unused;
	NEEDS_ROOT();
	for (size_t kept = 0; kept < 12; kept++) {
		static struct holder holder;
		hst_error err = {0};
		int rc;

		holder_init(&holder, NULL);
		holder.host.notes_before_failure = kept;
		rc = holder_try(&holder, USER, NULL, &err);
		if (rc == HST_OK) {
			assert_true(kept >= 9); /* session, pam, files, X server, display, window manager,
						   three for the buses, and where it has one the cgroup */
			holder_close_session(&holder);
		} else {
			assert_int_equal(rc, HST_RETRY);
		}
		assert_nothing_left();
		holder_clear(&holder);
	}
}

static void reap_undoes_what_a_killed_holder_left(void **unused)
{
	char notes[PATH_MAX], line[256] = "", run_dir[128] = "";
	static struct holder reaper;
	hst_error err = {0};
	int said[2], daemon;
	pid_t pid;

	(void)unused;
	NEEDS_ROOT();
	snprintf(notes, sizeof notes, "%s/notes", work);
	assert_int_equal(pipe2(said, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		static struct holder holder;

		holder_init(&holder, NULL);
		holder.host.notes_file = notes;
		if (holder_try(&holder, USER, NULL, &err) != HST_OK)
			_exit(1);
		shell(&holder, "setsid -f galculator >/dev/null 2>&1");
		if (dprintf(said[1], "%d %s", (int)start_daemon(&holder, ""), holder.run_dir) < 0)
			_exit(1);
		pause();
		_exit(1);
	}
	close(said[1]);
	assert_true(read(said[0], line, sizeof line - 1) > 0);
	assert_int_equal(sscanf(line, "%d %127s", &daemon, run_dir), 2);
	close(said[0]);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);

	/* It has no parent of the session any more, and outlives it. */
	assert_int_equal(kill(daemon, 0), 0);
	holder_init(&reaper, NULL);
	fake_host_read_notes(&reaper.host, notes);
	for (int twice = 0; twice < 2; twice++) {
		if (ops->reap(reaper.state, &reaper.host.call, (const char *const *)reaper.host.notes,
			      reaper.host.note_count, &err) != HST_OK)
			fail_msg("%s", err.text);
		rmdir(run_dir);
		assert_nothing_left();
	}
	assert_int_equal(unlink(notes), 0);
	holder_clear(&reaper);
}

static void reap_spares_a_process_that_has_a_noted_id_by_chance(void **unused)
{
	static const char mark[] = "session 00112233445566778899aabbccddeeff";
	char session[128], process[64];
	const char *notes[] = {session, process}, *foreign[] = {"rm -rf /"};
	static struct holder reaper;
	hst_error err = {0};
	pid_t innocent;

	(void)unused;
	NEEDS_ROOT();
	innocent = fork();
	if (innocent == 0) {
		if (setuid(user_id) != 0)
			_exit(1);
		pause();
		_exit(0);
	}
	holder_init(&reaper, NULL);
	snprintf(session, sizeof session, "%s %u this-boot", mark, (unsigned)user_id);
	snprintf(process, sizeof process, "process %d 1", (int)innocent);
	assert_int_equal(ops->reap(reaper.state, &reaper.host.call, notes, 2, &err), HST_OK);
	assert_int_equal(ops->reap(reaper.state, &reaper.host.call, foreign, 1, &err), HST_INVALID);
	assert_int_equal(kill(innocent, 0), 0);
	kill(innocent, SIGKILL);
	assert_int_equal(waitpid(innocent, NULL, 0), innocent);
	holder_clear(&reaper);
}

/* The name and even the inode of a socket are somebody else's as soon as whoever had them is gone. */
static void reap_spares_a_display_that_somebody_has_taken_since(void **unused)
{
	char session[128], display[96], boot[40] = "", path[64];
	const char *notes[] = {session, "xserver 999999999 1", display};
	static struct holder person, reaper;
	FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");
	hst_error err = {0};
	struct stat about;

	(void)unused;
	NEEDS_ROOT();
	assert_non_null(file);
	assert_non_null(fgets(boot, 37, file));
	fclose(file);
	holder_open(&person, NULL);
	snprintf(path, sizeof path, "/tmp/.X11-unix/X%d", display_of(&person));
	assert_int_equal(lstat(path, &about), 0);
	snprintf(session, sizeof session, "session 00112233445566778899aabbccddeeff %u %s", (unsigned)user_id, boot);
	snprintf(display, sizeof display, "display %d %llu %llu", display_of(&person), (unsigned long long)about.st_dev,
		 (unsigned long long)about.st_ino);
	holder_init(&reaper, NULL);
	assert_int_equal(ops->reap(reaper.state, &reaper.host.call, notes, 3, &err), HST_OK);
	assert_int_equal(lstat(path, &about), 0);
	holder_close_session(&person);
	assert_int_equal(lstat(path, &about), -1);
	holder_clear(&reaper);
}

static void twenty_sessions_open_at_once(void **unused)
{
	pid_t pids[HOLDERS_MAX];
	char text[16];
	int said[2];

	(void)unused;
	NEEDS_ROOT();
	assert_int_equal(pipe2(said, O_CLOEXEC), 0);
	for (int i = 0; i < HOLDERS_MAX; i++) {
		pids[i] = fork();
		if (pids[i] != 0)
			continue;

		static struct holder holder;
		hst_error err = {0};

		holder_init(&holder, (const char *const[]){"ready_within", "3m", NULL});
		if (holder_try(&holder, USER, NULL, &err) != HST_OK) {
			fprintf(stderr, "%s\n", err.text);
			_exit(1);
		}
		snprintf(text, sizeof text, "%-15d", display_of(&holder));
		if (!strstr(shell(&holder, "id -un"), USER) || write(said[1], text, 15) != 15)
			_exit(2);
		holder_close_session(&holder);
		_exit(rmdir(holder.run_dir) == 0 ? 0 : 3);
	}
	close(said[1]);
	for (int i = 0; i < HOLDERS_MAX; i++) {
		long display;

		assert_int_equal(read(said[0], text, 15), 15);
		display = strtol(text, NULL, 10);
		assert_in_range(display, 0, 65535);
	}
	close(said[0]);
	for (int i = 0; i < HOLDERS_MAX; i++) {
		int status = -1;

		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	assert_nothing_left();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_hides_or_clings_to_life_is_ended_too),
		TEST(a_display_that_hangs_hangs_nobody),
		TEST(files_nested_very_deep_are_removed),
		TEST(opening_fails_cleanly_when_notes_cannot_be_kept),
		TEST(reap_undoes_what_a_killed_holder_left),
		TEST(reap_spares_a_process_that_has_a_noted_id_by_chance),
		TEST(reap_spares_a_display_that_somebody_has_taken_since),
		TEST(twenty_sessions_open_at_once),
	};

	return house_run(tests, sizeof tests / sizeof *tests);
}
