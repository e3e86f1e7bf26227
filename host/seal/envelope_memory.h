/*
 * What a consumer remembers of envelopes it has opened: the highest serial of each name, and what was opened for which use.
 * It lives as long as the process does. Only the serials of named secrets can be handed to the next process, in a file: a
 * call that is made again after a crash has to open again what it was given, and a store that was restored has older state.
 */
#ifndef HOST_SEAL_ENVELOPE_MEMORY_H
#define HOST_SEAL_ENVELOPE_MEMORY_H

#include "seal/envelope.h"
#include "seal/envelope_recent.h"

#include "base/table.h"

#include <stdbool.h>

/* Of names that are new beyond this nothing is opened; of uses the last ones are known. */
enum { ENVELOPE_NAMES_MAX = 4096, ENVELOPE_USES_MAX = 16384 };

struct envelope_memory {
	struct table serials; /* by kind and name */
	struct table uses;    /* by a digest of id and use */
	uint64_t *ring;	      /* the same digests, the oldest where the next one goes */
	size_t ring_at;
	struct envelope_recent recent;
	bool unkept; /* a named secret has a higher serial than the file says */
};

void envelope_memory_init(struct envelope_memory *memory);
void envelope_memory_clear(struct envelope_memory *memory);

/* Whether no newer one of its kind and name has been opened, and there is room to remember it. */
bool envelope_memory_serial_fits(const struct envelope_memory *memory, const struct envelope_header *header);

/* Whether it has been opened for this use. */
bool envelope_memory_used(const struct envelope_memory *memory, const struct envelope_header *header, const char *use);

/* It has been opened. `use` may be NULL. */
void envelope_memory_opened(struct envelope_memory *memory, const struct envelope_header *header, const char *use);

/* The file: lines "SERIAL NAME". Adds what it has; HST_NOT_FOUND: there is none, HST_INVALID: it is no such file. */
int envelope_memory_read(struct envelope_memory *memory, const char *path, hst_error *err);

/* Writes all of them, and what others have put into it meanwhile. */
int envelope_memory_write(struct envelope_memory *memory, const char *path, hst_error *err);

#endif
