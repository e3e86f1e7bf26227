#include "steps.h"

#include "leftovers.h"
#include "screen.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* The longest socket that lies in the session's directory is the accessibility bus's. */
#define LONGEST_SOCKET "/" LEFTOVERS_RUNTIME "/at-spi/bus_65535"

char *step_path(struct session *session, const char *directory, const char *name)
{
	size_t size = strlen(directory) + strlen(name) + 2;
	char *path = session->host->alloc(session->host->instance_arena, size);

	snprintf(path, size, "%s/%s", directory, name);
	return path;
}

int step_account(struct opening *opening, hst_error *err)
{
	struct session *session = opening->session;
	hst_host *host = session->host;
	int rc = account_find(host, host->instance_arena, opening->what->user, &session->account, err);

	if (rc == HST_OK)
		rc = account_admit(&session->account, err);
	return rc;
}

int step_directory(struct opening *opening, hst_error *err)
{
	size_t longest = sizeof((struct sockaddr_un *)0)->sun_path;

	if (strlen(opening->what->run_dir) + sizeof LONGEST_SOCKET <= longest)
		return HST_OK;
	return hst_fail_as(err, HST_INVALID, "SessionCreationError",
			   "%s is too long for the sockets in it: set a run_dir of at most %zu bytes",
			   opening->what->run_dir, longest - sizeof LONGEST_SOCKET);
}

int step_mark(struct opening *opening, hst_error *err)
{
	return session_mark(opening->session, opening->call, err);
}

int step_home(struct opening *opening, hst_error *err)
{
	const struct account *account = &opening->session->account;
	struct stat about;

	if (stat(account->home, &about) == 0 && S_ISDIR(about.st_mode))
		return HST_OK;
	return hst_fail_as(err, HST_INVALID, "SessionCreationError",
			   "'%s' has no home directory: %s is not there; make it with `mkhomedir_helper %s`",
			   account->name, account->home, account->name);
}

/* Made while the directory is still ours, so that nothing in it can be a link somebody else has put there. */
int step_files(struct opening *opening, hst_error *err)
{
	struct session *session = opening->session;
	const struct account *account = &session->account;
	const char *run_dir = opening->what->run_dir;
	bool give = geteuid() == 0;
	int rc;

	session->run_dir = session->display.directory = step_path(session, run_dir, ".");
	session->runtime = step_path(session, run_dir, LEFTOVERS_RUNTIME);
	rc = remains_add_files(&session->remains, opening->call, run_dir, err);
	if (rc != HST_OK)
		return rc;
	session->log_fd = open(step_path(session, run_dir, LEFTOVERS_LOG),
			       O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (session->log_fd >= 0 && session->kind->make_files)
		rc = session->kind->make_files(opening, err);
	if (rc == HST_OK &&
	    (session->log_fd < 0 || mkdir(session->runtime, 0700) != 0 ||
	     (give && (chown(session->runtime, account->uid, account->gid) != 0 ||
		       chown(run_dir, account->uid, account->gid) != 0)) ||
	     chmod(run_dir, 0700) != 0))
		rc = hst_fail_as(err, HST_BROKEN, "SessionCreationError",
				 "the directory %s cannot be set up: %s", run_dir, strerror(errno));
	return rc;
}

void step_environment_with(struct session *session, char *const *from_signin)
{
	struct environment *environment = &session->environment;
	const struct account *account = &session->account;

	environment_begin(environment, session->host, session->host->instance_arena);
	environment_setf(environment, MARK_NAME "=%s", session->remains.mark);
	environment_set(environment, "PATH=/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games");
	environment_set(environment, "LANG=C.UTF-8");
	environment_add(environment, from_signin);
	environment_setf(environment, MARK_NAME "=%s", session->remains.mark);
	environment_setf(environment, "HOME=%s", account->home);
	environment_setf(environment, "USER=%s", account->name);
	environment_setf(environment, "LOGNAME=%s", account->name);
	environment_setf(environment, "SHELL=%s", account->shell);
	environment_setf(environment, "XDG_RUNTIME_DIR=%s", session->runtime);
	environment_set(environment, "XDG_SESSION_TYPE=x11");
	environment_setf(environment, "XAUTHORITY=%s", session->display.authority);
}

int step_bus(struct opening *opening, hst_error *err)
{
	struct session *session = opening->session;
	struct environment *environment = &session->environment, for_services;
	int rc;

	/* The accessibility service keeps its switch in the user's settings, where it would outlive the
	 * session. */
	environment_begin(&for_services, session->host, opening->call->arena);
	environment_add(&for_services, environment->at);
	environment_set(&for_services, "GSETTINGS_BACKEND=memory");
	rc = bus_start(session->runtime, &session->account, for_services.at, &session->remains,
		       &opening->deadline, session->bus_address, err);
	if (rc != HST_OK)
		return rc;
	environment_setf(environment, "DBUS_SESSION_BUS_ADDRESS=%s", session->bus_address);

	/* GTK 3 and 4 look at the bus by themselves; Qt, and GTK 2 with its bridge, want to be told. */
	environment_set(environment, "QT_LINUX_ACCESSIBILITY_ALWAYS_ON=1");
	environment_set(environment, "GTK_MODULES=gail:atk-bridge");
	return bus_enable_accessibility(&session->account, environment->at, &session->remains,
					&opening->deadline, err);
}

int step_ready(struct opening *opening, hst_error *err)
{
	struct session *session = opening->session;
	hst_error why = {0};
	int rc = screen_make_ready(&session->display, &session->account, &session->window_manager,
				   &opening->deadline, &why);

	if (rc == HST_OK)
		return HST_OK;
	return hst_fail_as(err, rc, "SessionCreationError",
			   "the window manager %s does not announce itself on the display: %s",
			   session->window_manager_name, why.text);
}
