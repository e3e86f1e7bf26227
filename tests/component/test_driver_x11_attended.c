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
	session = desk_seen_anew(desk.display);
	assert_string_equal(session.user, USER);
	assert_int_equal(session.connected, HST_YES);
	assert_int_equal(session.locked, HST_NO);
	assert_false(session.ours);
	holder_init(&holder, NULL);
	if (desk_attach(&holder, session.id, &err) != HST_OK)
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
	session = desk_seen_anew(desk.display);
	assert_int_equal(session.locked, HST_NO);
	snprintf(wanted, sizeof wanted, "%s", session.id);

	/* Under the same name without a file. */
	snprintf(path + 1, sizeof path - 1, "/tmp/.X11-unix/X%d", desk.display);
	fd = listen_as(path, 1 + strlen(path + 1));
	assert_doubt(desk.display, "another user listens");
	holder_init(&holder, NULL);
	assert_int_equal(desk_attach(&holder, wanted, &err), HST_DENIED);
	close(fd);

	/* In its place: it is the session of whoever listens. */
	assert_int_equal(unlink(path + 1), 0);
	fd = listen_as(path + 1, strlen(path + 1) + 1);
	assert_string_equal(desk_seen_anew(desk.display).key, "0");
	assert_int_not_equal(desk_attach(&holder, wanted, &err), HST_OK);

	/* A file of the person's behind which somebody else listens is nobody's. */
	assert_int_equal(chown(path + 1, desk.uid, desk.gid), 0);
	session = desk_seen_anew(desk.display);
	assert_string_equal(session.key, "");
	assert_int_equal(session.locked, HST_UNKNOWN);
	assert_int_not_equal(desk_attach(&holder, wanted, &err), HST_OK);
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
	session = desk_seen_anew(display_of(&opened));
	assert_true(session.ours);
	holder_init(&holder, NULL);
	assert_int_equal(desk_attach(&holder, session.id, &err), HST_DENIED);
	holder_close_session(&opened);
	assert_int_equal(desk_attach(&holder, "x11:999:1", &err), HST_NOT_FOUND);
	assert_int_equal(desk_attach(&holder, "x11:../1:1", &err), HST_INVALID);
	desk_begin(&desk, USER_HOMELESS, NULL);
	session = desk_seen_anew(desk.display);
	snprintf(key, sizeof key, "%u", (unsigned)desk.uid);
	assert_string_equal(session.key, key);
	assert_string_equal(session.user, USER_HOMELESS);
	assert_int_equal(session.locked, HST_NO); /* its cookie stands where its server was told */
	holder_clear(&holder);
	holder_clear(&opened);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		DESK_TEST(a_program_runs_as_the_person_on_their_display),
		DESK_TEST(a_planted_socket_is_never_trusted),
		DESK_TEST(sessions_of_hostler_and_of_others_are_told_apart),
	};

	return house_run(tests, sizeof tests / sizeof *tests);
}
