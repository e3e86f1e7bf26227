/*
 * One question to a plugin, answered as JSON on stdout by a process that loads it for that alone. What the plugin itself
 * prints goes to stderr, and if the process dies of the plugin, that is the answer.
 */
#ifndef HOST_WORKER_TELLING_H
#define HOST_WORKER_TELLING_H

#include <hostler/error.h>
#include <hostler/value.h>

void telling_begin(void); /* before the plugin is loaded */

/* Prints the answer, or {"error":…} when `code` says that there is none. Returns the exit status. */
int telling_end(hst_arena *arena, int code, const hst_value *answer, const hst_error *err);

/* All of stdin, which is a record of options. */
int telling_options(hst_arena *arena, const hst_value **ret, hst_error *err);

/* The next line of stdin, which is such a record. HST_NOT_FOUND: there is none any more. */
int telling_question(hst_arena *arena, const hst_value **ret, hst_error *err);

/* {"code","reason","text"} */
hst_value *telling_refusal(hst_arena *arena, int code, const hst_error *err);

#endif
