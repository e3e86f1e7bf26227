#include "schema/problems.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { PROBLEMS_MAX = 200, PROBLEM_TEXT_MAX = 1000 };

void problems_init(struct problems *problems)
{
	*problems = (struct problems){0};
}

void problems_clear(struct problems *problems)
{
	for (size_t i = 0; i < problems->n; i++) {
		free(problems->at[i].file);
		free(problems->at[i].text);
	}
	free(problems->at);
	problems_init(problems);
}

/* What a file holds is shown on terminals, so nothing in it may steer one. */
static char *printable(const char *text)
{
	char *copy = mem_text(text);

	for (char *at = copy; at && *at; at++)
		if ((unsigned char)*at < 0x20 || *at == 0x7f)
			*at = *at == '\n' ? ' ' : '?';
	return copy;
}

void problems_add(struct problems *problems, const char *file, int line, const char *format, ...)
{
	char text[PROBLEM_TEXT_MAX];
	va_list args;

	if (problems->n == PROBLEMS_MAX) {
		problems->dropped++;
		return;
	}
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	problems->at = mem_grow(problems->at, &problems->size, problems->n + 1, sizeof *problems->at);
	problems->at[problems->n++] =
		(struct problem){.file = printable(file), .line = line, .text = printable(text)};
}

static int compare(const struct problem *a, const struct problem *b)
{
	int files = strcmp(a->file ? a->file : "", b->file ? b->file : "");

	return files ? files : (a->line > b->line) - (a->line < b->line);
}

bool problems_know(const struct problems *problems, size_t n, const char *file, int line)
{
	for (size_t i = 0; i < n; i++)
		if (problems->at[i].line == line && problems->at[i].file && strcmp(problems->at[i].file, file) == 0)
			return true;
	return false;
}

void problems_sort(struct problems *problems)
{
	/* By insertion: stable, and there are at most PROBLEMS_MAX. */
	for (size_t i = 1; i < problems->n; i++) {
		struct problem moving = problems->at[i];
		size_t to = i;

		for (; to && compare(&problems->at[to - 1], &moving) > 0; to--)
			problems->at[to] = problems->at[to - 1];
		problems->at[to] = moving;
	}
}

static char *line_of(const struct problem *problem, const char *word)
{
	if (!problem->file)
		return mem_printf("%s: %s", word, problem->text);
	if (!problem->line)
		return mem_printf("%s: %s: %s", problem->file, word, problem->text);
	return mem_printf("%s:%d: %s: %s", problem->file, problem->line, word, problem->text);
}

char *problem_line(const struct problem *problem)
{
	return line_of(problem, "error");
}

char *problem_warning(const struct problem *problem)
{
	return line_of(problem, "warning");
}
