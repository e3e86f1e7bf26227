#include "button_inputs.h"

#include <hostler/value.h>

#include <string.h>

enum { INPUTS_MAX = 64, CHOICES_MAX = 100 };

static const struct {
	const char *name;
	hst_type type;
} types[] = {
	{"text", HST_TYPE_TEXT},	 {"integer", HST_TYPE_INTEGER}, {"number", HST_TYPE_NUMBER},
	{"boolean", HST_TYPE_BOOLEAN},	 {"choice", HST_TYPE_CHOICE},	{"date", HST_TYPE_DATE},
	{"duration", HST_TYPE_DURATION}, {"list", HST_TYPE_LIST},	{"table", HST_TYPE_TABLE},
	{"file", HST_TYPE_FILE},	 {"secret", HST_TYPE_SECRET},	{"json", HST_TYPE_JSON},
	{"files", HST_TYPE_FILES},
};

static const char blanks[] = " \t\n";

/* Part of a text: not ended by a NUL. */
struct span {
	const char *at;
	size_t n;
};

static struct span trimmed(struct span span)
{
	while (span.n && strchr(blanks, span.at[0]))
		span.at++, span.n--;
	while (span.n && strchr(blanks, span.at[span.n - 1]))
		span.n--;
	return span;
}

static bool span_is(struct span span, const char *word)
{
	return span.n == strlen(word) && memcmp(span.at, word, span.n) == 0;
}

/* The next word at *at, which is moved behind it; empty at the end. */
static struct span next_word(const char **at)
{
	struct span word;

	word.at = *at + strspn(*at, blanks);
	word.n = strcspn(word.at, blanks);
	*at = word.at + word.n;
	return word;
}

static bool type_of(struct span word, hst_type *ret)
{
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		if (span_is(word, types[i].name)) {
			*ret = types[i].type;
			return true;
		}
	return false;
}

/* What stands between the type and `required` or `default`: the words of a choice. *at is moved behind it. */
static struct span choices_part(const char **at)
{
	struct span part = {*at, 0};

	for (;;) {
		const char *ahead = *at;
		struct span word = next_word(&ahead);

		if (!word.n || span_is(word, "required") || span_is(word, "default"))
			return trimmed(part);
		*at = ahead;
		part.n = (size_t)(ahead - part.at);
	}
}

static int read_choices(hst_call *call, const char *name, struct span part, hst_field *field, hst_error *err)
{
	const char **choices = hst_alloc(call, (CHOICES_MAX + 1) * sizeof *choices);
	size_t n = 0;

	while (part.n) {
		const char *comma = memchr(part.at, ',', part.n);
		size_t length = comma ? (size_t)(comma - part.at) : part.n;
		struct span word = trimmed((struct span){part.at, length});

		if (!word.n)
			return hst_fail(err, HST_INVALID,
					"input.%s: a word is missing beside a comma of the choice", name);
		if (n == CHOICES_MAX)
			return hst_fail(err, HST_INVALID, "input.%s: a choice has at most %d words", name,
					CHOICES_MAX);
		choices[n] = hst_copy(call, word.at, word.n);
		for (size_t i = 0; i < n; i++)
			if (strcmp(choices[i], choices[n]) == 0)
				return hst_fail(err, HST_INVALID,
						"input.%s: \"%s\" stands twice in the choice", name,
						choices[n]);
		n++;
		if (comma && length + 1 == part.n)
			return hst_fail(err, HST_INVALID,
					"input.%s: a word is missing beside a comma of the choice", name);
		length += comma ? 1 : 0;
		part = (struct span){part.at + length, part.n - length};
	}
	if (!n)
		return hst_fail(err, HST_INVALID,
				"input.%s: a choice needs its words, such as: choice small, large", name);
	/* Words may have blanks within, so a forgotten comma would make one long word that nobody can give. */
	if (n == 1 && strpbrk(choices[0], blanks))
		return hst_fail(err, HST_INVALID,
				"input.%s: \"%s\" is a single word; words of a choice stand with commas between them, "
				"such as: choice small, large",
				name, choices[0]);
	field->choices = choices;
	return HST_OK;
}

static bool is_choice(const hst_field *field, const char *word)
{
	for (size_t i = 0; field->choices[i]; i++)
		if (strcmp(field->choices[i], word) == 0)
			return true;
	return false;
}

/* `at` is what stands behind the type and the words of a choice. */
static int read_rest(hst_call *call, const char *name, const char *at, hst_field *field, hst_error *err)
{
	struct span word = next_word(&at), rest;

	if (span_is(word, "required")) {
		field->required = true;
		word = next_word(&at);
	}
	if (span_is(word, "default")) {
		rest = trimmed((struct span){at, strlen(at)});
		field->def = hst_copy(call, rest.at, rest.n);
		if (field->required)
			return hst_fail(err, HST_INVALID,
					"input.%s: an input with a default is never required", name);
		if (field->type == HST_TYPE_SECRET || field->type == HST_TYPE_FILE || field->type == HST_TYPE_FILES)
			return hst_fail(err, HST_INVALID, "input.%s: a secret or file cannot have a default",
					name);
		if (field->choices && !is_choice(field, field->def))
			return hst_fail(err, HST_INVALID,
					"input.%s: the default \"%s\" is none of the choice's words", name,
					field->def);
		return HST_OK;
	}
	if (word.n)
		return hst_fail(err, HST_INVALID, "input.%s: \"%.*s\" is neither required nor default", name,
				(int)(word.n < 60 ? word.n : 60), word.at);
	return HST_OK;
}

static bool name_fits(const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");

	return n >= 1 && n <= 48 && name[n] == '\0' && name[0] >= 'a' && name[0] <= 'z';
}

static int read_input(hst_call *call, const char *name, const char *declaration, hst_field *field,
		      hst_error *err)
{
	struct span type = next_word(&declaration);
	int code;

	if (!name_fits(name))
		return hst_fail(err, HST_INVALID,
				"input.%s: an input's name is a lower-case letter and up to 47 of a-z 0-9 _",
				name);
	if (strcmp(name, BUTTON_PRESSED_AT) == 0)
		return hst_fail(err, HST_INVALID,
				"input." BUTTON_PRESSED_AT ": this name is taken, the button sets it");
	field->member = field->name = hst_copy(call, name, strlen(name));
	if (!type_of(type, &field->type))
		return hst_fail(err, HST_INVALID,
				"input.%s: \"%.*s\" is no type; types are text, integer, number, boolean, "
				"choice, date, duration, list, table, file, secret and json",
				name, (int)(type.n < 60 ? type.n : 60), type.at);
	if (field->type == HST_TYPE_CHOICE) {
		code = read_choices(call, name, choices_part(&declaration), field, err);
		if (code != HST_OK)
			return code;
	}
	return read_rest(call, name, declaration, field, err);
}

int button_read_inputs(hst_call *call, const hst_value *declarations, hst_fields *ret, hst_error *err)
{
	size_t n = hst_count(call, declarations);
	hst_field *fields;

	if (n > INPUTS_MAX)
		return hst_fail(err, HST_INVALID, "a button has at most %d inputs", INPUTS_MAX);
	fields = hst_alloc(call, (n + 1) * sizeof *fields);
	for (size_t i = 0; i < n; i++) {
		int code = read_input(call, hst_name_at(call, declarations, i),
				      hst_text(call, hst_at(call, declarations, i)), &fields[i], err);

		if (code != HST_OK)
			return code;
	}
	fields[n] = (hst_field){
		.member = BUTTON_PRESSED_AT,
		.name = BUTTON_PRESSED_AT,
		.type = HST_TYPE_DATE,
		.doc = "when the button was pressed",
	};
	*ret = (hst_fields){.at = fields, .n = n + 1};
	return HST_OK;
}
