/* A list of NAME=VALUE, each name once, as a program gets it. Lives in the arena it was begun with. */
#ifndef LINUX_ENVIRONMENT_H
#define LINUX_ENVIRONMENT_H

#include <hostler/host.h>

struct environment {
	hst_host *host;
	hst_arena *arena;
	char **at; /* ends with NULL */
	size_t n, size;
};

void environment_begin(struct environment *environment, hst_host *host, hst_arena *arena);

/* Copies "NAME=VALUE" in; it replaces one of that name. What is no assignment is left out. */
void environment_set(struct environment *environment, const char *assignment);
__attribute__((format(printf, 2, 3))) void environment_setf(struct environment *environment,
							    const char *format, ...);

void environment_add(struct environment *environment, char *const *assignments); /* NULL: none */

#endif
