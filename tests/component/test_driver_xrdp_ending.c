/* That nothing of a session that hostler opened on a terminal server is left, however it ends, and that people's are let be. */
#include "xrdp_house.h"

#include <dirent.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CYCLES = 4, NOTES_MOST = 40, PATIENCE_MS = 20000 };

static void a_moment(void)
{
	const struct timespec moment = {.tv_nsec = 10000000L};

	nanosleep(&moment, NULL);
}

static void assert_nothing_of(const char *user)
{
	if (processes_of(user, NULL) > 0)
		RUN("ps", "-u", user, "-o", "pid,ppid,lstart,args");
	assert_int_equal(processes_of(user, NULL), 0);
	if (entries_in(SOCKETS) > 0)
		RUN("ls", "-l", SOCKETS);
	assert_int_equal(entries_in(SOCKETS), 0);
	assert_int_equal(entries_in("/tmp/.X11-unix"), 0);
}

static void open_for(struct holder *holder, const char *user)
{
	hst_error err = {0};

	holder_init(holder, (const char *const[]){"grace", "1s", NULL});
	if (holder_try(holder, user, PASSWORD, &err) != HST_OK)
		fail_msg("%s: %s\n%s", err.reason, err.text, sesman_log());
}

/* How many sessions of this user the list has, and how many of them are hostler's. */
static size_t sessions_of(struct holder *holder, const char *user, size_t *ret_ours)
{
	hst_session *sessions;
	hst_device device;
	hst_error err = {0};
	size_t n, found = 0;

	*ret_ours = 0;
	if (ops->list(holder->state, &holder->host.call, &device, &sessions, &n, &err) != HST_OK)
		fail_msg("%s", err.text);
	for (size_t i = 0; i < n; i++) {
		if (strcmp(sessions[i].user, user) != 0)
			continue;
		found++;
		*ret_ours += sessions[i].ours;
	}
	return found;
}

/* Opens a session in a process that is killed once it has made `notes` notes; false: it made fewer, and the session was opened. */
static bool killed_after(size_t notes, const char *file, char run_dir[64])
{
	static struct holder holder;
	int status;
	pid_t pid;

	holder_init(&holder, NULL);
	snprintf(run_dir, 64, "%s", holder.run_dir);
	pid = fork();
	if (pid == 0) {
		hst_error err = {0};

		holder.host.notes_file = file;
		holder.host.notes_before_death = notes;
		_exit(holder_try(&holder, USER, PASSWORD, &err) == HST_OK ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!WIFSIGNALED(status))
		assert_int_equal(WEXITSTATUS(status), 0);
	fake_host_clear(&holder.host);
	holder_forget(&holder);
	return WIFSIGNALED(status);
}

static void a_process_that_is_killed_while_it_opens_leaves_nothing(void **unused)
{
	static struct holder reaper;
	char notes[PATH_MAX], run_dir[64];
	size_t after = 1;
	bool killed = true;

	(void)unused;
	NEEDS_ROOT();
	snprintf(notes, sizeof notes, "%s/notes", work);
	/* Each second one: between two of them lies what either of them has noted. */
	for (; killed && after < NOTES_MOST; after += 2) {
		hst_error err = {0};

		killed = killed_after(after, notes, run_dir);
		holder_init(&reaper, NULL);
		fake_host_read_notes(&reaper.host, notes);
		for (int twice = 0; twice < 2; twice++)
			if (ops->reap(reaper.state, &reaper.host.call, (const char *const *)reaper.host.notes, reaper.host.note_count,
				      &err) != HST_OK)
				fail_msg("after note %zu: %s", after, err.text);
		rmdir(run_dir);
		assert_int_equal(access(run_dir, F_OK), -1);
		assert_nothing_of(USER);
		unlink(notes);
		holder_clear(&reaper);
	}
	assert_true(after > 10); /* mark, sesman, its request, broker, leader, X server, display, files, and the buses' */
	assert_false(killed);
}

/* The last part of a session: what sesman has forked and not yet become a program does not end when sesman says so. */
static void wait_for_channels(void)
{
	for (int waited = 0; processes_of(USER, "xrdp-chansrv") == 0 && waited < PATIENCE_MS; waited += 10)
		a_moment();
}

static void what_a_killed_broker_leaves_is_ended_too(void **unused)
{
	static struct holder holder;

	(void)unused;
	NEEDS_ROOT();
	open_for(&holder, USER);
	wait_for_channels();
	assert_int_equal(kill(broker_of(USER), SIGKILL), 0);
	assert_true(processes_of(USER, "xrdp-chansrv") == 1);
	holder_close_session(&holder);
	assert_nothing_of(USER);
	holder_clear(&holder);
}

/* Its sessions live on, unknown to the next one: hostler's are signed out as always, and people's are let be. */
static void sessions_of_a_killed_sesman_are_seen_and_signed_out(void **unused)
{
	static struct holder holder, watch;
	size_t ours;

	(void)unused;
	NEEDS_ROOT();
	person_signs_in(PERSON);
	open_for(&holder, USER);
	sesman_kill(SIGKILL);
	sesman_start();
	holder_init(&watch, NULL);
	assert_int_equal(sessions_of(&watch, USER, &ours), 1);
	assert_int_equal(ours, 1);
	assert_int_equal(sessions_of(&watch, PERSON, &ours), 1);
	assert_int_equal(ours, 0);

	/* A second one of the same user; neither is hostler's. */
	person_signs_in(PERSON);
	assert_int_equal(sessions_of(&watch, PERSON, &ours), 2);
	assert_int_equal(ours, 0);
	assert_non_null(strstr(shell(&holder, "id -un"), USER));
	holder_close_session(&holder);
	assert_int_equal(processes_of(USER, NULL), 0);
	assert_int_equal(processes_of(PERSON, "Xorg"), 2);
	assert_int_equal(sessions_of(&watch, PERSON, &ours), 2);
	holder_clear(&holder);

	/* And hostler's next session is as any other. */
	open_for(&holder, USER);
	holder_close_session(&holder);
	assert_int_equal(processes_of(USER, NULL), 0);
	holder_clear(&holder);
	holder_clear(&watch);
}

static void a_session_that_is_signed_out_of_from_inside_is_gone(void **unused)
{
	static struct holder holder;
	size_t ours;

	(void)unused;
	NEEDS_ROOT();
	open_for(&holder, USER);
	wait_for_channels();
	shell(&holder, "openbox --exit; setsid -f sh -c 'trap \"\" TERM; sleep 1000' >/dev/null 2>&1 </dev/null");
	for (int waited = 0; sessions_of(&holder, USER, &ours) > 0 && waited < PATIENCE_MS; waited += 10)
		a_moment();
	assert_int_equal(sessions_of(&holder, USER, &ours), 0);
	holder_close_session(&holder);
	assert_nothing_of(USER);
	holder_clear(&holder);
}

/* Somebody else listens where sesman would. */
static void no_password_is_sent_to_a_stranger(void **unused)
{
	static struct holder holder;
	hst_error err = {0};
	pid_t stranger;

	(void)unused;
	NEEDS_ROOT();
	sesman_kill(SIGKILL);
	stranger = listen_as(PERSON);
	holder_init(&holder, NULL);
	assert_int_equal(holder_try(&holder, USER, PASSWORD, &err), HST_RETRY);
	assert_string_equal(err.reason, "NoListenerConnected");
	assert_non_null(strstr(err.text, "in the place of xrdp-sesman"));
	kill(stranger, SIGKILL);
	assert_int_equal(waitpid(stranger, NULL, 0), stranger);
	holder_clear(&holder);
}

/* What must not grow from one session to the next. */
struct measure {
	size_t descriptors, temporary, run, sockets, processes;
	long memory_kib;
};

static struct measure measured(void)
{
	struct measure measure = {.descriptors = entries_in("/proc/self/fd"),
				  .temporary = entries_in("/tmp"),
				  .run = entries_in("/run"),
				  .sockets = entries_in(SOCKETS),
				  .processes = processes_of(USER, NULL)};
	FILE *file = fopen("/proc/self/status", "re");
	char line[256];

	while (file && fgets(line, sizeof line, file))
		sscanf(line, "RssAnon: %ld kB", &measure.memory_kib);
	if (file)
		fclose(file);
	return measure;
}

static void many_sessions_leave_nothing_behind(void **unused)
{
	const char *wanted = getenv("HOSTLER_CYCLES");
	size_t cycles = wanted ? strtoul(wanted, NULL, 10) : CYCLES;
	static struct holder holder;
	struct measure before = {0}, after;

	(void)unused;
	NEEDS_ROOT();
	for (size_t i = 0; i < cycles + 2; i++) {
		if (i == 2)
			before = measured(); /* what is only made once is made now */
		open_for(&holder, USER);
		holder_close_session(&holder);
		holder_clear(&holder);
	}
	after = measured();
	if (wanted)
		print_message("%zu cycles: memory %ld to %ld KiB, descriptors %zu to %zu, /tmp %zu to %zu, /run %zu to %zu\n", cycles,
			      before.memory_kib, after.memory_kib, before.descriptors, after.descriptors, before.temporary, after.temporary,
			      before.run, after.run);
	assert_int_equal(after.descriptors, before.descriptors);
	assert_int_equal(after.run, before.run);
	assert_int_equal(after.sockets, 0);
	assert_int_equal(after.processes, 0);
#ifndef __SANITIZE_ADDRESS__ /* which keeps what was freed for a while */
	assert_true(after.memory_kib <= before.memory_kib + 1024);
#endif
}

/* One socket under so many names: whoever may make one in the directory of displays can do that. */
static pid_t crowd_in(const char *user, int names)
{
	const struct passwd *record = getpwnam(user);
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/tmp/.X11-unix/X20000"};
	pid_t child = fork();
	char path[64];
	int fd;

	if (child != 0)
		return child;
	if (setgid(record->pw_gid) != 0 || setuid(record->pw_uid) != 0)
		_exit(1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(fd, (const struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 4096) != 0)
		_exit(1);
	for (int i = 1; i < names; i++) {
		snprintf(path, sizeof path, "/tmp/.X11-unix/X%d", 20000 + i);
		if (link(address.sun_path, path) != 0)
			_exit(1);
	}
	pause();
	_exit(0);
}

static void a_list_that_a_crowd_cuts_off_is_none(void **unused)
{
	enum { NAMES = 4200 };
	static struct holder holder;
	hst_session *sessions;
	hst_device device;
	hst_error err = {0};
	pid_t crowd;
	size_t n;

	(void)unused;
	NEEDS_ROOT();
	crowd = crowd_in(OTHER, NAMES);
	for (int waited = 0; entries_in("/tmp/.X11-unix") < NAMES && waited < PATIENCE_MS; waited += 10)
		a_moment();
	holder_init(&holder, NULL);
	assert_int_equal(ops->list(holder.state, &holder.host.call, &device, &sessions, &n, &err), HST_RETRY);
	assert_non_null(strstr(err.text, "displays are served"));
	holder_clear(&holder);
	kill(crowd, SIGKILL);
	waitpid(crowd, NULL, 0);
	assert_int_equal(RUN("sh", "-c", "rm -f /tmp/.X11-unix/X2[0-9][0-9][0-9][0-9]"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		XRDP_TEST(a_process_that_is_killed_while_it_opens_leaves_nothing),
		XRDP_TEST(what_a_killed_broker_leaves_is_ended_too),
		XRDP_TEST(sessions_of_a_killed_sesman_are_seen_and_signed_out),
		XRDP_TEST(a_session_that_is_signed_out_of_from_inside_is_gone),
		XRDP_TEST(no_password_is_sent_to_a_stranger),
		XRDP_TEST(a_list_that_a_crowd_cuts_off_is_none),
		XRDP_TEST(many_sessions_leave_nothing_behind),
	};

	return xrdp_house_run(tests, sizeof tests / sizeof *tests);
}
