#include "declared.h"

#include <hostler/value.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { FIELDS_MAX = 64, CHOICES_MAX = 100, LABEL_MAX = 100 };

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

/* The field that is being read, and how its option is called in messages. */
struct reading {
	hst_call *call;
	const char *prefix, *name;
	hst_field *field;
	hst_error *err;
};

__attribute__((format(printf, 2, 3))) static int wrong(const struct reading *reading, const char *format, ...)
{
	char text[HST_TEXT_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	return hst_fail(reading->err, HST_INVALID, "%s.%s: %s", reading->prefix, reading->name, text);
}

static int read_choices(const struct reading *reading, struct span part)
{
	const char **choices = hst_alloc(reading->call, (CHOICES_MAX + 1) * sizeof *choices);
	size_t n = 0;

	while (part.n) {
		const char *comma = memchr(part.at, ',', part.n);
		size_t length = comma ? (size_t)(comma - part.at) : part.n;
		struct span word = trimmed((struct span){part.at, length});

		if (!word.n || (comma && length + 1 == part.n))
			return wrong(reading, "a word is missing beside a comma of the choice");
		if (n == CHOICES_MAX)
			return wrong(reading, "a choice has at most %d words", CHOICES_MAX);
		choices[n] = hst_copy(reading->call, word.at, word.n);
		for (size_t i = 0; i < n; i++)
			if (strcmp(choices[i], choices[n]) == 0)
				return wrong(reading, "\"%s\" stands twice in the choice", choices[n]);
		n++;
		length += comma ? 1 : 0;
		part = (struct span){part.at + length, part.n - length};
	}
	if (!n)
		return wrong(reading, "a choice needs its words, such as: choice small, large");
	/* Words may have blanks within, so a forgotten comma would make one long word that nobody can give. */
	if (n == 1 && strpbrk(choices[0], blanks))
		return wrong(reading,
			     "\"%s\" is a single word; words of a choice stand with commas between them, such as: choice small, large",
			     choices[0]);
	reading->field->choices = choices;
	return HST_OK;
}

static bool is_choice(const hst_field *field, const char *word)
{
	for (size_t i = 0; field->choices[i]; i++)
		if (strcmp(field->choices[i], word) == 0)
			return true;
	return false;
}

static const struct {
	const char *name;
	int64_t ms;
} units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};

/* A whole number; of durations one with a unit. What is too large for its unit is none. */
static bool read_bound(const struct reading *reading, struct span word, int64_t *ret)
{
	const char *text = hst_copy(reading->call, word.at, word.n);
	char *end;
	long long number;

	errno = 0;
	number = strtoll(text, &end, 10);
	if (end == text || errno || strchr("+ \t", text[0]))
		return false;
	*ret = number;
	if (reading->field->type != HST_TYPE_DURATION)
		return *end == '\0';
	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
		if (strcmp(end, units[i].name) == 0)
			return !__builtin_mul_overflow(number, units[i].ms, ret);
	return false;
}

static bool has_bounds(hst_type type)
{
	return type == HST_TYPE_TEXT || type == HST_TYPE_INTEGER || type == HST_TYPE_NUMBER || type == HST_TYPE_DURATION ||
	       type == HST_TYPE_SECRET;
}

static bool may_be_negative(hst_type type)
{
	return type == HST_TYPE_INTEGER || type == HST_TYPE_NUMBER;
}

/* `from MIN`, `to MAX` or both. *at is moved behind them. */
static int read_bounds(const struct reading *reading, const char **at)
{
	hst_field *field = reading->field;
	int64_t bounds[2] = {may_be_negative(field->type) ? INT64_MIN : 0, INT64_MAX};
	static const char *const words[2] = {"from", "to"};
	bool bounded = false;

	for (size_t i = 0; i < 2; i++) {
		const char *ahead = *at;
		struct span word;

		if (!span_is(next_word(&ahead), words[i]))
			continue;
		if (!has_bounds(field->type))
			return wrong(reading, "only integers, numbers, texts, secrets and durations have bounds");
		word = next_word(&ahead);
		if (!read_bound(reading, word, &bounds[i]) || (bounds[i] < 0 && !may_be_negative(field->type)))
			return wrong(reading, "\"%.*s\" is no bound: behind \"%s\" stands %s", (int)(word.n < 60 ? word.n : 60), word.at, words[i],
				     field->type == HST_TYPE_DURATION	? "a duration such as 90s, 30m or 2h"
				     : may_be_negative(field->type) ? "a whole number"
								    : "a number of bytes");
		bounded = true;
		*at = ahead;
	}
	if (bounded && (bounds[0] > bounds[1] || (!bounds[0] && !bounds[1])))
		return wrong(reading, "nothing is within these bounds");
	if (bounded) {
		field->min = bounds[0];
		field->max = bounds[1];
	}
	return HST_OK;
}

/* The host checks the defaults of every type, but cannot say in which option one stands. */
static bool default_fits(const struct reading *reading, struct span word)
{
	const hst_field *field = reading->field;
	int64_t value;

	if (field->type == HST_TYPE_BOOLEAN) {
		static const char *const words[] = {"yes", "no", "true", "false", "on", "off"};

		for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
			if (span_is(word, words[i]))
				return true;
		return false;
	}
	if (field->type != HST_TYPE_INTEGER && field->type != HST_TYPE_DURATION)
		return true;
	return read_bound(reading, word, &value) && ((!field->min && !field->max) || (value >= field->min && value <= field->max));
}

/* `at` is what stands behind the type, the words of a choice and bounds. */
static int read_rest(const struct reading *reading, const char *at)
{
	hst_field *field = reading->field;
	struct span word = next_word(&at), rest;

	if (span_is(word, "required")) {
		field->required = true;
		word = next_word(&at);
	}
	if (span_is(word, "default")) {
		rest = trimmed((struct span){at, strlen(at)});
		field->def = hst_copy(reading->call, rest.at, rest.n);
		if (field->required)
			return wrong(reading, "what has a default is never required");
		if (field->type == HST_TYPE_SECRET || field->type == HST_TYPE_FILE || field->type == HST_TYPE_FILES)
			return wrong(reading, "a secret or file cannot have a default");
		if (field->choices && !is_choice(field, field->def))
			return wrong(reading, "the default \"%s\" is none of the choice's words", field->def);
		if (!default_fits(reading, rest))
			return wrong(reading, "the default \"%.60s\" is %s", field->def,
				     field->type == HST_TYPE_BOOLEAN	? "neither yes nor no"
				     : field->type == HST_TYPE_INTEGER ? "no integer within its bounds"
								       : "no duration within its bounds");
		return HST_OK;
	}
	if (word.n)
		return wrong(reading, "\"%.*s\" is neither %srequired nor default", (int)(word.n < 60 ? word.n : 60), word.at,
			     has_bounds(field->type) ? "from, to, " : "");
	return HST_OK;
}

static bool name_fits(const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");

	return n >= 1 && n <= 48 && name[n] == '\0' && name[0] >= 'a' && name[0] <= 'z';
}

static int read_field(const struct reading *reading, const struct declared *declared, const char *declaration)
{
	struct span type = next_word(&declaration);
	hst_field *field = reading->field;
	int code = HST_OK;

	if (!name_fits(reading->name))
		return wrong(reading, "the name of an %s is a lower-case letter and up to 47 of a-z 0-9 _", reading->prefix);
	for (size_t i = 0; i < declared->own_n; i++)
		if (strcmp(reading->name, declared->own[i].name) == 0)
			return wrong(reading, "this name is taken, the trigger sets it");
	field->member = field->name = hst_copy(reading->call, reading->name, strlen(reading->name));
	if (!type_of(type, &field->type))
		return wrong(reading,
			     "\"%.*s\" is no type; types are text, integer, number, boolean, choice, date, duration, list, table, file, "
			     "files, secret and json",
			     (int)(type.n < 60 ? type.n : 60), type.at);
	if (field->type == HST_TYPE_CHOICE)
		code = read_choices(reading, choices_part(&declaration));
	if (code == HST_OK)
		code = read_bounds(reading, &declaration);
	return code == HST_OK ? read_rest(reading, declaration) : code;
}

static hst_field *field_named(hst_field *fields, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(fields[i].name, name) == 0)
			return &fields[i];
	return NULL;
}

static int read_labels(hst_call *call, const struct declared *declared, hst_field *fields, size_t n, hst_error *err)
{
	for (size_t i = 0; i < hst_count(call, declared->labels); i++) {
		const char *name = hst_name_at(call, declared->labels, i), *text = hst_text(call, hst_at(call, declared->labels, i));
		hst_field *field = field_named(fields, n, name);

		if (!field)
			return hst_fail(err, HST_INVALID, "label.%s: there is no %s.%s that it could be the label of", name, declared->prefix, name);
		if (!*text || strlen(text) > LABEL_MAX || strchr(text, '\n'))
			return hst_fail(err, HST_INVALID, "label.%s: a label is one line of at most %d bytes", name, LABEL_MAX);
		field->label = hst_copy(call, text, strlen(text));
	}
	return HST_OK;
}

int declared_read(hst_call *call, const struct declared *declared, hst_fields *ret, hst_error *err)
{
	size_t n = hst_count(call, declared->fields);
	hst_field *fields;
	int code = HST_OK;

	if (n > FIELDS_MAX)
		return hst_fail(err, HST_INVALID, "more than %d options %s.NAME", FIELDS_MAX, declared->prefix);
	fields = hst_alloc(call, (n + declared->own_n) * sizeof *fields);
	for (size_t i = 0; i < n && code == HST_OK; i++)
		code = read_field(&(struct reading){.call = call, .prefix = declared->prefix, .name = hst_name_at(call, declared->fields, i),
						    .field = &fields[i], .err = err},
				  declared, hst_text(call, hst_at(call, declared->fields, i)));
	if (code == HST_OK)
		code = read_labels(call, declared, fields, n, err);
	if (code != HST_OK)
		return code;
	memcpy(fields + n, declared->own, declared->own_n * sizeof *fields);
	*ret = (hst_fields){.at = fields, .n = n + declared->own_n};
	return HST_OK;
}

static void put_digits(char *to, size_t n, int64_t number)
{
	while (n-- > 0) {
		to[n] = (char)('0' + number % 10);
		number /= 10;
	}
}

static const hst_value *date_value(hst_call *call, struct declared_clock *clock, int64_t at_us)
{
	time_t second = at_us / 1000000;
	struct tm parts;

	if (second != clock->second || !clock->date[0]) {
		gmtime_r(&second, &parts);
		strftime(clock->date, sizeof clock->date, "%Y-%m-%dT%H:%M:%S.000000Z", &parts);
		clock->second = second;
	}
	put_digits(clock->date + strlen(clock->date) - strlen("000000Z"), 6, at_us % 1000000);
	return hst_make_text(call, clock->date, strlen(clock->date));
}

int declared_event(hst_call *call, struct declared_clock *clock, const hst_field own[2], const hst_value *given, const hst_value **ret,
		   hst_error *err)
{
	hst_value *values = hst_make_record(call);
	const char *who = hst_who(call);

	for (size_t i = 0; i < 2; i++)
		if (hst_kind(call, hst_get(call, given, own[i].name)) != HST_VALUE_ABSENT)
			return hst_fail(err, HST_INVALID, "\"%s\" is set by the trigger itself", own[i].name);
	for (size_t i = 0; i < hst_count(call, given); i++)
		hst_set(call, values, hst_name_at(call, given, i), hst_at(call, given, i));
	hst_set(call, values, own[0].name, date_value(call, clock, hst_now_us(call->host)));
	hst_set(call, values, own[1].name, hst_make_text(call, who, strlen(who)));
	*ret = values;
	return HST_OK;
}
