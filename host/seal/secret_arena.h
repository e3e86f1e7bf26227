/*
 * An arena for what secrets become on their way to whoever needs them, such as values read from JSON: its blocks are locked, left out
 * of core files, and wiped when they are given back.
 */
#ifndef HOST_SEAL_SECRET_ARENA_H
#define HOST_SEAL_SECRET_ARENA_H

#include <hostler/error.h>
#include <hostler/types.h>

/* HST_DENIED, with the reason MemlockTooSmall, where this process may not lock memory; the text says what to set. One that runs into
 * that limit later ends the program. arena_free as for any other. */
int secret_arena_new(hst_arena **ret, hst_error *err);

#endif
