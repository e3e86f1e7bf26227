/* What the forms of this room share: numbers with the highest byte first, texts that end with a zero byte. */
#ifndef HOST_SEAL_FORM_H
#define HOST_SEAL_FORM_H

#include "base/text.h"

#include <hostler/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FORM_TEXT_MAX = 255 };

/* 1 to FORM_TEXT_MAX bytes of UTF-8, no blanks, no control characters. */
bool form_text_right(const char *text, size_t length);

/* `length` counts the zero byte at its end, without which a text can not be used where it stands. */
bool form_text(const uint8_t *bytes, size_t length, const char **ret);

uint64_t form_number(const uint8_t *at, size_t bytes);
void form_add_number(struct text *to, uint64_t number, size_t bytes);

/* Bytes that are read from the front. */
struct form {
	const uint8_t *at, *end;
};

size_t form_left(const struct form *form);

/* Each is false, and takes nothing, where there is not so much left. */
bool form_take(struct form *form, size_t n, const uint8_t **ret);
bool form_take_number(struct form *form, size_t bytes, uint64_t *ret);
bool form_take_counted(struct form *form, size_t length_bytes, const uint8_t **ret, size_t *ret_length);

/* The reason of everything that is not written the one way there is. */
#define FORM_REFUSE(err, ...) hst_fail_as(err, HST_INVALID, "EnvelopeForm", __VA_ARGS__)

#endif
