/*
 * What a child prints: its lines go on to this program's stderr with the child's name in front, and its last 4 KiB are
 * kept, so that whoever asks why it died can be told. Control characters are replaced, since a terminal may be at the
 * other end; and a child that floods is passed on with its first 64 KiB in ten seconds, the rest is counted.
 */
#ifndef HOST_SUPERVISE_OUTPUT_H
#define HOST_SUPERVISE_OUTPUT_H

#include <stddef.h>
#include <stdint.h>

enum { OUTPUT_TAIL_MAX = 4096, OUTPUT_LINE_MAX = 4096, OUTPUT_BURST_MAX = 64 << 10, OUTPUT_BURST_MS = 10000 };

struct output {
	char tail[OUTPUT_TAIL_MAX]; /* the last lines, oldest first */
	size_t tail_length;
	char line[OUTPUT_LINE_MAX]; /* the line that is not complete yet */
	size_t line_length;
	int64_t burst_us; /* steady: since when `burst` is counted */
	size_t burst, left_out;
};

/* `now_us` is steady. */
void output_take(struct output *output, const char *name, const char *bytes, size_t n, int64_t now_us);
/* As another program left it: the line that is not complete, and the last ones. What was left out is not known any more. */
void output_resume(struct output *output, const char *line, const char *tail);
/* What is left of an unfinished line, and how much was left out. */
void output_flush(struct output *output, const char *name);

#endif
