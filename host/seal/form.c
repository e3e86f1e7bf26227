#include "seal/form.h"

#include "schema/utf8.h"

#include <string.h>

bool form_text_right(const char *text, size_t length)
{
	if (!length || length > FORM_TEXT_MAX || utf8_valid(text, length) != length)
		return false;
	for (size_t i = 0; i < length; i++) {
		uint8_t c = (uint8_t)text[i];

		/* The second row of control characters, from U+0080 to U+009F, is written as C2 and one of these. */
		if (c <= ' ' || c == 0x7f || (c == 0xc2 && (uint8_t)text[i + 1] < 0xa0))
			return false;
	}
	return true;
}

bool form_text(const uint8_t *bytes, size_t length, const char **ret)
{
	*ret = (const char *)bytes;
	return length && !bytes[length - 1] && form_text_right(*ret, length - 1);
}

uint64_t form_number(const uint8_t *at, size_t bytes)
{
	uint64_t number = 0;

	for (size_t i = 0; i < bytes; i++)
		number = number << 8 | at[i];
	return number;
}

void form_add_number(struct text *to, uint64_t number, size_t bytes)
{
	while (bytes--) {
		char byte = (char)(number >> 8 * bytes);

		text_bytes(to, &byte, 1);
	}
}

size_t form_left(const struct form *form)
{
	return (size_t)(form->end - form->at);
}

bool form_take(struct form *form, size_t n, const uint8_t **ret)
{
	if (n > form_left(form))
		return false;
	*ret = form->at;
	form->at += n;
	return true;
}

bool form_take_number(struct form *form, size_t bytes, uint64_t *ret)
{
	const uint8_t *at;

	if (!form_take(form, bytes, &at))
		return false;
	*ret = form_number(at, bytes);
	return true;
}

bool form_take_counted(struct form *form, size_t length_bytes, const uint8_t **ret, size_t *ret_length)
{
	const struct form before = *form;
	uint64_t length;

	if (form_take_number(form, length_bytes, &length) && form_take(form, (size_t)length, ret)) {
		*ret_length = (size_t)length;
		return true;
	}
	*form = before;
	return false;
}
