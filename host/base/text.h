/*
 * Text that grows, with a ceiling. `s` is always a C string (never NULL after init). What would go beyond
 * `max` bytes is not added (what fits before it is) and sets `over`, so one look at the end tells whether
 * everything fitted. `length` counts the bytes, which may hold NULs.
 */
#ifndef HOST_BASE_TEXT_H
#define HOST_BASE_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct text {
	char *s;
	size_t length, size, max;
	bool over;
	bool wipes; /* memory is overwritten before it is given back */
};

void text_init(struct text *text, size_t max);
void text_init_wiping(struct text *text, size_t max); /* for what may have a secret in it */
void text_clear(struct text *text); /* releases; the text may be used again after text_init */
void text_reset(struct text *text); /* empty again, memory kept */
void text_grow(struct text *text, const void *bytes, size_t n); /* adds what has no room yet */
void text_integer(struct text *text, int64_t number);
__attribute__((format(printf, 2, 3))) void text_addf(struct text *text, const char *format, ...);
__attribute__((format(printf, 2, 0))) void text_vaddf(struct text *text, const char *format, va_list args);
char *text_take(struct text *text); /* the caller frees it; the text is empty afterwards */

/* These are here because most of what is added is short, and often a constant. */
static inline void text_bytes(struct text *text, const void *bytes, size_t n)
{
	if (n > text->max - text->length || text->length + n >= text->size) {
		text_grow(text, bytes, n);
		return;
	}
	if (n) /* no bytes may be NULL */
		memcpy(text->s + text->length, bytes, n);
	text->length += n;
	text->s[text->length] = '\0';
}

static inline void text_add(struct text *text, const char *s)
{
	text_bytes(text, s, strlen(s));
}

enum { INTEGER_SIZE = sizeof "-9223372036854775808" };

/* The digits of a number; they stand at the end of `to`, with a NUL behind them. */
const char *integer_text(int64_t number, char to[INTEGER_SIZE]);

#endif
