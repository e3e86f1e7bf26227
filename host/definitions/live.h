/*
 * What an instance would do on this machine, asked of its plugin in a process of its own, with no host. Errors are the
 * plugin's own, or say that the process ended without an answer.
 */
#ifndef HOST_DEFINITIONS_LIVE_H
#define HOST_DEFINITIONS_LIVE_H

#include "definitions/definitions.h"

/* What `hostler-worker check` answers (worker/examine.h). `as`: the account it looks with, or NULL. In the arena. */
int live_check(const struct definitions *definitions, const struct definition *definition, const char *as,
	       char *const *users, size_t n, hst_arena *arena, const hst_value **ret, hst_error *err);

/* The next `n` times at which a trigger will fire by itself: a list of {"at","local"}. */
int live_next(const struct definitions *definitions, const struct definition *definition, int64_t n,
	      hst_arena *arena, const hst_value **ret, hst_error *err);

/* The account that an instance of the kind works as in a house that this user starts; NULL: this user. */
const char *live_account(hst_plugin_kind kind);

#endif
