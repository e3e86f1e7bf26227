/*
 * Access tokens for XOAUTH2. With a `token_url` the configured token is a refresh token: an access token is got for it by HTTPS, kept in
 * this process until shortly before it ends, and where the answer has a new refresh token that one is kept as sealed state, for this
 * instance alone. A token that is sealed anew replaces what was kept.
 */
#ifndef PLUGINS_TRIGGER_EMAIL_TOKEN_H
#define PLUGINS_TRIGGER_EMAIL_TOKEN_H

#include "options.h"

#include <hostler/secret.h>

enum { EMAIL_TOKEN_BYTES = 16 << 10 };

struct email_token {
	unsigned char *access; /* in locked memory, `access_n` bytes; NULL: none */
	size_t access_n;
	int64_t ends_us;
};

/* *ret lives as long as the call. HST_DENIED: the endpoint refused; HST_RETRY: it cannot be reached. */
int email_token_get(struct email_token *token, const struct email_config *config, hst_call *call, const hst_secret **ret, hst_error *err);

/* The access token was refused, or is not needed any more: it is wiped. */
void email_token_forget(struct email_token *token);

#endif
