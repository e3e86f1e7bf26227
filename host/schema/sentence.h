/* Text from outside made fit to stand in a sentence: one line, valid UTF-8, no control characters, cut at a
 * character. */
#ifndef HOST_SCHEMA_SENTENCE_H
#define HOST_SCHEMA_SENTENCE_H

#include <stdbool.h>
#include <stddef.h>

/* True when it is that already. */
bool sentence_fits(const char *bytes, size_t n);

/* Control characters become blanks, what is no UTF-8 becomes '?'. `size` at least 1; always ends with NUL. */
void sentence_copy(char *to, size_t size, const char *bytes, size_t n);

#endif
