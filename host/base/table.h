/*
 * A table from text, or from numbers, to pointers that is walked in the order of insertion, never in hash order, so that
 * everything built on it is deterministic. All keys of a table are of one kind; texts are copied. Values belong to the
 * caller. While walking with
 * TABLE_EACH any entry may be removed and the value of one that is there replaced; a new key may not be set.
 */
#ifndef HOST_BASE_TABLE_H
#define HOST_BASE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct table_entry {
	char *key; /* NULL: removed; of a number it says nothing */
	void *value;
	uint64_t hash;
};

struct table {
	struct table_entry *entries; /* in order of insertion */
	size_t used, size;	     /* entries in use, removed ones included; room */
	size_t n;		     /* entries that are there */
	uint32_t *index;
	size_t index_size;
};

void table_init(struct table *table);
void table_clear(struct table *table);
void *table_get(const struct table *table, const char *key); /* NULL: not there */

/* The same for a key that is looked for in many tables: its hash is made once. */
uint64_t table_hash(const char *key);
void *table_get_hashed(const struct table *table, const char *key, uint64_t hash);

/* Replaces the value when the key is there; the entry then keeps its place. */
void table_set(struct table *table, const char *key, void *value);

/* The table's own copy of the key, for as long as that is there; put there, without a value, when it was not. */
const char *table_word(struct table *table, const char *key);

/* Returns the value that was there, or NULL. */
void *table_remove(struct table *table, const char *key);

/* The same of a table by numbers. */
void *table_get_number(const struct table *table, uint64_t number);
void table_set_number(struct table *table, uint64_t number, void *value);
void *table_remove_number(struct table *table, uint64_t number);

/* The first entry at or after *at that is there, or NULL; *at is moved behind it. Start with 0. */
struct table_entry *table_next(const struct table *table, size_t *at);

#define TABLE_EACH(table, entry)                                                      \
	for (size_t entry##_at = 0, entry##_once = 1; entry##_once; entry##_once = 0) \
		for (struct table_entry * entry; (entry = table_next((table), &entry##_at)) != NULL;)

#endif
