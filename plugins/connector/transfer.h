/*
 * One transfer by libcurl for one call: certificates are always verified, it is over within the deadline, and soon after it is
 * cancelled. Nothing of the environment steers it, no proxy, no .netrc; it follows no redirect by itself; and what libcurl has kept in
 * its memory, a password among it, is wiped when it is released.
 */
#ifndef PLUGINS_CONNECTOR_TRANSFER_H
#define PLUGINS_CONNECTOR_TRANSFER_H

#include "transfer_reach.h"

#include <hostler/host.h>

#include <curl/curl.h>

struct transfer {
	hst_call *call;
	CURL *curl;
	enum transfer_reach reach;
	bool kept_out;		    /* the name led to an address beyond its reach */
	char why[CURL_ERROR_SIZE]; /* libcurl's own words, or "" */
};

/* From `open`: libcurl made ready for this process. */
int transfer_start(hst_error *err);

/* `schemes`: "http,https". `ca`: NULL or "": the authorities of the system. `connect`: ms, at most. */
int transfer_begin(struct transfer *transfer, hst_call *call, const char *schemes, const char *ca, int64_t connect_ms,
		   hst_error *err);
void transfer_end(struct transfer *transfer); /* fine after a failed begin, and twice */

/* The transfer as it was set up. *ret is libcurl's code; HST_TIMEOUT, HST_CANCELLED: it was cut off, without a sentence. */
int transfer_run(struct transfer *transfer, CURLcode *ret);

/* Says why a transfer with `host` came to nothing: the cause, and what can be done; the same for every scheme. */
int transfer_failed(const struct transfer *transfer, CURLcode code, const char *host, hst_error *err);

#endif
