#include "supervise/output.h"

#include "base/log.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void keep(struct output *output, const char *bytes, size_t n)
{
	if (n >= OUTPUT_TAIL_MAX) {
		memcpy(output->tail, bytes + n - OUTPUT_TAIL_MAX, OUTPUT_TAIL_MAX);
		output->tail_length = OUTPUT_TAIL_MAX;
		return;
	}
	if (output->tail_length + n > OUTPUT_TAIL_MAX) {
		size_t gone = output->tail_length + n - OUTPUT_TAIL_MAX;

		memmove(output->tail, output->tail + gone, output->tail_length - gone);
		output->tail_length -= gone;
	}
	memcpy(output->tail + output->tail_length, bytes, n);
	output->tail_length += n;
}

/* One write per line, so that lines of this program and of its children never mix. */
static void pass_on(const char *name, const char *bytes, size_t n)
{
	char *line = mem_printf("%s: %.*s\n", name, (int)n, bytes);

	/* Where stderr is gone there is nobody left to tell. */
	(void)!write(STDERR_FILENO, line, strlen(line));
	free(line);
}

static void say_left_out(struct output *output, const char *name)
{
	char text[80];

	if (!output->left_out)
		return;
	snprintf(text, sizeof text, "%zu bytes more were printed and are left out here", output->left_out);
	pass_on(name, text, strlen(text));
	output->left_out = 0;
}

static void end_line(struct output *output, const char *name)
{
	size_t n = output->line_length;

	if (!n)
		return;
	log_tame(output->line, n);
	keep(output, output->line, n);
	keep(output, "\n", 1);
	output->line_length = 0;
	output->burst += n;
	if (output->burst <= OUTPUT_BURST_MAX)
		pass_on(name, output->line, n);
	else
		output->left_out += n;
}

void output_resume(struct output *output, const char *line, const char *tail)
{
	output->line_length = line ? strnlen(line, OUTPUT_LINE_MAX) : 0;
	memcpy(output->line, line ? line : "", output->line_length);
	output->tail_length = tail ? strnlen(tail, OUTPUT_TAIL_MAX) : 0;
	memcpy(output->tail, tail ? tail : "", output->tail_length);
}

void output_flush(struct output *output, const char *name)
{
	end_line(output, name);
	say_left_out(output, name);
}

void output_take(struct output *output, const char *name, const char *bytes, size_t n, int64_t now_us)
{
	if (now_us - output->burst_us >= OUTPUT_BURST_MS * INT64_C(1000)) {
		say_left_out(output, name);
		output->burst_us = now_us;
		output->burst = 0;
	}
	for (size_t i = 0; i < n; i++) {
		if (bytes[i] == '\n' || output->line_length == OUTPUT_LINE_MAX)
			end_line(output, name);
		if (bytes[i] != '\n' && bytes[i] != '\0')
			output->line[output->line_length++] = bytes[i];
	}
}
