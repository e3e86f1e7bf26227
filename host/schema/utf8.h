/* UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing beyond U+10FFFF. */
#ifndef HOST_SCHEMA_UTF8_H
#define HOST_SCHEMA_UTF8_H

#include <stddef.h>

/* Bytes of the character at the front of `bytes` (n of them, at least 1), or 0 when there is none. */
size_t utf8_character(const char *bytes, size_t n);

/* How many bytes from the front are valid; n when all are. */
size_t utf8_valid(const char *bytes, size_t n);

#endif
