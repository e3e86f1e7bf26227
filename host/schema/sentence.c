#include "schema/sentence.h"

#include "schema/utf8.h"

#include <string.h>

static bool is_control(const char *character, size_t length)
{
	unsigned char first = (unsigned char)character[0];

	/* U+0080 to U+009F steer terminals as well. */
	return first < 0x20 || first == 0x7f ||
	       (length == 2 && first == 0xc2 && (unsigned char)character[1] < 0xa0);
}

bool sentence_fits(const char *bytes, size_t n)
{
	while (n) {
		size_t length = utf8_character(bytes, n);

		if (!length || is_control(bytes, length))
			return false;
		bytes += length;
		n -= length;
	}
	return true;
}

void sentence_copy(char *to, size_t size, const char *bytes, size_t n)
{
	size_t used = 0;

	while (n) {
		size_t length = utf8_character(bytes, n);
		const char *from = bytes;
		size_t add = length;

		if (!length || is_control(bytes, length)) {
			from = length ? " " : "?";
			add = 1;
		}
		if (used + add + 1 > size)
			break;
		memcpy(to + used, from, add);
		used += add;
		bytes += length ? length : 1;
		n -= length ? length : 1;
	}
	to[used] = '\0';
}
