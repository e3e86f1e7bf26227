#include "utf8.h"

#include <stdint.h>

/*
 * Bytes of the character at `at`, 0 when it is none: cut short, overlong, a surrogate, beyond U+10FFFF, or
 * NUL.
 */
static size_t character_length(const unsigned char *at, size_t n)
{
	static const struct {
		unsigned char mask, mark;
		uint32_t least;
	} forms[] = {{0x80, 0x00, 0x01}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};

	for (size_t extra = 0; extra < sizeof forms / sizeof forms[0]; extra++) {
		uint32_t point = at[0] & (uint32_t)(unsigned char)~forms[extra].mask;

		if ((at[0] & forms[extra].mask) != forms[extra].mark)
			continue;
		if (extra >= n)
			return 0;
		for (size_t i = 1; i <= extra; i++) {
			if ((at[i] & 0xc0) != 0x80)
				return 0;
			point = point << 6 | (at[i] & 0x3f);
		}
		if (point < forms[extra].least || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
			return 0;
		return extra + 1;
	}
	return 0;
}

int file_check_text(const char *path, const char *bytes, size_t n, hst_error *err)
{
	const unsigned char *at = (const unsigned char *)bytes;
	size_t line = 1;

	for (size_t i = 0; i < n;) {
		size_t length = character_length(at + i, n - i);

		if (length == 0)
			return hst_fail(err, HST_INVALID, "%.200s:%zu: %s; the file must be UTF-8 text", path,
					line, at[i] == 0 ? "a NUL byte" : "bytes that are no UTF-8");
		line += at[i] == '\n';
		i += length;
	}
	return HST_OK;
}
