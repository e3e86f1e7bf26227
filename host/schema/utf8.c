/* json-c lets overlong forms and surrogates through, and inih looks at no encoding at all, so the check is
 * here. */
#include "schema/utf8.h"

/* A lead byte, how many bytes follow it, and the bounds of the first of those; the others are 80 to BF. */
static const struct {
	unsigned char first, last, following, least, most;
} leads[] = {
	{0x00, 0x7f, 0, 0x00, 0x00}, {0xc2, 0xdf, 1, 0x80, 0xbf}, {0xe0, 0xe0, 2, 0xa0, 0xbf},
	{0xe1, 0xec, 2, 0x80, 0xbf}, {0xed, 0xed, 2, 0x80, 0x9f}, {0xee, 0xef, 2, 0x80, 0xbf},
	{0xf0, 0xf0, 3, 0x90, 0xbf}, {0xf1, 0xf3, 3, 0x80, 0xbf}, {0xf4, 0xf4, 3, 0x80, 0x8f},
};

size_t utf8_character(const char *bytes, size_t n)
{
	const unsigned char *at = (const unsigned char *)bytes;

	for (size_t i = 0; n && i < sizeof leads / sizeof *leads; i++) {
		if (at[0] < leads[i].first || at[0] > leads[i].last)
			continue;
		if (n < (size_t)leads[i].following + 1)
			return 0;
		for (size_t k = 1; k <= leads[i].following; k++) {
			unsigned char least = k == 1 ? leads[i].least : 0x80;
			unsigned char most = k == 1 ? leads[i].most : 0xbf;

			if (at[k] < least || at[k] > most)
				return 0;
		}
		return (size_t)leads[i].following + 1;
	}
	return 0;
}

size_t utf8_valid(const char *bytes, size_t n)
{
	size_t at = 0;

	while ((at += utf8_plain_length(bytes + at, n - at)) < n) {
		size_t length = utf8_character(bytes + at, n - at);

		if (!length)
			break;
		at += length;
	}
	return at;
}
