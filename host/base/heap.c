#include "base/heap.h"

#include "base/mem.h"

void heap_init(struct heap *heap, bool (*less)(const void *, const void *), void (*moved)(void *, size_t))
{
	*heap = (struct heap){.less = less, .moved = moved};
}

void heap_clear(struct heap *heap)
{
	for (size_t i = 0; i < heap->n; i++)
		heap->moved(heap->at[i], HEAP_NOWHERE);
	free(heap->at);
	heap_init(heap, heap->less, heap->moved);
}

static void heap_place(struct heap *heap, void *item, size_t position)
{
	heap->at[position] = item;
	heap->moved(item, position);
}

/* Both carry the item along and write it once, where it ends up. */
static void heap_rise(struct heap *heap, void *item, size_t position)
{
	while (position) {
		size_t parent = (position - 1) / 2;

		if (!heap->less(item, heap->at[parent]))
			break;
		heap_place(heap, heap->at[parent], position);
		position = parent;
	}
	heap_place(heap, item, position);
}

static void heap_sink(struct heap *heap, void *item, size_t position)
{
	for (;;) {
		size_t child = 2 * position + 1;

		if (child >= heap->n)
			break;
		if (child + 1 < heap->n && heap->less(heap->at[child + 1], heap->at[child]))
			child++;
		if (!heap->less(heap->at[child], item))
			break;
		heap_place(heap, heap->at[child], position);
		position = child;
	}
	heap_place(heap, item, position);
}

/* Finds the place of an item that may be too great or too small for `position`. */
static void heap_settle(struct heap *heap, void *item, size_t position)
{
	if (position && heap->less(item, heap->at[(position - 1) / 2]))
		heap_rise(heap, item, position);
	else
		heap_sink(heap, item, position);
}

void heap_push(struct heap *heap, void *item)
{
	heap->at = mem_grow(heap->at, &heap->size, heap->n + 1, sizeof *heap->at);
	heap_rise(heap, item, heap->n++);
}

void *heap_top(const struct heap *heap)
{
	return heap->n ? heap->at[0] : NULL;
}

void *heap_pop(struct heap *heap)
{
	void *top = heap_top(heap);

	if (top)
		heap_remove(heap, 0);
	return top;
}

void heap_remove(struct heap *heap, size_t position)
{
	void *item = heap->at[position];
	void *last = heap->at[--heap->n];

	if (last != item)
		heap_settle(heap, last, position);
	heap->moved(item, HEAP_NOWHERE);
}

void heap_update(struct heap *heap, size_t position)
{
	heap_settle(heap, heap->at[position], position);
}
