/*
 * Signing in: with a password, or with an access token (XOAUTH2) that is given, or got for a refresh token. After a refusal nothing is
 * tried again for a while: a program that tries a wrong password every minute locks the account.
 */
#ifndef PLUGINS_TRIGGER_EMAIL_LOGIN_H
#define PLUGINS_TRIGGER_EMAIL_LOGIN_H

#include "box.h"
#include "options.h"
#include "token.h"

struct email_login {
	const struct email_config *config;
	struct email_token token;
	int64_t not_before_us; /* after a refusal; 0: whenever */
	int64_t pause_ms;
};

/* HST_DENIED while a refusal is too recent. */
int email_login_allowed(const struct email_login *login, hst_call *call, hst_error *err);

/* An email_sign_in (box.h); `context` is the struct email_login. HST_DENIED: the server refused; the text says what to do. */
int email_login(void *context, hst_call *call, mailimap *session, hst_error *err);

#endif
