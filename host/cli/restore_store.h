/*
 * The next generation of a host: a store that was read from a backup is made ready to be started. Everything that is unfinished
 * in it is held, and no number that the host has given away in its former life is given away again, as far as that is known.
 * Of tokens it is known for certain: docs/decisions/0004-generations.md.
 */
#ifndef HOST_CLI_RESTORE_STORE_H
#define HOST_CLI_RESTORE_STORE_H

#include <hostler/error.h>
#include <hostler/value.h>

#include <stdint.h>

struct restore_next {
	hst_arena *arena;
	int64_t made_us, now_us;
	const char *present;   /* the path of the store that is there now, or was */
	int64_t generation;    /* out */
	hst_value *unfinished; /* a list, filled with {"number","id","flow","label","state"} */
};

/* `path`: the store, which nobody has and which becomes one of this version. */
int restore_store(const char *path, struct restore_next *next, hst_error *err);

#endif
