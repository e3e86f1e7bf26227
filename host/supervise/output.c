#include "supervise/output.h"

#include "base/mem.h"

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
static void pass_on(const struct output *output, const char *name)
{
	char *line = mem_printf("%s: %.*s\n", name, (int)output->line_length, output->line);

	/* Where stderr is gone there is nobody left to tell. */
	(void)!write(STDERR_FILENO, line, strlen(line));
	free(line);
}

void output_flush(struct output *output, const char *name)
{
	if (output->line_length)
		pass_on(output, name);
	output->line_length = 0;
}

void output_take(struct output *output, const char *name, const char *bytes, size_t n)
{
	keep(output, bytes, n);
	for (size_t i = 0; i < n; i++) {
		if (bytes[i] == '\n' || output->line_length == OUTPUT_LINE_MAX)
			output_flush(output, name);
		if (bytes[i] != '\n' && bytes[i] != '\0')
			output->line[output->line_length++] = bytes[i];
	}
}
