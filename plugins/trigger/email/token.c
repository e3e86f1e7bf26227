#include "token.h"

#include "endpoint.h"
#include "../printable.h"

#include <hostler/value.h>

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define STATE_NAME "refresh_token"

enum { PRINT_HEX = 64, EARLY_S = 60, LIFE_UNKNOWN_S = 300, LIFE_MAX_S = 86400 };

/* Which configured token the kept one goes back to. It stays within what is sealed. */
static void print_of(hst_call *call, const hst_secret *secret, char hex[PRINT_HEX + 1])
{
	unsigned char digest[PRINT_HEX / 2];
	size_t length;
	const void *bytes = hst_secret_bytes(call, secret, &length);

	if (gnutls_hash_fast(GNUTLS_DIG_SHA256, bytes, length, digest) < 0)
		abort();
	for (size_t i = 0; i < sizeof digest; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

/* The refresh token to use: what was kept, if it goes back to the configured one. */
static int current(const struct email_config *config, hst_call *call, const hst_secret **ret, hst_error *err)
{
	char print[PRINT_HEX + 1];
	hst_secret *kept = NULL;
	const char *bytes;
	size_t length;
	int code = hst_state_get_secret(call, STATE_NAME, &kept, err);

	*ret = config->token;
	if (code == HST_NOT_FOUND || code == HST_DENIED || code == HST_INVALID)
		return HST_OK;
	if (code != HST_OK)
		return code;
	print_of(call, config->token, print);
	bytes = hst_secret_bytes(call, kept, &length);
	if (length > PRINT_HEX && memcmp(bytes, print, PRINT_HEX) == 0) {
		*ret = hst_make_secret(call, bytes + PRINT_HEX, length - PRINT_HEX);
		if (!*ret)
			return hst_fail(err, HST_RETRY, "no memory can be locked for a token");
	}
	return HST_OK;
}

/* Before the new access token is used: an endpoint that gives a new refresh token may have ended the old one. */
static int keep(const struct email_config *config, hst_call *call, const char *refresh, hst_error *err)
{
	char print[PRINT_HEX + 1];
	size_t length = strlen(refresh);
	char *both = malloc(PRINT_HEX + length + 1);
	hst_secret *secret;
	int code;

	if (!both)
		abort();
	print_of(call, config->token, print);
	memcpy(both, print, PRINT_HEX);
	memcpy(both + PRINT_HEX, refresh, length + 1);
	secret = hst_make_secret(call, both, PRINT_HEX + length);
	explicit_bzero(both, PRINT_HEX + length);
	free(both);
	if (!secret)
		return hst_fail(err, HST_RETRY, "no memory can be locked for a token");
	code = hst_state_put_secret(call->host, STATE_NAME, secret, err);
	return code == HST_OK ? hst_emit(call->host, NULL, 0, err) : code;
}

static int refuse(const struct email_config *config, hst_call *call, const struct email_answer *answer, const hst_value *members,
		  hst_error *err)
{
	const hst_value *described = hst_get(call, members, "error_description");
	char said[160];

	printable(hst_text(call, described ? described : hst_get(call, members, "error")), said, sizeof said);
	return hst_fail(err, answer->status >= 400 && answer->status < 500 && answer->status != 429 ? HST_DENIED : HST_RETRY,
			"token_url gives no access token for %s: it answers %ld, and says: %s; where it does not know the token any more, get and "
			"seal a new one",
			config->user, answer->status, *said ? said : "nothing more");
}

static void hold(struct email_token *token, hst_call *call, const hst_value *access, const hst_value *seconds)
{
	int64_t life_s = LIFE_UNKNOWN_S;

	hst_integer(call, seconds, &life_s);
	email_token_forget(token);
	token->access_n = hst_length(call, access);
	token->access = mmap(NULL, EMAIL_TOKEN_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (token->access == MAP_FAILED)
		abort();
	mlock(token->access, EMAIL_TOKEN_BYTES);
	memcpy(token->access, hst_text(call, access), token->access_n);
	life_s = life_s > LIFE_MAX_S ? LIFE_MAX_S : life_s;
	token->ends_us = hst_now_us(call->host) + (life_s > EARLY_S ? life_s - EARLY_S : 0) * 1000000;
}

/* What an endpoint answers, as it is meant to: an access token that is one, and perhaps a new refresh token. */
static int take_answer(struct email_token *token, const struct email_config *config, hst_call *call, const struct email_answer *answer,
		       hst_error *err)
{
	const hst_value *members = NULL, *access, *renewed;
	hst_error ignored = {0};
	int code = HST_OK;

	hst_read_json(call, answer->bytes, answer->n, &members, &ignored);
	access = hst_get(call, members, "access_token");
	renewed = hst_get(call, members, "refresh_token");
	if (answer->status != 200 || hst_kind(call, access) != HST_VALUE_TEXT || !hst_length(call, access) ||
	    hst_length(call, access) >= EMAIL_TOKEN_BYTES)
		return refuse(config, call, answer, members, err);
	if (hst_kind(call, renewed) == HST_VALUE_TEXT && hst_length(call, renewed))
		code = keep(config, call, hst_text(call, renewed), err);
	if (code == HST_OK)
		hold(token, call, access, hst_get(call, members, "expires_in"));
	return code;
}

static int refresh(struct email_token *token, const struct email_config *config, hst_call *call, hst_error *err)
{
	struct email_answer answer = {0};
	const hst_secret *with = NULL;
	int code = current(config, call, &with, err);

	if (code == HST_OK)
		code = email_endpoint_ask(config, call, with, &answer, err);
	if (code == HST_OK)
		code = take_answer(token, config, call, &answer, err);
	email_answer_free(&answer);
	return code;
}

int email_token_get(struct email_token *token, const struct email_config *config, hst_call *call, const hst_secret **ret, hst_error *err)
{
	int code = HST_OK;

	if (!config->token_url) {
		*ret = config->token;
		return HST_OK;
	}
	if (!token->access || hst_now_us(call->host) >= token->ends_us)
		code = refresh(token, config, call, err);
	if (code == HST_OK && !(*ret = hst_make_secret(call, token->access, token->access_n)))
		code = hst_fail(err, HST_RETRY, "no memory can be locked for a token");
	return code;
}

void email_token_forget(struct email_token *token)
{
	if (token->access) {
		explicit_bzero(token->access, EMAIL_TOKEN_BYTES);
		munmap(token->access, EMAIL_TOKEN_BYTES);
	}
	*token = (struct email_token){0};
}
