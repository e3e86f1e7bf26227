/* Attaching to a session of a person for an attended run, once it is certain whose it is and that they are there. */
#include "session/hold_parts.h"

#include "base/log.h"
#include "base/mem.h"

#include <string.h>

enum { LOOK_MS = 10000, ATTACH_MS = 30000 };

static const hst_session *session_named(const hst_session *sessions, size_t n, const char *id)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(sessions[i].id, id) == 0)
			return &sessions[i];
	return NULL;
}

/*
 * The gateway has decided by what the watch saw a moment ago, and it has no privilege where this process may have all
 * of it. So whose session it is, and whether its person is there, is looked at again here.
 */
static int may_attach(const struct hold *hold, const hst_session *session, hst_error *err)
{
	if (!session)
		return hst_fail_as(err, HST_NOT_FOUND, "AttendedUserNotLoggedIn", "the session is no longer there");
	if (strcmp(session->key, hold->key) != 0 || session->ours)
		return hst_fail_as(err, HST_DENIED, "AttendedUserNotLoggedIn",
				   "session %s is none in which \"%s\" sits: it is that of %s%s", session->id, hold->user,
				   session->user, session->ours ? ", opened by hostler" : "");
	if (session->connected == HST_NO || session->locked == HST_YES)
		return hst_fail_as(err, HST_RETRY, "AttendedUserSessionNotActive", "the session of %s is %s",
				   session->user, session->connected == HST_NO ? "disconnected" : "locked");
	if (session->connected != HST_YES || session->locked != HST_NO)
		return hst_fail_as(err, HST_RETRY, "SessionFactUnknown", "whether the session of %s is locked is not known%s%s",
				   session->user, session->doubt ? ": " : "", session->doubt ? session->doubt : "");
	return HST_OK;
}

static int look(struct hold *hold, const char *session, hst_error *err)
{
	hst_call call = session_device_call(&hold->device, LOOK_MS);
	hst_session *sessions;
	hst_device device;
	size_t n;
	int code = driver_list(hold->device.driver, &call, &device, &sessions, &n, err);

	return code ? code : may_attach(hold, session_named(sessions, n, session), err);
}

int hold_attach(struct hold *hold, const char *session, char **ret, hst_error *err)
{
	int code = look(hold, session, err);
	hst_call call;

	if (code)
		return code;
	call = session_device_call(&hold->device, ATTACH_MS);
	code = driver_attach(hold->device.driver, &call, session, err);
	if (code)
		return code;
	hold->attended = true;
	*ret = mem_text(session);
	return HST_OK;
}
