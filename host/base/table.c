/*
 * Entries stand in an array in the order of insertion; `index` is an open-addressed hash table of their
 * positions, counted from 1. A removed entry is a hole that keeps its place in both until holes are a quarter
 * of the array.
 */
#include "base/table.h"

#include "base/mem.h"

#include <string.h>

/* The key of every entry of a table by numbers: what tells them apart is the hash, which is another for each. */
static char by_number[1];

/*
 * FNV-1a of eight bytes at a time with its high bits folded down. It can be made to collide on purpose, which costs time in
 * proportion to the number of entries; whatever lets keys in from outside limits that number.
 */
uint64_t table_hash(const char *key)
{
	size_t length = strlen(key);
	uint64_t hash = 14695981039346656037u, word;

	for (; length >= sizeof word; key += sizeof word, length -= sizeof word) {
		memcpy(&word, key, sizeof word);
		hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
		hash ^= hash >> 32;
	}
	for (; length; key++, length--)
		hash = (hash ^ (unsigned char)*key) * 1099511628211u;
	return hash ^ hash >> 32;
}

/* Both steps can be undone, so different numbers have different hashes; numbers in sequence are spread evenly. */
static uint64_t number_hash(uint64_t number)
{
	uint64_t hash = number * 0x9e3779b97f4a7c15u;

	return hash ^ hash >> 32;
}

static void key_free(char *key)
{
	if (key != by_number)
		free(key);
}

void table_init(struct table *table)
{
	*table = (struct table){0};
}

void table_clear(struct table *table)
{
	for (size_t i = 0; i < table->used; i++)
		key_free(table->entries[i].key);
	free(table->entries);
	free(table->index);
	table_init(table);
}

/* Where the key is in the index, or the empty slot where it would go. The index always has empty slots. */
static size_t table_slot(const struct table *table, const char *key, uint64_t hash)
{
	size_t slot = hash & (table->index_size - 1);

	while (table->index[slot]) {
		const struct table_entry *entry = &table->entries[table->index[slot] - 1];

		if (entry->key && entry->hash == hash && (entry->key == key || strcmp(entry->key, key) == 0))
			break;
		slot = (slot + 1) & (table->index_size - 1);
	}
	return slot;
}

static struct table_entry *table_find(const struct table *table, const char *key, uint64_t hash)
{
	size_t slot;

	if (!table->n)
		return NULL;
	slot = table_slot(table, key, hash);
	return table->index[slot] ? &table->entries[table->index[slot] - 1] : NULL;
}

static void table_compact(struct table *table)
{
	size_t kept = 0;

	for (size_t i = 0; i < table->used; i++)
		if (table->entries[i].key)
			table->entries[kept++] = table->entries[i];
	memset(table->entries + kept, 0, (table->used - kept) * sizeof *table->entries);
	table->used = kept;
}

/* Makes room for one more entry. The index is kept at most half full, so that probes stay short. True: it is another. */
static bool table_room(struct table *table)
{
	if (table->used < table->size)
		return false;
	if (table->used - table->n >= table->size / 4 && table->n < table->used)
		table_compact(table);
	else
		table->entries =
			mem_grow(table->entries, &table->size, table->size + 1, sizeof *table->entries);
	if (table->size > UINT32_MAX / 2)
		abort();
	free(table->index);
	table->index_size = 2 * table->size;
	table->index = mem_array(table->index_size, sizeof *table->index);
	for (size_t i = 0; i < table->used; i++) {
		struct table_entry *entry = &table->entries[i];

		if (entry->key)
			table->index[table_slot(table, entry->key, entry->hash)] = (uint32_t)i + 1;
	}
	return true;
}

static void *get(const struct table *table, const char *key, uint64_t hash)
{
	const struct table_entry *entry = table_find(table, key, hash);

	return entry ? entry->value : NULL;
}

/* The entry of the key, made when it is not there. */
static struct table_entry *entry_of(struct table *table, const char *key, uint64_t hash)
{
	struct table_entry *entry;
	size_t slot = table->index_size ? table_slot(table, key, hash) : 0;

	if (table->index_size && table->index[slot])
		return &table->entries[table->index[slot] - 1];
	if (table_room(table))
		slot = table_slot(table, key, hash);
	entry = &table->entries[table->used];
	table->index[slot] = (uint32_t)table->used + 1;
	*entry = (struct table_entry){.key = key == by_number ? by_number : mem_text(key), .hash = hash};
	table->used++;
	table->n++;
	return entry;
}

static void *take_out(struct table *table, struct table_entry *entry)
{
	void *value;

	if (!entry)
		return NULL;
	value = entry->value;
	key_free(entry->key);
	*entry = (struct table_entry){0};
	table->n--;
	return value;
}

void *table_get(const struct table *table, const char *key)
{
	return table->n ? get(table, key, table_hash(key)) : NULL;
}

void *table_get_hashed(const struct table *table, const char *key, uint64_t hash)
{
	return get(table, key, hash);
}

void *table_get_number(const struct table *table, uint64_t number)
{
	return get(table, by_number, number_hash(number));
}

void table_set(struct table *table, const char *key, void *value)
{
	entry_of(table, key, table_hash(key))->value = value;
}

void table_set_number(struct table *table, uint64_t number, void *value)
{
	entry_of(table, by_number, number_hash(number))->value = value;
}

const char *table_word(struct table *table, const char *key)
{
	return entry_of(table, key, table_hash(key))->key;
}

void *table_remove(struct table *table, const char *key)
{
	return take_out(table, table_find(table, key, table_hash(key)));
}

void *table_remove_number(struct table *table, uint64_t number)
{
	return take_out(table, table_find(table, by_number, number_hash(number)));
}

struct table_entry *table_next(const struct table *table, size_t *at)
{
	while (*at < table->used) {
		struct table_entry *entry = &table->entries[(*at)++];

		if (entry->key)
			return entry;
	}
	return NULL;
}
