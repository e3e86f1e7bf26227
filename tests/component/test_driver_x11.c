/* What a session of driver x11 is to the programs in it, and to those outside. */
#include "x11_house.h"

#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void a_program_gets_the_users_identity_and_a_clean_environment(void **unused)
{
	static struct holder holder;
	const char *seen;

	(void)unused;
	NEEDS_ROOT();
	setenv("LEAKED_FROM_THE_HOLDER", "yes", 1);
	holder_open(&holder, NULL);
	seen = shell(&holder,
		     "id -un; id -ur; cd; pwd; grep NoNewPrivs /proc/self/status; ls -m /proc/$$/fd; "
		     "ps -o pgid= -p $$; echo $$; env; umask");
	assert_non_null(strstr(seen, USER "\n"));
	assert_non_null(strstr(seen, "/home/" USER "\n"));
	assert_non_null(strstr(seen, "NoNewPrivs:\t1\n"));
	assert_non_null(strstr(seen, "0, 1, 2\n"));
	assert_null(strstr(seen, "0, 1, 2, 3"));
	assert_non_null(strstr(seen, "\nLANG=C.UTF-8\n"));
	assert_non_null(strstr(seen, "\nUSER=" USER "\n"));
	assert_non_null(strstr(seen, "\nHOME=/home/" USER "\n"));
	assert_non_null(strstr(seen, "\nDISPLAY=:"));
	assert_non_null(strstr(seen, "\nXAUTHORITY=/"));
	assert_non_null(strstr(seen, "\nDBUS_SESSION_BUS_ADDRESS=unix:path="));
	assert_non_null(strstr(seen, "\n0022\n"));
	assert_null(strstr(seen, "LEAKED_FROM_THE_HOLDER"));
	holder_close_session(&holder);
	holder_close_session(&holder);
	assert_nothing_left();
	holder_clear(&holder);
}

static void the_accessibility_bus_is_ready_and_the_home_untouched(void **unused)
{
	static struct holder holder;
	const char *seen;

	(void)unused;
	NEEDS_ROOT();
	holder_open(&holder, NULL);
	seen = shell(&holder, "dbus-send --session --print-reply --dest=org.a11y.Bus /org/a11y/bus "
			      "org.freedesktop.DBus.Properties.Get string:org.a11y.Status string:IsEnabled; "
			      "test -S \"$XDG_RUNTIME_DIR/at-spi/bus_${DISPLAY#:}\" && echo has its socket; "
			      "test -e ~/.config/dconf && echo settings were written");
	assert_non_null(strstr(seen, "boolean true"));
	assert_non_null(strstr(seen, "has its socket"));
	assert_null(strstr(seen, "settings were written"));
	holder_close_session(&holder);
	assert_nothing_left();
	holder_clear(&holder);
}

static void a_missing_program_is_named(void **unused)
{
	char *const argv[] = {"no-such-program", NULL}, *const none[] = {NULL};
	const hst_start what = {.argv = argv, .environment = none, .directory = "/tmp", -1, -1, -1};
	static struct holder holder;
	hst_error err = {0};
	pid_t pid;

	(void)unused;
	NEEDS_ROOT();
	holder_open(&holder, NULL);
	assert_int_equal(ops->start(holder.state, &holder.host.call, holder.session, &what, &pid, &err),
			 HST_NOT_FOUND);
	assert_non_null(strstr(err.text, "no-such-program"));
	holder_close_session(&holder);
	assert_nothing_left();
	holder_clear(&holder);
}

static void a_screenshot_is_a_picture_of_the_screen(void **unused)
{
	static struct holder holder;
	char path[PATH_MAX];
	unsigned width, height;
	struct stat about;
	hst_error err = {0};

	(void)unused;
	NEEDS_ROOT();
	holder_open(&holder, (const char *const[]){"screen", "800x600", NULL});
	snprintf(path, sizeof path, "%s/screen.png", work);
	screenshot(&holder, path);
	picture(path, &width, &height);
	assert_int_equal(width, 800);
	assert_int_equal(height, 600);
	assert_int_equal(stat(path, &about), 0);
	assert_int_equal(about.st_mode & 0777, 0600);
	assert_int_equal(about.st_uid, 0);

	/* A file that is there is not written over. */
	assert_int_equal(ops->screenshot(holder.state, &holder.host.call, holder.session, path, &err),
			 HST_INVALID);
	assert_int_equal(unlink(path), 0);
	holder_close_session(&holder);
	assert_nothing_left();
	holder_clear(&holder);
}

/* In the middle it would lie over the first window, whose hints would then be in every picture. */
static void the_pointer_is_out_of_the_way(void **unused)
{
	static struct holder holder;
	const char *said;

	(void)unused;
	NEEDS_ROOT();
	holder_open(&holder, (const char *const[]){"screen", "800x600", NULL});
	said = shell(&holder,
		     "/usr/bin/python3 -c '\n"
		     "from ctypes import *\n"
		     "x = CDLL(\"libX11.so.6\")\n"
		     "x.XOpenDisplay.restype = c_void_p\n"
		     "x.XDefaultRootWindow.restype = c_ulong\n"
		     "d = c_void_p(x.XOpenDisplay(None))\n"
		     "w, n, m = c_ulong(), c_int(), c_uint()\n"
		     "x.XQueryPointer(d, c_ulong(x.XDefaultRootWindow(d)), byref(w), byref(w), byref(a := "
		     "c_int()), byref(b := c_int()), byref(n), byref(n), byref(m))\n"
		     "print(a.value, b.value)'");
	assert_string_equal(said, "799 599\n");
	holder_close_session(&holder);
	assert_nothing_left();
	holder_clear(&holder);
}

/* In the place of a person: an X server of the same user that hostler did not start. */
static pid_t start_persons_display(void)
{
	struct passwd *user = getpwnam(USER);
	char byte = '\0';
	int number[2];
	pid_t pid;

	assert_int_equal(pipe2(number, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		if (setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0 || dup2(number[1], 3) < 0 ||
		    !freopen("/dev/null", "w", stderr))
			_exit(126);
		execlp("Xvfb", "Xvfb", "-displayfd", "3", "-nolisten", "tcp", NULL);
		_exit(127);
	}
	close(number[1]);

	/* To the end of the line: the server dies when its reader leaves before. */
	while (byte != '\n')
		assert_int_equal(read(number[0], &byte, 1), 1);
	close(number[0]);
	return pid;
}

static const hst_session *find_session(const hst_session *sessions, size_t n, pid_t server)
{
	for (size_t i = 0; i < n; i++)
		if (strtol(strrchr(sessions[i].id, ':') + 1, NULL, 10) == server)
			return &sessions[i];
	return NULL;
}

static void list_tells_our_sessions_from_peoples(void **unused)
{
	static struct holder holder, watch;
	const hst_session *found;
	hst_session *sessions;
	hst_device device;
	hst_error err = {0};
	char key[16];
	pid_t person;
	size_t n;

	(void)unused;
	NEEDS_ROOT();
	holder_open(&holder, NULL);
	holder_init(&watch, NULL); /* knows nothing of the other, as another process would */
	person = start_persons_display();
	snprintf(key, sizeof key, "%u", (unsigned)user_id);

	assert_int_equal(ops->list(watch.state, &watch.host.call, &device, &sessions, &n, &err), HST_OK);
	assert_int_equal(device.system, HST_LINUX);
	assert_true(device.processors >= 1);
	found = find_session(sessions, n, server_of(&holder));
	assert_non_null(found);
	assert_string_equal(found->id, holder.session);
	assert_string_equal(found->user, USER);
	assert_string_equal(found->key, key);
	assert_true(found->ours);
	assert_int_equal(found->locked, HST_NO);
	found = find_session(sessions, n, person);
	assert_non_null(found);
	assert_string_equal(found->key, key);
	assert_false(found->ours);
	assert_int_equal(found->locked, HST_UNKNOWN);

	/* Closing ours must not touch the person's, though it is the same user. */
	holder_close_session(&holder);
	assert_int_equal(kill(person, 0), 0);
	assert_int_equal(ops->list(watch.state, &watch.host.call, &device, &sessions, &n, &err), HST_OK);
	assert_non_null(find_session(sessions, n, person));
	kill(person, SIGTERM);
	assert_int_equal(waitpid(person, NULL, 0), person);
	assert_nothing_left();
	holder_clear(&watch);
	holder_clear(&holder);
}

static void what_another_hostler_opened_is_not_ours(void **unused)
{
	static struct holder holder, watch;
	const char *own = house_name;
	const hst_session *found;
	hst_session *sessions;
	hst_device device;
	hst_error err = {0};
	size_t n;

	(void)unused;
	NEEDS_ROOT();
	holder_open(&holder, NULL);
	house_name = "00112233445566bb";
	holder_init(&watch, NULL);
	house_name = own;
	assert_int_equal(ops->list(watch.state, &watch.host.call, &device, &sessions, &n, &err), HST_OK);
	found = find_session(sessions, n, server_of(&holder));
	assert_non_null(found);
	assert_false(found->ours);
	assert_int_equal(found->connected, HST_YES);
	assert_int_equal(found->locked, HST_UNKNOWN);
	assert_non_null(strstr(found->doubt, "another hostler of this machine has opened it"));
	assert_int_equal(ops->attach(watch.state, &watch.host.call, found->id, &err), HST_DENIED);
	assert_string_equal(err.reason, "AttendedUserNotLoggedIn");
	assert_non_null(strstr(shell(&holder, "id -un"), USER));
	holder_close_session(&holder);
	assert_nothing_left();
	holder_clear(&watch);
	holder_clear(&holder);
}

static void nobody_else_gets_onto_the_display(void **unused)
{
	static struct holder holder;
	char display[16], file[PATH_MAX];
	struct stat about;

	(void)unused;
	NEEDS_ROOT();
	if (!installed("xprop")) {
		print_message("skipped: xprop is not installed\n");
		skip();
	}
	holder_open(&holder, NULL);
	snprintf(file, sizeof file, "%s/hostler-session.xauth", holder.run_dir);
	assert_int_equal(stat(file, &about), 0);
	assert_int_equal(about.st_mode & 0777, 0600);
	assert_int_equal(about.st_uid, user_id);
	assert_int_equal(stat(holder.run_dir, &about), 0);
	assert_int_equal(about.st_mode & 0777, 0700);

	snprintf(display, sizeof display, ":%d", display_of(&holder));
	setenv("XAUTHORITY", "/dev/null", 1);
	assert_int_not_equal(RUN("sh", "-c", "exec xprop -root -display \"$0\" >/dev/null 2>&1", display), 0);
	setenv("XAUTHORITY", file, 1);
	assert_int_equal(RUN("sh", "-c", "exec xprop -root -display \"$0\" >/dev/null 2>&1", display), 0);
	unsetenv("XAUTHORITY");
	holder_close_session(&holder);
	assert_nothing_left();
	holder_clear(&holder);
}

/* Most of the server's memory would be for a way to draw that hardly anybody uses. */
static void opengl_is_there_where_it_is_wanted(void **unused)
{
	static struct holder without, with;
	static const char line[] = "tr '\\0' ' ' </proc/$(pgrep -n -u $(id -u) Xvfb)/cmdline";

	(void)unused;
	NEEDS_ROOT();
	holder_open(&without, NULL);
	assert_non_null(strstr(shell(&without, line), "-extension GLX"));
	holder_close_session(&without);
	holder_clear(&without);
	holder_open(&with, (const char *const[]){"opengl", "yes", NULL});
	assert_null(strstr(shell(&with, line), "GLX"));
	holder_close_session(&with);
	holder_clear(&with);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_program_gets_the_users_identity_and_a_clean_environment),
		TEST(the_accessibility_bus_is_ready_and_the_home_untouched),
		TEST(a_missing_program_is_named),
		TEST(a_screenshot_is_a_picture_of_the_screen),
		TEST(the_pointer_is_out_of_the_way),
		TEST(list_tells_our_sessions_from_peoples),
		TEST(what_another_hostler_opened_is_not_ours),
		TEST(nobody_else_gets_onto_the_display),
		TEST(opengl_is_there_where_it_is_wanted),
	};

	return house_run(tests, sizeof tests / sizeof *tests);
}
