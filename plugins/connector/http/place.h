/* Where a request goes: a URL as libcurl reads it, and whether the section lets it go there. What is checked is what is connected to. */
#ifndef PLUGINS_CONNECTOR_HTTP_PLACE_H
#define PLUGINS_CONNECTOR_HTTP_PLACE_H

#include "../transfer.h"

/* What a section says about places. */
struct http_places {
	hst_texts hosts; /* "api.example.com", "*.example.com", "localhost:8443", "*" */
	bool plain;	 /* http:// to other machines, too */
};

struct http_place {
	CURLU *url;
	char *scheme, *host, *port; /* in small letters; the port always said */
	enum transfer_reach reach;
};

/* What is wrong with the list alone. */
int http_places_check(const struct http_places *places, hst_error *err);
bool http_places_any(const struct http_places *places); /* "*" is among them */

/* HST_INVALID: it is no URL for this. HST_DENIED: the section does not let it go there. `what`: "url", "the redirect". */
int http_place_read(const struct http_places *places, const char *what, const char *text, struct http_place *ret, hst_error *err);
int http_place_copy(const struct http_place *from, struct http_place *ret, hst_error *err);
void http_place_clear(struct http_place *place); /* fine when zeroed, and twice */

/* Names and values added to its query, as forms write them. */
int http_place_ask(struct http_place *place, hst_call *call, const hst_value *query, hst_error *err);

/* Same scheme, host and port: who may be told what was meant for the other. */
bool http_place_same(const struct http_place *one, const struct http_place *other);

#endif
