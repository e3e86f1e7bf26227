/*
 * A table that is printed once all its cells are known. On a terminal that is too narrow for it a row takes several lines,
 * the heads as many, and the last column is folded at its spaces; elsewhere a row is a line, however long.
 */
#ifndef HOST_CLI_GRID_H
#define HOST_CLI_GRID_H

#include <hostler/value.h>

#include <stdio.h>

/* Cells are cleaned already and live in the arena. */
struct grid {
	hst_arena *arena;
	const char *const *heads; /* ends with NULL */
	size_t columns;
	const char **cells; /* row by row */
	size_t n, size;
};

void grid_init(struct grid *grid, hst_arena *arena, const char *const *heads);
void grid_clear(struct grid *grid);
void grid_add(struct grid *grid, const char *cell);	  /* the next cell; NULL is "-" */
void grid_print(const struct grid *grid, FILE *to);	  /* as wide as the terminal is, if `to` is one */
void grid_print_within(const struct grid *grid, FILE *to, size_t width); /* 0: any width */

#endif
