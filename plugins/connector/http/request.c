#include "request.h"

#include "body.h"

#include <string.h>

enum { CONNECT_MS = 30000, TOKEN_MAX = 16000 };

/* One way to a place: the request, and what came of it. */
struct hop {
	hst_call *call;
	const struct http_service *service;
	const struct http_request *request;
	const struct http_place *first, *place;
	const char *method;
	const struct http_body *body; /* NULL: it goes without */
	struct transfer transfer;
	struct curl_slist *headers;
	struct http_answer answer;
	const char *onward; /* where the answer sends it; NULL: nowhere */
};

static bool is_abroad(const struct hop *hop)
{
	return !http_place_same(hop->first, hop->place);
}

static bool says_user(const struct http_proof *proof)
{
	return proof->user && *proof->user;
}

int http_proof_check(hst_call *call, const struct http_proof *proof, hst_error *err)
{
	const char *bytes;
	size_t n;

	if (proof->bearer && says_user(proof))
		return hst_fail(err, HST_INVALID, "a request has either user and password or a bearer token");
	if (says_user(proof) && strchr(proof->user, ':'))
		return hst_fail(err, HST_INVALID, "user: a name with a colon cannot be said in HTTP");
	if (!proof->bearer)
		return HST_OK;
	bytes = hst_secret_bytes(call, proof->bearer, &n);
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)bytes[i] <= 0x20 || (unsigned char)bytes[i] >= 0x7f)
			return hst_fail(err, HST_INVALID, "bearer: a token has no blanks, no line breaks and nothing beyond ASCII");
	return n && n <= TOKEN_MAX ? HST_OK : hst_fail(err, HST_INVALID, "bearer: a token has 1 to %d bytes", TOKEN_MAX);
}

/* Who asks: the call's word, else the section's. */
static int add_who(struct hop *hop, hst_error *err)
{
	const struct http_proof *call = &hop->request->proof, *section = &hop->service->proof;
	const struct http_proof *who = call->bearer || says_user(call) ? call : section;
	CURL *curl = hop->transfer.curl;
	const char *password = "";
	size_t n = 0;

	if (who->bearer) {
		const char *token = hst_secret_bytes(hop->call, who->bearer, &n);
		char *value = hst_alloc(hop->call, n + 8);

		snprintf(value, n + 8, "Bearer %s", token);
		return http_header_add(hop->call, "Authorization", value, &hop->headers, err);
	}
	if (!says_user(who))
		return HST_OK;
	if (who->password)
		password = hst_secret_bytes(hop->call, who->password, &n);
	curl_easy_setopt(curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
	curl_easy_setopt(curl, CURLOPT_USERNAME, who->user);
	curl_easy_setopt(curl, CURLOPT_PASSWORD, password);
	return HST_OK;
}

static int add_proof(struct hop *hop, hst_error *err)
{
	const struct http_proof *section = &hop->service->proof;
	CURL *curl = hop->transfer.curl;
	int code = add_who(hop, err);

	if (code == HST_OK)
		code = http_headers_add(hop->call, "secret_header", section->secret_headers, false, &hop->headers, err);
	if (code == HST_OK)
		code = http_headers_add(hop->call, "secret_header", hop->request->proof.secret_headers, false, &hop->headers, err);
	if (code != HST_OK || !section->certificate || !*section->certificate)
		return code;
	curl_easy_setopt(curl, CURLOPT_SSLCERT, section->certificate);
	if (section->key)
		curl_easy_setopt(curl, CURLOPT_SSLKEY, section->key);
	return HST_OK;
}

static int set_headers(struct hop *hop, hst_error *err)
{
	hst_call *call = hop->call;
	bool own_type = hst_get(call, hop->request->headers, "content-type") || hst_get(call, hop->request->headers, "Content-Type");
	int code = http_headers_add(call, "header", hop->request->headers, is_abroad(hop), &hop->headers, err);

	/* Nobody waits for a leave to go on that most servers never give. */
	if (code == HST_OK && hop->body && !(hop->headers = curl_slist_append(hop->headers, "Expect:")))
		code = hst_fail(err, HST_RETRY, "there is no memory for the request");
	if (code == HST_OK && hop->body && hop->body->type && !own_type)
		code = http_header_add(call, "Content-Type", hop->body->type, &hop->headers, err);
	if (code == HST_OK && !is_abroad(hop))
		code = add_proof(hop, err);
	return code;
}

static int set_up(struct hop *hop, hst_error *err)
{
	int code = transfer_begin(&hop->transfer, hop->call, "http,https", hop->service->ca, CONNECT_MS, err);
	CURL *curl = hop->transfer.curl;

	if (code != HST_OK)
		return code;
	hop->transfer.reach = hop->place->reach;
	curl_easy_setopt(curl, CURLOPT_CURLU, hop->place->url);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "hostler");
	curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
	if (hop->body)
		http_body_set(hop->body, curl);
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, hop->method);
	code = set_headers(hop, err);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, hop->headers);
	hop->answer = (struct http_answer){.call = hop->call, .max_size = hop->service->max_size, .save = hop->request->save, .name = "answer"};
	http_answer_begin(&hop->answer, curl);
	return code;
}

/* What nobody may do twice is not known to be undone once it was said. */
static bool may_be_done(const struct hop *hop)
{
	long said = 0;

	curl_easy_getinfo(hop->transfer.curl, CURLINFO_REQUEST_SIZE, &said);
	return said > 0 && (strcmp(hop->method, "POST") == 0 || strcmp(hop->method, "PATCH") == 0);
}

static int failed(const struct hop *hop, CURLcode curl, hst_error *err)
{
	int code;

	if (hop->answer.failed) {
		*err = hop->answer.why;
		return hop->answer.failed;
	}
	code = transfer_failed(&hop->transfer, curl, hop->place->host, err);
	if (!may_be_done(hop))
		return code;
	return hst_fail_as(err, HST_INVALID, "OutcomeUnknown", "the connection with %.100s broke after it was asked and before it answered",
			   hop->place->host);
}

static int cut_off(const struct hop *hop, int code, hst_error *err)
{
	const char *late = code == HST_TIMEOUT ? "its time-out passed" : "it was cancelled";

	if (may_be_done(hop))
		return hst_fail_as(err, (hst_code)code, "OutcomeUnknown", "%s after %.100s was asked and before it answered", late, hop->place->host);
	return hst_fail(err, (hst_code)code, "%s before %.100s had answered", late, hop->place->host);
}

static int go(struct hop *hop, hst_error *err)
{
	char *onward = NULL;
	CURLcode curl;
	int code = set_up(hop, err);

	if (code != HST_OK)
		return code;
	code = transfer_run(&hop->transfer, &curl);
	if (code != HST_OK)
		return cut_off(hop, code, err);
	if (curl != CURLE_OK)
		return failed(hop, curl, err);
	curl_easy_getinfo(hop->transfer.curl, CURLINFO_RESPONSE_CODE, &hop->answer.status);
	curl_easy_getinfo(hop->transfer.curl, CURLINFO_REDIRECT_URL, &onward);
	if (onward)
		hop->onward = hst_copy(hop->call, onward, strlen(onward));
	return HST_OK;
}

static void hop_end(struct hop *hop)
{
	transfer_end(&hop->transfer);
	curl_slist_free_all(hop->headers);
	http_answer_clear(&hop->answer);
	hop->headers = NULL;
	hop->onward = NULL;
}

/* As browsers do: what was posted becomes a GET, but where the server insists (307, 308). */
static int follow(struct hop *hop, struct http_place *next, hst_error *err)
{
	long status = hop->answer.status;
	int code = http_place_read(&hop->service->places, "the redirect", hop->onward, next, err);

	if (code != HST_OK)
		return code;
	if (status == 303 || ((status == 301 || status == 302) && strcmp(hop->method, "POST") == 0)) {
		hop->method = "GET";
		hop->body = NULL;
	}
	if (!http_place_same(hop->first, next) && strcmp(hop->method, "GET") != 0)
		return hst_fail(err, HST_DENIED, "%.100s sends a %s on to %.100s, another place: it is told there only if `url` names it",
				hop->place->host, hop->method, next->host);
	return HST_OK;
}

static int status_error(const struct hop *hop, hst_error *err)
{
	static const struct {
		long from, to;
		hst_code code;
		const char *remedy;
	} kinds[] = {
		{401, 401, HST_DENIED, "Does the section say who asks, and is what it says still good?"},
		{403, 403, HST_DENIED, "May who asks do that?"},
		{404, 404, HST_NOT_FOUND, "Is the path right?"},
		{410, 410, HST_NOT_FOUND, "It is gone."},
		{408, 408, HST_RETRY, "It may work later."},
		{425, 425, HST_RETRY, "It may work later."},
		{429, 429, HST_RETRY, "It is asked too often."},
		{400, 499, HST_INVALID, "It does not understand what it is asked."},
		{500, 599, HST_RETRY, "The trouble is there, and may pass."},
		{0, 999, HST_INVALID, ""},
	};
	size_t i = 0;

	while (hop->answer.status < kinds[i].from || hop->answer.status > kinds[i].to)
		i++;
	return hst_fail(err, kinds[i].code, "%.100s answered the %s with status %ld. %s With any_status = yes the flow can look at the answer",
			hop->place->host, hop->method, hop->answer.status, kinds[i].remedy);
}

static int finish(struct hop *hop, struct http_output *ret, hst_error *err)
{
	char *url = NULL;

	if (hop->answer.status >= 400 && !hop->request->any_status)
		return status_error(hop, err);
	if (curl_url_get(hop->place->url, CURLUPART_URL, &url, 0) == CURLUE_OK)
		ret->url = hst_copy(hop->call, url, strlen(url));
	curl_free(url);
	return http_answer_end(&hop->answer, ret, err);
}

static int run(struct hop *hop, struct http_place *place, struct http_output *ret, hst_error *err)
{
	struct http_place next = {0};
	int code;

	for (int64_t left = hop->service->redirects;; left--) {
		hop->place = place;
		code = go(hop, err);
		if (code != HST_OK)
			return code;
		if (!hop->onward || !hop->service->redirects)
			return finish(hop, ret, err);
		if (!left)
			return hst_fail(err, HST_INVALID, "%.100s sends the request on and on, more than %lld times", hop->place->host,
					(long long)hop->service->redirects);
		code = follow(hop, &next, err);
		if (code != HST_OK)
			return code;
		hop_end(hop);
		http_place_clear(place);
		*place = next;
		next = (struct http_place){0};
	}
}

int http_run(const struct http_service *service, hst_call *call, const struct http_request *request, struct http_output *ret, hst_error *err)
{
	struct http_place first = {0}, place = {0};
	struct http_body body = {0};
	struct hop hop = {.call = call, .service = service, .request = request, .first = &first, .method = request->method};
	int code = http_proof_check(call, &request->proof, err);

	if (code == HST_OK)
		code = http_place_read(&service->places, "url", request->url, &first, err);
	if (code == HST_OK)
		code = http_place_ask(&first, call, request->query, err);
	if (code == HST_OK)
		code = http_place_copy(&first, &place, err);
	if (code == HST_OK)
		code = http_body_make(&body, call, NULL, request, err);
	if (code == HST_OK) {
		hop.body = body.bytes || body.file ? &body : NULL;
		code = run(&hop, &place, ret, err);
	}
	hop_end(&hop);
	http_body_clear(&body);
	http_place_clear(&place);
	http_place_clear(&first);
	return code;
}
