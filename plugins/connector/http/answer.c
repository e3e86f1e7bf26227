#include "answer.h"

#include <errno.h>
#include <string.h>

/* 0 ends the transfer. */
static size_t stop(struct http_answer *answer, int code)
{
	answer->failed = code;
	return 0;
}

static bool open_file(struct http_answer *answer)
{
	const char *name = answer->save ? answer->save : answer->name;

	answer->file = hst_file_new(answer->call, name, &answer->why);
	if (!answer->file)
		return stop(answer, HST_INVALID);
	answer->stream = fopen(hst_file_path(answer->call, answer->file), "we");
	if (!answer->stream)
		return stop(answer, hst_fail(&answer->why, HST_RETRY, "the file of the answer cannot be written: %s", strerror(errno)));
	return true;
}

static bool write_file(struct http_answer *answer, const char *bytes, size_t n)
{
	if (!answer->stream && !open_file(answer))
		return false;
	if (n && fwrite(bytes, 1, n, answer->stream) != n)
		return stop(answer, hst_fail(&answer->why, HST_RETRY, "the file of the answer cannot be written: %s", strerror(errno)));
	return true;
}

static size_t on_body(char *bytes, size_t one, size_t n, void *arg)
{
	struct http_answer *answer = arg;
	size_t before = (size_t)answer->size;

	(void)one;
	if (answer->size + (int64_t)n > answer->max_size)
		return stop(answer, hst_fail(&answer->why, HST_INVALID,
					     "the answer has more than the %lld bytes that max_size of this connector grants; nothing of it was kept",
					     (long long)answer->max_size));
	answer->size += (int64_t)n;
	if (!answer->stream && !answer->save && answer->size <= HTTP_KEPT_MAX) {
		if (!answer->kept)
			answer->kept = hst_alloc(answer->call, HTTP_KEPT_MAX + 1);
		memcpy(answer->kept + before, bytes, n);
		return n;
	}
	if (!answer->stream && before && !write_file(answer, answer->kept, before))
		return 0;
	return write_file(answer, bytes, n) ? n : 0;
}

static void add_header(struct http_answer *answer, const char *line, size_t colon, size_t n)
{
	char *name = hst_copy(answer->call, line, colon), *value;
	const char *before;
	size_t from = colon + 1, length;

	for (char *c = name; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	while (from < n && (line[from] == ' ' || line[from] == '\t'))
		from++;
	while (n > from && (unsigned char)line[n - 1] <= ' ')
		n--;
	before = hst_text(answer->call, hst_get(answer->call, answer->headers, name));
	length = strlen(before) + (n - from) + 3;
	value = hst_alloc(answer->call, length);
	snprintf(value, length, "%s%s%.*s", before, *before ? ", " : "", (int)(n - from), line + from);
	hst_set(answer->call, answer->headers, name, hst_make_text(answer->call, value, strlen(value)));
	if (strcmp(name, "content-type") == 0)
		answer->type = value;
}

static size_t on_header(char *bytes, size_t one, size_t n, void *arg)
{
	struct http_answer *answer = arg;
	const char *colon = memchr(bytes, ':', n);

	(void)one;
	answer->header_bytes += n;
	if (++answer->header_count > HTTP_HEADERS_MAX || answer->header_bytes > HTTP_HEADER_BYTES_MAX)
		return stop(answer, hst_fail(&answer->why, HST_INVALID, "the answer has more than %d headers or %d KiB of them", HTTP_HEADERS_MAX,
					     HTTP_HEADER_BYTES_MAX >> 10));
	/* What came before another status line, "100 Continue", is not the answer's. */
	if (n >= 5 && memcmp(bytes, "HTTP/", 5) == 0)
		answer->headers = hst_make_record(answer->call);
	else if (colon && colon > bytes)
		add_header(answer, bytes, (size_t)(colon - bytes), n);
	return n;
}

void http_answer_begin(struct http_answer *answer, CURL *curl)
{
	answer->headers = hst_make_record(answer->call);
	answer->type = "";
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, answer);
}

void http_answer_clear(struct http_answer *answer)
{
	if (answer->stream)
		fclose(answer->stream);
	answer->stream = NULL;
}

/* "application/json; charset=utf-8", "application/problem+json" */
static bool is_json(const char *type)
{
	size_t n = strcspn(type, "; ");

	return (n == 16 && strncasecmp(type, "application/json", 16) == 0) || (n == 9 && strncasecmp(type, "text/json", 9) == 0) ||
	       (n > 5 && strncasecmp(type + n - 5, "+json", 5) == 0);
}

/* UTF-8 as it has to be, without NUL bytes: what can be a text. */
static bool is_text(const char *bytes, size_t n)
{
	static const struct {
		unsigned char mask, lead;
		size_t more;
		uint32_t least;
	} forms[] = {{0x80, 0x00, 0, 0x01}, {0xe0, 0xc0, 1, 0x80}, {0xf0, 0xe0, 2, 0x800}, {0xf8, 0xf0, 3, 0x10000}};

	for (size_t i = 0; i < n;) {
		unsigned char c = (unsigned char)bytes[i];
		size_t f = 0;
		uint32_t point;

		while (f < 4 && (c & forms[f].mask) != forms[f].lead)
			f++;
		if (f == 4 || i + forms[f].more >= n)
			return false;
		point = c & (unsigned char)~forms[f].mask;
		for (size_t k = 1; k <= forms[f].more; k++) {
			if (((unsigned char)bytes[i + k] & 0xc0) != 0x80)
				return false;
			point = point << 6 | ((unsigned char)bytes[i + k] & 0x3f);
		}
		if (point < forms[f].least || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
			return false;
		i += forms[f].more + 1;
	}
	return true;
}

static int close_file(struct http_answer *answer, hst_error *err)
{
	int failed = fclose(answer->stream);

	answer->stream = NULL;
	return failed ? hst_fail(err, HST_RETRY, "the file of the answer cannot be written: %s", strerror(errno)) : HST_OK;
}

int http_answer_end(struct http_answer *answer, struct http_output *ret, hst_error *err)
{
	size_t n = (size_t)answer->size;
	bool small = !answer->stream && !answer->save, text = small && is_text(answer->kept, n);

	ret->status = answer->status;
	ret->size = answer->size;
	ret->headers = answer->headers;
	if (small && n && is_json(answer->type)) {
		hst_error why = {0};

		if (hst_read_json(answer->call, answer->kept, n, &ret->json, &why) == HST_OK)
			return HST_OK;
		return hst_fail(err, HST_INVALID, "the answer says that it is JSON, and is none: %.300s", why.text);
	}
	if (text) {
		ret->body = n ? answer->kept : "";
		return HST_OK;
	}
	if (!write_file(answer, answer->kept, small ? n : 0)) {
		*err = answer->why;
		return answer->failed;
	}
	ret->file = answer->file;
	return close_file(answer, err);
}
