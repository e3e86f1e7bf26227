#include "x11_desk.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { DESKS_MAX = 4, LIMIT_MS = 20000 };

static struct desk *in_use[DESKS_MAX];

static const unsigned char cookie[] = "sixteen bytes ok";

static void become(const struct desk *desk)
{
	static char display[32], authority[160], home[] = "HOME=/tmp", path[] = "PATH=/usr/bin:/bin";
	static char *environment[] = {display, authority, home, path, NULL};

	snprintf(display, sizeof display, "DISPLAY=:%d", desk->display);
	snprintf(authority, sizeof authority, "XAUTHORITY=%s", desk->cookies);
	environ = environment;
	if (setgroups(0, NULL) != 0 || setresgid(desk->gid, desk->gid, desk->gid) != 0 ||
	    setresuid(desk->uid, desk->uid, desk->uid) != 0)
		_exit(126);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

/* A record as Xau(3) has it, for every host and display. */
static void write_cookie(const struct desk *desk)
{
	static const char name[] = "MIT-MAGIC-COOKIE-1";
	int fd = open(desk->cookies, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "\xff\xff\0\0\0\0\0\x12", 8), 8);
	assert_int_equal(write(fd, name, 18), 18);
	assert_int_equal(write(fd, "\0\x10", 2), 2);
	assert_int_equal(write(fd, cookie, 16), 16);
	assert_int_equal(fchown(fd, desk->uid, desk->gid), 0);
	close(fd);
}

static void wait_for(int fd)
{
	struct pollfd wait = {.fd = fd, .events = POLLIN};

	if (poll(&wait, 1, LIMIT_MS) != 1)
		fail_msg("a program of the desk says nothing");
}

void desk_begin(struct desk *desk, const char *user, const char *argument)
{
	const struct passwd *account = getpwnam(user);
	char number[16] = "";
	struct stat home;
	int ends[2];

	assert_non_null(account);
	*desk = (struct desk){.user = user, .uid = account->pw_uid, .gid = account->pw_gid};
	if (stat(account->pw_dir, &home) == 0)
		snprintf(desk->cookies, sizeof desk->cookies, "%s/.Xauthority", account->pw_dir);
	else
		snprintf(desk->cookies, sizeof desk->cookies, "%s/%s.cookies", work, user);
	write_cookie(desk);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	desk->server = fork();
	if (desk->server == 0) {
		const char *const argv[] = {"Xvfb",	"-displayfd", "3", "-auth", desk->cookies,
					    "-nolisten", "tcp",	      "-noreset",  argument ? "-nolisten" : NULL, argument, NULL};

		become(desk);
		dup2(ends[1], 3);
		if (!freopen("/dev/null", "w", stderr))
			_exit(126);
		execvp(argv[0], (char *const *)argv);
		_exit(127);
	}
	for (size_t i = 0; i < DESKS_MAX; i++)
		if (!in_use[i]) {
			in_use[i] = desk;
			break;
		}
	close(ends[1]);
	/* To the end of the line, which it writes by itself: nobody must be gone by then. */
	while (!strchr(number, '\n')) {
		wait_for(ends[0]);
		assert_int_equal(read(ends[0], number + strlen(number), 1), 1);
	}
	close(ends[0]);
	desk->display = (int)strtol(number, NULL, 10);
}

void desk_stop(struct desk *desk, pid_t program)
{
	for (size_t i = 0; i < desk->count; i++)
		if (desk->programs[i] == program)
			desk->programs[i] = 0;
	kill(-program, SIGKILL); /* i3lock has a second process, which may miss that the first is gone */
	kill(program, SIGKILL);
	waitpid(program, NULL, 0);
}

void desk_end(struct desk *desk)
{
	char path[64];

	for (size_t i = 0; i < desk->count; i++)
		if (desk->programs[i] > 0)
			desk_stop(desk, desk->programs[i]);
	kill(desk->server, SIGCONT);
	kill(desk->server, SIGTERM);
	waitpid(desk->server, NULL, 0);
	unlink(desk->cookies);
	snprintf(path, sizeof path, "/tmp/.X11-unix/X%d", desk->display);
	unlink(path); /* where the server was not let to do it */
	for (size_t i = 0; i < DESKS_MAX; i++)
		if (in_use[i] == desk)
			in_use[i] = NULL;
}

int desk_end_all(void **unused)
{
	house_close_all(unused);
	for (size_t i = 0; i < DESKS_MAX; i++)
		if (in_use[i])
			desk_end(in_use[i]);
	return 0;
}

static pid_t remember(struct desk *desk, pid_t pid)
{
	assert_true(pid > 0 && desk->count < DESK_PROGRAMS_MAX);
	desk->programs[desk->count++] = pid;
	return pid;
}

pid_t desk_start(struct desk *desk, const char *const *argv)
{
	pid_t pid = fork();

	if (pid == 0) {
		setpgid(0, 0); /* of this kernel session still: what leaves it is taken for an orphan of the session */
		become(desk);
		execvp(argv[0], (char *const *)argv);
		_exit(127);
	}
	return remember(desk, pid);
}

pid_t desk_client(struct desk *desk, const char *name, void (*draw)(Display *connection))
{
	Display *connection;
	int ends[2];
	pid_t pid;
	char byte;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		become(desk);
		if (name)
			prctl(PR_SET_NAME, name);
		connection = XOpenDisplay(NULL);
		if (!connection)
			_exit(1);
		draw(connection);
		XSync(connection, False);
		if (write(ends[1], "y", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ends[1]);
	wait_for(ends[0]);
	assert_int_equal(read(ends[0], &byte, 1), 1);
	close(ends[0]);
	return remember(desk, pid);
}

static hst_session *list(struct holder *holder, size_t *ret_n)
{
	hst_device device;
	hst_session *sessions;
	hst_error err = {0};

	if (ops->list(holder->state, &holder->host.call, &device, &sessions, ret_n, &err) != HST_OK)
		fail_msg("%s", err.text);
	return sessions;
}

hst_session desk_seen(int display, struct holder *holder)
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

hst_session desk_seen_anew(int display)
{
	static char id[300], user[300], key[300], doubt[300];
	static struct holder watch;
	hst_session session;

	holder_init(&watch, NULL);
	session = desk_seen(display, &watch);
	session.id = keep(id, session.id);
	session.user = keep(user, session.user);
	session.key = keep(key, session.key);
	session.doubt = keep(doubt, session.doubt);
	holder_clear(&watch);
	return session;
}

void desk_check_locked(int display, hst_fact fact, int line)
{
	hst_session session = desk_seen_anew(display);

	if (session.locked != fact)
		fail_msg("line %d: locked is %d (%s)", line, (int)session.locked, session.doubt ? session.doubt : "");
}

void desk_check_doubt(int display, const char *words, int line)
{
	hst_session session = desk_seen_anew(display);

	if (session.locked != HST_UNKNOWN || !session.doubt || !strstr(session.doubt, words))
		fail_msg("line %d: locked is %d (%s)", line, (int)session.locked, session.doubt ? session.doubt : "");
}

/* What has been killed still has its grabs until the X server has seen that it is gone. */
void desk_await_locked(int display, hst_fact fact)
{
	const struct timespec a_moment = {.tv_nsec = 20000000};

	for (int i = 0; i < 500; i++) {
		if (desk_seen_anew(display).locked == fact)
			return;
		nanosleep(&a_moment, NULL);
	}
	desk_check_locked(display, fact, __LINE__);
}

int desk_attach(struct holder *holder, const char *id, hst_error *err)
{
	static char session[64];

	snprintf(session, sizeof session, "%s", id);
	holder->session = session;
	return ops->attach(holder->state, &holder->host.call, id, err);
}
