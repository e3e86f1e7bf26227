/*
 * Keeps secrets out of what is printed. A process that knows a secret filters it from everything it passes on, by its value:
 * as it is, and in the encodings of seal/redact_forms.h. Whatever a form of a secret covers becomes one "[secret]". The time
 * this takes follows from the length of what is printed, not from how many secrets there are.
 *
 * Secrets under 4 bytes are not looked for: they would be found in every other word. Long ones are looked for in pieces, and
 * those of several lines also line by line, so that a part of one is not shown either.
 */
#ifndef HOST_SEAL_REDACT_H
#define HOST_SEAL_REDACT_H

#include "seal/secret.h"

#include <hostler/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REDACT_INSTEAD "[secret]"

enum { REDACT_BYTES_MIN = 4, REDACT_PIECE_MAX = 1024, REDACT_LINE_MIN = 8, REDACT_STATES_MAX = 4 << 20 };

struct redact;

struct redact *redact_new(void);
void redact_free(struct redact *redact); /* wipes; NULL is fine */

/* Of JSON each text and number in it, and the whole. On failure (HST_DENIED: no memory can be locked for it; HST_INVALID: too much)
 * nothing may be printed, since nobody could say what is in it. */
int redact_add(struct redact *redact, const hst_secret *secret, hst_error *err);
int redact_add_bytes(struct redact *redact, const void *bytes, size_t n, hst_error *err);

/*
 * A stream, of which there may be several. What is certain goes on to `add`; what may be the beginning of a secret waits for
 * the next call, or the flush. Secrets may be added in between; what waits is then looked at anew.
 */
struct redact_stream {
	struct redact *redact;
	uint64_t version; /* of the secrets */
	uint32_t state;
	bool inside; /* what went on last was instead of a secret */
	char *held;
	uint32_t *ends; /* of each byte held: how many before it, itself included, are a secret that ends here */
	size_t length, size;
};

typedef void (*redact_add_fn)(void *arg, const char *bytes, size_t n);

void redact_stream_init(struct redact_stream *stream, struct redact *redact);
void redact_stream_clear(struct redact_stream *stream); /* wipes; says nothing of what waited */
void redact_feed(struct redact_stream *stream, const char *bytes, size_t n, redact_add_fn add, void *arg);
void redact_flush(struct redact_stream *stream, redact_add_fn add, void *arg);

/* A whole text at once; the caller frees it. */
char *redact_text(struct redact *redact, const char *text);

#endif
