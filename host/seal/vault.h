/*
 * What a worker or a session process needs to open what was sealed to its instance or gateway, and to seal what is made there: the
 * pairs, the roster it believes, and what it has opened before. Why something cannot be opened is in the log of this process;
 * everybody else hears SecretUnusable.
 */
#ifndef HOST_SEAL_VAULT_H
#define HOST_SEAL_VAULT_H

#include "base/text.h"
#include "seal/directions.h"
#include "seal/envelope_open.h"
#include "seal/pairs.h"
#include "seal/pinned.h"

struct vault {
	const char *name; /* "connector/post", "gateway/ts-01"; NULL: it has no pairs, and can do everything but seal and open */
	const struct seal_pairs *pairs;
	const struct pinned *believed; /* its roster is NULL as long as there is none */
	struct envelope_memory memory;
	char *serials; /* the file that outlives this process; NULL: none */
	int64_t serial; /* of the last state that was sealed or opened */
};

/* All of them stay. */
void vault_init(struct vault *vault, const char *name, const struct seal_pairs *pairs, const struct pinned *believed);
void vault_clear(struct vault *vault);

/* From now on the highest serials of named secrets are those in `path`, too, and are kept there for the next process. */
void vault_keep_serials(struct vault *vault, const char *path);

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
 * Seals a value that was made here to those whom the directions name (NULL: nobody) and to the operators. *ret is the
 * caller's. HST_DENIED, reason SecretUnusable: one of them is not in the roster, or was revoked.
 */
int vault_seal_value(struct vault *vault, const hst_secret *secret, const char *name, const char *run, const struct direction *direction,
                     uint8_t **ret, size_t *ret_length, hst_error *err);

/* The same of a file, to the operators alone, for their own screens. */
int vault_seal_file(struct vault *vault, const void *bytes, size_t length, const char *name, const char *run, uint8_t **ret,
                    size_t *ret_length, hst_error *err);

/* What the instance keeps for itself. Serials grow, so that an older one that somebody put back is refused. */
int vault_seal_state(struct vault *vault, const hst_secret *secret, const char *name, uint8_t **ret, size_t *ret_length, hst_error *err);
int vault_open_state(struct vault *vault, const void *bytes, size_t length, const char *name, hst_secret **ret, hst_error *err);

#endif
