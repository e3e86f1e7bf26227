/*
 * What a consumer remembers of envelopes it has opened: the highest serial of each name, and what was opened for which use.
 * It lives as long as the process does.
 */
#ifndef HOST_SEAL_ENVELOPE_MEMORY_H
#define HOST_SEAL_ENVELOPE_MEMORY_H

#include "seal/envelope.h"

#include "base/table.h"

#include <stdbool.h>

/* Of names that are new beyond this nothing is opened; of uses the last ones are known. */
enum { ENVELOPE_NAMES_MAX = 4096, ENVELOPE_USES_MAX = 16384 };

struct envelope_memory {
	struct table serials; /* by kind and name */
	struct table uses;    /* by a digest of id and use */
	uint64_t *ring;	      /* the same digests, the oldest where the next one goes */
	size_t ring_at;
};

void envelope_memory_init(struct envelope_memory *memory);
void envelope_memory_clear(struct envelope_memory *memory);

/* Whether no newer one of its kind and name has been opened, and there is room to remember it. */
bool envelope_memory_serial_fits(const struct envelope_memory *memory, const struct envelope_header *header);

/* Whether it has been opened for this use. */
bool envelope_memory_used(const struct envelope_memory *memory, const struct envelope_header *header, const char *use);

/* It has been opened. `use` may be NULL. */
void envelope_memory_opened(struct envelope_memory *memory, const struct envelope_header *header, const char *use);

#endif
