/*
 * One request, and where it is sent on to. What proves who asks, and every header that could, goes to the place of the URL alone; of the
 * rest nothing goes on to another place but a GET without a body.
 */
#ifndef PLUGINS_CONNECTOR_HTTP_REQUEST_H
#define PLUGINS_CONNECTOR_HTTP_REQUEST_H

#include "answer.h"
#include "place.h"

#include <hostler/secret.h>

/* Who asks. NULL and empty: nobody says. */
struct http_proof {
	const char *user;
	const hst_secret *password, *bearer;
	const hst_value *secret_headers; /* a record of texts */
	const char *certificate, *key;	 /* paths */
};

/* The section. */
struct http_service {
	struct http_places places;
	struct http_proof proof;
	const char *ca;
	int64_t redirects, max_size;
};

/* At most one of the bodies is said. */
struct http_request {
	const char *method, *url;
	struct http_proof proof; /* of the call; what it says wins over the section's */
	const hst_value *headers, *query, *form, *json;
	const char *text, *content_type, *save;
	const hst_file *file;
	bool has_body; /* the action takes one, and sends an empty one when none is said */
	bool any_status;
};

int http_proof_check(hst_call *call, const struct http_proof *proof, hst_error *err);

int http_run(const struct http_service *service, hst_call *call, const struct http_request *request, struct http_output *ret, hst_error *err);

#endif
