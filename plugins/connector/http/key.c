#include "key.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int http_key_make(struct http_key *key, const hst_host *host, const hst_secret *secret, hst_error *err)
{
	size_t n = 0;
	const void *bytes = host->secrets->bytes(secret, &n);

	*key = (struct http_key){.fd = memfd_create("key", MFD_CLOEXEC), .n = n};
	if (key->fd < 0 || !n || ftruncate(key->fd, (off_t)n) < 0)
		return hst_fail(err, HST_INVALID, "client_key: it is empty, or there is no memory for it");
	key->bytes = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED, key->fd, 0);
	if (key->bytes == MAP_FAILED) {
		key->bytes = NULL;
		return hst_fail(err, HST_RETRY, "client_key: there is no memory for it");
	}
	if (mlock(key->bytes, n) < 0)
		return hst_fail(err, HST_DENIED, "client_key: no memory can be locked for it");
	memcpy(key->bytes, bytes, n);
	snprintf(key->path, sizeof key->path, "/proc/self/fd/%d", key->fd);
	return HST_OK;
}

void http_key_clear(struct http_key *key)
{
	if (key->bytes) {
		explicit_bzero(key->bytes, key->n);
		munmap(key->bytes, key->n);
	}
	if (key->fd >= 0)
		close(key->fd);
	*key = (struct http_key){.fd = -1};
}
