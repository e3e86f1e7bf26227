/*
 * state_dir/children: how the processes of the house stand, as hostlerd writes it after every change. One line each,
 * "NAME STATE PID SINCE STARTED_AGAIN", and behind it, each line behind a tab, that it was killed because it hung, how its
 * last process ended, and what that printed, where one has ended. The file is there while hostlerd runs.
 */
#ifndef HOST_CONFIG_STANDING_H
#define HOST_CONFIG_STANDING_H

#include <hostler/error.h>
#include <hostler/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct standing {
	const char *name;  /* "engine", "worker/trigger/hello", "gateway/here" */
	const char *state; /* stopped starting ready backoff stopping degraded */
	int64_t pid;	   /* 0: it has no process */
	int64_t since_us;  /* of the state, wall clock */
	int64_t restarts;
	const char *hung;	/* "killed at …: it had said nothing for 60 s"; NULL: it did not hang */
	const char *ended;	/* "exit status 3"; NULL: not known */
	const char *last_words; /* lines, each with its end; NULL: none */
};

/* In the arena. HST_NOT_FOUND: hostlerd does not run there. HST_DENIED: not for this user. */
int standing_read(hst_arena *arena, const char *state_dir, const struct standing **ret, size_t *ret_n, hst_error *err);

/* The same from the file's text; lines that are none are left out. */
size_t standing_parse(hst_arena *arena, const char *text, const struct standing **ret);

/* NULL: there is none of the name. */
const struct standing *standing_of(const struct standing *standings, size_t n, const char *name);

/* The last line of its last words that says something: there programs complain. In the arena; NULL: none. */
const char *standing_complaint(hst_arena *arena, const struct standing *standing);

#endif
