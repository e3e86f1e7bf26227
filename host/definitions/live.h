/* Whether an instance could do its work on this machine, asked of its plugin in a process of its own. */
#ifndef HOST_DEFINITIONS_LIVE_H
#define HOST_DEFINITIONS_LIVE_H

#include "definitions/definitions.h"

/* What `hostler-worker check` answers (worker/examine.h). `as`: the account it looks with, or NULL. In the arena. */
int live_check(const struct definitions *definitions, hst_plugin_kind kind, const struct definition *definition,
	       const char *as, char *const *users, size_t n, hst_arena *arena, const hst_value **ret, hst_error *err);

#endif
