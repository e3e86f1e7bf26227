#include "config/standing.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/text.h"
#include "os/files.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { STANDING_BYTES_MAX = 8 << 20, STANDING_MAX = 10000 };

/* What a line about a process that hung begins with. */
static const char killed[] = "killed at ";

static bool read_line(hst_arena *arena, const char *line, size_t length, struct standing *ret)
{
	char name[256], state[32];
	int64_t since_s;

	if (sscanf(arena_copy(arena, line, length), "%255s %31s %" SCNd64 " %" SCNd64 " %" SCNd64, name, state, &ret->pid,
		   &since_s, &ret->restarts) != 5 ||
	    since_s < 0 || since_s > INT64_MAX / 1000000)
		return false;
	ret->name = arena_text(arena, name);
	ret->state = arena_text(arena, state);
	ret->since_us = since_s * 1000000;
	return true;
}

/* What stands behind tabs up to the next child. Returns what follows it. */
static const char *read_words(hst_arena *arena, const char *at, struct standing *to)
{
	AUTO(text) struct text words;

	text_init(&words, STANDING_BYTES_MAX);
	while (*at == '\t') {
		size_t length = strcspn(at + 1, "\n");

		if (!to->hung && !to->ended && strncmp(at + 1, killed, sizeof killed - 1) == 0)
			to->hung = arena_copy(arena, at + 1, length);
		else if (!to->ended)
			to->ended = arena_copy(arena, at + 1, length);
		else
			text_addf(&words, "%.*s\n", (int)length, at + 1);
		at += 1 + length;
		at += *at == '\n';
	}
	if (words.length)
		to->last_words = arena_copy(arena, words.s, words.length);
	return at;
}

static size_t count_lines(const char *text)
{
	size_t n = 1;

	for (; *text; text++)
		n += *text == '\n';
	return n < STANDING_MAX ? n : STANDING_MAX;
}

size_t standing_parse(hst_arena *arena, const char *text, const struct standing **ret)
{
	size_t most = count_lines(text), n = 0;
	struct standing *standings = arena_array(arena, most, sizeof *standings);

	for (const char *at = text; *at && n < most;) {
		struct standing standing = {0};
		size_t length = strcspn(at, "\n");
		bool good = read_line(arena, at, length, &standing);

		at += length;
		at = read_words(arena, at + (*at == '\n'), &standing);
		if (good)
			standings[n++] = standing;
	}
	*ret = standings;
	return n;
}

int standing_read(hst_arena *arena, const char *state_dir, const struct standing **ret, size_t *ret_n, hst_error *err)
{
	AUTO_FREE char *path = files_join(state_dir, "children");
	AUTO_FREE char *text = NULL;
	int code = files_read(path, STANDING_BYTES_MAX, &text, NULL, err);

	if (code == HST_OK)
		*ret_n = standing_parse(arena, text, ret);
	return code;
}

const struct standing *standing_of(const struct standing *standings, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(standings[i].name, name) == 0)
			return &standings[i];
	return NULL;
}

const char *standing_complaint(hst_arena *arena, const struct standing *standing)
{
	const char *start = standing->last_words, *end;

	for (const char *at = start; at && *at; at = end + (*end == '\n')) {
		end = strchrnul(at, '\n');
		if (end > at)
			start = at;
	}
	return start ? arena_copy(arena, start, strcspn(start, "\n")) : NULL;
}
