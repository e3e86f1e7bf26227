/*
 * A driver that notes what it does and can be told to fail, for the tests of hostler-session. A session of it
 * is a file in `root`, which is what has to be undone; what `reap` was given ends up in root/reaped.
 */
#include <hostler/driver.h>
#include <hostler/secret.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct options {
	const char *root;
	int64_t uid;
	bool close_fails;
};

static const hst_field options[] = {
	HST_FIELD(struct options, root, .required = true, .doc = "folder of the marks"),
	HST_FIELD(struct options, uid, .def = "-1", .min = -1, .max = 65535, .doc = "who every user is"),
	HST_FIELD(struct options, close_fails, .def = "no", .doc = "whether close fails"),
};

/* Stands for a display server: a child that is the driver's to wait for, though it has ended long before. */
static pid_t server;

static int noting_open(const void *config, hst_host *host, void **ret_state, hst_error *err)
{
	(void)host, (void)err;
	*ret_state = (void *)(uintptr_t)config;
	return HST_OK;
}

static void mark_path(const struct options *state, const char *name, char to[4096])
{
	snprintf(to, 4096, "%s/%s", state->root, name);
}

static void write_mark(const struct options *state, const char *name, const char *text)
{
	char path[4096];
	FILE *file;

	mark_path(state, name, path);
	file = fopen(path, "ae");
	if (!file)
		abort();
	fprintf(file, "%s\n", text);
	fclose(file);
}

/* The file "load" has it, where there is one. */
static long read_load(const struct options *state)
{
	char path[4096];
	long load = 250;
	FILE *file;

	mark_path(state, "load", path);
	file = fopen(path, "re");
	if (file && fscanf(file, "%ld", &load) != 1)
		load = 250;
	if (file)
		fclose(file);
	return load;
}

static int list(void *state, hst_call *call, hst_device *ret_device, hst_session **ret_sessions,
		size_t *ret_n, hst_error *err)
{
	char path[4096];
	long load;

	mark_path(state, "blind", path);
	if (access(path, F_OK) == 0)
		return hst_fail(err, HST_RETRY, "it is too dark to see");
	load = read_load(state);
	mark_path(state, "session", path);
	*ret_device = (hst_device){.name = "noting", .system = HST_LINUX, .processors = 3, .load_milli = load,
				   .memory_milli = 400,
				   .containment = HST_CONTAINMENT_CGROUP};
	*ret_n = access(path, F_OK) == 0 ? 1 : 0;
	*ret_sessions = hst_alloc(call, sizeof **ret_sessions);
	**ret_sessions = (hst_session){.id = "s1",
				       .user = "Ada",
				       .key = "ada",
				       .connected = HST_NO,
				       .locked = HST_UNKNOWN,
				       .ours = true};
	return HST_OK;
}

static int identify(void *state, hst_call *call, const char *user, hst_identity *ret, hst_error *err)
{
	const struct options *self = state;

	(void)call;
	if (strcmp(user, "nobody-of-that-name") == 0)
		return hst_fail(err, HST_NOT_FOUND, "there is no user %s", user);
	*ret = (hst_identity){.key = user, .name = user, .uid = self->uid, .gid = self->uid};
	return HST_OK;
}

/* How long it is, which is no secret. */
static void note_password(const struct options *state, hst_call *call, const hst_secret *password)
{
	char text[32];
	size_t length;

	if (!password)
		return;
	hst_secret_bytes(call, password, &length);
	snprintf(text, sizeof text, "%zu", length);
	write_mark(state, "password", text);
}

static int open_session(void *state, hst_call *call, const hst_open *what, const char **ret_session,
			hst_error *err)
{
	struct stat status;
	siginfo_t ended;
	int code;

	if (strcmp(what->user, "refused") == 0)
		return hst_fail(err, HST_RETRY, "the door is stuck");
	if (stat(what->run_dir, &status) < 0 || (status.st_mode & 07777) != 0700)
		return hst_fail(err, HST_BROKEN, "the folder of the session is not as promised");
	code = hst_note(call, "mark session", err);
	if (code)
		return code;
	write_mark(state, "session", what->user);
	note_password(state, call, what->password);
	server = fork();
	if (server == 0)
		_exit(0);
	/* Until it has ended it has the descriptors of its parent too, and the lock of the notes with them. */
	waitid(P_PID, (id_t)server, &ended, WEXITED | WNOWAIT);
	*ret_session = "s1";
	return HST_OK;
}

static int attach(void *state, hst_call *call, const char *session, hst_error *err)
{
	(void)state, (void)call;
	if (strcmp(session, "s1") == 0)
		return HST_OK;
	return hst_fail_as(err, HST_NOT_FOUND, "SessionNotFound", "there is no session %s", session);
}

/* In the child of a fork: nothing but what the program needs is left to do. */
static void become(const struct options *self, const hst_start *what)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setpgid(0, 0);
	dup2(what->stdin_fd, 0);
	dup2(what->stdout_fd, 1);
	dup2(what->stderr_fd, 2);
	closefrom(3);
	if (self->uid >= 0 && geteuid() == 0 &&
	    (setgroups(0, NULL) < 0 || setgid((gid_t)self->uid) < 0 || setuid((uid_t)self->uid) < 0))
		_exit(126);
	if (chdir(what->directory) < 0)
		_exit(125);
	clearenv();
	for (char *const *entry = what->environment; *entry; entry++)
		putenv(*entry);
	execvp(what->argv[0], what->argv);
	_exit(127);
}

static int start(void *state, hst_call *call, const char *session, const hst_start *what, pid_t *ret_pid,
		 hst_error *err)
{
	pid_t pid = fork();

	(void)call, (void)session;
	if (pid < 0)
		return hst_fail(err, HST_RETRY, "cannot fork: %s", strerror(errno));
	if (pid == 0)
		become(state, what);
	setpgid(pid, pid);
	*ret_pid = pid;
	return HST_OK;
}

static int screenshot(void *state, hst_call *call, const char *session, const char *path, hst_error *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	(void)state, (void)call, (void)session;
	if (fd < 0 || write(fd, "PNG", 3) != 3)
		return hst_fail(err, HST_RETRY, "cannot write %s: %s", path, strerror(errno));
	close(fd);
	return HST_OK;
}

static int close_session(void *state, hst_call *call, const char *session, hst_error *err)
{
	const struct options *self = state;
	char path[4096];

	(void)call, (void)session;
	if (self->close_fails)
		return hst_fail(err, HST_RETRY, "the door is stuck");
	if (server > 0 && waitpid(server, NULL, 0) != server)
		return hst_fail(err, HST_BROKEN, "somebody else has waited for the driver's child");
	server = 0;
	mark_path(self, "session", path);
	unlink(path);
	write_mark(self, "closed", "");
	return HST_OK;
}

static int reap(void *state, hst_call *call, const char *const *notes, size_t n, hst_error *err)
{
	char path[4096];

	(void)call, (void)err;
	mark_path(state, "session", path);
	unlink(path);
	for (size_t i = 0; i < n; i++)
		write_mark(state, "reaped", notes[i]);
	return HST_OK;
}

static const hst_driver_ops ops = {
	.size = sizeof(hst_driver_ops),
	.list = list,
	.identify = identify,
	.open = open_session,
	.attach = attach,
	.start = start,
	.screenshot = screenshot,
	.close = close_session,
	.reap = reap,
};

HST_PLUGIN(noting) = {
	.abi = HST_ABI,
	.size = sizeof(hst_plugin),
	.kind = HST_DRIVER,
	.name = "noting",
	.version = "1.0",
	.summary = "Notes what it does, for tests",
	.options = HST_FIELDS(options),
	.config_size = sizeof(struct options),
	.open = noting_open,
	.ops = &ops,
};
