#include "program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PROGRAM_PATH_MAX = 4096 };

/* A small environment of its own, then what the caller adds, which wins. */
static char **make_environment(hst_call *call, char *const *added)
{
	static char *const basis[] = {"PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8", "HOME=/", NULL};
	char *const *const parts[] = {basis, added};
	size_t n = 0, size = sizeof basis / sizeof *basis;
	char **environment;

	for (char *const *from = added; from && *from; from++)
		size++;
	environment = hst_alloc(call, size * sizeof *environment);
	for (size_t part = 0; part < 2; part++) {
		for (char *const *from = parts[part]; from && *from; from++) {
			size_t name = strcspn(*from, "=") + 1, at = 0;

			while (at < n && strncmp(environment[at], *from, name) != 0)
				at++;
			environment[at] = *from;
			n = at == n ? n + 1 : n;
		}
	}
	return environment;
}

static int find_program(const char *name, char *const *environment, char to[PROGRAM_PATH_MAX], hst_error *err)
{
	const char *path = "";

	for (; *environment; environment++)
		if (strncmp(*environment, "PATH=", 5) == 0)
			path = *environment + 5;
	if (strchr(name, '/')) {
		snprintf(to, PROGRAM_PATH_MAX, "%s", name);
		return HST_OK;
	}
	while (*path) {
		size_t n = strcspn(path, ":");

		if (n > 0 &&
		    snprintf(to, PROGRAM_PATH_MAX, "%.*s/%s", (int)n, path, name) < PROGRAM_PATH_MAX &&
		    access(to, X_OK) == 0)
			return HST_OK;
		path += path[n] ? n + 1 : n;
	}
	return hst_fail(err, HST_NOT_FOUND, "there is no program '%s' on the PATH of the session", name);
}

/* Spawned and never forked: the process may have much memory, and a benchmark counts what that costs. */
static int spawn(const char *path, const hst_start *what, char *const *environment, pid_t *ret_pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	const int given[] = {what->stdin_fd, what->stdout_fd, what->stderr_fd};
	sigset_t all, none;
	int error;

	sigfillset(&all);
	sigemptyset(&none);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);

	/* Through numbers that are out of the way, since one that is given may lie where another has to go.
	 */
	for (int fd = 0; fd < 3; fd++)
		if (given[fd] >= 0)
			posix_spawn_file_actions_adddup2(&actions, given[fd], 100 + fd);
	for (int fd = 0; fd < 3; fd++) {
		if (given[fd] >= 0)
			posix_spawn_file_actions_adddup2(&actions, 100 + fd, fd);
		else
			posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
	}
	posix_spawn_file_actions_addclosefrom_np(&actions, 3);
	posix_spawn_file_actions_addchdir_np(&actions, what->directory);
	posix_spawnattr_setflags(&attributes,
				 POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setpgroup(&attributes, 0);
	posix_spawnattr_setsigdefault(&attributes, &all);
	posix_spawnattr_setsigmask(&attributes, &none);
	error = posix_spawn(ret_pid, path, &actions, &attributes, what->argv, environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return error;
}

int program_start(hst_call *call, const hst_start *what, pid_t *ret_pid, hst_error *err)
{
	char path[PROGRAM_PATH_MAX], **environment = make_environment(call, what->environment);
	int rc = find_program(what->argv[0], environment, path, err), error;

	if (rc != HST_OK)
		return rc;
	error = spawn(path, what, environment, ret_pid);
	if (error)
		return hst_fail(err, error == EAGAIN ? HST_RETRY : HST_INVALID, "%s was not started in %s: %s", path, what->directory,
				strerror(error));
	return HST_OK;
}

/* Only while it is still a child whose status nobody has taken is the number surely its own. */
void program_kill(pid_t pid)
{
	siginfo_t about;

	if (pid > 0 && waitid(P_PID, (id_t)pid, &about, WEXITED | WNOHANG | WNOWAIT) == 0)
		kill(-pid, SIGKILL);
}
