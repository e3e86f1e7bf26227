/* UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing beyond U+10FFFF. */
#ifndef HOST_SCHEMA_UTF8_H
#define HOST_SCHEMA_UTF8_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Bytes of the character at the front of `bytes` (n of them, at least 1), or 0 when there is none. */
size_t utf8_character(const char *bytes, size_t n);

/* How many bytes from the front are valid; n when all are. */
size_t utf8_valid(const char *bytes, size_t n);

/*
 * How many bytes from the front are characters of their own that JSON has as they are; nearly all are. Eight at a time: below, a
 * byte that is none of these sets its highest bit, and at most so does one behind it, which is then looked at by itself.
 */
static inline size_t utf8_plain_length(const char *bytes, size_t n)
{
	const uint64_t each = UINT64_C(0x0101010101010101);
	size_t at = 0;
	uint64_t eight;

	for (; n - at >= sizeof eight; at += sizeof eight) {
		memcpy(&eight, bytes + at, sizeof eight);
		if ((eight | (eight + each) | (eight - each * ' ') | ((eight ^ each * '"') - each) | ((eight ^ each * '\\') - each)) &
		    each << 7)
			break;
	}
	while (at < n && bytes[at] >= ' ' && bytes[at] < 0x7f && bytes[at] != '"' && bytes[at] != '\\')
		at++;
	return at;
}

#endif
