#include "cli/try_session.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/mem.h"
#include "os/files.h"
#include "plugin/driver.h"
#include "plugin/load.h"
#include "plugin/registry.h"
#include "schema/fields.h"

#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static struct try_session *session_of(const hst_call *call)
{
	return (struct try_session *)(void *)((char *)call->host - offsetof(struct try_session, host));
}

/* Kept until the session is closed, so that what a killed `try` leaves behind can be told by name. */
static int keep_note(hst_call *call, const char *note, hst_error *err)
{
	AUTO_FREE char *line = mem_printf("%s\n", note);

	return files_append(session_of(call)->notes, line, strlen(line), 0600, false, err);
}

/* The loop has these signals blocked; while the driver works nobody takes them. */
static bool is_interrupted(hst_call *call)
{
	sigset_t pending;

	(void)call;
	return sigpending(&pending) == 0 && (sigismember(&pending, SIGINT) ||
					     sigismember(&pending, SIGTERM) || sigismember(&pending, SIGHUP));
}

static int load_driver(struct try_session *session, hst_error *err)
{
	AUTO_FREE char *path = NULL;
	const hst_plugin *plugin = NULL;
	const hst_value *options = NULL;
	int code = registry_path(files_plugin_directory(), HST_DRIVER, "x11", &path, err);

	if (code == HST_OK)
		code = plugin_load(path, &plugin, err);
	if (code == HST_OK)
		code = fields_check(session->arena, plugin->options, "option", NULL, false, &options, err);
	if (code == HST_OK)
		code = plugin_open(plugin, options, &session->host, &session->driver, err);
	return code;
}

int try_session_open(struct try_session *session, const char *folder, hst_error *err)
{
	const struct passwd *self = getpwuid(getuid());
	hst_open what = {0};
	int code;

	*session = (struct try_session){.arena = arena_new()};
	session->notes = arena_printf(session->arena, "%s/notes", folder);
	what.run_dir = arena_printf(session->arena, "%s/run", folder);
	plugin_plain_host(&session->host, "x11", session->arena);
	session->host.note = keep_note;
	session->host.cancelled = is_interrupted;
	plugin_plain_call(&session->call, &session->host, session->arena);
	if (!self)
		return hst_fail(err, HST_NOT_FOUND, "the user %lu has no name on this machine",
				(unsigned long)getuid());
	what.user = arena_text(session->arena, self->pw_name);
	code = files_make_directory(what.run_dir, 0700, err);
	if (code == HST_OK)
		code = load_driver(session, err);
	if (code == HST_OK)
		code = plugin_check(session->driver, &session->call, err);
	if (code == HST_OK)
		code = driver_open(session->driver, &session->call, &what, &session->id, err);
	return code;
}

int try_session_close(struct try_session *session, hst_error *err)
{
	int code = session->id ? driver_close(session->driver, &session->call, session->id, err) : HST_OK;

	plugin_close(session->driver);
	if (session->arena)
		arena_free(session->arena);
	*session = (struct try_session){0};
	return code;
}

int try_session_start(struct try_session *session, const struct flowrun_start *what, pid_t *ret_pid,
		      hst_error *err)
{
	const hst_start start = {
		.argv = what->argv,
		.environment = what->environment,
		.directory = what->directory,
		.stdin_fd = what->stdin_fd,
		.stdout_fd = what->stdout_fd,
		.stderr_fd = what->stderr_fd,
	};

	return driver_start(session->driver, &session->call, session->id, &start, ret_pid, err);
}

bool try_session_screenshot(struct try_session *session, const char *path)
{
	return driver_screenshot(session->driver, &session->call, session->id, path, NULL) == HST_OK;
}
