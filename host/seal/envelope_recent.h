/*
 * The last envelopes that a process has opened: of each that its signature was right, and its data key. A named secret comes again with
 * each run, byte by byte the same, and to prove and open it anew costs more than all else that is done for it. What is held against
 * the roster, the run, the sink and the clock is held against them each time.
 *
 * Whoever could read these keys could read the pair that they were opened with, which lies in locked memory of the same process. Without
 * memory that can be locked nothing is remembered.
 */
#ifndef HOST_SEAL_ENVELOPE_RECENT_H
#define HOST_SEAL_ENVELOPE_RECENT_H

#include "seal/pairs.h"
#include "seal/secret.h"

#include <stdbool.h>
#include <stddef.h>

enum { ENVELOPE_RECENT_MAX = 16, ENVELOPE_DIGEST_BYTES = 32, ENVELOPE_KEY_BYTES = 32 };

struct envelope_recent {
	uint8_t digests[ENVELOPE_RECENT_MAX][ENVELOPE_DIGEST_BYTES];
	size_t count, next;
	hst_secret *keys;
};

/* Of all its bytes, of who has signed it, and of who opens it: where that is the same, so is everything. */
void envelope_recent_digest(const void *bytes, size_t length, const uint8_t signer[SEAL_KEY_BYTES], const uint8_t opener[SEAL_KEY_BYTES],
                            uint8_t ret[ENVELOPE_DIGEST_BYTES]);

/* Its data key; NULL: it is not known. */
const uint8_t *envelope_recent_key(const struct envelope_recent *recent, const uint8_t digest[ENVELOPE_DIGEST_BYTES]);

/* It was proved and opened, with this key. */
void envelope_recent_add(struct envelope_recent *recent, const uint8_t digest[ENVELOPE_DIGEST_BYTES], const uint8_t key[ENVELOPE_KEY_BYTES]);

void envelope_recent_clear(struct envelope_recent *recent); /* wipes */

#endif
