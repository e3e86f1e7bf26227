/*
 * Opening an envelope where it is used. Everything is held against what the consumer knows for itself, never against what it
 * was told with the envelope.
 */
#ifndef HOST_SEAL_ENVELOPE_OPEN_H
#define HOST_SEAL_ENVELOPE_OPEN_H

#include "seal/envelope.h"
#include "seal/envelope_memory.h"

#include <stdbool.h>

/* Who a signer is, as the roster has it. */
enum envelope_signer { ENVELOPE_SIGNER_UNKNOWN, ENVELOPE_SIGNER_KNOWN, ENVELOPE_SIGNER_REVOKED };

/* What the roster says that this process believes. */
struct envelope_house {
	uint8_t cluster[ENVELOPE_CLUSTER_BYTES];
	int64_t epoch; /* of the roster */
	int64_t least; /* envelopes of an older epoch are refused */
	/* Of an operator the rights too (schema/rights.h), of others 0. */
	enum envelope_signer (*signer)(const void *arg, const char *name, uint8_t ret_sign[SEAL_KEY_BYTES], unsigned *ret_rights);
	const void *arg;
};

struct envelope_check {
	const struct envelope_house *house;
	const char *run;  /* id of the first run of the chain; NULL: only what is bound to no run */
	const char *sink; /* the one that is opened for, exactly */
	int64_t now_us;
	struct envelope_memory *memory; /* NULL: serial and use are not looked at */
	const char *use; /* what is opened for: the same envelope twice for one use is a replay; NULL: may be opened again */
};

/* Whether the word of this signer counts for this kind; of an operator with these rights (schema/rights.h). */
bool envelope_may_seal(const char *signer, unsigned rights, enum envelope_kind kind);

/* Of what is below all that needs no key: signer, signature, epoch and cluster. Not for ENVELOPE_STATE. */
int envelope_believed(const struct envelope *envelope, const struct envelope_house *house, hst_error *err);

/*
 * Looks at these in this order and stops at the first that fails, which is the reason in *err:
 *
 *	EnvelopeForm        (envelope_read) not written the one way there is
 *	EnvelopeSigner      the signer is unknown here, or may not seal this kind
 *	EnvelopeRevoked     the signer's key was revoked
 *	EnvelopeSignature   it was not signed by that signer, or was changed since
 *	EnvelopeEpoch       sealed by a roster that is too old, or newer than ours
 *	EnvelopeCluster     sealed in another house
 *	EnvelopeRun         bound to another run
 *	EnvelopeSink        not sealed to be used here
 *	EnvelopeExpired     its time is over
 *	EnvelopeSerial      a newer one of the same name has been opened
 *	EnvelopeReplayed    it was opened for this use before
 *	EnvelopeNotForUs    sealed to others
 *	EnvelopeBroken      its data key or body is not what was signed for
 *
 * A refusal is HST_DENIED, but for EnvelopeForm (HST_INVALID). These are for the log of this process: whoever asked hears
 * SecretUnusable. MemlockTooSmall is no refusal.
 */
int envelope_open(const struct envelope *envelope, const struct envelope_check *check, const struct seal_pairs *own, hst_secret **ret,
                  hst_error *err);

/* The same for ENVELOPE_FILE. The caller wipes and frees *ret. */
int envelope_open_file(const struct envelope *envelope, const struct envelope_check *check, const struct seal_pairs *own, uint8_t **ret,
                       size_t *ret_length, hst_error *err);

#endif
