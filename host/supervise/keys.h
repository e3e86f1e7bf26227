/*
 * The host's seed and what is derived from it for each child. Only the supervisor reads the seed; a child gets its own
 * pair and the host's public key, the engine also who may connect, workers and holds the pairs that their instance or
 * gateway seals with (wire/keys.h has the form). Engine and gateway seal and open nothing.
 */
#ifndef HOST_SUPERVISE_KEYS_H
#define HOST_SUPERVISE_KEYS_H

#include "wire/keys.h"

#include <stddef.h>

/* Reads `path`, or makes it with fresh random bytes, 0600. HST_DENIED when others could have read or written it. */
int keys_seed(const char *path, uint8_t ret[SEED_BYTES], hst_error *err);

/* What the child `name` reads on fd 4; caller frees with keys_forget. `peers` are the names of all other children. */
char *keys_for_engine(const uint8_t seed[SEED_BYTES], const char *const *peers, size_t n);
char *keys_for_child(const uint8_t seed[SEED_BYTES], const char *name, const uint8_t host[KEY_BYTES]);

/* Of the worker "worker/connector/orders#2", which shares the pairs to seal with among those of its instance. */
char *keys_for_worker(const uint8_t seed[SEED_BYTES], const char *name, const uint8_t host[KEY_BYTES], const char *roster);

/* Of a hold of `gateway` ("gateway/ts-01"), which speaks to nobody on the wire. */
char *keys_for_hold(const uint8_t seed[SEED_BYTES], const char *gateway, const char *derived);

/* With the lines of a roster behind; NULL: there is none. */
char *keys_with_roster(char *keys_take, const char *roster);
char *keys_peer(const uint8_t seed[SEED_BYTES], const char *name); /* its `peer` line for the engine; caller frees */

/* The line of the invitation that lies at `path`, which is gone afterwards; `hostler gateway join` puts it there. NULL: there is none,
 * or none that could be trusted. */
char *keys_invitation(const char *path);
void keys_forget(char *text);

/* The engine's public key, which is the host's. */
void keys_host(const uint8_t seed[SEED_BYTES], uint8_t ret[KEY_BYTES]);

#endif
