/* Sessions that hostler opens on a terminal server: signing in, being there, signing out. */
#include "xrdp_house.h"

#include <fcntl.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* The session on this display, as the list has it; NULL: there is none. */
static const hst_session *listed(struct holder *holder, int display)
{
	hst_session *sessions;
	hst_device device;
	hst_error err = {0};
	char begin[32];
	size_t n;

	if (ops->list(holder->state, &holder->host.call, &device, &sessions, &n, &err) != HST_OK)
		fail_msg("%s", err.text);
	assert_int_equal(device.system, HST_LINUX);
	snprintf(begin, sizeof begin, "xrdp:%d:", display);
	for (size_t i = 0; i < n; i++)
		if (strncmp(sessions[i].id, begin, strlen(begin)) == 0)
			return &sessions[i];
	return NULL;
}

static void open_for(struct holder *holder, const char *user)
{
	hst_error err = {0};

	holder_init(holder, NULL);
	if (holder_try(holder, user, PASSWORD, &err) != HST_OK)
		fail_msg("%s: %s\n%s", err.reason, err.text, sesman_log());
}

/* Waits until the kernel says so. */
static void traced_by(pid_t child, pid_t tracer)
{
	char path[64], line[256];
	int by = 0;

	snprintf(path, sizeof path, "/proc/%d/status", (int)child);
	while (by != tracer && kill(tracer, 0) == 0) {
		FILE *file = fopen(path, "re");

		while (file && fgets(line, sizeof line, file))
			sscanf(line, "TracerPid: %d", &by);
		if (file)
			fclose(file);
	}
	assert_int_equal(by, tracer);
}

static void assert_no_session(const char *user)
{
	if (processes_of(user, NULL) > 0)
		RUN("ps", "-u", user, "-o", "pid,ppid,args");
	assert_int_equal(processes_of(user, NULL), 0);
	assert_int_equal(entries_in(SOCKETS), 0);
	assert_int_equal(entries_in("/tmp/.X11-unix"), 0);
}

static void a_session_is_opened_listed_used_and_signed_out(void **unused)
{
	static struct holder holder, watch;
	char path[128];
	const hst_session *session;
	unsigned width, height;
	const char *said;

	(void)unused;
	NEEDS_ROOT();
	open_for(&holder, USER);
	holder_init(&watch, NULL);
	session = listed(&watch, display_of(&holder));
	assert_non_null(session);
	assert_string_equal(session->id, holder.session);
	assert_string_equal(session->user, USER);
	assert_true(session->ours);
	assert_int_equal(session->connected, HST_NO);
	said = shell(&holder, "id -un; grep NoNewPrivs /proc/self/status; echo fds $(ls /proc/self/fd | wc -l); echo on $DISPLAY; "
			      "echo bus $DBUS_SESSION_BUS_ADDRESS; echo xrdp $XRDP_SESSION; pgrep -u $(id -u) -x openbox >/dev/null && echo managed");
	assert_non_null(strstr(said, USER "\n"));
	assert_non_null(strstr(said, "NoNewPrivs:\t1"));
	assert_non_null(strstr(said, "fds 4")); /* the three, and that of the list itself */
	assert_non_null(strstr(said, "on :"));
	assert_non_null(strstr(said, "bus unix:path="));
	assert_non_null(strstr(said, "xrdp 1"));
	assert_non_null(strstr(said, "managed"));
	snprintf(path, sizeof path, "%s/picture.png", work);
	screenshot(&holder, path);
	picture(path, &width, &height);
	assert_int_equal(width, 1280);
	assert_int_equal(height, 800);
	unlink(path);
	holder_close_session(&holder);
	assert_null(listed(&watch, display_of(&holder)));
	assert_no_session(USER);
	holder_close_session(&holder);
	holder_clear(&holder);
	holder_clear(&watch);
}

static void what_another_hostler_opened_is_not_ours(void **unused)
{
	static struct holder holder, watch;
	const char *own = house_name;
	const hst_session *session;
	hst_error err = {0};

	(void)unused;
	NEEDS_ROOT();
	open_for(&holder, USER);
	house_name = "00112233445566bb";
	holder_init(&watch, NULL);
	house_name = own;
	session = listed(&watch, display_of(&holder));
	assert_non_null(session);
	assert_false(session->ours);
	assert_int_equal(session->locked, HST_UNKNOWN);
	assert_non_null(strstr(session->doubt, "another hostler of this machine has opened it"));
	assert_int_equal(ops->attach(watch.state, &watch.host.call, session->id, &err), HST_DENIED);
	assert_string_equal(err.reason, "AttendedUserNotLoggedIn");
	holder_close_session(&holder);
	assert_no_session(USER);
	holder_clear(&watch);
	holder_clear(&holder);
}

/* A socket as xrdp's X servers have them. */
static int bind_as(const char *user, int display)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const struct passwd *record = getpwnam(user);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof address.sun_path, SOCKETS "/xrdp_display_%d", display);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(lchown(address.sun_path, record->pw_uid, record->pw_gid), 0);
	return fd;
}

/* A person may have root start something for them, and reads in the list of processes what a session of hostler's looks like. */
static void what_root_runs_besides_sesman_is_not_ours(void **unused)
{
	static struct holder watch;
	const hst_session *session = NULL;
	int display = 40000 + (int)getpid() % 20000, fd;
	char script[512], path[64];
	pid_t child;

	(void)unused;
	NEEDS_ROOT();
	snprintf(script, sizeof script,
		 "as='setpriv --reuid " USER " --regid " USER " --clear-groups'; $as Xvfb :%d -nolisten tcp 2>/dev/null & "
		 "$as sh -c 'HOSTLER_SESSION=%s0123456789abcdef sleep 100; exit 0' & wait",
		 display, house_name);
	fd = bind_as(USER, display);
	child = fork();
	if (child == 0) {
		execl("/bin/sh", "sh", "-c", script, (char *)NULL);
		_exit(127);
	}
	holder_init(&watch, NULL);
	while (kill(child, 0) == 0 && (!session || processes_of(USER, "sleep") == 0))
		session = listed(&watch, display);
	session = listed(&watch, display);
	assert_non_null(session);
	assert_false(session->ours);
	holder_clear(&watch);
	RUN("pkill", "-u", USER);
	assert_int_equal(waitpid(child, NULL, 0), child);
	close(fd);
	snprintf(path, sizeof path, SOCKETS "/xrdp_display_%d", display);
	assert_int_equal(unlink(path), 0);
}

static void three_users_have_sessions_at_once(void **unused)
{
	static struct holder holders[3];
	static const char *const users[] = {USER, PERSON, OTHER};

	(void)unused;
	NEEDS_ROOT();
	for (size_t i = 0; i < 3; i++)
		open_for(&holders[i], users[i]);
	for (size_t i = 0; i < 3; i++) {
		for (size_t k = 0; k < 3; k++)
			assert_true(listed(&holders[i], display_of(&holders[k]))->ours);
		assert_non_null(strstr(shell(&holders[i], "id -un"), users[i]));
	}
	for (size_t i = 0; i < 3; i++) {
		holder_close_session(&holders[i]);
		assert_int_equal(processes_of(users[i], NULL), 0);
		assert_int_equal(processes_of(users[2], "openbox"), i < 2);
		holder_clear(&holders[i]);
	}
	assert_no_session(USER);
}

static void assert_refused(const char *user, const char *password, int code, const char *reason, const char *words)
{
	static struct holder holder;
	hst_error err = {0};
	int rc;

	holder_init(&holder, NULL);
	rc = holder_try(&holder, user, password, &err);
	if (rc != code || strcmp(err.reason, reason) != 0 || !strstr(err.text, words))
		fail_msg("code %d, %s: %s", rc, err.reason, err.text);
	holder_clear(&holder);
}

static void sesman_lets_in(const char *limit)
{
	sesman_kill(SIGTERM);
	RUN("sed", "-i", limit, "/run/sesman.ini");
	sesman_start();
}

/* It denies a sign-in with the same words as for a wrong password, which is not tried again. */
static void as_many_sessions_as_sesman_lets_be_are_no_wrong_password(void **unused)
{
	static struct holder holder;

	(void)unused;
	NEEDS_ROOT();
	sesman_lets_in("s/^MaxSessions=.*/MaxSessions=1/");
	open_for(&holder, USER);
	assert_refused(OTHER, PASSWORD, HST_RETRY, "TooManyActiveSessions", "MaxSessions = 1 in /run/sesman.ini");
	holder_close_session(&holder);
	holder_clear(&holder);
	open_for(&holder, OTHER);
	/* What a sesman that was killed has left does not count for the next one. */
	sesman_kill(SIGKILL);
	sesman_start();
	assert_refused(USER, "wrong", HST_DENIED, "SessionCreationInvalidCredentials", "password is wrong");
	holder_close_session(&holder);
	holder_clear(&holder);
	sesman_lets_in("s/^MaxSessions=.*/MaxSessions=30/");
}

static void who_may_not_sign_in_is_refused_with_the_reason(void **unused)
{
	(void)unused;
	NEEDS_ROOT();
	assert_refused(USER, "wrong", HST_DENIED, "SessionCreationInvalidCredentials", "password is wrong");
	assert_refused(USER, NULL, HST_DENIED, "SessionCreationInvalidCredentials", "without a password");
	assert_refused(USER, "two\nlines", HST_DENIED, "SessionCreationInvalidCredentials", "one line");
	assert_refused("hst-nobody", PASSWORD, HST_NOT_FOUND, "SessionCreationInvalidCredentials", "no user");
	assert_refused("root", PASSWORD, HST_DENIED, "SessionCreationInvalidCredentials", "root never");
	assert_no_session(USER);
}

static void without_sesman_nobody_is_signed_in_and_no_password_sent(void **unused)
{
	(void)unused;
	NEEDS_ROOT();
	sesman_kill(SIGTERM);
	assert_refused(USER, PASSWORD, HST_RETRY, "NoListenerConnected", "xrdp-sesman");
}

/*
 * Soon it has each of its processes once. While it begins some are not there yet, and the X server is twice until its child has
 * become a program; what sesman has forked and has not become one does not end when sesman says so.
 */
static void assert_one_session_of(const char *user)
{
	const time_t began = time(NULL);

	while (processes_of(user, "Xorg") != 1 || processes_of(user, "openbox") != 1 || processes_of(user, "xrdp-chansrv") != 1) {
		if (time(NULL) - began > 60)
			fail_msg("%zu X servers, %zu window managers, %zu servers of channels", processes_of(user, "Xorg"),
				 processes_of(user, "openbox"), processes_of(user, "xrdp-chansrv"));
		sched_yield();
	}
}

static void a_session_of_the_user_is_let_be(void **unused)
{
	static struct holder watch;
	const hst_session *session;
	int display;

	(void)unused;
	NEEDS_ROOT();
	display = person_signs_in(USER);
	assert_refused(USER, PASSWORD, HST_RETRY, "SessionExistsForTheUserWhenUnattended", "let be");
	assert_one_session_of(USER);
	holder_init(&watch, NULL);
	session = listed(&watch, display);
	assert_non_null(session);
	assert_false(session->ours);
	assert_int_equal(session->connected, HST_NO);
	holder_clear(&watch);
	person_signs_out(USER);
}

static void a_session_of_the_user_that_only_begins_is_let_be_at_once(void **unused)
{
	const time_t began = time(NULL);

	(void)unused;
	NEEDS_ROOT();
	person_asks(USER);
	assert_refused(USER, PASSWORD, HST_RETRY, "SessionExistsForTheUserWhenUnattended", "let be");
	assert_true(time(NULL) - began < 30);
	assert_one_session_of(USER);
	person_signs_out(USER);
}

/* Nothing of it is left but sesman's own process for it, which is returned, stopped: so sesman still names it. */
static pid_t person_leaves_broker_of(const char *user)
{
	pid_t broker;

	person_signs_in(user);
	broker = broker_of(user);
	assert_true(broker > 1);
	assert_int_equal(kill(broker, SIGSTOP), 0);
	RUN("pkill", "-TERM", "-u", user);
	while (processes_of(user, NULL) > 0)
		sched_yield();
	return broker;
}

/*
 * sesman names a session that is on its way out to whoever signs in, until its own process for that session has ended. Here that
 * process goes on only when sesman has answered.
 */
static void a_session_that_ends_while_the_user_signs_in_is_not_waited_for(void **unused)
{
	static struct holder holder;
	pid_t broker, child;

	(void)unused;
	NEEDS_ROOT();
	broker = person_leaves_broker_of(USER);
	child = fork();
	if (child == 0) {
		sleep(1);
		_exit(kill(broker, SIGCONT) == 0 ? 0 : 1);
	}
	open_for(&holder, USER);
	assert_int_equal(waitpid(child, NULL, 0), child);
	holder_close_session(&holder);
	assert_no_session(USER);
	holder_clear(&holder);
}

/* Here sesman dies before it is asked again, and somebody who waits for passwords listens in its place. */
static void who_listens_is_looked_at_before_a_password_is_sent_again(void **unused)
{
	pid_t broker, child;

	(void)unused;
	NEEDS_ROOT();
	broker = person_leaves_broker_of(USER);
	child = fork();
	if (child == 0) {
		sleep(1);
		kill(sesman_pid(), SIGKILL);
		listen_as(OTHER); /* ends with the others of that user */
		_exit(kill(broker, SIGKILL) == 0 ? 0 : 1);
	}
	assert_refused(USER, PASSWORD, HST_RETRY, "NoListenerConnected", "xrdp-sesman");
	assert_int_equal(waitpid(child, NULL, 0), child);
	sesman_kill(SIGKILL);
}

/* Where the password is in a line of strace -yy: only what goes through a pipe or a socket may have it. */
static void assert_told_to_nobody_else(const char *path)
{
	static char line[65536];
	FILE *file = fopen(path, "re");
	size_t seen = 0;

	assert_non_null(file);
	while (fgets(line, sizeof line, file)) {
		if (!strstr(line, PASSWORD))
			continue;
		seen++;
		if ((!strstr(line, "read(") && !strstr(line, "write(") && !strstr(line, "sendto(")) ||
		    (!strstr(line, "<pipe:") && !strstr(line, "<TCP")))
			fail_msg("the password is in: %s", line);
	}
	fclose(file);
	assert_true(seen >= 3); /* into the pipe, out of it, and to sesman */
}

/* One of the processes that are there now has it in its arguments or its environment; or a file of the session has. */
static void assert_password_is_nowhere(const char *run_dir)
{
	assert_true(RUN("sh", "-c", "! cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n' | grep -v grep | "
				    "grep -q -e " PASSWORD "$") == 0);
	assert_true(RUN("grep", "-r", "-q", "-s", "--devices=skip", "-e", PASSWORD, "/home", "/run", run_dir) != 0);
}

static void a_password_is_in_no_argument_environment_or_file(void **unused)
{
	static struct holder holder;
	char trace[PATH_MAX], pid[16];
	hst_error err = {0};
	int go[2], done[2], status;
	pid_t child, strace;
	char byte;

	(void)unused;
	NEEDS_ROOT();
	if (!installed("strace")) {
		print_message("skipped: strace is not installed\n");
		skip();
	}
	snprintf(trace, sizeof trace, "%s/trace", work);
	holder_init(&holder, NULL);
	assert_int_equal(pipe2(go, O_CLOEXEC), 0);
	assert_int_equal(pipe2(done, O_CLOEXEC), 0);
	child = fork();
	if (child == 0) {
		if (read(go[0], &byte, 1) != 1 || holder_try(&holder, USER, PASSWORD, &err) != HST_OK || write(done[1], "y", 1) != 1 ||
		    read(go[0], &byte, 1) != 1)
			_exit(1);
		_exit(ops->close(holder.state, &holder.host.call, holder.session, &err) == HST_OK ? 0 : 1);
	}
	snprintf(pid, sizeof pid, "%d", (int)child);
	strace = fork();
	if (strace == 0) {
		execlp("strace", "strace", "-f", "-q", "-yy", "-v", "-s", "65536", "-e", "trace=%process,%file,%network,read,write,pwrite64", "-o",
		       trace, "-p", pid, (char *)NULL);
		_exit(127);
	}
	traced_by(child, strace);
	assert_int_equal(write(go[1], "y", 1), 1);
	assert_int_equal(read(done[0], &byte, 1), 1);
	assert_password_is_nowhere(holder.run_dir);
	assert_int_equal(write(go[1], "y", 1), 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(waitpid(strace, NULL, 0), strace);
	assert_int_equal(status, 0);
	assert_told_to_nobody_else(trace);
	close(go[0]);
	close(go[1]);
	close(done[0]);
	close(done[1]);
	unlink(trace);
	holder_clear(&holder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		XRDP_TEST(a_session_is_opened_listed_used_and_signed_out),
		XRDP_TEST(as_many_sessions_as_sesman_lets_be_are_no_wrong_password),
		XRDP_TEST(what_another_hostler_opened_is_not_ours),
		XRDP_TEST(what_root_runs_besides_sesman_is_not_ours),
		XRDP_TEST(three_users_have_sessions_at_once),
		XRDP_TEST(who_may_not_sign_in_is_refused_with_the_reason),
		XRDP_TEST(without_sesman_nobody_is_signed_in_and_no_password_sent),
		XRDP_TEST(a_session_of_the_user_is_let_be),
		XRDP_TEST(a_session_of_the_user_that_only_begins_is_let_be_at_once),
		XRDP_TEST(a_session_that_ends_while_the_user_signs_in_is_not_waited_for),
		XRDP_TEST(who_listens_is_looked_at_before_a_password_is_sent_again),
		XRDP_TEST(a_password_is_in_no_argument_environment_or_file),
	};

	return xrdp_house_run(tests, sizeof tests / sizeof *tests);
}
