/*
 * An arena for what secrets become on their way to whoever needs them, such as values read from JSON: its blocks are locked, left out
 * of core files, and wiped when they are given back.
 */
#ifndef HOST_SEAL_SECRET_ARENA_H
#define HOST_SEAL_SECRET_ARENA_H

#include <hostler/error.h>
#include <hostler/types.h>

/* HST_DENIED, with the reason MemlockTooSmall, where this process may not lock memory; the text says what to set. arena_free as for any
 * other. */
int secret_arena_new(hst_arena **ret, hst_error *err);

/*
 * Whether all that these arenas have is locked; else the same error. A block beyond what may be locked is one from the heap, since an
 * arena refuses none: whoever has filled one asks, and gives the arena up where it did not hold.
 */
int secret_arena_held(hst_error *err);

#endif
