/*
 * Names of runs: "r-" and 26 characters of base32 (lower case, without i l o u), sortable by the time they
 * were made: 48 bits of milliseconds, then 80 bits of the caller's randomness. Pure: time and draw are
 * arguments.
 */
#ifndef HOST_BASE_ID_H
#define HOST_BASE_ID_H

#include <stdbool.h>
#include <stdint.h>

enum { ID_SIZE = 29 }; /* with the final NUL */

struct draw {
	uint64_t high, low; /* 80 of these 128 bits are used */
};

void id_make(char to[ID_SIZE], int64_t wall_us, struct draw draw);
bool id_valid(const char *id);

#endif
