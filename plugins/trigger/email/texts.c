#include "texts.h"

#include "parser.h"

#include <stdint.h>
#include <string.h>

/* Length of the character that begins there; 0 when none does. The shortest form alone, no halves of pairs, nothing beyond U+10FFFF. */
static size_t character(const unsigned char *at, size_t n, uint32_t *ret)
{
	size_t length = at[0] < 0x80 ? 1 : at[0] < 0xc2 ? 0 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : at[0] < 0xf5 ? 4 : 0;
	static const uint32_t least[] = {0, 1, 0x80, 0x800, 0x10000};
	uint32_t c = length > 1 ? at[0] & (0xffu >> (length + 1)) : at[0];

	if (length > n)
		return 0;
	for (size_t i = 1; i < length; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (at[i] & 0x3f);
	}
	if (c < least[length] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0;
	*ret = c;
	return length;
}

static bool is_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029;
}

/* Every character is one, and none is what `forbidden` holds of. */
static bool all(const char *text, size_t n, bool (*forbidden)(uint32_t c))
{
	const unsigned char *at = (const unsigned char *)text;
	uint32_t c = 0;

	for (size_t i = 0, length; i < n; i += length) {
		length = character(at + i, n - i, &c);
		if (length == 0 || c == 0 || (forbidden && forbidden(c)))
			return false;
	}
	return true;
}

static bool not_in_text(uint32_t c)
{
	return (c < 0x20 && c != '\n' && c != '\t' && c != '\f') || c == 0x7f;
}

static bool not_in_word(uint32_t c)
{
	return is_control(c) || c == ' ' || c == '<' || c == '>';
}

static bool not_in_file(uint32_t c)
{
	return is_control(c) || c == '/' || c == '\\';
}

bool email_texts_valid(const char *text, size_t n)
{
	return all(text, n, NULL);
}

bool email_texts_text(const char *text, size_t n)
{
	return all(text, n, not_in_text);
}

bool email_texts_line(const char *text, size_t n)
{
	return all(text, n, is_control);
}

bool email_texts_word(const char *text, size_t n)
{
	return n > 0 && all(text, n, not_in_word);
}

bool email_texts_name(const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (text[i] <= ' ' || text[i] >= 0x7f || text[i] == ':')
			return false;
	return n > 0 && n <= 256;
}

bool email_texts_type(const char *text, size_t n)
{
	const char *slash = memchr(text, '/', n);

	for (size_t i = 0; i < n; i++)
		if (!memchr("abcdefghijklmnopqrstuvwxyz0123456789!#$&^_.+-/", text[i], 46))
			return false;
	return slash && slash > text && slash < text + n - 1 && !memchr(slash + 1, '/', (size_t)(text + n - slash) - 1) && n < 200;
}

bool email_texts_file(const char *text, size_t n)
{
	return n > 0 && n <= EMAIL_NAME_MAX && text[0] != '.' && all(text, n, not_in_file);
}
