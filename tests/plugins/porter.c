/*
 * A driver whose sessions are nothing but a name, for tests of secrets: it keeps a password for as long as the test wants and writes it
 * down when it lets somebody in, and a picture of a session is what lies in a file.
 */
#include <hostler/driver.h>
#include <hostler/secret.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { SCREEN_MAX = 4096 };

struct porter {
	const char *door, *book, *screen;
};

static const hst_field options[] = {
	HST_FIELD(struct porter, door, .required = true, .doc = "a file: nobody is let in before it is there"),
	HST_FIELD(struct porter, book, .required = true, .doc = "where passwords are written down"),
	HST_FIELD(struct porter, screen, .required = true, .doc = "what is to be seen in a session"),
};

static int porter_open(const void *config, hst_host *host, void **ret_state, hst_error *err)
{
	(void)host, (void)err;
	*ret_state = (void *)(uintptr_t)config;
	return HST_OK;
}

static int list(void *state, hst_call *call, hst_device *ret_device, hst_session **ret_sessions, size_t *ret_n, hst_error *err)
{
	(void)state, (void)err;
	*ret_device = (hst_device){.name = "porter", .system = HST_LINUX, .processors = 1, .load_milli = -1, .memory_milli = -1};
	*ret_sessions = hst_alloc(call, sizeof **ret_sessions);
	*ret_n = 0;
	return HST_OK;
}

static int identify(void *state, hst_call *call, const char *user, hst_identity *ret, hst_error *err)
{
	const char *name = hst_copy(call, user, strlen(user));

	(void)state, (void)err;
	*ret = (hst_identity){.key = name, .name = name, .uid = -1, .gid = -1};
	return HST_OK;
}

static int write_down(const char *path, const char *bytes, size_t length)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ssize_t written = fd < 0 ? -1 : write(fd, bytes, length);

	if (fd >= 0)
		close(fd);
	return written == (ssize_t)length ? 0 : -1;
}

static int open_session(void *state, hst_call *call, const hst_open *what, const char **ret_session, hst_error *err)
{
	const struct timespec moment = {.tv_nsec = 10000000};
	const struct porter *porter = state;
	const char *password;
	size_t length;

	while (access(porter->door, F_OK) != 0 && !hst_cancelled(call))
		nanosleep(&moment, NULL);
	if (!what->password)
		return hst_fail(err, HST_DENIED, "the connection has no password");
	password = hst_secret_bytes(call, what->password, &length);
	hst_log(call->host, HST_WARNING, "signing in with %s", password);
	fprintf(stderr, "signed in with %s\n", password);
	if (write_down(porter->book, password, length) < 0)
		return hst_fail(err, HST_RETRY, "%s is not written down: %s", password, strerror(errno));
	*ret_session = "session";
	return HST_OK;
}

/* In the child of a fork: nothing but what the program needs is left to do. */
static void become(const hst_start *what)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setpgid(0, 0);
	dup2(what->stdin_fd, 0);
	dup2(what->stdout_fd, 1);
	dup2(what->stderr_fd, 2);
	closefrom(3);
	if (chdir(what->directory) < 0)
		_exit(125);
	for (char *const *entry = what->environment; *entry; entry++)
		putenv(*entry);
	execvp(what->argv[0], what->argv);
	_exit(127);
}

static int start(void *state, hst_call *call, const char *session, const hst_start *what, pid_t *ret_pid, hst_error *err)
{
	pid_t pid = fork();

	(void)state, (void)call, (void)session;
	if (pid < 0)
		return hst_fail(err, HST_RETRY, "cannot fork: %s", strerror(errno));
	if (pid == 0)
		become(what);
	setpgid(pid, pid);
	*ret_pid = pid;
	return HST_OK;
}

static int screenshot(void *state, hst_call *call, const char *session, const char *path, hst_error *err)
{
	const struct porter *porter = state;
	int fd = open(porter->screen, O_RDONLY | O_CLOEXEC);
	char screen[SCREEN_MAX];
	ssize_t n = fd < 0 ? 0 : read(fd, screen, sizeof screen);
	int code = n < 0 ? -1 : write_down(path, screen, (size_t)n);

	(void)call, (void)session;
	if (fd >= 0)
		close(fd);
	explicit_bzero(screen, sizeof screen);
	return code == 0 ? HST_OK : hst_fail(err, HST_RETRY, "cannot write %s: %s", path, strerror(errno));
}

static int close_session(void *state, hst_call *call, const char *session, hst_error *err)
{
	(void)state, (void)call, (void)session, (void)err;
	return HST_OK;
}

static const hst_driver_ops ops = {
	.size = sizeof(hst_driver_ops),
	.list = list,
	.identify = identify,
	.open = open_session,
	.start = start,
	.screenshot = screenshot,
	.close = close_session,
};

HST_PLUGIN(porter) = {
	.abi = HST_ABI,
	.size = sizeof(hst_plugin),
	.kind = HST_DRIVER,
	.name = "porter",
	.version = "1.0",
	.summary = "Asks for a password, for tests",
	.options = HST_FIELDS(options),
	.config_size = sizeof(struct porter),
	.open = porter_open,
	.ops = &ops,
};
