/*
 * The lines of an .ini file before inih sees them: comments gone, continued values joined, everything inih
 * would cut, merge or take for something else refused with FILE:LINE. The rules of the format are in
 * docs/flows.md.
 */
#ifndef HOST_CONFIG_LINES_H
#define HOST_CONFIG_LINES_H

#include "schema/problems.h"

#include <stddef.h>

/* A section header (`key` NULL, `value` what stands in the brackets) or a key with its joined value. */
struct line {
	char *key;
	char *value;
	int number; /* of the first physical line, from 1 */
};

struct lines {
	struct line *at;
	size_t n, size;
};

enum { LINE_KEY_LENGTH_MAX = 120 };

/* Lines with problems are left out. */
void lines_read(struct lines *ret, const char *file, const char *bytes, size_t length,
		struct problems *problems);
void lines_clear(struct lines *lines);

#endif
