/*
 * An answer as it arrives: what is small stays in memory, what is larger, or wanted as a file, goes into a file of the run, and what is
 * larger than it may be ends the transfer.
 */
#ifndef PLUGINS_CONNECTOR_HTTP_ANSWER_H
#define PLUGINS_CONNECTOR_HTTP_ANSWER_H

#include <hostler/connector.h>
#include <hostler/value.h>

#include <curl/curl.h>
#include <stdio.h>

/* Of an answer that is an output itself; outputs together have 1 MiB. */
enum { HTTP_KEPT_MAX = 512 << 10, HTTP_HEADERS_MAX = 200, HTTP_HEADER_BYTES_MAX = 64 << 10 };

struct http_answer {
	hst_call *call;
	int64_t max_size;
	const char *save; /* name of the file; NULL: it becomes one only where it has to */
	const char *name; /* of that one then */

	long status;
	hst_value *headers; /* a record, names in small letters */
	const char *type;   /* Content-Type, or "" */
	size_t header_count, header_bytes;
	char *kept;
	int64_t size;
	hst_file *file; /* NULL: none yet */
	FILE *stream;
	int failed; /* HST_OK, or why the transfer was ended here, told in `why` */
	hst_error why;
};

void http_answer_begin(struct http_answer *answer, CURL *curl);
void http_answer_clear(struct http_answer *answer); /* closes the file */

/* The outputs, once it is there as a whole. */
struct http_output {
	int64_t status, size;
	const char *url, *body;
	const hst_value *headers, *json;
	hst_file *file;
};
int http_answer_end(struct http_answer *answer, struct http_output *ret, hst_error *err);

#endif
