/*
 * Fuzzing whatever reads from outside: one file for each language, with the entry that libFuzzer calls (make fuzz). The same
 * files with fuzz_main.c are tests of the suite: they are given what lies in corpus/NAME and a number of changes of it, the same ones
 * each time. An entry says yes or no in words to any bytes at all; what must be true of its answer it holds by fuzz_must.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Said by each entry: the folder of its corpus, and how many changes a suite has time for. */
extern const char fuzz_name[];
extern const int fuzz_cases;

/* How much of what came was taken: a fuzzer whose inputs are all refused at the door finds nothing. */
extern size_t fuzz_taken;

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

#define fuzz_must(what)                                                                     \
	do {                                                                                \
		if (!(what)) {                                                              \
			fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #what); \
			abort();                                                            \
		}                                                                           \
	} while (0)

/* A copy in a block of its own size, so that a sanitizer sees a byte too far; with a NUL behind it for what reads texts. */
uint8_t *fuzz_exactly(const uint8_t *bytes, size_t length);
char *fuzz_text(const uint8_t *bytes, size_t length);

#endif
