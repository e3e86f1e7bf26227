/*
 * Directions: to whom the secure outputs of a call are to be sealed, and where they may be used. Lines of text:
 *
 *	HSD1
 *	output password            or *: each that has no lines of its own
 *	to connector/orders        members of the roster, sorted; the operators are recipients of everything and not named
 *	sink connector/orders.login.password
 */
#ifndef HOST_SEAL_DIRECTIONS_H
#define HOST_SEAL_DIRECTIONS_H

#include "base/text.h"

#include <hostler/error.h>
#include <hostler/types.h>

#include <stddef.h>

enum { DIRECTIONS_BYTES_MAX = 64 << 10, DIRECTIONS_OUTPUTS_MAX = 64, DIRECTIONS_TO_MAX = 192, DIRECTIONS_SINKS_MAX = 64 };

struct direction {
	const char *output; /* "*": all others */
	const char *const *to;
	size_t to_count;
	const char *const *sinks;
	size_t sink_count; /* at least one */
};

struct directions {
	const struct direction *all; /* sorted by output */
	size_t count;
};

/* Everything in *ret lives in the arena. HST_INVALID, reason EnvelopeForm: not written the one way there is. */
int directions_read(hst_arena *arena, const void *bytes, size_t length, struct directions *ret, hst_error *err);

/* What is said of this output; NULL: nothing, so nobody but the operators may have it. */
const struct direction *directions_find(const struct directions *directions, const char *output);

/* Appends them to an empty text, in the order they must have; names that stand in a list twice are written once. HST_INVALID: an
 * output twice, a wrong name, too many. */
int directions_write(struct text *to, const struct directions *directions, hst_error *err);

#endif
