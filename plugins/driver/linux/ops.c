#include "ops.h"

#include "attach.h"
#include "ending.h"
#include "leftovers.h"
#include "screen.h"

#include <string.h>
#include <unistd.h>

void ops_end(void *state)
{
	struct session *session = state;
	hst_error err = {0};

	if (session_close(session, &err) != HST_OK)
		hst_log(session->host, HST_ERROR, "%s", err.text);
}

bool ops_program_is_there(const char *program)
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

int ops_identify(void *state, hst_call *call, const char *user, hst_identity *ret, hst_error *err)
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

int ops_open(void *state, hst_call *call, const hst_open *what, const char **ret_session, hst_error *err)
{
	struct session *session = state;
	int rc = session_open(session, call, what, err);

	if (rc == HST_OK)
		*ret_session = hst_copy(call, session->id, strlen(session->id));
	return rc;
}

int ops_attach(void *state, hst_call *call, const char *id, hst_error *err)
{
	return attach_begin(state, call, id, err);
}

static int held(const struct session *session, const char *id, hst_error *err)
{
	if (session->is_open && strcmp(session->id, id) == 0)
		return HST_OK;
	return hst_fail_as(err, HST_NOT_FOUND, "SessionNotFound", "this process does not hold session %s",
			   id);
}

/* Of a session that a session manager keeps the leader goes first. */
static int opened_stands(struct session *session, hst_error *err)
{
	const struct remains *remains = &session->remains;

	if (proc_lives(&remains->xserver) && (!remains->leader.pid || proc_lives(&remains->leader)))
		return session->kind->standing ? session->kind->standing(session, err) : HST_OK;
	return hst_fail_as(err, HST_CANCELLED, "SessionEnded", "session %s of '%s' has ended: %s", session->id, session->account.name,
			   remains->leader.pid ? "the user was signed out, or the window manager has ended" : "its X server has ended");
}

int ops_standing(void *state, hst_call *call, const char *id, hst_error *err)
{
	struct session *session = state;
	int rc = held(session, id, err);

	if (rc != HST_OK)
		return rc;
	if (session->attached)
		return attach_standing(session, err);
	rc = opened_stands(session, err);
	if (rc != HST_OK && strcmp(err->reason, "SessionTaken") == 0 && !session->remains.taken)
		remains_add_taken(&session->remains, call);
	return rc;
}

int ops_start(void *state, hst_call *call, const char *id, const hst_start *what, pid_t *ret_pid, hst_error *err)
{
	struct session *session = state;
	int rc = held(session, id, err);

	if (rc == HST_OK && !session->attached)
		rc = opened_stands(session, err); /* it may have been kept since the last flow */
	return rc != HST_OK ? rc : session_start(session, call, what, ret_pid, err);
}

int ops_screenshot(void *state, hst_call *call, const char *id, const char *path, hst_error *err)
{
	struct session *session = state;
	struct deadline deadline = deadline_in(call, session->settings.ready_ms);
	int rc = held(session, id, err);

	if (rc != HST_OK)
		return rc;
	return screen_capture(&session->display, &session->account, path, &deadline, err);
}

int ops_close(void *state, hst_call *call, const char *id, hst_error *err)
{
	struct session *session = state;

	(void)call;
	if (!session->is_open || strcmp(session->id, id) != 0)
		return HST_OK;
	return session_close(session, err);
}

int ops_reap(void *state, hst_call *call, const char *const *notes, size_t n, hst_error *err)
{
	const struct session *session = state;
	struct remains remains;
	int rc;

	(void)call;
	remains_init(&remains);
	rc = remains_read(&remains, notes, n, err);
	if (rc == HST_OK && session->kind->find_rest && !remains.other_boot && !remains.taken)
		session->kind->find_rest(&remains);
	if (rc == HST_OK)
		rc = ending_processes(&remains, NULL, 0, session->settings.grace_ms, err);
	if (rc == HST_OK)
		rc = containment_remove(&remains, err);
	if (rc == HST_OK) {
		leftovers_remove_display(&remains);
		if (session->kind->reap && !remains.taken)
			session->kind->reap(&remains);
		rc = leftovers_remove_files(&remains, err);
	}
	remains_clear(&remains);
	return rc;
}
