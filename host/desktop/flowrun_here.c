/* Starting a flow as this user, in whatever session this process is in itself. */
#include "desktop/flowrun.h"

#include "base/arena.h"
#include "base/mem.h"
#include "os/spawn.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What of our own environment says who the person is and where the screen is, and nothing else. */
static bool is_kept(const char *entry)
{
	static const char *const kept[] = {"HOME=",
					   "USER=",
					   "LOGNAME=",
					   "SHELL=",
					   "LANG=",
					   "LC_",
					   "TZ=",
					   "TERM=",
					   "XDG_",
					   "TMPDIR=",
					   "DISPLAY=",
					   "XAUTHORITY=",
					   "WAYLAND_DISPLAY=",
					   "DBUS_SESSION_BUS_ADDRESS="};

	for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
		if (strncmp(entry, kept[i], strlen(kept[i])) == 0)
			return true;
	return false;
}

static const char *find_variable(char *const *environment, const char *name)
{
	size_t length = strlen(name);

	for (; *environment; environment++)
		if (strncmp(*environment, name, length) == 0 && (*environment)[length] == '=')
			return *environment + length + 1;
	return NULL;
}

static char **merge(hst_arena *arena, char *const *added)
{
	const char *own_path = getenv("PATH");
	size_t own = 0, extra = 0, n = 0;
	char **merged;

	while (environ && environ[own])
		own++;
	while (added[extra])
		extra++;
	merged = arena_array(arena, own + extra + 1, sizeof *merged);
	for (size_t i = 0; i < own; i++)
		if (is_kept(environ[i]))
			merged[n++] = environ[i];
	for (size_t i = 0; i < extra; i++) {
		bool path = strncmp(added[i], "PATH=", 5) == 0;

		merged[n++] = path && own_path ? arena_printf(arena, "%s:%s", added[i], own_path) : added[i];
	}
	return merged;
}

static bool is_program(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISREG(status.st_mode) && access(path, X_OK) == 0;
}

/* As execvp finds it, but on the PATH the program will have, not on ours. */
static char *find_program(hst_arena *arena, const char *name, const char *directory, const char *path)
{
	if (name[0] == '/')
		return arena_text(arena, name);
	if (strchr(name, '/'))
		return arena_printf(arena, "%s/%s", directory, name);
	while (path && *path) {
		size_t length = strcspn(path, ":");
		char *candidate = arena_printf(arena, "%.*s/%s", (int)length, path, name);

		if (candidate[0] == '/' && is_program(candidate))
			return candidate;
		path += length + (path[length] == ':');
	}
	return NULL;
}

int flowrun_spawn_here(void *arg, const struct flowrun_start *what, pid_t *ret_pid, hst_error *err)
{
	hst_arena *arena = arena_new();
	char **environment = merge(arena, what->environment);
	const char *program =
		find_program(arena, what->argv[0], what->directory, find_variable(environment, "PATH"));
	const struct spawn_fd fds[] = {{what->stdin_fd, 0}, {what->stdout_fd, 1}, {what->stderr_fd, 2}};
	const struct spawn spawn = {
		.path = program,
		.argv = what->argv,
		.environment = environment,
		.directory = what->directory,
		.fds = fds,
		.fd_count = 3,
		.new_group = true,
	};
	int code;

	(void)arg;
	code = program ? spawn_start(&spawn, ret_pid, err)
		       : hst_fail(err, HST_NOT_FOUND, "there is no program \"%s\" on the PATH",
				  what->argv[0]);
	arena_free(arena);
	return code;
}
