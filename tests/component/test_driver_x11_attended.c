/* What driver x11 makes of a display that somebody sits at, and what it is to run a program there. */
#include "x11_desk.h"

#include <X11/Xatom.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static hst_session *list(struct holder *holder, size_t *ret_n)
{
	hst_device device;
	hst_session *sessions;
	hst_error err = {0};

	if (ops->list(holder->state, &holder->host.call, &device, &sessions, ret_n, &err) != HST_OK)
		fail_msg("%s", err.text);
	return sessions;
}

/* The session of this display. */
static hst_session seen(int display, struct holder *holder)
{
	char begin[32];
	size_t n;
	hst_session *sessions = list(holder, &n);

	snprintf(begin, sizeof begin, "x11:%d:", display);
	for (size_t i = 0; i < n; i++)
		if (strncmp(sessions[i].id, begin, strlen(begin)) == 0)
			return sessions[i];
	return (hst_session){.id = NULL};
}

static const char *keep(char to[300], const char *text)
{
	snprintf(to, 300, "%s", text ? text : "");
	return text ? to : NULL;
}

/* As an instance sees it that knows nothing yet. */
static hst_session seen_anew(int display)
{
	static char id[300], user[300], key[300], doubt[300];
	static struct holder watch;
	hst_session session;

	holder_init(&watch, NULL);
	session = seen(display, &watch);
	session.id = keep(id, session.id);
	session.user = keep(user, session.user);
	session.key = keep(key, session.key);
	session.doubt = keep(doubt, session.doubt);
	holder_clear(&watch);
	return session;
}

static void check_locked(int display, hst_fact fact, int line)
{
	hst_session session = seen_anew(display);

	if (session.locked != fact)
		fail_msg("line %d: locked is %d (%s)", line, (int)session.locked, session.doubt ? session.doubt : "");
}

#define assert_locked(display, fact) check_locked(display, fact, __LINE__)

static void check_doubt(int display, const char *words, int line)
{
	hst_session session = seen_anew(display);

	if (session.locked != HST_UNKNOWN || !session.doubt || !strstr(session.doubt, words))
		fail_msg("line %d: locked is %d (%s)", line, (int)session.locked, session.doubt ? session.doubt : "");
}

#define assert_doubt(display, words) check_doubt(display, words, __LINE__)

static int attach(struct holder *holder, const char *id, hst_error *err)
{
	static char session[64];

	snprintf(session, sizeof session, "%s", id);
	holder->session = session;
	return ops->attach(holder->state, &holder->host.call, id, err);
}

/* What has been killed still has its grabs until the X server has seen that it is gone. */
static void await_locked(int display, hst_fact fact)
{
	const struct timespec a_moment = {.tv_nsec = 20000000};

	for (int i = 0; i < 500; i++) {
		if (seen_anew(display).locked == fact)
			return;
		nanosleep(&a_moment, NULL);
	}
	assert_locked(display, fact);
}

static void grab_all(Display *connection)
{
	Window root = DefaultRootWindow(connection);

	if (XGrabPointer(connection, root, False, 0, GrabModeAsync, GrabModeAsync, None, None, CurrentTime) != GrabSuccess ||
	    XGrabKeyboard(connection, root, False, GrabModeAsync, GrabModeAsync, CurrentTime) != GrabSuccess)
		_exit(1);
}

static void grab_pointer(Display *connection)
{
	XGrabPointer(connection, DefaultRootWindow(connection), False, 0, GrabModeAsync, GrabModeAsync, None, None, CurrentTime);
}

static void screensaver_says(Display *connection, const char *state)
{
	long words[] = {state ? (long)XInternAtom(connection, state, False) : 0, 1, 1};

	XChangeProperty(connection, DefaultRootWindow(connection), XInternAtom(connection, "_SCREENSAVER_STATUS", False),
			XA_INTEGER, 32, PropModeReplace, (unsigned char *)words, 3);
}

static void screensaver_locked(Display *connection)
{
	screensaver_says(connection, "LOCK");
}

static void screensaver_dark(Display *connection)
{
	screensaver_says(connection, "BLANK");
}

static void a_program_runs_as_the_person_on_their_display(void **unused)
{
	static struct desk desk;
	static struct holder holder;
	hst_error err = {0};
	hst_session session;
	const char *said;
	char path[64];
	unsigned width, height;

	(void)unused;
	NEEDS_ROOT();
	desk_begin(&desk, USER, NULL);
	desk_start(&desk, (const char *const[]){"env", "XDG_CURRENT_DESKTOP=Chairs", "MINE=1", "sleep", "600", NULL});
	assert_int_equal(RUN("sh", "-c", "until pgrep -u " USER " -f '^sleep 600' >/dev/null; do sleep 0.01; done"), 0);
	assert_locked(desk.display, HST_NO);
	session = seen_anew(desk.display);
	assert_string_equal(session.user, USER);
	assert_int_equal(session.connected, HST_YES);
	assert_int_equal(session.locked, HST_NO);
	assert_false(session.ours);
	holder_init(&holder, NULL);
	if (attach(&holder, session.id, &err) != HST_OK)
		fail_msg("%s", err.text);
	said = shell(&holder, "id -un; env; setsid sleep 500 >/dev/null 2>&1 &");
	assert_non_null(strstr(said, USER "\n"));
	snprintf(path, sizeof path, "\nDISPLAY=:%d\n", desk.display);
	assert_non_null(strstr(said, path));
	assert_non_null(strstr(said, "\nXAUTHORITY=/home/" USER "/.Xauthority\n"));
	assert_non_null(strstr(said, "\nHOME=/home/" USER "\n"));
	assert_non_null(strstr(said, "\nXDG_CURRENT_DESKTOP=Chairs\n"));
	assert_null(strstr(said, "MINE="));
	snprintf(path, sizeof path, "%s/attended.png", work);
	screenshot(&holder, path);
	picture(path, &width, &height);
	assert_true(width > 0 && height > 0);
	holder_close_session(&holder);
	holder_close_session(&holder);
	/* What the program left running is gone; the person, their programs and their X server are there. */
	assert_int_not_equal(RUN("pgrep", "-u", USER, "-f", "sleep 500"), 0);
	assert_int_equal(RUN("sh", "-c", "exec pgrep -u " USER " -f 'sleep 600' >/dev/null"), 0);
	assert_locked(desk.display, HST_NO);
	desk_end(&desk);
	assert_nothing_left();
	holder_clear(&holder);
}

static void a_locked_screen_is_seen(void **unused)
{
	static struct desk desk, other;
	pid_t program;

	(void)unused;
	NEEDS_ROOT();
	desk_begin(&desk, USER, NULL);
	desk_begin(&other, USER, NULL);
	assert_locked(desk.display, HST_NO);
	if (installed("i3lock")) {
		program = desk_start(&desk, (const char *const[]){"i3lock", "-n", NULL});
		await_locked(desk.display, HST_YES);
		assert_locked(other.display, HST_NO);
		desk_stop(&desk, program);
		await_locked(desk.display, HST_NO);
	}
	/* One whose name nobody knows has pointer and keyboard. */
	program = desk_client(&desk, NULL, grab_all);
	assert_locked(desk.display, HST_YES);
	desk_stop(&desk, program);
	await_locked(desk.display, HST_NO);
	program = desk_client(&desk, NULL, grab_pointer); /* as somebody who drags something */
	assert_locked(desk.display, HST_NO);
	desk_stop(&desk, program);
	program = desk_client(&desk, "xscreensaver", screensaver_locked);
	assert_locked(desk.display, HST_YES);
	desk_stop(&desk, program);
	await_locked(desk.display, HST_NO); /* it says so still, but has died */
	desk_client(&desk, "xscreensaver", screensaver_dark);
	assert_locked(desk.display, HST_NO);
}

static void what_was_found_holds_for_a_while(void **unused)
{
	static struct desk desk;
	static struct holder watch;
	pid_t program;

	(void)unused;
	NEEDS_ROOT();
	desk_begin(&desk, USER, NULL);
	holder_init(&watch, NULL);
	assert_int_equal(seen(desk.display, &watch).locked, HST_NO);
	program = desk_client(&desk, NULL, grab_all);
	assert_int_equal(seen(desk.display, &watch).locked, HST_NO); /* the person was not disturbed again */
	desk_stop(&desk, program);
	program = desk_client(&desk, "i3lock", grab_all);
	assert_int_equal(seen(desk.display, &watch).locked, HST_YES); /* but whoever is known by name is seen at once */
	desk_stop(&desk, program);
	holder_clear(&watch);
}

static void write_state(const char *path, const char *state)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(state, file);
	fclose(file);
}

static pid_t start_logind(const struct desk *desk, const char *state)
{
	char script[PATH_MAX + 64], of[16], ready[8] = "";
	int ends[2];
	pid_t pid;

	snprintf(script, sizeof script, "%s/tests/fakes/fake_logind.py", source);
	snprintf(of, sizeof of, "%d", (int)desk->server);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		dup2(ends[1], STDOUT_FILENO);
		execl("/usr/bin/python3", "/usr/bin/python3", script, work, of, state, NULL);
		_exit(127);
	}
	close(ends[1]);
	while (!strchr(ready, '\n'))
		assert_int_equal(read(ends[0], ready + strlen(ready), 1), 1);
	assert_string_equal(ready, "ready\n");
	close(ends[0]);
	return pid;
}

/* What a desktop says to logind is believed when it is "locked"; there are lockers that say nothing. */
static void a_desktop_says_to_logind_that_it_is_locked(void **unused)
{
	static struct desk desk, other;
	char state[64], address[64];
	pid_t logind, program;

	(void)unused;
	NEEDS_ROOT();
	desk_begin(&desk, USER, NULL);
	desk_begin(&other, USER, NULL);
	snprintf(state, sizeof state, "%s/state", work);
	snprintf(address, sizeof address, "unix:path=%s/bus", work);
	write_state(state, "locked");
	logind = start_logind(&desk, state);
	setenv("DBUS_SYSTEM_BUS_ADDRESS", address, 1);
	assert_locked(desk.display, HST_YES);
	assert_locked(other.display, HST_NO);
	write_state(state, "unlocked");
	assert_locked(desk.display, HST_NO);
	program = desk_client(&desk, NULL, grab_all);
	assert_locked(desk.display, HST_YES);
	desk_stop(&desk, program);
	write_state(state, "locked");
	kill(logind, SIGSTOP); /* one that hangs is as none */
	await_locked(desk.display, HST_NO);
	kill(logind, SIGCONT);
	kill(logind, SIGTERM);
	waitpid(logind, NULL, 0);
	unsetenv("DBUS_SYSTEM_BUS_ADDRESS");
}

/* Rule R11: what cannot be known is said to be so, and why. */
static void what_cannot_be_known_is_not_guessed(void **unused)
{
	static struct desk desk;

	(void)unused;
	NEEDS_ROOT();
	desk_begin(&desk, USER, NULL);
	assert_locked(desk.display, HST_NO);
	assert_int_equal(chmod(desk.cookies, 0), 0);
	assert_doubt(desk.display, "Permission denied");
	assert_int_equal(chmod(desk.cookies, 0600), 0);
	/* The X server reads its file again when that is newer. */
	assert_int_equal(RUN("sh", "-c", "sed -i 's/sixteen bytes ok/wrong bytes here/' \"$0\" && touch -d 2001-01-01 \"$0\" && chown "
			     USER " \"$0\"", desk.cookies), 0);
	assert_doubt(desk.display, "does not let in");
	assert_int_equal(RUN("sh", "-c", "head -c 70000 /dev/zero >\"$0\"; touch -d 2001-01-01 \"$0\"", desk.cookies), 0);
	assert_doubt(desk.display, "/home/" USER "/.Xauthority has none");
	assert_int_equal(unlink(desk.cookies), 0);
	assert_doubt(desk.display, "/home/" USER "/.Xauthority: No such file");
}

static void a_server_that_hangs_costs_a_second_once(void **unused)
{
	static struct desk desk;
	static struct holder watch, holder;
	struct timespec begin, end;
	hst_session session;
	hst_error err = {0};

	(void)unused;
	NEEDS_ROOT();
	desk_begin(&desk, USER, NULL);
	session = seen_anew(desk.display);
	kill(desk.server, SIGSTOP);
	holder_init(&watch, NULL);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (int i = 0; i < 10; i++)
		assert_string_equal(seen(desk.display, &watch).doubt, "its X server does not answer");
	clock_gettime(CLOCK_MONOTONIC, &end);
	assert_true(end.tv_sec - begin.tv_sec <= 3);
	holder_init(&holder, NULL);
	assert_int_equal(attach(&holder, session.id, &err), HST_RETRY);
	assert_string_equal(err.reason, "SessionFactUnknown");
	kill(desk.server, SIGCONT);
	assert_locked(desk.display, HST_NO);
	holder_clear(&holder);
	holder_clear(&watch);
}

static int listen_as(const char *path, size_t length)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	memcpy(address.sun_path, path, length);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, (socklen_t)(sizeof address.sun_family + length)), 0);
	assert_int_equal(listen(fd, 5), 0);
	return fd;
}

/* Nothing is believed of a socket that somebody else has put in the place of the person's, and no cookie given to it. */
static void a_planted_socket_is_never_trusted(void **unused)
{
	static struct desk desk;
	static struct holder holder;
	hst_session session;
	hst_error err = {0};
	char path[64] = "", wanted[64];
	int fd;

	(void)unused;
	NEEDS_ROOT();
	desk_begin(&desk, USER, "local");
	session = seen_anew(desk.display);
	assert_int_equal(session.locked, HST_NO);
	snprintf(wanted, sizeof wanted, "%s", session.id);

	/* Under the same name without a file. */
	snprintf(path + 1, sizeof path - 1, "/tmp/.X11-unix/X%d", desk.display);
	fd = listen_as(path, 1 + strlen(path + 1));
	assert_doubt(desk.display, "another user listens");
	holder_init(&holder, NULL);
	assert_int_equal(attach(&holder, wanted, &err), HST_DENIED);
	close(fd);

	/* In its place: it is the session of whoever listens. */
	assert_int_equal(unlink(path + 1), 0);
	fd = listen_as(path + 1, strlen(path + 1) + 1);
	assert_string_equal(seen_anew(desk.display).key, "0");
	assert_int_not_equal(attach(&holder, wanted, &err), HST_OK);

	/* A file of the person's behind which somebody else listens is nobody's. */
	assert_int_equal(chown(path + 1, desk.uid, desk.gid), 0);
	session = seen_anew(desk.display);
	assert_string_equal(session.key, "");
	assert_int_equal(session.locked, HST_UNKNOWN);
	assert_int_not_equal(attach(&holder, wanted, &err), HST_OK);
	close(fd);
	holder_clear(&holder);
}

static void sessions_of_hostler_and_of_others_are_told_apart(void **unused)
{
	static struct desk desk;
	static struct holder opened, holder;
	hst_session session;
	hst_error err = {0};
	char key[16];

	(void)unused;
	NEEDS_ROOT();
	holder_open(&opened, NULL);
	session = seen_anew(display_of(&opened));
	assert_true(session.ours);
	holder_init(&holder, NULL);
	assert_int_equal(attach(&holder, session.id, &err), HST_DENIED);
	holder_close_session(&opened);
	assert_int_equal(attach(&holder, "x11:999:1", &err), HST_NOT_FOUND);
	assert_int_equal(attach(&holder, "x11:../1:1", &err), HST_INVALID);
	desk_begin(&desk, USER_HOMELESS, NULL);
	session = seen_anew(desk.display);
	snprintf(key, sizeof key, "%u", (unsigned)desk.uid);
	assert_string_equal(session.key, key);
	assert_string_equal(session.user, USER_HOMELESS);
	assert_int_equal(session.locked, HST_NO); /* its cookie stands where its server was told */
	holder_clear(&holder);
	holder_clear(&opened);
}

/* The flow may open menus, which have the pointer: while it runs nobody takes that for a lock, or takes the pointer. */
static void a_flow_has_the_pointer_for_itself(void **unused)
{
	static struct desk desk;
	static struct holder holder;
	hst_session session;
	hst_error err = {0};

	(void)unused;
	NEEDS_ROOT();
	desk_begin(&desk, USER, NULL);
	session = seen_anew(desk.display);
	holder_init(&holder, NULL);
	if (attach(&holder, session.id, &err) != HST_OK)
		fail_msg("%s", err.text);
	desk_client(&desk, NULL, grab_all);
	assert_locked(desk.display, HST_NO);
	desk_client(&desk, "i3lock", screensaver_dark);
	assert_locked(desk.display, HST_YES);
	holder_close_session(&holder);
	desk_stop(&desk, desk.programs[1]);
	assert_locked(desk.display, HST_YES);
	holder_clear(&holder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		DESK_TEST(a_program_runs_as_the_person_on_their_display),
		DESK_TEST(a_locked_screen_is_seen),
		DESK_TEST(what_was_found_holds_for_a_while),
		DESK_TEST(a_desktop_says_to_logind_that_it_is_locked),
		DESK_TEST(what_cannot_be_known_is_not_guessed),
		DESK_TEST(a_server_that_hangs_costs_a_second_once),
		DESK_TEST(a_planted_socket_is_never_trusted),
		DESK_TEST(sessions_of_hostler_and_of_others_are_told_apart),
		DESK_TEST(a_flow_has_the_pointer_for_itself),
	};

	return house_run(tests, sizeof tests / sizeof *tests);
}
