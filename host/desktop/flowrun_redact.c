#include "desktop/flowrun_redact.h"

#include "base/auto.h"
#include "base/mem.h"
#include "base/text.h"
#include "schema/fields.h"
#include "schema/value.h"

#include <ctype.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SECRET_BYTES_MIN = 4, SECRET_BYTES_MAX = 8 << 10 };

static const char instead[] = "[secret]";

struct flow_needle {
	char *bytes;
	size_t n;
};

static void add_needle(struct flow_redact *redact, const char *bytes, size_t n)
{
	if (n < SECRET_BYTES_MIN)
		return;
	redact->needles =
		mem_grow(redact->needles, &redact->size, redact->count + 1, sizeof *redact->needles);
	redact->needles[redact->count++] = (struct flow_needle){mem_copy(bytes, n), n};
	if (n > redact->longest)
		redact->longest = n;
}

/* Without padding and without the last, partly filled character, so that it is found inside a longer text as
 * well. */
static void add_base64(struct flow_redact *redact, const char *bytes, size_t n, int variant)
{
	size_t size = sodium_base64_encoded_len(n, variant);
	AUTO_FREE char *encoded = mem_alloc(size);

	sodium_bin2base64(encoded, size, (const unsigned char *)bytes, n, variant);
	add_needle(redact, encoded, n * 8 / 6);
	sodium_memzero(encoded, size);
}

static void add_hexadecimal(struct flow_redact *redact, const char *bytes, size_t n)
{
	AUTO_FREE char *encoded = mem_alloc(2 * n + 1);

	sodium_bin2hex(encoded, 2 * n + 1, (const unsigned char *)bytes, n);
	add_needle(redact, encoded, 2 * n);
	for (size_t i = 0; i < 2 * n; i++)
		encoded[i] = (char)toupper((unsigned char)encoded[i]);
	add_needle(redact, encoded, 2 * n);
	sodium_memzero(encoded, 2 * n);
}

static void add_percent(struct flow_redact *redact, const char *bytes, size_t n)
{
	AUTO_FREE char *encoded = mem_alloc(3 * n + 1);
	size_t length = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)bytes[i];

		if (isalnum(c) || strchr("-._~", c))
			encoded[length++] = (char)c;
		else
			length += (size_t)snprintf(encoded + length, 4, "%%%02X", c);
	}
	add_needle(redact, encoded, length);
	sodium_memzero(encoded, 3 * n);
}

static void add_json(struct flow_redact *redact, const char *bytes, size_t n)
{
	struct text text;

	text_init(&text, 6 * n + 2);
	json_quote(&text, bytes, n);
	if (text.length > 2)
		add_needle(redact, text.s + 1, text.length - 2);
	sodium_memzero(text.s, text.length);
	text_clear(&text);
}

static void add_secret(struct flow_redact *redact, const hst_value *value)
{
	const char *bytes = value_text(value);
	size_t n = value_length(value);

	if (n < SECRET_BYTES_MIN || n > SECRET_BYTES_MAX)
		return;
	add_needle(redact, bytes, n);
	add_json(redact, bytes, n);
	add_base64(redact, bytes, n, sodium_base64_VARIANT_ORIGINAL);
	add_base64(redact, bytes, n, sodium_base64_VARIANT_URLSAFE);
	add_hexadecimal(redact, bytes, n);
	add_percent(redact, bytes, n);
}

void flow_redact_init(struct flow_redact *redact, hst_fields fields, const hst_value *inputs)
{
	*redact = (struct flow_redact){0};
	for (size_t i = 0; i < value_count(inputs); i++) {
		const hst_field *field = fields_find(fields, value_name_at(inputs, i));

		if (field && field_type(field) == HST_TYPE_SECRET)
			add_secret(redact, value_at(inputs, i));
	}
}

void flow_redact_clear(struct flow_redact *redact)
{
	for (size_t i = 0; i < redact->count; i++) {
		sodium_memzero(redact->needles[i].bytes, redact->needles[i].n);
		free(redact->needles[i].bytes);
	}
	free(redact->needles);
	if (redact->held)
		sodium_memzero(redact->held, redact->held_size);
	free(redact->held);
	*redact = (struct flow_redact){0};
}

/* The first secret in the bytes, the longest of those that begin there; NULL when there is none. */
static const char *find_secret(const struct flow_redact *redact, const char *bytes, size_t n,
			       size_t *ret_length)
{
	const char *first = NULL;

	for (size_t i = 0; i < redact->count; i++) {
		const struct flow_needle *needle = &redact->needles[i];
		const char *found = memmem(bytes, n, needle->bytes, needle->n);

		if (found && (!first || found < first || (found == first && needle->n > *ret_length))) {
			first = found;
			*ret_length = needle->n;
		}
	}
	return first;
}

/* Passes on everything but the last `keep` bytes, which may be the beginning of a secret. Returns how many
 * were kept. */
static size_t pass_on(const struct flow_redact *redact, const char *bytes, size_t n, size_t keep,
		      void (*add)(void *arg, const char *bytes, size_t n), void *arg)
{
	size_t length = 0;
	const char *found;

	while ((found = find_secret(redact, bytes, n, &length)) != NULL) {
		add(arg, bytes, (size_t)(found - bytes));
		add(arg, instead, sizeof instead - 1);
		n -= (size_t)(found - bytes) + length;
		bytes = found + length;
	}
	if (n > keep) {
		add(arg, bytes, n - keep);
		n = keep;
	}
	return n;
}

void flow_redact_feed(struct flow_redact *redact, const char *bytes, size_t n,
		      void (*add)(void *arg, const char *bytes, size_t n), void *arg)
{
	size_t total = redact->held_length + n, kept;

	if (!redact->count) {
		add(arg, bytes, n);
		return;
	}
	redact->held = mem_grow(redact->held, &redact->held_size, total + 1, 1);
	memcpy(redact->held + redact->held_length, bytes, n);
	kept = pass_on(redact, redact->held, total, redact->longest - 1, add, arg);
	memmove(redact->held, redact->held + total - kept, kept);
	redact->held_length = kept;
}

void flow_redact_flush(struct flow_redact *redact, void (*add)(void *arg, const char *bytes, size_t n),
		       void *arg)
{
	if (redact->held_length)
		pass_on(redact, redact->held, redact->held_length, 0, add, arg);
	redact->held_length = 0;
}

static void add_to_text(void *arg, const char *bytes, size_t n)
{
	text_bytes(arg, bytes, n);
}

char *flow_redact_text(const struct flow_redact *redact, const char *text)
{
	struct text clean;

	text_init(&clean, 64 << 10);
	pass_on(redact, text, strlen(text), 0, add_to_text, &clean);
	return text_take(&clean);
}
