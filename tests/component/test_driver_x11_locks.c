/* What driver x11 makes of a screen that somebody has locked, or not, by whichever program. */
#include "x11_desk.h"

#include <X11/Xatom.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

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
		desk_await_locked(desk.display, HST_YES);
		assert_locked(other.display, HST_NO);
		desk_stop(&desk, program);
		desk_await_locked(desk.display, HST_NO);
	}
	/* One whose name nobody knows has pointer and keyboard. */
	program = desk_client(&desk, NULL, grab_all);
	assert_locked(desk.display, HST_YES);
	desk_stop(&desk, program);
	desk_await_locked(desk.display, HST_NO);
	program = desk_client(&desk, NULL, grab_pointer); /* as somebody who drags something */
	assert_locked(desk.display, HST_NO);
	desk_stop(&desk, program);
	program = desk_client(&desk, "xscreensaver", screensaver_locked);
	assert_locked(desk.display, HST_YES);
	desk_stop(&desk, program);
	desk_await_locked(desk.display, HST_NO); /* it says so still, but has died */
	desk_client(&desk, "xscreensaver", screensaver_dark);
	assert_locked(desk.display, HST_NO);
}

static void grab_while_dark(Display *connection)
{
	grab_all(connection);
	screensaver_says(connection, "BLANK");
}

static void screensaver_awake(Display *connection)
{
	screensaver_says(connection, NULL);
}

/* Awake, or with an old word of it on the display, xscreensaver knows nothing of another locker. */
static void xscreensaver_speaks_for_itself_alone(void **unused)
{
	static struct desk desk;
	pid_t screensaver, stranger;

	(void)unused;
	NEEDS_ROOT();
	desk_begin(&desk, USER, NULL);
	screensaver = desk_client(&desk, "xscreensaver", grab_while_dark);
	assert_locked(desk.display, HST_NO);
	desk_stop(&desk, screensaver);
	stranger = desk_client(&desk, NULL, grab_all);
	assert_locked(desk.display, HST_YES);
	screensaver = desk_client(&desk, "xscreensaver", screensaver_awake);
	assert_locked(desk.display, HST_YES);
	desk_stop(&desk, stranger);
	desk_await_locked(desk.display, HST_NO);
	desk_stop(&desk, screensaver);
}

/* It dies before the display is asked a second time. */
static void open_menu_for_a_moment(Display *connection)
{
	const struct itimerval soon = {.it_value.tv_usec = 150000};

	grab_all(connection);
	setitimer(ITIMER_REAL, &soon, NULL);
}

static void blank(Display *connection)
{
	XForceScreenSaver(connection, ScreenSaverActive);
}

static void what_is_no_lock_is_not_taken_for_one(void **unused)
{
	static struct desk desk;

	(void)unused;
	NEEDS_ROOT();
	desk_begin(&desk, USER, NULL);
	desk_client(&desk, NULL, open_menu_for_a_moment);
	assert_locked(desk.display, HST_NO);
	desk_client(&desk, NULL, blank);
	assert_locked(desk.display, HST_NO);
}

enum { PIECE = 14 << 20, PIECES = 8 };

static void write_much(Display *connection, const char *name)
{
	unsigned char *piece = calloc(1, PIECE);

	for (int i = 0; i < PIECES; i++)
		XChangeProperty(connection, DefaultRootWindow(connection), XInternAtom(connection, name, False), XA_STRING, 8, PropModeAppend,
				piece, PIECE);
	free(piece);
}

static void say_nonsense(Display *connection)
{
	write_much(connection, "_SCREENSAVER_STATUS");
	write_much(connection, "_HOSTLER_ATTENDED");
}

/* A flow of the house runs here, says somebody: the process is none of the house's. */
static void say_that_a_flow_runs(Display *connection)
{
	long words[3] = {getpid(), 0, 0};
	char line[1024];
	FILE *file = fopen("/proc/self/stat", "r");
	unsigned long long start = 0;

	if (!file || !fgets(line, sizeof line, file) ||
	    sscanf(strrchr(line, ')') + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu", &start) != 1)
		_exit(1);
	fclose(file);
	words[1] = (long)(start >> 32);
	words[2] = (long)(start & 0xffffffff);
	XChangeProperty(connection, DefaultRootWindow(connection), XInternAtom(connection, "_HOSTLER_ATTENDED", False), XA_CARDINAL, 32,
			PropModeReplace, (unsigned char *)words, 3);
}

static void what_stands_on_the_display_is_not_trusted(void **unused)
{
	static struct desk desk;
	pid_t program;

	(void)unused;
	NEEDS_ROOT();
	desk_begin(&desk, USER, NULL);
	program = desk_client(&desk, "xscreensaver", say_nonsense);
	assert_locked(desk.display, HST_NO);
	desk_stop(&desk, program);
	desk_client(&desk, NULL, say_that_a_flow_runs);
	desk_client(&desk, NULL, grab_all);
	assert_locked(desk.display, HST_YES);
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
	assert_int_equal(desk_seen(desk.display, &watch).locked, HST_NO);
	program = desk_client(&desk, NULL, grab_all);
	assert_int_equal(desk_seen(desk.display, &watch).locked, HST_NO); /* the person was not disturbed again */
	desk_stop(&desk, program);
	program = desk_client(&desk, "i3lock", grab_all);
	assert_int_equal(desk_seen(desk.display, &watch).locked, HST_YES); /* but whoever is known by name is seen at once */
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

/* While the bus hangs, only the first look waits for it. */
static void looks_are_quick(struct desk *desk)
{
	static struct holder watch;
	struct timespec begin, end;
	pid_t program = desk_client(desk, NULL, grab_all);

	holder_init(&watch, NULL);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (int i = 0; i < 20; i++)
		assert_int_equal(desk_seen(desk->display, &watch).locked, HST_YES);
	clock_gettime(CLOCK_MONOTONIC, &end);
	assert_true(end.tv_sec - begin.tv_sec <= 3);
	desk_stop(desk, program);
	holder_clear(&watch);
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
	write_state(state, "nonsense variant boolean true");
	assert_locked(desk.display, HST_NO);
	write_state(state, "nonsense true");
	assert_locked(desk.display, HST_NO);
	write_state(state, "locked");
	kill(logind, SIGSTOP); /* one that hangs is as none */
	desk_await_locked(desk.display, HST_NO);
	looks_are_quick(&desk);
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
	session = desk_seen_anew(desk.display);
	kill(desk.server, SIGSTOP);
	holder_init(&watch, NULL);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (int i = 0; i < 10; i++)
		assert_non_null(strstr(desk_seen(desk.display, &watch).doubt, ": its X server does not answer"));
	clock_gettime(CLOCK_MONOTONIC, &end);
	assert_true(end.tv_sec - begin.tv_sec <= 3);
	holder_init(&holder, NULL);
	assert_int_equal(desk_attach(&holder, session.id, &err), HST_RETRY);
	assert_string_equal(err.reason, "SessionFactUnknown");
	kill(desk.server, SIGCONT);
	assert_locked(desk.display, HST_NO);
	holder_clear(&holder);
	holder_clear(&watch);
}

/* What a server says of itself: success, version 11, so many words, and the fields of them that count. */
static bool write_setup(int fd, bool has_screen)
{
	unsigned char setup[8 + 32 + 40] = {1, 0, 11, 0, 0, 0, has_screen ? 18 : 8};

	setup[8 + 8] = setup[8 + 9] = setup[8 + 18] = setup[8 + 19] = 0xff; /* ids for windows, and the longest request */
	setup[8 + 20] = has_screen;
	return write(fd, setup, has_screen ? sizeof setup : 40) > 0;
}

/* In the person's place, somebody who speaks as an X server: one without a screen, or one that does not end. */
static pid_t pretend_to_serve(struct desk *desk, bool floods)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	pid_t pid;

	snprintf(address.sun_path, sizeof address.sun_path, "/tmp/.X11-unix/X%d", desk->display);
	unlink(address.sun_path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(chown(address.sun_path, desk->uid, desk->gid), 0);
	pid = fork();
	if (pid == 0) {
		static const char nothing[65536];

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		signal(SIGPIPE, SIG_IGN);
		if (setresgid(desk->gid, desk->gid, desk->gid) != 0 || setresuid(desk->uid, desk->uid, desk->uid) != 0 || listen(fd, 5) != 0)
			_exit(1);
		for (;;) {
			int client = accept(fd, NULL, NULL);

			/* Who only wanted to know who listens has gone by then. */
			if (write_setup(client, floods))
				while (floods && write(client, nothing, sizeof nothing) > 0)
					;
			close(client);
		}
	}
	close(fd);
	return pid;
}

static void a_server_that_lies_costs_little(void **unused)
{
	static struct desk desk;
	struct timespec begin, end;
	struct rusage children;
	pid_t server;

	(void)unused;
	NEEDS_ROOT();
	desk_begin(&desk, USER, "local");
	assert_locked(desk.display, HST_NO);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (int floods = 0; floods < 2; floods++) {
		server = pretend_to_serve(&desk, floods);
		while (desk_seen_anew(desk.display).id == NULL)
			;
		assert_doubt(desk.display, "display :");
		kill(server, SIGKILL);
		waitpid(server, NULL, 0);
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	assert_true(end.tv_sec - begin.tv_sec <= 12);
	assert_int_equal(getrusage(RUSAGE_CHILDREN, &children), 0);
#ifndef __SANITIZE_ADDRESS__
	assert_true(children.ru_maxrss < 600 * 1024);
#endif
}

/* As lockers that nobody knows have them. */
static void cover(Display *connection)
{
	XSetWindowAttributes attributes = {.override_redirect = True};
	Window window = XCreateWindow(connection, DefaultRootWindow(connection), 0, 0, 4000, 3000, 0, CopyFromParent, InputOutput, NULL,
				      CWOverrideRedirect, &attributes);

	XMapRaised(connection, window);
}

/* The flow may open menus, which have the pointer: while it runs nobody takes that for a lock, or takes the pointer. */
static void a_flow_has_the_pointer_for_itself(void **unused)
{
	static struct desk desk;
	static struct holder holder;
	hst_session session;
	hst_error err = {0};
	pid_t covering, locker;

	(void)unused;
	NEEDS_ROOT();
	desk_begin(&desk, USER, NULL);
	session = desk_seen_anew(desk.display);
	holder_init(&holder, NULL);
	if (desk_attach(&holder, session.id, &err) != HST_OK)
		fail_msg("%s", err.text);
	covering = desk_client(&desk, NULL, cover);
	assert_locked(desk.display, HST_NO);
	desk_client(&desk, NULL, grab_all);
	assert_locked(desk.display, HST_YES); /* both together are as a lock */
	desk_stop(&desk, covering);
	desk_await_locked(desk.display, HST_NO);
	locker = desk_client(&desk, "i3lock", screensaver_dark);
	assert_locked(desk.display, HST_YES);
	holder_close_session(&holder);
	desk_stop(&desk, locker);
	assert_locked(desk.display, HST_YES);
	holder_clear(&holder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		DESK_TEST(a_locked_screen_is_seen),
		DESK_TEST(xscreensaver_speaks_for_itself_alone),
		DESK_TEST(what_is_no_lock_is_not_taken_for_one),
		DESK_TEST(what_stands_on_the_display_is_not_trusted),
		DESK_TEST(what_was_found_holds_for_a_while),
		DESK_TEST(a_desktop_says_to_logind_that_it_is_locked),
		DESK_TEST(what_cannot_be_known_is_not_guessed),
		DESK_TEST(a_server_that_hangs_costs_a_second_once),
		DESK_TEST(a_server_that_lies_costs_little),
		DESK_TEST(a_flow_has_the_pointer_for_itself),
	};

	return house_run(tests, sizeof tests / sizeof *tests);
}
