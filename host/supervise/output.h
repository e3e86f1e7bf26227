/*
 * What a child prints: its lines go on to this program's stderr with the child's name in front, and its last 4 KiB are
 * kept, so that whoever asks why it died can be told.
 */
#ifndef HOST_SUPERVISE_OUTPUT_H
#define HOST_SUPERVISE_OUTPUT_H

#include <stddef.h>

enum { OUTPUT_TAIL_MAX = 4096, OUTPUT_LINE_MAX = 4096 };

struct output {
	char tail[OUTPUT_TAIL_MAX]; /* the last bytes, oldest first */
	size_t tail_length;
	char line[OUTPUT_LINE_MAX]; /* the line that is not complete yet */
	size_t line_length;
};

void output_take(struct output *output, const char *name, const char *bytes, size_t n);
void output_flush(struct output *output, const char *name); /* what is left of an unfinished line */

#endif
