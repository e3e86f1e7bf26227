#include "body.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

enum { HEADERS_MAX = 100, VALUE_MAX = 16000 };

static int take_json(struct http_body *body, hst_call *call, const hst_value *json, hst_error *err)
{
	body->bytes = hst_write_json(call, json, &body->n);
	body->type = "application/json";
	return body->bytes ? HST_OK : hst_fail(err, HST_INVALID, "json: it is larger than 1 MiB; send a file");
}

/* Names and values as a browser sends a form. */
static int take_form(struct http_body *body, hst_call *call, CURL *curl, const hst_value *form, hst_error *err)
{
	size_t size = 1;
	char *bytes;

	for (size_t i = 0; i < hst_count(call, form); i++)
		size += 3 * (strlen(hst_name_at(call, form, i)) + hst_length(call, hst_at(call, form, i))) + 2;
	body->bytes = bytes = hst_alloc(call, size);
	for (size_t i = 0; i < hst_count(call, form); i++) {
		const hst_value *value = hst_at(call, form, i);
		char *name = curl_easy_escape(curl, hst_name_at(call, form, i), 0);
		char *text = hst_length(call, value) ? curl_easy_escape(curl, hst_text(call, value), (int)hst_length(call, value)) : NULL;

		body->n += (size_t)snprintf(bytes + body->n, size - body->n, "%s%s=%s", i ? "&" : "", name ? name : "", text ? text : "");
		curl_free(name);
		curl_free(text);
	}
	body->type = "application/x-www-form-urlencoded";
	(void)err;
	return HST_OK;
}

static int take_file(struct http_body *body, hst_call *call, const hst_file *file, hst_error *err)
{
	struct stat facts;

	body->file = fopen(hst_file_path(call, file), "re");
	if (!body->file || fstat(fileno(body->file), &facts) < 0)
		return hst_fail(err, HST_INVALID, "file: it cannot be read: %s", strerror(errno));
	body->size = facts.st_size;
	body->type = "application/octet-stream";
	return HST_OK;
}

int http_body_make(struct http_body *body, hst_call *call, CURL *curl, const struct http_request *request, hst_error *err)
{
	bool form = hst_count(call, request->form) > 0;
	int code = HST_OK;

	*body = (struct http_body){0};
	if ((request->json != NULL) + (request->text != NULL) + form + (request->file != NULL) > 1)
		return hst_fail(err, HST_INVALID, "a request has one body: json, text, form.NAME or file");
	if (request->json) {
		code = take_json(body, call, request->json, err);
	} else if (form) {
		code = take_form(body, call, curl, request->form, err);
	} else if (request->file) {
		code = take_file(body, call, request->file, err);
	} else if (request->text) {
		body->bytes = request->text;
		body->n = strlen(request->text);
		body->type = "text/plain; charset=utf-8";
	} else if (request->has_body) {
		body->bytes = "";
	}
	if (request->content_type && body->type)
		body->type = request->content_type;
	return code;
}

void http_body_clear(struct http_body *body)
{
	if (body->file)
		fclose(body->file);
	*body = (struct http_body){0};
}

void http_body_set(const struct http_body *body, CURL *curl)
{
	if (body->file) {
		rewind(body->file);
		curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
		curl_easy_setopt(curl, CURLOPT_READFUNCTION, (curl_read_callback)fread);
		curl_easy_setopt(curl, CURLOPT_READDATA, body->file);
		curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)body->size);
	} else if (body->bytes) {
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body->n);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body->bytes);
	}
}

static bool is_name(const char *name)
{
	size_t n = strlen(name);

	for (const char *c = name; *c; c++)
		if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') || strchr("!#$%&'*+-.^_`|~", *c)))
			return false;
	return n > 0 && n <= 100;
}

static bool is_one_of(const char *name, const char *const *names)
{
	for (; *names; names++)
		if (strcasecmp(name, *names) == 0)
			return true;
	return false;
}

int http_header_add(hst_call *call, const char *name, const char *value, struct curl_slist **to, hst_error *err)
{
	size_t size = strlen(name) + strlen(value) + 3;
	char *line = hst_alloc(call, size);
	struct curl_slist *longer;

	/* Of a header without a value libcurl wants to read "Name;". */
	snprintf(line, size, *value ? "%s: %s" : "%s;", name, value);
	longer = curl_slist_append(*to, line);
	if (!longer)
		return hst_fail(err, HST_RETRY, "there is no memory for the request");
	*to = longer;
	return HST_OK;
}

int http_headers_add(hst_call *call, const char *front, const hst_value *headers, bool abroad, struct curl_slist **to, hst_error *err)
{
	static const char *const own[] = {"Host", "Content-Length", "Transfer-Encoding", "Connection", "Expect", "TE", "Trailer", "Upgrade", "Keep-Alive",
					  "Proxy-Authorization", "Proxy-Connection", NULL};
	static const char *const harmless[] = {"Accept", "Accept-Language", "User-Agent", NULL};

	if (hst_count(call, headers) > HEADERS_MAX)
		return hst_fail(err, HST_INVALID, "%s: a request has at most %d of them", front, HEADERS_MAX);
	for (size_t i = 0; i < hst_count(call, headers); i++) {
		const char *name = hst_name_at(call, headers, i), *value = hst_text(call, hst_at(call, headers, i));
		size_t n = hst_length(call, hst_at(call, headers, i));

		if (!is_name(name))
			return hst_fail(err, HST_INVALID, "%s.%.60s is no name of a header", front, name);
		if (is_one_of(name, own))
			return hst_fail(err, HST_INVALID, "%s.%s: that header is the connection's own", front, name);
		if (n > VALUE_MAX)
			return hst_fail(err, HST_INVALID, "%s.%s: a header has at most %d bytes", front, name, VALUE_MAX);
		for (size_t c = 0; c < n; c++)
			if ((unsigned char)value[c] < 0x20 || value[c] == 0x7f)
				return hst_fail(err, HST_INVALID, "%s.%s must be one line, without line breaks and control characters", front, name);
		if (abroad && !is_one_of(name, harmless))
			continue;
		if (http_header_add(call, name, value, to, err) != HST_OK)
			return HST_RETRY;
	}
	return HST_OK;
}
