#include "cli/print.h"

#include "base/arena.h"
#include "base/mem.h"
#include "base/text.h"
#include "pure/core/states.h"
#include "schema/types.h"
#include "schema/utf8.h"
#include "schema/value.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { CLEAN_MAX = 8 << 20 };

/* The C1 controls in UTF-8, and the characters that turn the direction of a line round. */
static bool steers(const unsigned char *at, size_t length)
{
	if (length == 1)
		return at[0] < 0x20 || at[0] == 0x7f;
	if (length == 2)
		return at[0] == 0xc2 && at[1] < 0xa0;
	return length == 3 && at[0] == 0xe2 &&
	       ((at[1] == 0x80 && ((at[2] >= 0xaa && at[2] <= 0xae) || at[2] == 0x8e || at[2] == 0x8f ||
				   at[2] == 0xa8 || at[2] == 0xa9)) ||
		(at[1] == 0x81 && at[2] >= 0xa6 && at[2] <= 0xa9));
}

static void clean(struct text *to, const char *text, size_t length, bool lines)
{
	const unsigned char *at = (const unsigned char *)text;

	for (size_t i = 0, n; i < length; i += n) {
		n = utf8_character(text + i, length - i);
		if (n && (!steers(at + i, n) || (lines && (at[i] == '\n' || at[i] == '\t')))) {
			text_bytes(to, text + i, n);
			continue;
		}
		n = n ? n : 1;
		if (at[i] == '\n')
			text_add(to, "\\n");
		else if (at[i] == '\t')
			text_add(to, "\\t");
		else
			for (size_t j = 0; j < n; j++)
				text_addf(to, "\\x%02x", at[i + j]);
	}
}

char *print_clean(hst_arena *arena, const char *text, size_t length)
{
	struct text made;
	char *copy;

	text_init(&made, CLEAN_MAX);
	clean(&made, text, length, false);
	copy = arena_copy(arena, made.s, made.length);
	text_clear(&made);
	return copy;
}

void print_clean_lines(FILE *to, const char *text, size_t length)
{
	struct text made;

	text_init(&made, CLEAN_MAX);
	clean(&made, text, length, true);
	fwrite(made.s, 1, made.length, to);
	text_clear(&made);
}

size_t print_width(const char *clean_text)
{
	size_t width = 0;

	for (; *clean_text; clean_text++)
		width += ((unsigned char)*clean_text & 0xc0) != 0x80;
	return width;
}

/* {"sealed":NAME} */
static bool is_sealed(const hst_value *value)
{
	return value_kind(value) == HST_VALUE_RECORD && value_count(value) == 1 &&
	       value_kind(value_get(value, "sealed")) == HST_VALUE_TEXT;
}

const char *print_value(hst_arena *arena, const hst_value *value)
{
	struct text made;
	char *copy;

	if (value_kind(value) == HST_VALUE_ABSENT || value_kind(value) == HST_VALUE_NULL)
		return "-";
	if (is_sealed(value))
		return "(sealed)";
	text_init(&made, CLEAN_MAX);
	value_write_plain(&made, value);
	copy = print_clean(arena, made.s, made.length);
	text_clear(&made);
	return copy;
}

const char *print_member(hst_arena *arena, const hst_value *record, const char *name)
{
	return print_value(arena, value_get(record, name));
}

const char *print_moment(hst_arena *arena, int64_t wall_us)
{
	time_t seconds = wall_us / 1000000;
	struct tm parts;
	char text[60];

	if (!localtime_r(&seconds, &parts) || !strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S %Z", &parts))
		return "-";
	return print_clean(arena, text, strlen(text));
}

const char *print_time(hst_arena *arena, const hst_value *iso)
{
	hst_time at;

	if (value_kind(iso) != HST_VALUE_TEXT || type_read_date(value_text(iso), &at, NULL) != HST_OK)
		return print_value(arena, iso);
	return print_moment(arena, at.us);
}

/* How long the time is with which the text begins, "2026-11-21T23:31:52.5Z"; 0: it begins with none. */
static size_t time_length(const char *text)
{
	static const char form[] = "dddd-dd-ddTdd:dd:dd";
	size_t n = 0;

	for (; form[n]; n++)
		if (form[n] == 'd' ? !isdigit((unsigned char)text[n]) : text[n] != form[n])
			return 0;
	if (text[n] == '.')
		n += 1 + strspn(text + n + 1, "0123456789");
	return text[n] == 'Z' ? n + 1 : 0;
}

const char *print_times_within(hst_arena *arena, const char *text)
{
	struct text made;
	const char *copy;

	text_init(&made, CLEAN_MAX);
	for (size_t n; *text; text += n) {
		n = time_length(text);
		if (n)
			text_add(&made, print_time(arena, value_make_text(arena, text, n)));
		else
			text_bytes(&made, text, n = 1);
	}
	copy = arena_copy(arena, made.s, made.length);
	text_clear(&made);
	return copy;
}

const char *print_sentence(hst_arena *arena, const hst_value *record, const char *name)
{
	return print_times_within(arena, print_member(arena, record, name));
}

const char *print_list(hst_arena *arena, const hst_value *list)
{
	const char *joined = NULL;

	for (size_t i = 0; i < value_count(list); i++) {
		const char *item = print_value(arena, value_at(list, i));

		joined = joined ? arena_printf(arena, "%s, %s", joined, item) : item;
	}
	return joined ? joined : "-";
}

void print_tone(FILE *to, enum print_tone tone)
{
	static const char *const codes[] = {"\033[0m", "\033[32m", "\033[31m", "\033[2m", "\033[1m"};
	const char *refused = getenv("NO_COLOR"), *terminal = getenv("TERM");

	if ((!refused || !*refused) && terminal && strcmp(terminal, "dumb") != 0 && isatty(fileno(to)))
		fputs(codes[tone], to);
}

enum print_tone print_state_tone(const char *state)
{
	const struct state_row *row = state_row(state_named(state));

	if (!row->ended)
		return TONE_STRONG;
	return row->good ? TONE_GOOD : TONE_BAD;
}
