/*
 * Memory released as a whole: the host's half of hst_arena. Blocks are zeroed and aligned for any type. An
 * arena made with a ceiling ends the program when it is passed; inputs are limited before they get here.
 */
#ifndef HOST_BASE_ARENA_H
#define HOST_BASE_ARENA_H

#include <hostler/types.h>

#include <stddef.h>

hst_arena *arena_new(void);
hst_arena *arena_new_within(size_t ceiling); /* bytes handed out between two resets, alignment included */

/* Where the blocks of an arena come from, instead of the heap: zeroed and aligned for any type; `make` does not fail. */
struct arena_source {
	void *(*make)(size_t size);
	void (*give_back)(void *block, size_t size);
};
hst_arena *arena_new_from(const struct arena_source *source); /* which outlives it */
hst_arena *arena_new_wiping(void); /* from the heap, and overwritten before it goes back there */

void arena_free(hst_arena *arena);	     /* runs the releases, last first */
void arena_reset(hst_arena *arena);	     /* runs the releases; empty again, one block kept */
void *arena_alloc(hst_arena *arena, size_t size);
void *arena_array(hst_arena *arena, size_t n, size_t size);
char *arena_copy(hst_arena *arena, const char *bytes, size_t n); /* with a NUL behind them */
char *arena_text(hst_arena *arena, const char *text);		 /* NULL stays NULL */
__attribute__((format(printf, 2, 3))) char *arena_printf(hst_arena *arena, const char *format, ...);

/* Calls release(block) when the arena is released: for what is not plain memory. */
void arena_at_end(hst_arena *arena, void (*release)(void *), void *block);

#endif
