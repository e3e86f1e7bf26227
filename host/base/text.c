#include "base/text.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

/* Most texts are longer than a few bytes; so those do not grow in small steps first. */
enum { FIRST_SIZE = 64 };

/* What an empty text points to until it first needs memory. Never written to: `size` 0 says so. */
static char nothing[1];

void text_init(struct text *text, size_t max)
{
	*text = (struct text){.s = nothing, .max = max};
}

void text_init_wiping(struct text *text, size_t max)
{
	text_init(text, max);
	text->wipes = true;
}

void text_clear(struct text *text)
{
	bool wipes = text->wipes;

	if (text->size && wipes)
		explicit_bzero(text->s, text->size);
	if (text->size)
		free(text->s);
	text_init(text, text->max);
	text->wipes = wipes;
}

/* realloc would leave behind what was there. */
static void text_grow_wiping(struct text *text, size_t size)
{
	size_t larger = size > 2 * text->size ? size : 2 * text->size;
	char *grown = mem_alloc(larger);

	memcpy(grown, text->s, text->length + 1);
	if (text->size) {
		explicit_bzero(text->s, text->size);
		free(text->s);
	}
	text->s = grown;
	text->size = larger;
}

void text_reset(struct text *text)
{
	text->length = 0;
	text->over = false;
	if (text->size)
		text->s[0] = '\0';
}

/* How many of `n` bytes may still be added, with room made for them and a NUL. */
static size_t text_room(struct text *text, size_t n)
{
	size_t size;

	if (n > text->max - text->length) {
		n = text->max - text->length;
		text->over = true;
	}
	size = text->length + n + 1;
	if (n && size > text->size && text->wipes)
		text_grow_wiping(text, size > FIRST_SIZE ? size : FIRST_SIZE);
	else if (n && size > text->size)
		text->s = mem_grow(text->size ? text->s : NULL, &text->size, size > FIRST_SIZE ? size : FIRST_SIZE, 1);
	return n;
}

void text_grow(struct text *text, const void *bytes, size_t n)
{
	n = text_room(text, n);
	if (!n)
		return;
	memcpy(text->s + text->length, bytes, n);
	text->length += n;
	text->s[text->length] = '\0';
}

const char *integer_text(int64_t number, char to[INTEGER_SIZE])
{
	uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;
	char *at = to + INTEGER_SIZE - 1;

	*at = '\0';
	do
		*--at = (char)('0' + rest % 10);
	while (rest /= 10);
	if (number < 0)
		*--at = '-';
	return at;
}

void text_integer(struct text *text, int64_t number)
{
	char digits[INTEGER_SIZE];
	const char *at = integer_text(number, digits);

	text_bytes(text, at, (size_t)(digits + INTEGER_SIZE - 1 - at));
}

void text_addf(struct text *text, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	text_vaddf(text, format, args);
	va_end(args);
}

void text_vaddf(struct text *text, const char *format, va_list args)
{
	char line[256];
	char *longer;
	va_list again;
	int length;

	va_copy(again, args);
	length = vsnprintf(line, sizeof line, format, args);
	if (length < 0) {
		text->over = true;
	} else if ((size_t)length < sizeof line) {
		text_bytes(text, line, (size_t)length);
	} else {
		longer = mem_alloc((size_t)length + 1);
		vsnprintf(longer, (size_t)length + 1, format, again);
		text_bytes(text, longer, (size_t)length);
		free(longer);
	}
	va_end(again);
}

char *text_take(struct text *text)
{
	char *taken = text->size ? text->s : mem_text("");

	text_init(text, text->max);
	return taken;
}
