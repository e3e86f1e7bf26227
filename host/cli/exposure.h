/*
 * What a member of the house may know of the secrets that are sealed beside a configuration: what it can open, what it could open in an
 * earlier envelope of the same value (cli/knew.h), and what it has signed. It is asked by name: whoever has come back with other keys is
 * still whoever had the earlier ones.
 */
#ifndef HOST_CLI_EXPOSURE_H
#define HOST_CLI_EXPOSURE_H

#include <hostler/types.h>

#include <stdbool.h>
#include <stddef.h>

struct exposure {
	const char *secret;
	bool opens, knew, sealed;
	const char *unclear; /* what could not be read, so that nobody can say; NULL: all could */
};

/* The NAMEs of secrets.d/NAME.seal beside it, sorted. In the arena. */
size_t exposure_names(const char *conf_path, hst_arena *arena, const char *const **ret);

struct exposure exposure_of(const char *conf_path, hst_arena *arena, const char *secret, const char *member);

/* After `member` was removed: what is to be done about each of them, a line each; nothing where there is none. */
void exposure_print(const char *conf_path, hst_arena *arena, const char *member);

/* The same for programs: the lists "signed", of those that are believed no more, and "may_know". */
void exposure_set(const char *conf_path, hst_arena *arena, const char *member, hst_value *record);

#endif
