#include "attach.h"

#include "inventory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ASK_MS = 3000, LET_GO_MS = 1000 };

/* What of a person's session is for every program in it. A name that ends in '_' stands for all that begin so. */
static const char *const shared[] = {
	"LANG", "LANGUAGE", "LC_", "DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR", "XDG_SESSION_ID", "XDG_CURRENT_DESKTOP",
	"XDG_CONFIG_DIRS", "XDG_DATA_DIRS", "DESKTOP_SESSION", "GTK_", "GDK_", "QT_", "NO_AT_BRIDGE",
};

static bool is_shared(const char *assignment)
{
	for (size_t i = 0; i < sizeof shared / sizeof *shared; i++) {
		size_t n = strlen(shared[i]);

		if (strncmp(assignment, shared[i], n) == 0 && (shared[i][n - 1] == '_' || assignment[n] == '='))
			return true;
	}
	return false;
}

static const char *value_of(const char *text, size_t n, const char *name)
{
	size_t length = strlen(name);

	for (size_t at = 0; at < n; at += strlen(text + at) + 1)
		if (strncmp(text + at, name, length) == 0 && text[at + length] == '=')
			return text + at + length + 1;
	return NULL;
}

/*
 * The environment of the oldest program on the display that knows of a session bus, else of the oldest: most likely it is
 * the session's own. The caller frees.
 */
static size_t sessions_environment(const struct seat *seat, char **ret)
{
	struct proc_entry *entries;
	size_t n = proc_scan(&entries), found = 0;
	uint64_t oldest = UINT64_MAX;
	bool has_bus = false;

	*ret = NULL;
	for (size_t i = 0; i < n; i++) {
		const char *named;
		bool bus;
		char *text;
		size_t length;

		if (entries[i].uid != seat->account->uid || entries[i].id.pid == seat->server.pid)
			continue;
		length = proc_environment(entries[i].id.pid, &text);
		named = value_of(text, length, "DISPLAY");
		bus = value_of(text, length, "DBUS_SESSION_BUS_ADDRESS");
		if (named && display_is_named(named, seat->display) && !value_of(text, length, MARK_NAME) && bus >= has_bus &&
		    (bus > has_bus || entries[i].id.start < oldest)) {
			has_bus = bus;
			oldest = entries[i].id.start;
			free(*ret);
			*ret = text;
			found = length;
		} else {
			free(text);
		}
	}
	free(entries);
	return found;
}

static void add_shared(struct environment *environment, const struct seat *seat)
{
	char *text, bus[64];
	size_t n = sessions_environment(seat, &text);
	struct stat about;

	snprintf(bus, sizeof bus, "/run/user/%u/bus", (unsigned)seat->account->uid);
	if (stat(bus, &about) == 0 && S_ISSOCK(about.st_mode) && about.st_uid == seat->account->uid) {
		environment_setf(environment, "XDG_RUNTIME_DIR=/run/user/%u", (unsigned)seat->account->uid);
		environment_setf(environment, "DBUS_SESSION_BUS_ADDRESS=unix:path=%s", bus);
	}
	for (size_t at = 0; at < n; at += strlen(text + at) + 1)
		if (is_shared(text + at))
			environment_set(environment, text + at);
	free(text);
}

static void make_environment(struct session *session, const struct seat *seat)
{
	struct environment *environment = &session->environment;
	const struct account *account = &session->account;

	environment_begin(environment, session->host, session->host->instance_arena);
	environment_set(environment, "PATH=/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games");
	environment_set(environment, "LANG=C.UTF-8");
	add_shared(environment, seat);
	environment_setf(environment, MARK_NAME "=%s", session->remains.mark);
	environment_setf(environment, "HOME=%s", account->home);
	environment_setf(environment, "USER=%s", account->name);
	environment_setf(environment, "LOGNAME=%s", account->name);
	environment_setf(environment, "SHELL=%s", account->shell);
	environment_set(environment, "XDG_SESSION_TYPE=x11");
	environment_setf(environment, "DISPLAY=:%d", session->display.number);
	environment_setf(environment, "XAUTHORITY=%s", session->display.authority);
}

/* Puts the mark on the display, or takes it off, and gets to know the cookie. */
static int mark_display(const struct session *session, const struct process *mark, const char *server_file,
			const struct deadline *deadline, struct probed *ret, hst_error *err)
{
	const struct probe probe = {.display = session->display.number,
				    .server = session->server,
				    .server_file = server_file,
				    .mark = mark};

	return probe_display(&probe, &session->account, deadline, ret, err);
}

int attach_begin(struct session *session, hst_call *call, const char *id, hst_error *err)
{
	struct deadline deadline = deadline_in(call, ASK_MS);
	struct seat *seat = hst_alloc(call, sizeof *seat);
	hst_host *host = session->host;
	struct proc_entry self, server;
	struct probed answer;
	hst_error why = {0};
	char *file;
	int rc;

	if (session->is_open)
		return hst_fail(err, HST_INVALID, "this process already has session %s: let it go first", session->id);
	rc = inventory_seat(call, &session->kind->displays, session->driver, id, seat, err);
	if (rc != HST_OK)
		return rc;
	if (!proc_read(getpid(), &self) || !account_of_uid(host, host->instance_arena, seat->account->uid, &session->account))
		return hst_fail(err, HST_BROKEN, "/proc or the user database does not answer");
	session->display.number = seat->display;
	session->server = seat->server;
	if (!proc_read(seat->server.pid, &server))
		return hst_fail_as(err, HST_NOT_FOUND, "SessionNotFound", "session %s is no longer there", id);
	session->serving = server.id;
	rc = mark_display(session, &self.id, seat->server_file, &deadline, &answer, &why);
	if (rc != HST_OK)
		return hst_fail_as(err, rc == HST_TIMEOUT ? HST_RETRY : rc, "SessionFactUnknown", "the display of session %s: %s", id,
				   why.text);
	rc = session_mark(session, call, err);
	if (rc != HST_OK)
		return rc;
	file = host->alloc(host->instance_arena, strlen(answer.cookie.file) + 1);
	memcpy(file, answer.cookie.file, strlen(answer.cookie.file) + 1);
	memcpy(session->display.cookie, answer.cookie.data, COOKIE_SIZE);
	session->display.authority = file;
	make_environment(session, seat);
	snprintf(session->id, sizeof session->id, "%s", id);
	session->is_open = session->attached = true;
	return HST_OK;
}

void attach_end(const struct session *session)
{
	static const struct process none;
	struct deadline deadline = deadline_in(NULL, LET_GO_MS);
	struct probed answer;
	hst_error err = {0};

	/* A display that is gone, or hangs, has no use for it: it says only that a process runs that soon does not. */
	if (mark_display(session, &none, session->display.authority, &deadline, &answer, &err) != HST_OK)
		hst_log(session->host, HST_DEBUG, "letting go of session %s: %s", session->id, err.text);
}

int attach_standing(const struct session *session, hst_error *err)
{
	if (!session->attached || proc_lives(&session->serving))
		return HST_OK;
	return hst_fail_as(err, HST_CANCELLED, "SessionEnded", "%s has signed out: X server %d of display :%d has ended", session->account.name,
			   (int)session->serving.pid, session->display.number);
}
