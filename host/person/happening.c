#include "person/happening.h"

#include "base/arena.h"
#include "schema/types.h"
#include "schema/utf8.h"
#include "schema/value.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

static const char *const ends[] = {"succeeded", "failed", "cancelled", "timed_out", "gone"};

static const struct member {
	const char *name;
	size_t at, size; /* size 0: an integer */
} members[] = {
#define TEXT_MEMBER(name) {#name, offsetof(struct happening, name), sizeof(((struct happening *)0)->name)}
#define NUMBER_MEMBER(name) {#name, offsetof(struct happening, name), 0}
	TEXT_MEMBER(run),     NUMBER_MEMBER(number), NUMBER_MEMBER(token), TEXT_MEMBER(title),	TEXT_MEMBER(step),
	TEXT_MEMBER(device),  TEXT_MEMBER(state),    TEXT_MEMBER(subflow), TEXT_MEMBER(action), TEXT_MEMBER(reason),
	TEXT_MEMBER(text),    NUMBER_MEMBER(at_us),
};

/* Those beyond ASCII included, which terminals obey as well. */
static bool is_control(const unsigned char *character)
{
	return *character < ' ' || *character == 0x7f || (*character == 0xc2 && character[1] < 0xa0);
}

void happening_text(char *to, size_t size, const char *from)
{
	size_t used = 0, left = strlen(from);

	while (left) {
		size_t n = utf8_character(from, left);
		bool plain = n > 0 && !is_control((const unsigned char *)from);

		if (used + (plain ? n : 1) >= size)
			break;
		if (plain)
			memcpy(to + used, from, n);
		else
			to[used] = n ? ' ' : '?';
		used += plain ? n : 1;
		from += n ? n : 1;
		left -= n ? n : 1;
	}
	to[used] = '\0';
}

void happening_write(struct text *to, const struct happening *happening)
{
	for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
		const char *at = (const char *)happening + members[i].at;

		text_add(to, i ? ",\"" : "{\"");
		text_add(to, members[i].name);
		text_add(to, "\":");
		if (members[i].size)
			json_quote(to, at, strlen(at));
		else
			text_integer(to, *(const int64_t *)(const void *)at);
	}
	text_add(to, "}");
}

int happening_read(const char *bytes, size_t length, struct happening *ret, hst_error *err)
{
	hst_arena *arena = arena_new();
	const hst_value *record;
	int code = value_parse_json(arena, bytes, length, &record, err);

	if (code == HST_OK && value_kind(record) != HST_VALUE_RECORD)
		code = hst_fail(err, HST_INVALID, "it is no object");
	if (code == HST_OK)
		*ret = (struct happening){0};
	for (size_t i = 0; code == HST_OK && i < sizeof members / sizeof *members; i++) {
		const hst_value *value = value_get(record, members[i].name);
		char *at = (char *)ret + members[i].at;

		if (members[i].size && value_kind(value) == HST_VALUE_TEXT)
			happening_text(at, members[i].size, value_text(value));
		else if (members[i].size || !value_integer(value, (int64_t *)(void *)at))
			code = hst_fail(err, HST_INVALID, "\"%s\" is missing, or no %s", members[i].name,
					members[i].size ? "text" : "integer");
	}
	arena_free(arena);
	return code;
}

bool happening_is_end(const struct happening *happening)
{
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
		if (strcmp(happening->state, ends[i]) == 0)
			return true;
	return false;
}

/* Answers */

static const char *const words[ANSWER_COUNT] = {[ANSWER_PAUSE] = "pause",
						[ANSWER_RESUME] = "resume",
						[ANSWER_STOP] = "stop",
						[ANSWER_TROUBLE] = "trouble"};

const char *answer_word(enum answer answer)
{
	return answer > ANSWER_NONE && answer < ANSWER_COUNT ? words[answer] : NULL;
}

const char *trouble_sentence(enum trouble trouble)
{
	static const char *const sentences[TROUBLE_COUNT] = {
		[TROUBLE_NO_BUS] = "the session has no bus that lets its person in",
		[TROUBLE_NO_SERVER] = "the desktop has nothing that shows notifications",
		[TROUBLE_SILENT] = "the desktop does not answer when it is to show a notification",
		[TROUBLE_ROOT] = "it would have been root who tells",
	};

	return trouble > 0 && trouble < TROUBLE_COUNT ? sentences[trouble] : NULL;
}

size_t answer_write(char to[ANSWER_BYTES_MAX], enum answer answer, int64_t number)
{
	return (size_t)snprintf(to, ANSWER_BYTES_MAX, "%s %lld", words[answer], (long long)number);
}

enum answer answer_read(const char *bytes, size_t length, int64_t *ret_number)
{
	char line[ANSWER_BYTES_MAX], *blank;
	int64_t number;

	if (!length || length >= sizeof line || memchr(bytes, '\0', length))
		return ANSWER_NONE;
	memcpy(line, bytes, length);
	line[length] = '\0';
	blank = strchr(line, ' ');
	if (!blank || !type_read_integer(blank + 1, &number) || number < 0)
		return ANSWER_NONE;
	*blank = '\0';
	for (int i = ANSWER_NONE + 1; i < ANSWER_COUNT; i++) {
		if (strcmp(line, words[i]) == 0) {
			*ret_number = number;
			return (enum answer)i;
		}
	}
	return ANSWER_NONE;
}
