/*
 * A binary heap of pointers that tells each item where it is, so that any item can be removed or moved
 * exactly and cheaply. The least item is at the top. Items belong to the caller.
 */
#ifndef HOST_BASE_HEAP_H
#define HOST_BASE_HEAP_H

#include <stdbool.h>
#include <stddef.h>

#define HEAP_NOWHERE ((size_t)-1)

struct heap {
	void **at;
	size_t n, size;
	bool (*less)(const void *a, const void *b);
	void (*moved)(void *item, size_t position); /* HEAP_NOWHERE: the item left the heap */
};

void heap_init(struct heap *heap, bool (*less)(const void *, const void *), void (*moved)(void *, size_t));
void heap_clear(struct heap *heap);
void heap_push(struct heap *heap, void *item);
void *heap_top(const struct heap *heap); /* NULL when empty */
void *heap_pop(struct heap *heap);	 /* NULL when empty */
void heap_remove(struct heap *heap, size_t position);
void heap_update(struct heap *heap, size_t position); /* after the item's key has changed */

#endif
