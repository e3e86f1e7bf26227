#include "base/heap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

struct item {
	int key;
	size_t position;
};

static bool item_less(const void *a, const void *b)
{
	return ((const struct item *)a)->key < ((const struct item *)b)->key;
}

static void item_moved(void *item, size_t position)
{
	((struct item *)item)->position = position;
}

/* What every heap keeps: nobody is less than its parent, and everybody knows its place. */
static void assert_in_order(const struct heap *heap)
{
	for (size_t i = 0; i < heap->n; i++) {
		assert_int_equal(((struct item *)heap->at[i])->position, i);
		assert_true(i == 0 || !item_less(heap->at[i], heap->at[(i - 1) / 2]));
	}
}

static void empty_heap_has_no_top(void **state)
{
	struct heap heap;

	(void)state;
	heap_init(&heap, item_less, item_moved);
	assert_null(heap_top(&heap));
	assert_null(heap_pop(&heap));
	heap_clear(&heap);
}

static void items_come_out_in_order(void **state)
{
	struct item items[] = {{5, 0}, {1, 0}, {4, 0}, {1, 0}, {3, 0}, {9, 0}, {2, 0}};
	const int sorted[] = {1, 1, 2, 3, 4, 5, 9};
	struct heap heap;

	(void)state;
	heap_init(&heap, item_less, item_moved);
	for (size_t i = 0; i < 7; i++)
		heap_push(&heap, &items[i]);
	for (size_t i = 0; i < 7; i++)
		assert_int_equal(((struct item *)heap_pop(&heap))->key, sorted[i]);
	assert_null(heap_pop(&heap));
	heap_clear(&heap);
}

static void leaving_is_told(void **state)
{
	struct item items[] = {{1, 0}, {2, 0}, {3, 0}};
	struct heap heap;

	(void)state;
	heap_init(&heap, item_less, item_moved);
	for (size_t i = 0; i < 3; i++)
		heap_push(&heap, &items[i]);
	heap_remove(&heap, items[1].position);
	assert_true(items[1].position == HEAP_NOWHERE);
	assert_ptr_equal(heap_pop(&heap), &items[0]);
	assert_true(items[0].position == HEAP_NOWHERE);
	heap_clear(&heap);
	assert_true(items[2].position == HEAP_NOWHERE);
}

static void changed_key_finds_its_place(void **state)
{
	struct item items[] = {{1, 0}, {2, 0}, {3, 0}, {4, 0}, {5, 0}};
	struct heap heap;

	(void)state;
	heap_init(&heap, item_less, item_moved);
	for (size_t i = 0; i < 5; i++)
		heap_push(&heap, &items[i]);
	items[4].key = 0;
	heap_update(&heap, items[4].position);
	assert_ptr_equal(heap_top(&heap), &items[4]);
	items[4].key = 10;
	heap_update(&heap, items[4].position);
	assert_ptr_equal(heap_top(&heap), &items[0]);
	assert_in_order(&heap);
	heap_clear(&heap);
}

static void any_sequence_keeps_the_order(void **state)
{
	enum { ITEMS = 200, STEPS = 20000 };
	static struct item items[ITEMS];
	const unsigned first_seed = 20261;
	unsigned seed = first_seed;
	struct heap heap;

	(void)state;
	print_message("seed %u\n", first_seed);
	heap_init(&heap, item_less, item_moved);
	for (size_t i = 0; i < ITEMS; i++)
		items[i].position = HEAP_NOWHERE;
	for (int step = 0; step < STEPS; step++) {
		struct item *item = &items[rand_r(&seed) % ITEMS];

		if (item->position == HEAP_NOWHERE) {
			item->key = rand_r(&seed) % 50;
			heap_push(&heap, item);
		} else if (rand_r(&seed) % 2) {
			item->key = rand_r(&seed) % 50;
			heap_update(&heap, item->position);
		} else {
			heap_remove(&heap, item->position);
			assert_true(item->position == HEAP_NOWHERE);
		}
		assert_in_order(&heap);
	}
	assert_true(heap.n > 0);
	heap_clear(&heap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_heap_has_no_top),
		cmocka_unit_test(items_come_out_in_order),
		cmocka_unit_test(leaving_is_told),
		cmocka_unit_test(changed_key_finds_its_place),
		cmocka_unit_test(any_sequence_keeps_the_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
