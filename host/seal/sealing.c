#include "seal/sealing.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/mem.h"
#include "schema/fields.h"
#include "schema/types.h"
#include "schema/value.h"
#include "seal/composition.h"

#include <sodium.h>
#include <string.h>

enum { STAND_IN_BYTES = 16 };

static int unusable(const hst_error *why, hst_error *err)
{
	return hst_fail_as(err, HST_DENIED, "SecretUnusable", "what is sealed in the message is not as it has to be: %s", why->text);
}

int sealing_begin(struct sealing *sealing, struct vault *vault, hst_arena *arena, const void *bytes, size_t length, const char *run,
                  hst_error *err)
{
	struct item item = {0};
	hst_error why = {0};
	int code;

	*sealing = (struct sealing){.vault = vault, .arena = arena, .bytes = bytes, .length = length, .run = run};
	if (!length)
		return HST_OK;
	code = items_check(bytes, length, &why);
	if (code == HST_OK)
		code = items_find(bytes, length, SEALING_DIRECTIONS, &item, &why);
	if (code == HST_NOT_FOUND)
		return HST_OK;
	if (code == HST_OK)
		code = directions_read(arena, item.bytes, item.length, &sealing->directions, &why);
	return code == HST_OK ? HST_OK : unusable(&why, err);
}

/* The next input; false: that was the last. All items were checked by sealing_begin. */
static bool next_input(struct items *at, struct item *ret)
{
	while (items_next(at, ret, NULL) == HST_OK && ret->name)
		if (ret->kind == ITEM_ENVELOPE || ret->kind == ITEM_COMPOSITION)
			return true;
	return false;
}

static hst_value *copy_record(hst_arena *arena, const hst_value *record)
{
	hst_value *copy = value_make_record(arena);

	for (size_t i = 0; i < value_count(record); i++)
		if (value_name_at(record, i))
			value_add(copy, value_name_at(record, i), value_at(record, i));
	return copy;
}

static void release(void *secret)
{
	secret_free(secret);
}

/* A secret is its bytes, whatever they are; everything else has the type it was sealed with. */
static int value_of(hst_arena *arena, const hst_field *field, const hst_secret *secret, const hst_value **ret)
{
	size_t length;
	const char *bytes = secret_bytes(secret, &length);
	const hst_value *value;

	if (secret_form(secret) == SECRET_JSON && !(field && field_type(field) == HST_TYPE_SECRET)) {
		if (value_parse_json(arena, bytes, length, &value, NULL) != HST_OK)
			return HST_INVALID;
	} else {
		value = value_make_text_of(arena, bytes, length);
	}
	*ret = value;
	return field ? type_check(arena, field, value, ret, NULL) : HST_OK;
}

/* It ends with the arena. */
static void keep(struct sealing *sealing, hst_secret *secret)
{
	arena_at_end(sealing->arena, release, secret);
	if (sealing->opened_count == sealing->opened_size) {
		size_t size = sealing->opened_size ? 2 * sealing->opened_size : 8;
		const hst_secret **larger = arena_array(sealing->arena, size, sizeof *larger);

		for (size_t i = 0; i < sealing->opened_count; i++)
			larger[i] = sealing->opened[i];
		sealing->opened = larger;
		sealing->opened_size = size;
	}
	sealing->opened[sealing->opened_count++] = secret;
}

/* What was joined is not printed as a whole alone. The parts were proved when it was opened. */
static int keep_parts(struct sealing *sealing, const struct item *item, const char *sink, hst_error *err)
{
	AUTO_FREE struct composition *composition = NULL;
	int code = HST_OK;

	if (item->kind != ITEM_COMPOSITION)
		return HST_OK;
	composition = mem_alloc(sizeof *composition);
	code = composition_read(item->bytes, item->length, composition, err);
	for (size_t i = 0; i < composition->count && code == HST_OK; i++) {
		const struct composition_piece *piece = &composition->pieces[i];
		hst_secret *part = NULL;

		if (piece->kind != PIECE_ENVELOPE)
			continue;
		code = vault_open(sealing->vault,
		                  &(struct vault_opening){.bytes = piece->bytes,
		                                          .length = piece->length,
		                                          .sink = sink,
		                                          .run = sealing->run,
		                                          .what = item->name},
		                  &part, err);
		if (code == HST_OK)
			keep(sealing, part);
	}
	return code;
}

static int open_input(struct sealing *sealing, hst_fields fields, const struct item *item, const char *front, const char *use,
                      const hst_value **ret, hst_error *err)
{
	AUTO_FREE char *sink = mem_printf("%s.%s", front, item->name);
	AUTO_FREE char *whole_use = mem_printf("%s/%s", use, item->name);
	AUTO_FREE char *what = mem_printf("input \"%s\"", item->name);
	const hst_field *field = fields_find(fields, item->name);
	hst_secret *secret = NULL;
	int code = vault_open(sealing->vault,
	                      &(struct vault_opening){.bytes = item->bytes,
	                                              .length = item->length,
	                                              .sink = sink,
	                                              .run = sealing->run,
	                                              .use = whole_use,
	                                              .what = what},
	                      &secret, err);

	if (code != HST_OK)
		return code;
	keep(sealing, secret);
	code = keep_parts(sealing, item, sink, err);
	if (code != HST_OK)
		return code;
	if (value_of(sealing->arena, field, secret, ret) != HST_OK)
		return hst_fail_as(err, HST_INVALID, "InputInvalid", "what is sealed in input \"%s\" does not fit: it must be of type %s", item->name,
		                   type_name(field ? field_type(field) : HST_TYPE_SECRET));
	return HST_OK;
}

int sealing_open(struct sealing *sealing, hst_fields fields, const char *front, const char *use, const hst_value *inputs,
                 const hst_value **ret, hst_error *err)
{
	hst_value *opened;
	struct items at;
	struct item item;

	*ret = inputs;
	items_begin(&at, sealing->bytes, sealing->length);
	if (!next_input(&at, &item))
		return HST_OK;
	opened = copy_record(sealing->arena, inputs);
	do {
		const hst_value *value = NULL;
		int code = open_input(sealing, fields, &item, front, use, &value, err);

		if (code != HST_OK)
			return code;
		value_set(opened, item.name, value);
		sealing->took = true;
	} while (next_input(&at, &item));
	*ret = opened;
	return HST_OK;
}

bool sealing_has(const struct sealing *sealing, const char *input)
{
	struct items at;
	struct item item;

	items_begin(&at, sealing->bytes, sealing->length);
	while (next_input(&at, &item))
		if (strcmp(item.name, input) == 0)
			return true;
	return false;
}

static const hst_value *stand_in(hst_arena *arena, const struct item *item)
{
	unsigned char digest[STAND_IN_BYTES];
	char text[2 * STAND_IN_BYTES + 1];

	crypto_generichash(digest, sizeof digest, item->bytes, item->length, NULL, 0);
	sodium_bin2hex(text, sizeof text, digest, sizeof digest);
	return value_make_text(arena, text, sizeof text - 1);
}

int sealing_stand_in(struct sealing *sealing, hst_fields fields, const hst_value *inputs, const hst_value **ret, hst_error *err)
{
	hst_value *record;
	struct items at;
	struct item item;

	*ret = inputs;
	if (!sealing->length && value_kind(inputs) == HST_VALUE_RECORD)
		return HST_OK;
	record = copy_record(sealing->arena, inputs);
	items_begin(&at, sealing->bytes, sealing->length);
	while (next_input(&at, &item)) {
		const hst_field *field = fields_find(fields, item.name);

		if (field && field_type(field) != HST_TYPE_SECRET)
			return hst_fail_as(err, HST_INVALID, "InputInvalid", "input \"%s\" is sealed, and is no secret", item.name);
		value_set(record, item.name, stand_in(sealing->arena, &item));
	}
	*ret = record;
	return HST_OK;
}

/* The envelope that a text stands for; false: it stands for none. */
static bool stands_for(const struct sealing *sealing, const hst_value *value, struct item *ret)
{
	struct items at;

	items_begin(&at, sealing->bytes, sealing->length);
	while (!sealing->took && next_input(&at, ret)) {
		const hst_value *text = stand_in(sealing->arena, ret);

		if (value_length(text) == value_length(value) && memcmp(value_text(text), value_text(value), value_length(text)) == 0)
			return true;
	}
	return false;
}

bool sealing_must(const struct sealing *sealing, const hst_field *field, const char *output)
{
	return field_type(field) == HST_TYPE_SECRET || (field->derived && sealing->took) || directions_find(&sealing->directions, output);
}

static int secret_of(const hst_value *value, hst_secret **ret, hst_error *err)
{
	AUTO(text) struct text json;
	int code;

	text_init_wiping(&json, VALUE_BYTES_MAX);
	if (value_kind(value) == HST_VALUE_TEXT)
		return secret_new(value_text(value), value_length(value), ret, err);
	value_write_json(&json, value);
	code = secret_new(json.s, json.length, ret, err);
	if (code == HST_OK)
		secret_set_form(*ret, SECRET_JSON);
	return code;
}

static void free_bytes(void *bytes)
{
	free(bytes);
}

static int close_output(struct sealing *sealing, const char *output, const char *name, const hst_value *value, struct item *ret, hst_error *err)
{
	AUTO(secret) hst_secret *secret = NULL;
	uint8_t *bytes = NULL;
	hst_error why = {0};
	int code;

	if (stands_for(sealing, value, ret))
		return HST_OK;
	code = secret_of(value, &secret, &why);
	if (code == HST_INVALID)
		return hst_fail_as(err, HST_INVALID, "OutputInvalid", "\"%s\" is to be sealed, and has over %d KiB", output, SECRET_BYTES_MAX >> 10);
	if (code != HST_OK)
		return hst_fail_as(err, HST_DENIED, "SecretUnusable", "\"%s\" cannot be sealed: %s", output, why.text);
	code = vault_seal_value(sealing->vault, secret, name, sealing->run, directions_find(&sealing->directions, output), &bytes,
	                        &ret->length, err);
	if (code != HST_OK)
		return code;
	arena_at_end(sealing->arena, free_bytes, bytes);
	ret->bytes = bytes;
	return HST_OK;
}

static bool closes(const struct sealing *sealing, const hst_field *field, const char *output, const hst_value *value)
{
	return field && value_kind(value) != HST_VALUE_NULL && sealing_must(sealing, field, output);
}

static bool closes_any(const struct sealing *sealing, hst_fields fields, const hst_value *values)
{
	for (size_t i = 0; i < value_count(values); i++) {
		const char *output = value_name_at(values, i);

		if (closes(sealing, fields_find(fields, output), output, value_at(values, i)))
			return true;
	}
	return false;
}

int sealing_close(struct sealing *sealing, hst_fields fields, const char *front, const hst_value *values, const hst_value **ret,
                  hst_error *err)
{
	hst_value *shown;

	sealing->made_count = 0;
	if (value_kind(values) == HST_VALUE_RECORD && !closes_any(sealing, fields, values)) {
		*ret = values;
		return HST_OK;
	}
	shown = value_make_record(sealing->arena);
	sealing->made = arena_array(sealing->arena, value_count(values) + 1, sizeof *sealing->made);
	for (size_t i = 0; i < value_count(values); i++) {
		const char *output = value_name_at(values, i), *name;
		const hst_field *field = fields_find(fields, output);
		const hst_value *value = value_at(values, i);
		struct item *item = &sealing->made[sealing->made_count];
		hst_value *sealed;
		int code;

		if (!closes(sealing, field, output, value)) {
			value_add(shown, output, value);
			continue;
		}
		if (type_is_file(field_type(field)))
			return hst_fail_as(err, HST_INVALID, "OutputInvalid", "\"%s\" is a file, and is to be sealed, which files cannot be", output);
		name = arena_printf(sealing->arena, "%s.%s", front, output);
		code = close_output(sealing, output, name, value, item, err);
		if (code != HST_OK)
			return code;
		item->name = output;
		sealing->made_count++;
		sealed = value_make_record(sealing->arena);
		value_set_text(sealed, "sealed", name);
		value_add(shown, output, sealed);
	}
	*ret = shown;
	return HST_OK;
}

int sealing_write(struct sealing *sealing, struct text *to, hst_error *err)
{
	hst_error why = {0};

	if (!sealing->made_count)
		return HST_OK;
	if (items_write(to, sealing->made, sealing->made_count, &why) != HST_OK)
		return hst_fail_as(err, HST_INVALID, "OutputInvalid", "what is sealed of the outputs is too much: %s", why.text);
	return HST_OK;
}
