/*
 * What a worker needs to open what was sealed to its instance, and to seal what it makes: the pairs of the instance, the roster it
 * believes, and what it has opened before. Why something cannot be opened is in the log of this process; everybody else hears
 * SecretUnusable.
 */
#ifndef HOST_WORKER_VAULT_H
#define HOST_WORKER_VAULT_H

#include "base/text.h"
#include "seal/directions.h"
#include "seal/envelope_open.h"
#include "seal/pinned.h"
#include "wire/keys.h"

struct vault {
	const struct key_ring *ring;   /* whose pairs are those of the instance, "connector/post" */
	const struct pinned *believed; /* its roster is NULL as long as there is none */
	struct envelope_memory memory;
	int64_t serial; /* of the last state that was sealed or opened */
};

/* Both stay. A process without pairs can do everything but seal and open. */
void vault_init(struct vault *vault, const struct key_ring *ring, const struct pinned *believed);
void vault_clear(struct vault *vault);

/* What is opened, and for what. */
struct vault_opening {
	const void *bytes; /* an envelope or a composition */
	size_t length;
	const char *sink;
	const char *run, *use; /* NULL: see seal/envelope_open.h */
	const char *what; /* what it is called where nothing may be told: "input \"text\"" */
};

/* HST_DENIED, reason SecretUnusable, of which the text names nothing but `what`; MemlockTooSmall with what to set. */
int vault_open(struct vault *vault, const struct vault_opening *opening, hst_secret **ret, hst_error *err);

/* The same of a file as `hostler seal` writes it. */
int vault_open_file(struct vault *vault, const char *path, const char *sink, const char *what, hst_secret **ret, hst_error *err);

/*
 * Seals a value that this instance has made to those whom the directions name (NULL: nobody) and to the operators. *ret is the
 * caller's. HST_DENIED, reason SecretUnusable: one of them is not in the roster, or was revoked.
 */
int vault_seal_value(struct vault *vault, const hst_secret *secret, const char *name, const char *run, const struct direction *direction,
                     uint8_t **ret, size_t *ret_length, hst_error *err);

/* What the instance keeps for itself. Serials grow, so that an older one that somebody put back is refused. */
int vault_seal_state(struct vault *vault, const hst_secret *secret, const char *name, uint8_t **ret, size_t *ret_length, hst_error *err);
int vault_open_state(struct vault *vault, const void *bytes, size_t length, const char *name, hst_secret **ret, hst_error *err);

#endif
