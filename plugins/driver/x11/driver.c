/*
 * Driver x11: unattended sessions on Linux, each with a private X server that has no screen, so that nobody
 * can look on; and attended runs in the session of a person, on the X server that is already there. It has no `lock`:
 * nobody can look on, and the screens of people are theirs to lock.
 *
 * As root it opens sessions of ordinary users, through PAM. As a user it opens sessions of that user alone,
 * without.
 */
#include "attach.h"
#include "ending.h"
#include "inventory.h"
#include "leftovers.h"
#include "screen.h"
#include "session.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const hst_field options[] = {
	HST_FIELD(struct options, screen, .def = "1280x800",
		  .doc = "size of the screen in pixels, WIDTHxHEIGHT"),
	HST_FIELD(struct options, window_manager, .def = "openbox",
		  .doc = "program that manages the windows"),
	HST_FIELD(struct options, xserver, .def = "Xvfb", .doc = "X server that takes Xvfb's arguments"),
	HST_FIELD(struct options, pam_dir,
		  .doc = "directory with the PAM service file 'hostler'; left out: the one installed with "
			 "hostler. In a user's own house no password is tried"),
	HST_FIELD(struct options, ready_within, .def = "60s", .min = 1000, .max = 600000,
		  .doc = "how long a session may take to be ready"),
	HST_FIELD(struct options, grace, .def = "3s", .min = 0, .max = 60000,
		  .doc = "how long programs have to end by themselves when a session is closed"),
};

struct x11 {
	struct session session;
	struct locks locks; /* what was last found of people's screens */
};

static int x11_open(const void *config, hst_host *host, void **ret_state, hst_error *err)
{
	const struct options *chosen = config;
	struct x11 *x11;
	int width, height;
	int rc = display_size(chosen->screen, &width, &height, err);

	if (rc != HST_OK)
		return rc;
	x11 = host->alloc(host->instance_arena, sizeof *x11);
	session_init(&x11->session, host, chosen);
	x11->locks.n = 0;
	*ret_state = x11;
	return HST_OK;
}

static void x11_close(void *state)
{
	struct session *session = &((struct x11 *)state)->session;
	hst_error err = {0};

	if (session_close(session, &err) != HST_OK)
		hst_log(session->host, HST_ERROR, "%s", err.text);
}

static bool on_path(const char *program)
{
	static const char *const directories[] = {"/usr/local/bin", "/usr/bin", "/bin", "/usr/local/games",
						  "/usr/games"};
	char path[1024];

	if (strchr(program, '/'))
		return access(program, X_OK) == 0;
	for (size_t i = 0; i < sizeof directories / sizeof *directories; i++) {
		snprintf(path, sizeof path, "%s/%s", directories[i], program);
		if (access(path, X_OK) == 0)
			return true;
	}
	return false;
}

static int x11_check(void *state, hst_call *call, hst_error *err)
{
	const struct session *session = &((const struct x11 *)state)->session;
	const struct {
		const char *program, *package;
	} needed[] = {
		{session->options->xserver, "xvfb"},
		{session->options->window_manager, session->options->window_manager},
		{"dbus-daemon", "dbus"},
		{"dbus-send", "dbus-bin"},
		{"/usr/libexec/at-spi-bus-launcher", "at-spi2-core"},
	};
	const char *pam_dir;

	for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
		if (!on_path(needed[i].program))
			return hst_fail_as(err, HST_INVALID, "SessionCreationError",
					   "%s is not installed: apt-get install %s", needed[i].program,
					   needed[i].package);
	if (geteuid() != 0)
		return HST_OK;
	return signin_directory(session->host, call->arena, session->options->pam_dir, &pam_dir, err);
}

static int list(void *state, hst_call *call, hst_device *ret_device, hst_session **ret_sessions,
		size_t *ret_n, hst_error *err)
{
	struct x11 *x11 = state;
	int rc = inventory_sessions(call, &x11->locks, ret_sessions, ret_n, err);

	if (rc == HST_OK)
		inventory_device(call, ret_device);
	return rc;
}

static int identify(void *state, hst_call *call, const char *user, hst_identity *ret, hst_error *err)
{
	struct account *account = hst_alloc(call, sizeof *account);
	char key[16];
	int rc = account_find(call->host, call->arena, user, account, err);

	(void)state;
	if (rc != HST_OK)
		return rc;
	snprintf(key, sizeof key, "%u", (unsigned)account->uid);
	*ret = (hst_identity){.key = hst_copy(call, key, strlen(key)),
			      .name = account->name,
			      .uid = account->uid,
			      .gid = account->gid};
	return HST_OK;
}

static int open_session(void *state, hst_call *call, const hst_open *what, const char **ret_session,
			hst_error *err)
{
	struct session *session = &((struct x11 *)state)->session;
	int rc = session_open(session, call, what, err);

	if (rc == HST_OK)
		*ret_session = hst_copy(call, session->id, strlen(session->id));
	return rc;
}

static int attach(void *state, hst_call *call, const char *id, hst_error *err)
{
	struct session *session = &((struct x11 *)state)->session;

	return attach_begin(session, call, id, err);
}

static int held(const struct session *session, const char *id, hst_error *err)
{
	if (session->is_open && strcmp(session->id, id) == 0)
		return HST_OK;
	return hst_fail_as(err, HST_NOT_FOUND, "SessionNotFound", "this process does not hold session %s",
			   id);
}

static int start(void *state, hst_call *call, const char *id, const hst_start *what, pid_t *ret_pid,
		 hst_error *err)
{
	struct session *session = &((struct x11 *)state)->session;
	int rc = held(session, id, err);

	return rc != HST_OK ? rc : session_start(session, call, what, ret_pid, err);
}

static int screenshot(void *state, hst_call *call, const char *id, const char *path, hst_error *err)
{
	struct session *session = &((struct x11 *)state)->session;
	struct deadline deadline = deadline_in(call, session->options->ready_within.ms);
	int rc = held(session, id, err);

	if (rc != HST_OK)
		return rc;
	return screen_capture(&session->display, &session->account, path, &deadline, err);
}

static int close_session(void *state, hst_call *call, const char *id, hst_error *err)
{
	struct session *session = &((struct x11 *)state)->session;

	(void)call;
	if (!session->is_open || strcmp(session->id, id) != 0)
		return HST_OK;
	return session_close(session, err);
}

static int reap(void *state, hst_call *call, const char *const *notes, size_t n, hst_error *err)
{
	const struct session *session = &((const struct x11 *)state)->session;
	struct remains remains;
	int rc;

	(void)call;
	remains_init(&remains);
	rc = remains_read(&remains, notes, n, err);
	if (rc == HST_OK)
		rc = ending_processes(&remains, NULL, 0, session->options->grace.ms, err);
	if (rc == HST_OK) {
		leftovers_remove_display(&remains);
		if (remains.user[0] && !remains.other_boot)
			signin_reap(remains.user, remains.pam_dir);
		rc = leftovers_remove_files(&remains, err);
	}
	remains_clear(&remains);
	return rc;
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

HST_PLUGIN(x11) = {
	.abi = HST_ABI,
	.size = sizeof(hst_plugin),
	.kind = HST_DRIVER,
	.name = "x11",
	.version = "1.0",
	.summary = "Sessions on Linux: unattended on private X servers without a screen, attended on a person's own display",
	.options = HST_FIELDS(options),
	.config_size = sizeof(struct options),
	.open = x11_open,
	.check = x11_check,
	.close = x11_close,
	.ops = &ops,
};
