/*
 * Memory that cannot fail: a program that runs out of it ends, and its supervisor starts it again (the store
 * is the truth, so nothing is lost by that). All blocks are zeroed and released with free().
 */
#ifndef HOST_BASE_MEM_H
#define HOST_BASE_MEM_H

#include <stddef.h>
#include <stdlib.h>

void *mem_alloc(size_t size);
void *mem_array(size_t n, size_t size); /* ends the program when n * size overflows */

/* Makes a table of *n entries at least `at_least` long by doubling it; *n is its new length, new entries are
 * zeroed. */
void *mem_grow(void *block, size_t *n, size_t at_least, size_t size);

char *mem_copy(const void *bytes, size_t n); /* with a NUL behind them */
char *mem_text(const char *text);	     /* a copy; NULL stays NULL */
__attribute__((format(printf, 1, 2))) char *mem_printf(const char *format, ...);

#endif
