/*
 * Bytes that are never shown: what an `hst_secret *` points to. They live in memory that is locked (never on a disk), left
 * out of core files, between pages that nobody may touch, and wiped when released. Many small ones share a few pages. For
 * one thread, as all processes that have secrets are.
 */
#ifndef HOST_SEAL_SECRET_H
#define HOST_SEAL_SECRET_H

#include <hostler/error.h>
#include <hostler/secret.h>

#include <stddef.h>
#include <stdint.h>

/* A room may be a little larger than a secret: what is opened has its padding first. SECRET_ALL_MAX is what one process has. */
enum { SECRET_BYTES_MAX = 64 << 10, SECRET_ROOM_MAX = 72 << 10, SECRET_ALL_MAX = 64 << 20 };

/* What the bytes are. It is sealed with them. */
enum secret_form {
	SECRET_TEXT = 'T', /* a text, as it is */
	SECRET_JSON = 'J', /* any other value, as JSON */
};

/*
 * A copy of the bytes; a text until secret_set_form. The caller wipes its own. On failure: HST_DENIED with the reason MemlockTooSmall,
 * where the system does not let this process lock more memory; the text says what to set. HST_INVALID: over SECRET_BYTES_MAX.
 */
int secret_new(const void *bytes, size_t length, hst_secret **ret, hst_error *err);

/* HST_DENIED, MemlockTooSmall: what secret_new says where no memory can be locked. */
int secret_no_room(hst_error *err);

/* The same, zeroed, to be filled through secret_fill; up to SECRET_ROOM_MAX. */
int secret_room(size_t length, hst_secret **ret, hst_error *err);
uint8_t *secret_fill(hst_secret *secret);

/* Shorter: what is behind the new length is wiped. */
void secret_cut(hst_secret *secret, size_t length);

const void *secret_bytes(const hst_secret *secret, size_t *ret_length); /* followed by a NUL that is not counted */
enum secret_form secret_form(const hst_secret *secret);
void secret_set_form(hst_secret *secret, enum secret_form form);
void secret_free(hst_secret *secret); /* wipes */

/* AUTO(secret) hst_secret *s = NULL; */
static inline void secret_clear(hst_secret **secret)
{
	secret_free(*secret);
	*secret = NULL;
}

/* What secret.h of the SDK reaches through hst_host. Secrets that a plugin makes end with the arena they were made in. */
extern const struct hst_secret_table secret_table;

#endif
