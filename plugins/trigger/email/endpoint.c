#include "endpoint.h"

#include "token.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

enum { ANSWER_MAX = 64 << 10, FORM_MAX = 64 << 10, TIME_OUT_S = 30 };

/* "grant_type=refresh_token&…", with every byte that could mean something else written as %XX. */
struct form {
	char *bytes;
	size_t n;
	bool over;
};

static void add_byte(struct form *form, char byte)
{
	if (form->n + 1 < FORM_MAX)
		form->bytes[form->n++] = byte;
	else
		form->over = true;
}

static void add(struct form *form, const char *name, const char *value, size_t length)
{
	static const char digits[] = "0123456789ABCDEF";

	if (form->n)
		add_byte(form, '&');
	while (*name)
		add_byte(form, *name++);
	add_byte(form, '=');
	for (size_t i = 0; i < length; i++) {
		unsigned char byte = (unsigned char)value[i];

		if ((unsigned)((byte | 0x20) - 'a') < 26u || (unsigned)(byte - '0') < 10u || strchr("-._~", byte ? byte : '%')) {
			add_byte(form, value[i]);
			continue;
		}
		add_byte(form, '%');
		add_byte(form, digits[byte >> 4]);
		add_byte(form, digits[byte & 15]);
	}
}

static void add_secret(struct form *form, hst_call *call, const char *name, const hst_secret *secret)
{
	size_t length;
	const char *bytes = hst_secret_bytes(call, secret, &length);

	add(form, name, bytes, length);
}

static void fill(struct form *form, const struct email_config *config, hst_call *call, const hst_secret *refresh_token)
{
	add(form, "grant_type", "refresh_token", strlen("refresh_token"));
	add(form, "client_id", config->client_id, strlen(config->client_id));
	if (config->scope)
		add(form, "scope", config->scope, strlen(config->scope));
	if (config->client_secret)
		add_secret(form, call, "client_secret", config->client_secret);
	add_secret(form, call, "refresh_token", refresh_token);
}

static size_t take(char *bytes, size_t one, size_t n, void *arg)
{
	struct email_answer *answer = arg;

	if (n > ANSWER_MAX - answer->n)
		return 0;
	memcpy(answer->bytes + answer->n, bytes, n);
	answer->n += n;
	answer->bytes[answer->n] = '\0';
	return n * one;
}

static int go_on(void *arg, curl_off_t down_all, curl_off_t down, curl_off_t up_all, curl_off_t up)
{
	(void)down_all, (void)down, (void)up_all, (void)up;
	return hst_cancelled(arg);
}

static void set(CURL *curl, const struct email_config *config, hst_call *call, const struct form *form, struct email_answer *ret)
{
	curl_easy_setopt(curl, CURLOPT_URL, config->token_url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https");
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)TIME_OUT_S);
	if (config->token_ca)
		curl_easy_setopt(curl, CURLOPT_CAINFO, config->token_ca);
	if (config->token_ca)
		curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
	curl_easy_setopt(curl, CURLOPT_POST, 1L);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, form->bytes);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)form->n);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, ret);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, go_on);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, call);
}

static int fail(CURLcode rc, const char *text, hst_error *err)
{
	if (rc == CURLE_ABORTED_BY_CALLBACK)
		return hst_fail(err, HST_CANCELLED, "asking token_url was cancelled");
	if (rc == CURLE_PEER_FAILED_VERIFICATION || rc == CURLE_SSL_CACERT_BADFILE)
		return hst_fail_as(err, HST_DENIED, "CertificateRejected",
				   "the certificate of token_url is not trusted: %s. Nothing was said to it; name the file of its authority with "
				   "`token_ca`",
				   *text ? text : curl_easy_strerror(rc));
	return hst_fail(err, HST_RETRY, "token_url cannot be asked: %s", *text ? text : curl_easy_strerror(rc));
}

int email_endpoint_ask(const struct email_config *config, hst_call *call, const hst_secret *refresh_token, struct email_answer *ret,
		       hst_error *err)
{
	struct form form = {.bytes = hst_alloc(call, FORM_MAX)};
	char text[CURL_ERROR_SIZE] = "";
	CURL *curl = curl_easy_init();
	CURLcode rc;
	int code = HST_OK;

	if (!curl || !(ret->bytes = calloc(1, ANSWER_MAX + 1)))
		abort();
	fill(&form, config, call, refresh_token);
	set(curl, config, call, &form, ret);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, text);
	if (form.over)
		code = hst_fail(err, HST_INVALID, "token: what is to be said to token_url is larger than 64 KiB");
	else if ((rc = curl_easy_perform(curl)) != CURLE_OK)
		code = fail(rc, text, err);
	else
		curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &ret->status);
	curl_easy_cleanup(curl);
	explicit_bzero(form.bytes, FORM_MAX);
	return code;
}

void email_answer_free(struct email_answer *answer)
{
	if (answer->bytes) {
		explicit_bzero(answer->bytes, ANSWER_MAX + 1);
		free(answer->bytes);
	}
	*answer = (struct email_answer){0};
}
