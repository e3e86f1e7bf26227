#include "login.h"

#include "../printable.h"

#include <hostler/secret.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { PAUSE_FIRST_MS = 5 * 60000, PAUSE_MAX_MS = 60 * 60000 };

int email_login_allowed(const struct email_login *login, hst_call *call, hst_error *err)
{
	time_t at = (time_t)(login->not_before_us / 1000000);
	struct tm parts;
	char text[40];

	if (hst_now_us(call->host) >= login->not_before_us)
		return HST_OK;
	gmtime_r(&at, &parts);
	strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
	return hst_fail(err, HST_DENIED,
			"the mail server %s has refused the %s of %s, and is asked again at %s, so that the account is not locked; seal the "
			"right one, or restart this trigger, to have it tried at once",
			login->config->server, login->config->token ? "token" : "password", login->config->user, text);
}

/* A server that is only busy says so (RFC 5530), and others have their own words for it. */
static bool only_for_now(const mailimap *session)
{
	const struct mailimap_response_info *info = session->imap_response_info;
	const char *code = info && info->rsp_atom ? info->rsp_atom : "", *text = session->imap_response ? session->imap_response : "";

	return strcasecmp(code, "UNAVAILABLE") == 0 || strcasecmp(code, "INUSE") == 0 || strcasecmp(code, "LIMIT") == 0 ||
	       strcasecmp(code, "SERVERBUG") == 0 || strcasecmp(code, "CONTACTADMIN") == 0 || strcasestr(text, "temporar");
}

static int refused(struct email_login *login, hst_call *call, const mailimap *session, hst_error *err)
{
	const struct email_config *config = login->config;
	char said[160];

	printable(session->imap_response ? session->imap_response : "", said, sizeof said);
	if (only_for_now(session))
		return hst_fail(err, HST_RETRY, "the mail server %s cannot let %s in for now: %s", config->server, config->user, said);
	login->pause_ms = !login->pause_ms ? PAUSE_FIRST_MS : login->pause_ms * 2 < PAUSE_MAX_MS ? login->pause_ms * 2 : PAUSE_MAX_MS;
	login->not_before_us = hst_now_us(call->host) + login->pause_ms * 1000;
	email_token_forget(&login->token);
	return hst_fail_as(err, HST_DENIED, "SignInRefused", "the mail server %s refuses the %s of %s: %s; see `user` and `%s`, and seal it anew",
			   config->server, config->token ? "token" : "password", config->user, said, config->token ? "token" : "password");
}

/* What a quoted string of IMAP has no way to say. */
static bool sayable(const char *text, size_t length)
{
	return strlen(text) == length && !strpbrk(text, "\r\n");
}

static int by_password(struct email_login *login, hst_call *call, mailimap *session, hst_error *err)
{
	size_t length;
	const char *password = hst_secret_bytes(call, login->config->password, &length);

	if (!sayable(password, length))
		return hst_fail(err, HST_INVALID, "password: it has a line break or a NUL in it, which no mail server takes");
	return mailimap_login(session, login->config->user, password);
}

static int by_token(struct email_login *login, hst_call *call, mailimap *session, hst_error *err)
{
	const hst_secret *access = NULL;
	size_t length;
	const char *text;
	int code = email_token_get(&login->token, login->config, call, &access, err);

	if (code != HST_OK)
		return code;
	text = hst_secret_bytes(call, access, &length);
	if (!sayable(text, length))
		return hst_fail(err, HST_INVALID, "token: it has a line break or a NUL in it, which no mail server takes");
	return mailimap_oauth2_authenticate(session, login->config->user, text);
}

int email_login(void *context, hst_call *call, mailimap *session, hst_error *err)
{
	struct email_login *login = context;
	const struct email_config *config = login->config;
	int rc;

	if (!config->password && !config->token)
		return hst_fail(err, HST_INVALID, "password: neither it nor a token is there to sign in with");
	if (config->token && !mailimap_has_xoauth2(session))
		return hst_fail(err, HST_DENIED, "the mail server %s knows no XOAUTH2; give a password instead of a token", config->server);
	if (config->password && mailimap_has_extension(session, "LOGINDISABLED"))
		return hst_fail(err, HST_DENIED, "the mail server %s takes no password on this connection; see `tls`", config->server);
	/* Negative: this side has failed, and has said why. */
	rc = config->token ? by_token(login, call, session, err) : by_password(login, call, session, err);
	if (rc < 0)
		return rc;
	if (rc == MAILIMAP_ERROR_STREAM || rc == MAILIMAP_ERROR_PARSE || rc == MAILIMAP_ERROR_FATAL)
		return hst_fail(err, HST_RETRY, "the mail server %s broke off while %s was signing in", config->server, config->user);
	if (rc != MAILIMAP_NO_ERROR)
		return refused(login, call, session, err);
	login->pause_ms = login->not_before_us = 0;
	return HST_OK;
}
