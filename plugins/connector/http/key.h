/* A private key that is a secret, as a file that nobody else can open and that is on no disk: GnuTLS, below libcurl, reads keys from files. */
#ifndef PLUGINS_CONNECTOR_HTTP_KEY_H
#define PLUGINS_CONNECTOR_HTTP_KEY_H

#include <hostler/secret.h>

struct http_key {
	int fd; /* -1: none */
	void *bytes;
	size_t n;
	char path[40];
};

int http_key_make(struct http_key *key, const hst_host *host, const hst_secret *secret, hst_error *err);
void http_key_clear(struct http_key *key); /* wipes it; fine after a failed make, and twice */

#endif
