/* What a request carries: the bytes of its body, and the header lines that come with it. */
#ifndef PLUGINS_CONNECTOR_HTTP_BODY_H
#define PLUGINS_CONNECTOR_HTTP_BODY_H

#include "request.h"

struct http_body {
	const char *bytes; /* NULL: none, or a file */
	size_t n;
	FILE *file;
	int64_t size;
	const char *type; /* of Content-Type; NULL: none */
};

int http_body_make(struct http_body *body, hst_call *call, CURL *curl, const struct http_request *request, hst_error *err);
void http_body_clear(struct http_body *body); /* fine after a failed make */
void http_body_set(const struct http_body *body, CURL *curl); /* from its beginning, each time */

/* Every line is checked before one is added: a name is a word, a value one line, and what belongs to the connection is nobody's to say. */
int http_headers_add(hst_call *call, const char *front, const hst_value *headers, bool abroad, struct curl_slist **to, hst_error *err);
int http_header_add(hst_call *call, const char *name, const char *value, struct curl_slist **to, hst_error *err);

#endif
