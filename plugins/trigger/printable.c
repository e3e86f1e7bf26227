#include "printable.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Bytes of the character, 1 with *ret_code U+FFFD for a byte that begins none. */
static size_t read_character(const unsigned char *at, uint32_t *ret_code)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t n = *at < 0x80 ? 1 : *at >> 5 == 6 ? 2 : *at >> 4 == 14 ? 3 : *at >> 3 == 30 ? 4 : 0;
	uint32_t code = n == 1 ? *at : n ? *at & (0xffu >> (n + 1)) : 0;

	for (size_t i = 1; i < n; i++) {
		if (at[i] >> 6 != 2)
			n = 0;
		else
			code = code << 6 | (at[i] & 0x3fu);
	}
	if (!n || code < least[n] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) {
		*ret_code = 0xfffd;
		return 1;
	}
	*ret_code = code;
	return n;
}

static bool is_blank(uint32_t code)
{
	return code <= ' ' || (code >= 0x7f && code <= 0xa0) || code == 0x61c || code == 0xfeff || (code >= 0x200b && code <= 0x200f) ||
	       (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

void printable(const char *text, char *to, size_t size)
{
	const unsigned char *at = (const unsigned char *)text;
	size_t used = 0, whole = 0; /* `whole`: up to where there is room for the mark behind it */
	uint32_t code;

	while (*at) {
		size_t n = read_character(at, &code);
		bool blank = is_blank(code), bad = code == 0xfffd && n == 1;
		size_t room = blank || bad ? 1 : n;

		if (used + room + 1 > size) {
			memcpy(to + whole, "…", sizeof "…");
			return;
		}
		if (blank && (!used || to[used - 1] == ' '))
			room = 0;
		else if (blank || bad)
			to[used] = bad ? '?' : ' ';
		else
			memcpy(to + used, at, n);
		used += room;
		at += n;
		if (used + sizeof "…" <= size)
			whole = used;
	}
	while (used && to[used - 1] == ' ')
		used--;
	to[used] = '\0';
}
