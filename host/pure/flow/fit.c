#include "pure/flow/fit.h"

#include "base/auto.h"
#include "base/text.h"
#include "schema/fields.h"
#include "schema/value.h"

#define BIT(type) (1u << HST_TYPE_##type)

/*
 * What each input takes. A text may read as nearly anything, and a choice may be of such words: whether it
 * does is seen when the step starts. A number of milliseconds is not taken for a duration, nor a number for
 * an integer: both would work for some values and surprise for others. A secret is text; where one may go at all
 * is another question (taint.h).
 */
static const unsigned takes[HST_TYPE_COUNT] = {
	[HST_TYPE_TEXT] = BIT(TEXT) | BIT(INTEGER) | BIT(NUMBER) | BIT(BOOLEAN) | BIT(CHOICE) | BIT(DATE) |
                          BIT(DURATION) | BIT(FILE) | BIT(SECRET),
	[HST_TYPE_INTEGER] = BIT(INTEGER) | BIT(TEXT) | BIT(CHOICE) | BIT(SECRET),
	[HST_TYPE_NUMBER] = BIT(NUMBER) | BIT(INTEGER) | BIT(TEXT) | BIT(CHOICE) | BIT(SECRET),
	[HST_TYPE_BOOLEAN] = BIT(BOOLEAN) | BIT(TEXT) | BIT(CHOICE) | BIT(SECRET),
	[HST_TYPE_CHOICE] = BIT(CHOICE) | BIT(TEXT) | BIT(SECRET),
	[HST_TYPE_DATE] = BIT(DATE) | BIT(TEXT) | BIT(SECRET),
	[HST_TYPE_DURATION] = BIT(DURATION) | BIT(TEXT) | BIT(CHOICE) | BIT(SECRET),
	[HST_TYPE_LIST] = BIT(LIST) | BIT(FILES) | BIT(TEXT) | BIT(CHOICE) | BIT(SECRET),
	[HST_TYPE_TABLE] = BIT(TABLE) | BIT(TEXT) | BIT(SECRET),
	[HST_TYPE_FILE] = BIT(FILE) | BIT(TEXT),
	[HST_TYPE_FILES] = BIT(FILES) | BIT(FILE) | BIT(LIST) | BIT(TEXT),
	[HST_TYPE_SECRET] = BIT(SECRET) | BIT(TEXT) | BIT(INTEGER) | BIT(NUMBER) | BIT(BOOLEAN) | BIT(CHOICE) |
                            BIT(DATE) | BIT(DURATION),
	[HST_TYPE_JSON] = ~0u,
};

bool flow_type_fits(hst_type input, hst_type output)
{
	/* A tree may hold anything, so it says as little as a type that is not known. */
	if (output == HST_TYPE_NONE || output == HST_TYPE_JSON)
		return true;
	return (takes[input] & (1u << output)) != 0;
}

static const hst_value *written(hst_arena *arena, const hst_value *value)
{
	AUTO(text) struct text text;

	text_init(&text, VALUE_BYTES_MAX);
	value_write_plain(&text, value);
	return value_make_text(arena, text.s, text.length);
}

const hst_value *flow_inputs_fit(hst_arena *arena, hst_fields fields, const hst_value *inputs)
{
	hst_value *fitted = value_make_record(arena);

	for (size_t i = 0; i < value_count(inputs); i++) {
		const char *name = value_name_at(inputs, i);
		const hst_value *value = value_at(inputs, i);
		const hst_field *field = fields_find(fields, name);
		hst_value_kind kind = value_kind(value);

		if (field && field_type(field) == HST_TYPE_TEXT &&
		    (kind == HST_VALUE_NUMBER || kind == HST_VALUE_BOOLEAN))
			value = written(arena, value);
		value_set(fitted, name, value);
	}
	return fitted;
}
