#include "environment.h"

#include <limits.h>
#include <string.h>

enum { ENTRIES_MAX = 4096, ASSIGNMENT_MAX = PATH_MAX + 64 };

void environment_begin(struct environment *environment, hst_host *host, hst_arena *arena)
{
	*environment = (struct environment){.host = host, .arena = arena, .size = 32};
	environment->at = host->alloc(arena, environment->size * sizeof *environment->at);
}

static void make_room(struct environment *environment)
{
	char **larger;

	if (environment->n + 1 < environment->size)
		return;
	environment->size *= 2;
	larger = environment->host->alloc(environment->arena, environment->size * sizeof *larger);
	memcpy(larger, environment->at, environment->n * sizeof *larger);
	environment->at = larger;
}

void environment_set(struct environment *environment, const char *assignment)
{
	const char *equals = strchr(assignment, '=');
	size_t name, size = strlen(assignment) + 1, at = 0;

	if (!equals || equals == assignment)
		return;
	name = (size_t)(equals - assignment) + 1;
	while (at < environment->n && strncmp(environment->at[at], assignment, name) != 0)
		at++;
	if (at == environment->n) {
		if (environment->n == ENTRIES_MAX)
			return;
		make_room(environment);
		environment->n++;
	}
	environment->at[at] = memcpy(environment->host->alloc(environment->arena, size), assignment, size);
}

void environment_setf(struct environment *environment, const char *format, ...)
{
	char assignment[ASSIGNMENT_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(assignment, sizeof assignment, format, args);
	va_end(args);
	environment_set(environment, assignment);
}

void environment_add(struct environment *environment, char *const *assignments)
{
	for (; assignments && *assignments; assignments++)
		environment_set(environment, *assignments);
}
