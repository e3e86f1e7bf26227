/* A value against its field: one function per type, each of which says the rule that was broken. */
#include "schema/types.h"

#include "base/arena.h"
#include "base/text.h"
#include "schema/decimal.h"
#include "schema/fields.h"
#include "schema/file_name.h"
#include "schema/section.h"
#include "schema/value.h"

#include <string.h>

struct check {
	hst_arena *arena;
	const hst_field *field;
	const char *name;
	const hst_value *given;
	hst_error *err;
};

/* The given value in a few words. Secrets never get here. */
static const char *check_got(const struct check *check)
{
	static const char *const kinds[] = {
		[HST_VALUE_ABSENT] = "nothing",	 [HST_VALUE_NULL] = "null", [HST_VALUE_BOOLEAN] = "a boolean",
		[HST_VALUE_NUMBER] = "",	 [HST_VALUE_TEXT] = "",	    [HST_VALUE_LIST] = "a list",
		[HST_VALUE_RECORD] = "a record",
	};

	if (value_kind(check->given) == HST_VALUE_TEXT)
		return arena_printf(check->arena, "\"%.64s\"", value_text(check->given));
	if (value_kind(check->given) == HST_VALUE_NUMBER)
		return arena_printf(check->arena, "the number %.64s", value_text(check->given));
	return kinds[value_kind(check->given)];
}

static int check_wrong(const struct check *check, const char *rule)
{
	return hst_fail(check->err, HST_INVALID, "\"%s\" must be %s, got %s", check->name, rule,
			check_got(check));
}

static bool check_is(const struct check *check, hst_value_kind kind)
{
	return value_kind(check->given) == kind;
}

/* Text that people can have meant as one word or number: without NUL bytes, so that C can compare it. */
static bool check_is_word(const struct check *check)
{
	return check_is(check, HST_VALUE_TEXT) &&
	       strlen(value_text(check->given)) == value_length(check->given);
}

static bool check_outside(const struct check *check, int64_t number)
{
	const hst_field *field = check->field;

	return (field->min || field->max) && (number < field->min || number > field->max);
}

/* Of what is within the bounds: "1 to 40", "at least 1", "at most 40"; `write` says how one of them is written, NULL: as a number. */
static const char *check_bounds(const struct check *check, void (*write)(hst_duration, char *, size_t))
{
	const hst_field *field = check->field;
	int64_t bounds[2] = {field->min, field->max};
	char words[2][32];

	for (size_t i = 0; i < 2; i++)
		if (write)
			write((hst_duration){bounds[i]}, words[i], sizeof words[i]);
		else
			snprintf(words[i], sizeof words[i], "%lld", (long long)bounds[i]);
	if (field->max == INT64_MAX)
		return arena_printf(check->arena, "at least %s", words[0]);
	if (field->min == INT64_MIN)
		return arena_printf(check->arena, "at most %s", words[1]);
	return arena_printf(check->arena, "%s to %s", words[0], words[1]);
}

static int check_text(const struct check *check, const hst_value **ret)
{
	size_t length = value_length(check->given);

	if (!check_is(check, HST_VALUE_TEXT))
		return check_wrong(check, "a text");
	if (!check_is_word(check))
		return hst_fail(check->err, HST_INVALID, "\"%s\" must be a text without NUL bytes",
				check->name);
	if (check_outside(check, (int64_t)length))
		return hst_fail(check->err, HST_INVALID, "\"%s\" must be %s bytes long, got %zu",
				check->name, check_bounds(check, NULL), length);
	*ret = check->given;
	return HST_OK;
}

static int check_integer(const struct check *check, const hst_value **ret)
{
	int64_t integer;

	if (!(check_is_word(check) && type_read_integer(value_text(check->given), &integer)) &&
	    !value_integer(check->given, &integer))
		return check_wrong(check, "an integer");
	if (check_outside(check, integer))
		return hst_fail(check->err, HST_INVALID, "\"%s\" must be %s, got %lld", check->name,
				check_bounds(check, NULL), (long long)integer);
	*ret = check_is(check, HST_VALUE_NUMBER) ? check->given : value_make_integer(check->arena, integer);
	return HST_OK;
}

/* Less than, equal to or greater than 0, as the number is to the bound. */
static int check_against(const char *number, size_t length, int64_t bound)
{
	struct decimal left = {0}, right = {0};
	char text[32];
	int n = snprintf(text, sizeof text, "%lld", (long long)bound);

	decimal_read(number, length, &left);
	decimal_read(text, (size_t)n, &right);
	return decimal_compare(&left, &right);
}

static int check_number(const struct check *check, const hst_value **ret)
{
	const hst_field *field = check->field;
	const char *text = value_text(check->given);
	size_t length = value_length(check->given);

	if (!check_is(check, HST_VALUE_NUMBER) && (!check_is_word(check) || !type_is_number(text, length)))
		return check_wrong(check, "a number such as 12, -0.5 or 1e3");
	if ((field->min || field->max) && (check_against(text, length, field->min) < 0 || check_against(text, length, field->max) > 0))
		return hst_fail(check->err, HST_INVALID, "\"%s\" must be %s, got %.64s", check->name, check_bounds(check, NULL), text);
	*ret = check_is(check, HST_VALUE_NUMBER) ? check->given : value_make_number(check->arena, text);
	return HST_OK;
}

static int check_boolean(const struct check *check, const hst_value **ret)
{
	bool truth;

	if (check_is(check, HST_VALUE_BOOLEAN)) {
		*ret = check->given;
		return HST_OK;
	}
	if (!check_is_word(check) || !type_read_boolean(value_text(check->given), &truth))
		return check_wrong(check, "yes or no");
	*ret = value_make_boolean(check->arena, truth);
	return HST_OK;
}

static int check_choice(const struct check *check, const hst_value **ret)
{
	const char *const *choices = check->field->choices;
	struct text words;
	int code;

	for (size_t i = 0; check_is_word(check) && choices && choices[i]; i++)
		if (strcmp(choices[i], value_text(check->given)) == 0) {
			*ret = check->given;
			return HST_OK;
		}
	text_init(&words, 256);
	text_add(&words, "one of");
	for (size_t i = 0; choices && choices[i]; i++)
		text_addf(&words, "%s%s", i ? ", " : " ", choices[i]);
	code = check_wrong(check, words.s);
	text_clear(&words);
	return code;
}

static int check_date(const struct check *check, const hst_value **ret)
{
	hst_time time;
	hst_error why;
	int code;

	if (!check_is_word(check))
		return check_wrong(check, "a date");
	code = type_read_date(value_text(check->given), &time, &why);
	if (code)
		return hst_fail(check->err, code, "\"%s\" %s", check->name, why.text);
	*ret = check->given;
	return HST_OK;
}

static int check_duration(const struct check *check, const hst_value **ret)
{
	hst_duration duration;
	hst_error why;

	if (check_is_word(check)) {
		int code = type_read_duration(value_text(check->given), &duration, &why);

		if (code)
			return hst_fail(check->err, code, "\"%s\" %s", check->name, why.text);
	} else if (!value_integer(check->given, &duration.ms) || duration.ms < 0) {
		return check_wrong(check, "a duration such as 90s, 30m, 3h or 2d");
	}
	if (check_outside(check, duration.ms))
		return hst_fail(check->err, HST_INVALID, "\"%s\" must be %s, got %s", check->name,
				check_bounds(check, type_write_duration), check_got(check));
	*ret = check_is(check, HST_VALUE_NUMBER) ? check->given
						 : value_make_integer(check->arena, duration.ms);
	return HST_OK;
}

/* "a, b" and one word a line are the two ways people write a list. */
static const hst_value *read_list(hst_arena *arena, const char *text)
{
	hst_value *list = value_make_list(arena);

	while (*text) {
		size_t length = strcspn(text, ",\n"), first = strspn(text, " \t"), last = length;

		while (last > first && strchr(" \t\r", text[last - 1]))
			last--;
		if (first < last)
			value_append(list, value_make_text(arena, text + first, last - first));
		text += length + (text[length] != '\0');
	}
	return list;
}

static int check_list(const struct check *check, const hst_value **ret)
{
	if (check_is_word(check)) {
		*ret = read_list(check->arena, value_text(check->given));
		return HST_OK;
	}
	if (!check_is(check, HST_VALUE_LIST))
		return check_wrong(check, "a list of texts");
	for (size_t i = 0; i < value_count(check->given); i++) {
		const hst_value *item = value_at(check->given, i);

		if (value_kind(item) != HST_VALUE_TEXT || strlen(value_text(item)) != value_length(item))
			return hst_fail(check->err, HST_INVALID,
					"\"%s\" must be a list of texts, item %zu is none", check->name,
					i + 1);
	}
	*ret = check->given;
	return HST_OK;
}

static int check_table(const struct check *check, const hst_value **ret)
{
	const hst_value *table = check->given;

	if (check_is(check, HST_VALUE_TEXT)) {
		hst_error why;
		int code =
			value_parse_json(check->arena, value_text(table), value_length(table), &table, &why);

		if (code)
			return hst_fail(check->err, code, "\"%s\" must be a table, written as JSON: %s",
					check->name, why.text);
	}
	if (value_kind(table) != HST_VALUE_LIST)
		return check_wrong(check, "a table, that is a list of records");
	for (size_t i = 0; i < value_count(table); i++)
		if (value_kind(value_at(table, i)) != HST_VALUE_RECORD)
			return hst_fail(check->err, HST_INVALID,
					"\"%s\" must be a table, row %zu is no record", check->name, i + 1);
	*ret = table;
	return HST_OK;
}

/* A file of the run, by its name, which must not lead anywhere else. */
static int check_file(const struct check *check, const hst_value **ret)
{
	if (!check_is_word(check) || !file_value_fits(value_text(check->given)))
		return check_wrong(check, "the name of a file of the run");
	*ret = check->given;
	return HST_OK;
}

/* One name a line is how people write several; a comma may belong to a name. */
static const hst_value *read_files(hst_arena *arena, const char *text)
{
	hst_value *list = value_make_list(arena);

	for (size_t length; *text; text += length + (text[length] != '\0')) {
		length = strcspn(text, "\n");
		if (length)
			value_append(list, value_make_text(arena, text, length));
	}
	return list;
}

static int check_files(const struct check *check, const hst_value **ret)
{
	const hst_value *list = check_is_word(check) ? read_files(check->arena, value_text(check->given)) : check->given;

	if (value_kind(list) != HST_VALUE_LIST)
		return check_wrong(check, "a list of files of the run");
	if (value_count(list) > FILES_OF_VALUE_MAX)
		return hst_fail(check->err, HST_INVALID, "\"%s\" has more than %d files", check->name, FILES_OF_VALUE_MAX);
	for (size_t i = 0; i < value_count(list); i++) {
		const struct check one = {.arena = check->arena, .field = check->field, .name = check->name, .given = value_at(list, i), .err = check->err};
		const hst_value *same;
		int code = check_file(&one, &same);

		if (code)
			return code;
	}
	*ret = list;
	return HST_OK;
}

/* Whatever is wrong here is said without the value. */
static int check_secret(const struct check *check, const hst_value **ret)
{
	if (!check_is(check, HST_VALUE_TEXT))
		return hst_fail(check->err, HST_INVALID, "\"%s\" must be a secret", check->name);
	if (check_outside(check, (int64_t)value_length(check->given)))
		return hst_fail(check->err, HST_INVALID, "\"%s\" must be %s bytes long",
				check->name, check_bounds(check, NULL));
	*ret = check->given;
	return HST_OK;
}

static int check_json(const struct check *check, const hst_value **ret)
{
	const hst_value *tree = check->given;

	if (!tree)
		return check_wrong(check, "a value");
	if (check_is(check, HST_VALUE_TEXT) && strchr("[{", value_text(tree)[0]) && value_length(tree)) {
		const hst_value *read;

		/* What only looks like JSON is a text: "[1] of the list" may be the subject of a mail. */
		if (value_parse_json(check->arena, value_text(tree), value_length(tree), &read, NULL) ==
		    HST_OK)
			tree = read;
	}
	*ret = tree;
	return HST_OK;
}

int type_check(hst_arena *arena, const hst_field *field, const hst_value *given, const hst_value **ret,
	       hst_error *err)
{
	static int (*const checks[HST_TYPE_COUNT])(const struct check *, const hst_value **) = {
		[HST_TYPE_TEXT] = check_text,	      [HST_TYPE_INTEGER] = check_integer,
		[HST_TYPE_NUMBER] = check_number,     [HST_TYPE_BOOLEAN] = check_boolean,
		[HST_TYPE_CHOICE] = check_choice,     [HST_TYPE_DATE] = check_date,
		[HST_TYPE_DURATION] = check_duration, [HST_TYPE_LIST] = check_list,
		[HST_TYPE_TABLE] = check_table,	      [HST_TYPE_FILE] = check_file,
		[HST_TYPE_SECRET] = check_secret,     [HST_TYPE_JSON] = check_json,
		[HST_TYPE_FILES] = check_files,
	};
	const struct check check = {
		.arena = arena, .field = field, .name = field_name(field), .given = given, .err = err};
	hst_type type = field_type(field);

	if ((unsigned)type >= HST_TYPE_COUNT || !checks[type])
		return hst_fail(err, HST_INVALID, "\"%s\" has no type", check.name);
	return checks[type](&check, ret);
}
