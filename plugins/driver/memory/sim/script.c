#include "script.h"

#include "play.h"

#include <stdlib.h>
#include <string.h>

enum { WORDS_MAX = 40, TIME_MAX_MS = 7 * 24 * 3600 * 1000 };

/* One line, in words. */
struct reading {
	const char *path;
	int number;
	char *words[WORDS_MAX + 1]; /* ends with NULL */
	size_t n, at;
	hst_error *err;
};

__attribute__((format(printf, 2, 3))) static int wrong(const struct reading *reading, const char *format, ...)
{
	char text[400];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	return hst_fail(reading->err, HST_INVALID, "%s:%d: %s", reading->path, reading->number, text);
}

/* Passes over these words, one blank between two of them, when they come next. */
static bool takes(struct reading *reading, const char *words)
{
	size_t at = reading->at;

	while (*words) {
		const size_t length = strcspn(words, " ");

		if (!reading->words[at] || strlen(reading->words[at]) != length || strncmp(reading->words[at], words, length) != 0)
			return false;
		at++;
		words += length + strspn(words + length, " ");
	}
	reading->at = at;
	return true;
}

static const char *next(struct reading *reading)
{
	return reading->words[reading->at] ? reading->words[reading->at++] : "";
}

/* "90s", "500ms", "1h30m"; -1: it is none, or over a week. */
static int64_t duration(const char *text)
{
	static const struct {
		const char *unit;
		int64_t ms;
	} units[] = {{"ms", 1}, {"s", 1000}, {"m", 60 * 1000}, {"h", 3600 * 1000}, {"d", 24 * 3600 * 1000}};
	int64_t ms = 0;

	do {
		int64_t number = 0;
		size_t digits = strspn(text, "0123456789"), length, i = 0;

		if (digits == 0 || digits > 9)
			return -1;
		for (size_t k = 0; k < digits; k++)
			number = number * 10 + (text[k] - '0');
		text += digits;
		length = strspn(text, "msdh");
		while (i < sizeof units / sizeof *units && (strlen(units[i].unit) != length || strncmp(units[i].unit, text, length) != 0))
			i++;
		if (i == sizeof units / sizeof *units)
			return -1;
		ms += number * units[i].ms;
		text += length;
	} while (*text && ms <= TIME_MAX_MS);
	return *text || ms > TIME_MAX_MS ? -1 : ms;
}

static int read_duration(struct reading *reading, const char *of, int64_t *ret)
{
	const char *word = next(reading);

	*ret = duration(word);
	return *ret >= 0 ? HST_OK : wrong(reading, "%s: '%.40s' is no duration of at most a week, such as 500ms, 10s, 2m or 1h30m", of, word);
}

static int read_user(struct reading *reading, const char **ret)
{
	const char *word = next(reading);

	if (!book_is_user(word))
		return wrong(reading, "'%.80s' is no user: 1 to %d of A-Z a-z 0-9 . _ -", word, USER_MAX);
	*ret = word;
	return HST_OK;
}

/* The rest of the line, its words put together again with one blank between two. */
static int read_why(struct reading *reading, const char **ret)
{
	char *to = reading->words[reading->at];

	if (!to)
		return wrong(reading, "after 'fails:' stands why, such as: fails: wrong password");
	*ret = to;
	for (to += strlen(to), reading->at++; reading->words[reading->at]; reading->at++) {
		const size_t length = strlen(reading->words[reading->at]);

		*to++ = ' ';
		memmove(to, reading->words[reading->at], length + 1);
		to += length;
	}
	if (strlen(*ret) > SCRIPT_WHY_MAX)
		return wrong(reading, "why it fails is told in more than %d bytes", SCRIPT_WHY_MAX);
	return HST_OK;
}

static int read_op(struct reading *reading, enum script_op op, struct script_line *line)
{
	line->op = op;
	if (takes(reading, "takes")) {
		line->what = OP_TAKES;
		return read_duration(reading, "takes", &line->ms);
	}
	if (takes(reading, "fails:")) {
		line->what = OP_FAILS;
		return read_why(reading, &line->why);
	}
	line->what = OP_WORKS;
	if (takes(reading, "works"))
		return HST_OK;
	return wrong(reading, "'takes DURATION', 'fails: WHY' or 'works' is expected, not '%.40s'", next(reading));
}

static int read_sign_in(struct reading *reading, struct script_line *line)
{
	int rc = read_user(reading, &line->user);

	if (rc != HST_OK)
		return rc;
	line->what = SIGN_IN_FAILS;
	if (takes(reading, "fails:"))
		return read_why(reading, &line->why);
	line->what = SIGN_IN_WORKS;
	return takes(reading, "works") ? HST_OK : wrong(reading, "'fails: WHY' or 'works' is expected, not '%.40s'", next(reading));
}

static int read_lock_state(struct reading *reading, struct script_line *line)
{
	int rc = read_user(reading, &line->user);

	if (rc != HST_OK)
		return rc;
	line->what = LOCK_UNKNOWN;
	if (takes(reading, "unknown"))
		return HST_OK;
	line->what = LOCK_KNOWN;
	return takes(reading, "known") ? HST_OK : wrong(reading, "'unknown' or 'known' is expected, not '%.40s'", next(reading));
}

static int read_deed(struct reading *reading, struct script_line *line)
{
	static const struct {
		const char *words;
		enum happening what;
	} deeds[] = {{"signs in", SIGNS_IN},	   {"locks", LOCKS},		 {"unlocks", UNLOCKS},	     {"disconnects", DISCONNECTS},
		     {"comes back", COMES_BACK}, {"signs out", SIGNS_OUT}, {"throws out", THROWS_OUT},
		     {"is a person", IS_A_PERSON}};
	size_t i = 0, n = sizeof deeds / sizeof *deeds;
	int rc = read_user(reading, &line->user);

	if (rc != HST_OK)
		return rc;
	while (i < n && !takes(reading, deeds[i].words))
		i++;
	if (i == n)
		return wrong(reading, "what %.64s does is one of: signs in, locks, unlocks, disconnects, comes back, signs out [USER], throws out USER, is a person",
			     line->user);
	line->what = deeds[i].what;
	if (line->what == THROWS_OUT || (line->what == SIGNS_OUT && reading->words[reading->at])) {
		line->by = line->user;
		return read_user(reading, &line->user);
	}
	return HST_OK;
}

static int read_happening(struct reading *reading, struct script_line *line)
{
	static const char *const ops[] = {
		[SCRIPT_OPEN] = "opening", [SCRIPT_ATTACH] = "attaching", [SCRIPT_START] = "starting", [SCRIPT_CLOSE] = "closing"};

	for (size_t i = 0; i < SCRIPT_OPS; i++)
		if (takes(reading, ops[i]))
			return read_op(reading, (enum script_op)i, line);
	if (takes(reading, "sign-in of"))
		return read_sign_in(reading, line);
	if (takes(reading, "lock state of"))
		return read_lock_state(reading, line);
	return read_deed(reading, line);
}

/* *ret_ours: it is about this device, or about every one. */
static int read_line(struct reading *reading, const char *device, int64_t before_ms, struct script_line *line, bool *ret_ours)
{
	int rc = HST_OK;

	*line = (struct script_line){.number = reading->number};
	*ret_ours = true;
	if (takes(reading, "on")) {
		const char *name = next(reading);

		if (!*name || strlen(name) > SCRIPT_DEVICE_MAX)
			return wrong(reading, "after 'on' stands the name of a device");
		*ret_ours = device && strcmp(device, name) == 0;
	}
	if (takes(reading, "at"))
		rc = read_duration(reading, "at", &line->at_ms);
	if (rc == HST_OK && line->at_ms < before_ms)
		return wrong(reading, "the lines are in the order of time, and a line without 'at' is of the beginning");
	if (rc == HST_OK)
		rc = read_happening(reading, line);
	if (rc == HST_OK && reading->words[reading->at])
		return wrong(reading, "'%.40s' is too much", reading->words[reading->at]);
	return rc;
}

static int split(struct reading *reading, char *line)
{
	static const char blanks[] = " \t\r";
	char *rest = NULL;

	reading->n = reading->at = 0;
	for (const unsigned char *c = (const unsigned char *)line; *c; c++)
		if (*c < ' ' && !strchr(blanks, *c))
			return wrong(reading, "there is a byte that is no text");
	for (char *word = strtok_r(line, blanks, &rest); word; word = strtok_r(NULL, blanks, &rest)) {
		if (reading->n == WORDS_MAX)
			return wrong(reading, "a line has at most %d words", WORDS_MAX);
		reading->words[reading->n++] = word;
	}
	reading->words[reading->n] = NULL;
	return HST_OK;
}

/* The key has room behind the texts of the script. */
static int add_line(struct script *script, struct reading *reading, struct play *play, struct script_line *line, char **keys)
{
	const char *why;

	if (line->user) {
		book_fold(line->user, *keys);
		line->key = *keys;
		*keys += strlen(*keys) + 1;
	}
	if (!play_line(play, line, &why))
		return wrong(reading, "%s %s", line->user, why);
	script->lines[script->n++] = *line;
	return HST_OK;
}

static int read_lines(struct script *script, struct reading *reading, const char *device, char *keys)
{
	struct play *play = calloc(1, sizeof *play);
	int64_t before_ms = 0;
	int rc = HST_OK;

	if (!play)
		abort();
	for (char *line = script->text, *end; rc == HST_OK && line; line = end) {
		struct script_line read;
		bool ours = false;

		end = strchr(line, '\n');
		if (end)
			*end++ = '\0';
		reading->number++;
		rc = split(reading, line);
		if (rc != HST_OK || reading->n == 0 || reading->words[0][0] == '#' || reading->words[0][0] == ';')
			continue;
		rc = read_line(reading, device, before_ms, &read, &ours);
		before_ms = rc == HST_OK ? read.at_ms : before_ms;
		if (rc == HST_OK && script->n == SCRIPT_LINES_MAX)
			rc = wrong(reading, "a script has at most %d happenings", SCRIPT_LINES_MAX);
		if (rc == HST_OK && ours)
			rc = add_line(script, reading, play, &read, &keys);
	}
	free(play);
	return rc;
}

int script_read(struct script *ret, const char *path, const char *text, size_t length, const char *device, hst_error *err)
{
	struct reading reading = {.path = path, .err = err};
	struct script script = {0};
	int rc;

	if (length > SCRIPT_BYTES_MAX)
		return hst_fail(err, HST_INVALID, "%s:1: a script is at most %d bytes", path, SCRIPT_BYTES_MAX);
	if (memchr(text, '\0', length))
		return hst_fail(err, HST_INVALID, "%s:1: there is a byte that is no text", path);
	script.text = calloc(2, length + 1);
	script.lines = calloc(SCRIPT_LINES_MAX, sizeof *script.lines);
	if (!script.text || !script.lines)
		abort();
	memcpy(script.text, text, length);
	rc = read_lines(&script, &reading, device, script.text + length + 1);
	if (rc == HST_OK)
		*ret = script;
	else
		script_clear(&script);
	return rc;
}

void script_clear(struct script *script)
{
	free(script->text);
	free(script->lines);
	*script = (struct script){0};
}

/* Whoever gives a wrong password once more locks the account in the end: such sign-ins are not tried again (rule R29). */
bool script_denies(const char *why)
{
	static const char *const words[] = {"password", "expired", "locked", "no right", "account", "credentials"};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strstr(why, words[i]))
			return true;
	return false;
}
