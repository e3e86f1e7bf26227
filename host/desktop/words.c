#include "desktop/words.h"

#include "base/arena.h"
#include "base/text.h"

#include <string.h>

/* A word holds at most the whole value of a key; put-in paths come later. */
enum { WORD_BYTES_MAX = 128 << 10 };

static const char package_name[] = "HOSTLER_PACKAGE", work_name[] = "HOSTLER_WORK";

struct splitting {
	const char *at;
	struct text word;
	bool in_word; /* "" makes a word too */
	hst_arena *arena;
	char **words;
	size_t n;
	hst_error *err;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool continues_name(char c)
{
	return c == '_' || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* Bytes of "$NAME" or "${NAME}" at `at`, or 0 when something else stands there. */
static size_t variable_length(const char *at, const char *name)
{
	size_t length = strlen(name);

	if (at[1] == '{')
		return strncmp(at + 2, name, length) == 0 && at[2 + length] == '}' ? length + 3 : 0;
	return strncmp(at + 1, name, length) == 0 && !continues_name(at[1 + length]) ? length + 1 : 0;
}

static void add_character(struct splitting *s, char c)
{
	if (c == '$')
		text_add(&s->word, "$$");
	else
		text_bytes(&s->word, &c, 1);
	s->in_word = true;
}

/* A '$' that no quote protects. */
static void add_variable(struct splitting *s)
{
	const char *const known[] = {package_name, work_name};

	for (size_t i = 0; i < 2; i++) {
		size_t length = variable_length(s->at, known[i]);

		if (!length)
			continue;
		text_addf(&s->word, "${%s}", known[i]);
		s->in_word = true;
		s->at += length;
		return;
	}
	add_character(s, *s->at++);
}

static int end_word(struct splitting *s)
{
	if (!s->in_word)
		return HST_OK;
	if (s->n == WORDS_MAX)
		return hst_fail(s->err, HST_INVALID,
				"more than %d words; put the command into a script of the package",
				WORDS_MAX);
	s->words[s->n++] = arena_copy(s->arena, s->word.s, s->word.length);
	text_reset(&s->word);
	s->in_word = false;
	return HST_OK;
}

static int read_single_quotes(struct splitting *s)
{
	s->in_word = true;
	for (s->at++; *s->at && *s->at != '\''; s->at++)
		add_character(s, *s->at);
	if (!*s->at)
		return hst_fail(s->err, HST_INVALID, "a single quote (') is not closed");
	s->at++;
	return HST_OK;
}

static int read_double_quotes(struct splitting *s)
{
	s->in_word = true;
	s->at++;
	while (*s->at && *s->at != '"') {
		if (*s->at == '$') {
			add_variable(s);
			continue;
		}
		if (*s->at == '\\' && s->at[1] && strchr("$`\"\\\n", s->at[1])) {
			s->at++;
			if (*s->at == '\n') {
				s->at++;
				continue;
			}
		}
		add_character(s, *s->at++);
	}
	if (!*s->at)
		return hst_fail(s->err, HST_INVALID, "a double quote (\") is not closed");
	s->at++;
	return HST_OK;
}

static int read_backslash(struct splitting *s)
{
	if (!s->at[1])
		return hst_fail(s->err, HST_INVALID, "nothing stands behind the last backslash");
	s->at++;
	if (*s->at != '\n')
		add_character(s, *s->at);
	s->at++;
	return HST_OK;
}

/* What a shell would do something with, and we do not: silence would surprise whoever wrote it. */
static int refuse_operator(struct splitting *s)
{
	return hst_fail(s->err, HST_INVALID,
			"\"%c\" means something to a shell only; quote it, or write: sh -c '...'", *s->at);
}

static int read_next(struct splitting *s)
{
	char c = *s->at;

	if (is_blank(c)) {
		s->at++;
		return end_word(s);
	}
	if (strchr("|&;<>()`", c) || (c == '#' && !s->in_word))
		return refuse_operator(s);
	if (c == '\'')
		return read_single_quotes(s);
	if (c == '"')
		return read_double_quotes(s);
	if (c == '\\')
		return read_backslash(s);
	if (c == '$')
		add_variable(s);
	else
		add_character(s, *s->at++);
	return HST_OK;
}

int words_split(hst_arena *arena, const char *line, char ***ret_words, hst_error *err)
{
	struct splitting s = {.at = line, .arena = arena, .err = err};
	int code = HST_OK;

	s.words = arena_array(arena, WORDS_MAX + 1, sizeof *s.words);
	text_init(&s.word, WORD_BYTES_MAX);
	while (!code && *s.at)
		code = read_next(&s);
	if (!code)
		code = end_word(&s);
	if (!code && s.word.over)
		code = hst_fail(err, HST_INVALID, "a word is longer than %d bytes", WORD_BYTES_MAX);
	if (!code && (!s.n || !s.words[0][0]))
		code = hst_fail(err, HST_INVALID, "it names no program");
	text_clear(&s.word);
	if (!code)
		*ret_words = s.words;
	return code;
}

char *words_expand(hst_arena *arena, const char *word, const char *package, const char *work)
{
	struct text text;
	char *expanded;

	text_init(&text, WORD_BYTES_MAX + (64 << 10));
	while (*word) {
		size_t length = *word == '$' ? variable_length(word, package_name) : 0;

		if (length) {
			text_add(&text, package);
		} else if (*word == '$' && (length = variable_length(word, work_name)) > 0) {
			text_add(&text, work);
		} else {
			text_bytes(&text, word, 1);
			length = *word == '$' ? 2 : 1;
		}
		word += length;
	}
	expanded = arena_copy(arena, text.s, text.length);
	text_clear(&text);
	return expanded;
}
