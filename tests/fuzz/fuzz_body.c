/* Bodies that are posted: JSON from anywhere, and its members against declared fields of every type. */
#include "fuzz.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/text.h"
#include "schema/fields.h"
#include "schema/value.h"

#include <stdbool.h>
#include <string.h>

const char fuzz_name[] = "body";
const int fuzz_cases = 20000;

enum { WRITTEN_MAX = 1 << 20 };

static const char *const colours[] = {"red", "green", "dark blue", NULL};

/* As the section of a trigger may declare them. */
static const hst_field declared[] = {
	{.name = "text", .type = HST_TYPE_TEXT, .min = 0, .max = 40},
	{.name = "integer", .type = HST_TYPE_INTEGER, .min = -5, .max = 4711},
	{.name = "number", .type = HST_TYPE_NUMBER, .required = true},
	{.name = "boolean", .type = HST_TYPE_BOOLEAN, .def = "no"},
	{.name = "choice", .type = HST_TYPE_CHOICE, .choices = colours, .def = "green"},
	{.name = "date", .type = HST_TYPE_DATE},
	{.name = "duration", .type = HST_TYPE_DURATION},
	{.name = "list", .type = HST_TYPE_LIST},
	{.name = "table", .type = HST_TYPE_TABLE},
	{.name = "file", .type = HST_TYPE_FILE},
	{.name = "json", .type = HST_TYPE_JSON},
};
static const hst_fields fields = HST_FIELDS(declared);

static char *written(const hst_value *value)
{
	struct text text;

	text_init(&text, WRITTEN_MAX);
	value_write_json(&text, value);
	return text_take(&text);
}

/* What was read is written one way, and read again it is the same. */
static void reads_as_written(hst_arena *arena, const hst_value *value)
{
	AUTO_FREE char *text = written(value);
	AUTO_FREE char *again = NULL;
	const hst_value *read = NULL;
	hst_error err = {0};

	fuzz_must(value_parse_json(arena, text, strlen(text), &read, &err) == HST_OK);
	again = written(read);
	fuzz_must(strcmp(text, again) == 0);
}

/* The record that fits is in its normal form, which is its own. */
static void is_normal(hst_arena *arena, const hst_value *checked)
{
	AUTO_FREE char *text = written(checked);
	AUTO_FREE char *again = NULL;
	const hst_value *twice = NULL;
	hst_error err = {0};

	fuzz_must(fields_check(arena, fields, "field", checked, false, &twice, &err) == HST_OK);
	again = written(twice);
	fuzz_must(strcmp(text, again) == 0);
	fuzz_must(value_get(checked, "number") && value_get(checked, "boolean") && value_get(checked, "choice"));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	AUTO_FREE char *text = fuzz_text(bytes, length);
	hst_arena *arena = arena_new();
	const hst_value *value = NULL, *checked = NULL;
	hst_error err = {0};

	if (value_parse_json(arena, text, length, &value, &err) != HST_OK) {
		fuzz_must(err.text[0]);
	} else {
		reads_as_written(arena, value);
		if (value_kind(value) != HST_VALUE_RECORD) {
			/* The command line and the host refuse it before they look at members. */
		} else if (fields_check(arena, fields, "field", value, false, &checked, &err) == HST_OK) {
			fuzz_taken++;
			is_normal(arena, checked);
		} else {
			fuzz_must(err.text[0]);
		}
	}
	arena_free(arena);
	return 0;
}
