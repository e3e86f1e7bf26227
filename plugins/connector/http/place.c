#include "place.h"

#include <hostler/value.h>

#include <string.h>

enum { HOSTS_MAX = 100 };

static bool is_host(const char *host)
{
	if (strcmp(host, "*") == 0)
		return true;
	if (strncmp(host, "*.", 2) == 0)
		host += 2;
	if (!*host || *host == ':')
		return false;
	for (; *host; host++)
		if (!((*host >= 'a' && *host <= 'z') || (*host >= 'A' && *host <= 'Z') || (*host >= '0' && *host <= '9') || strchr(".-:[]_", *host)))
			return false;
	return true;
}

int http_places_check(const struct http_places *places, hst_error *err)
{
	if (!places->hosts.n || places->hosts.n > HOSTS_MAX)
		return hst_fail(err, HST_INVALID, "hosts: 1 to %d are wanted; * lets requests go to any", HOSTS_MAX);
	for (size_t i = 0; i < places->hosts.n; i++)
		if (!is_host(places->hosts.at[i]))
			return hst_fail(err, HST_INVALID, "hosts: \"%.100s\" is none; write api.example.com, *.example.com, localhost:8443 or *",
					places->hosts.at[i]);
	return HST_OK;
}

bool http_places_any(const struct http_places *places)
{
	for (size_t i = 0; i < places->hosts.n; i++)
		if (strcmp(places->hosts.at[i], "*") == 0)
			return true;
	return false;
}

/* A port behind a host's name is part of what has to be the same. */
static bool host_matches(const char *entry, const char *host, const char *port)
{
	const char *bracket = strchr(entry, ']'), *colon = strchr(bracket ? bracket : entry, ':');
	size_t named = colon ? (size_t)(colon - entry) : strlen(entry), length = strlen(host);

	if (colon && strcmp(colon + 1, port) != 0)
		return false;
	if (strncmp(entry, "*.", 2) != 0)
		return named == length && strncasecmp(entry, host, named) == 0;
	/* "*.example.com" is every name below that, and not that itself. */
	return length > named - 1 && strncasecmp(entry + 1, host + length - (named - 1), named - 1) == 0;
}

/* Whether it may, and how far: a host that nobody named is never this machine. */
static int allow(const struct http_places *places, const char *what, struct http_place *place, hst_error *err)
{
	bool named = false;

	for (size_t i = 0; i < places->hosts.n && !named; i++)
		named = strcmp(places->hosts.at[i], "*") != 0 && host_matches(places->hosts.at[i], place->host, place->port);
	if (!named && !http_places_any(places))
		return hst_fail(err, HST_DENIED, "%s: %.100s:%s is not among the `hosts` of this connector", what, place->host, place->port);
	place->reach = named ? TRANSFER_ANYWHERE : TRANSFER_ABROAD;
	if (strcmp(place->scheme, "http") == 0 && !places->plain) {
		if (!named)
			return hst_fail(err, HST_DENIED, "%s: %.100s without TLS; write https://, or `plain = yes` in the connector's section", what,
					place->host);
		place->reach = TRANSFER_LOOPBACK;
	}
	return HST_OK;
}

static bool is_ascii(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text >= 0x80)
			return false;
	return true;
}

int http_place_read(const struct http_places *places, const char *what, const char *text, struct http_place *ret, hst_error *err)
{
	struct http_place place = {.url = curl_url()};
	CURLUcode code = place.url ? curl_url_set(place.url, CURLUPART_URL, text, CURLU_DISALLOW_USER | CURLU_URLENCODE | CURLU_NON_SUPPORT_SCHEME)
				   : CURLUE_OUT_OF_MEMORY;
	int answer = HST_OK;

	if (code == CURLUE_USER_NOT_ALLOWED)
		answer = hst_fail(err, HST_INVALID, "%s: user and password have no place in a URL: they have inputs and options of their own", what);
	else if (code != CURLUE_OK || curl_url_get(place.url, CURLUPART_SCHEME, &place.scheme, 0) != CURLUE_OK)
		answer = hst_fail(err, HST_INVALID, "%s: this is no whole URL, https://host/path: %s", what, curl_url_strerror(code));
	else if (strcmp(place.scheme, "https") != 0 && strcmp(place.scheme, "http") != 0)
		answer = hst_fail(err, HST_INVALID, "%s: it is of https:// or http:// alone", what);
	else if (curl_url_get(place.url, CURLUPART_HOST, &place.host, 0) != CURLUE_OK ||
		 curl_url_get(place.url, CURLUPART_PORT, &place.port, CURLU_DEFAULT_PORT) != CURLUE_OK)
		answer = hst_fail(err, HST_INVALID, "%s: this URL names no host", what);
	else if (!is_ascii(place.host))
		answer = hst_fail(err, HST_INVALID, "%s: write the host as DNS has it, xn--…", what);
	else
		answer = allow(places, what, &place, err);
	if (answer == HST_OK)
		*ret = place;
	else
		http_place_clear(&place);
	return answer;
}

int http_place_copy(const struct http_place *from, struct http_place *ret, hst_error *err)
{
	struct http_place place = {.url = curl_url_dup(from->url), .reach = from->reach};

	if (!place.url || curl_url_get(place.url, CURLUPART_SCHEME, &place.scheme, 0) != CURLUE_OK ||
	    curl_url_get(place.url, CURLUPART_HOST, &place.host, 0) != CURLUE_OK ||
	    curl_url_get(place.url, CURLUPART_PORT, &place.port, CURLU_DEFAULT_PORT) != CURLUE_OK) {
		http_place_clear(&place);
		return hst_fail(err, HST_RETRY, "there is no memory for the request");
	}
	*ret = place;
	return HST_OK;
}

void http_place_clear(struct http_place *place)
{
	curl_free(place->scheme);
	curl_free(place->host);
	curl_free(place->port);
	curl_url_cleanup(place->url);
	*place = (struct http_place){0};
}

int http_place_ask(struct http_place *place, hst_call *call, const hst_value *query, hst_error *err)
{
	for (size_t i = 0; i < hst_count(call, query); i++) {
		const char *name = hst_name_at(call, query, i), *value = hst_text(call, hst_at(call, query, i));
		size_t size = strlen(name) + strlen(value) + 2;
		char *pair = hst_alloc(call, size);

		snprintf(pair, size, "%s=%s", name, value);
		if (curl_url_set(place->url, CURLUPART_QUERY, pair, CURLU_APPENDQUERY | CURLU_URLENCODE) != CURLUE_OK)
			return hst_fail(err, HST_INVALID, "query.%.50s cannot be part of a URL", name);
	}
	return HST_OK;
}

bool http_place_same(const struct http_place *one, const struct http_place *other)
{
	return strcmp(one->scheme, other->scheme) == 0 && strcasecmp(one->host, other->host) == 0 && strcmp(one->port, other->port) == 0;
}
