/*
 * What is wrong with a configuration, all of it at once. Each problem prints as "FILE:LINE: error: TEXT";
 * they are kept in the order of file and line. At most 200 are kept, the rest are counted.
 */
#ifndef HOST_SCHEMA_PROBLEMS_H
#define HOST_SCHEMA_PROBLEMS_H

#include <stdbool.h>
#include <stddef.h>

struct problem {
	char *file; /* NULL: the command line or the whole configuration */
	int line;   /* 0: the whole file */
	char *text;
};

struct problems {
	struct problem *at;
	size_t n, size, dropped;
};

void problems_init(struct problems *problems);
void problems_clear(struct problems *problems);
__attribute__((format(printf, 4, 5))) void problems_add(struct problems *problems, const char *file, int line,
							const char *format, ...);
bool problems_know(const struct problems *problems, size_t n, const char *file, int line); /* one of the first n is there */
void problems_sort(struct problems *problems); /* by file, then line; stable */

/* "FILE:LINE: error: TEXT"; caller frees. */
char *problem_line(const struct problem *problem);
char *problem_warning(const struct problem *problem); /* "FILE:LINE: warning: TEXT" */

#endif
