/*
 * Random changes to bytes that were right, for tests of whatever reads from outside. The same seed makes the same changes;
 * $HOSTLER_FUZZ_SEED names another one, and it is printed.
 */
#ifndef TESTS_UNIT_MUTATE_H
#define TESTS_UNIT_MUTATE_H

#include <stddef.h>
#include <stdint.h>

enum { MUTATE_BYTES_MAX = 16 << 10 };

struct mutate {
	uint64_t state;
	char bytes[MUTATE_BYTES_MAX + 1]; /* the last one, with a NUL behind it */
	size_t length;
};

void mutate_begin(struct mutate *mutate, const char *what);

uint64_t mutate_below(struct mutate *mutate, uint64_t n);

/* One to eight changes of these bytes, into mutate->bytes. */
void mutate_make(struct mutate *mutate, const void *bytes, size_t length);

#endif
