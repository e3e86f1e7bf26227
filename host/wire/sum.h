/* The sum that a file is sent with, over all its parts: BLAKE2b, 32 bytes, as 43 characters of base64url. */
#ifndef HOST_WIRE_SUM_H
#define HOST_WIRE_SUM_H

#include <stddef.h>

enum { SUM_SIZE = 44, SUM_STATE_BYTES = 384 };

struct sum {
	unsigned char state[SUM_STATE_BYTES];
};

void sum_begin(struct sum *sum);
void sum_add(struct sum *sum, const void *bytes, size_t length);
void sum_end(struct sum *sum, char ret[SUM_SIZE]);

#endif
