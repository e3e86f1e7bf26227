#include "person/words.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *state, *before, *after; /* the name of the flow */
} sentences[] = {
	{"running", "hostler runs ", " in your session"},
	{"pausing", "", " pauses at its next checkpoint"},
	{"paused", "", " is paused"},
	{"stopping", "", " stops at its next checkpoint"},
	{"succeeded", "", " has succeeded"},
	{"failed", "", " has failed"},
	{"cancelled", "", " was stopped"},
	{"timed_out", "", " took too long and was stopped"},
	{"gone", "hostler no longer knows how ", " goes on"},
};

static size_t name_length(const struct happening *happening)
{
	const char *end = strstr(happening->title, ": ");

	return end ? (size_t)(end - happening->title) : strlen(happening->title);
}

void words_summary(char to[SUMMARY_SIZE], const struct happening *happening)
{
	const char *before = "", *after = "";

	for (size_t i = 0; i < sizeof sentences / sizeof *sentences; i++) {
		if (strcmp(sentences[i].state, happening->state) != 0)
			continue;
		before = sentences[i].before;
		after = sentences[i].after;
	}
	snprintf(to, SUMMARY_SIZE, "%s%.*s%s", before, (int)name_length(happening), happening->title, after);
}

static void add(struct text *to, const char *text, bool markup)
{
	for (; *text; text++) {
		if (markup && *text == '<')
			text_add(to, "&lt;");
		else if (markup && *text == '>')
			text_add(to, "&gt;");
		else if (markup && *text == '&')
			text_add(to, "&amp;");
		else
			text_bytes(to, text, 1);
	}
}

static void add_line(struct text *to, const char *text, bool markup)
{
	if (!*text)
		return;
	if (to->length)
		text_add(to, "\n");
	add(to, text, markup);
}

void words_body(struct text *to, const struct happening *happening, bool markup)
{
	size_t name = name_length(happening);

	if (happening->title[name])
		add_line(to, happening->title + name + 2, markup);
	if (!happening_is_end(happening) && *happening->action) {
		add_line(to, *happening->subflow ? happening->subflow : happening->step, markup);
		text_add(to, ": ");
		add(to, happening->action, markup);
	}
	add_line(to, happening->text, markup);
}
