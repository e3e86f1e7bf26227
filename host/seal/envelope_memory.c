#include "seal/envelope_memory.h"

#include "base/auto.h"
#include "base/mem.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

void envelope_memory_init(struct envelope_memory *memory)
{
	*memory = (struct envelope_memory){0};
	table_init(&memory->serials);
	table_init(&memory->uses);
}

void envelope_memory_clear(struct envelope_memory *memory)
{
	TABLE_EACH(&memory->serials, entry)
		free(entry->value);
	table_clear(&memory->serials);
	table_clear(&memory->uses);
	free(memory->ring);
	envelope_memory_init(memory);
}

static char *key_of(const struct envelope_header *header)
{
	return mem_printf("%d %s", (int)header->kind, header->name);
}

bool envelope_memory_serial_fits(const struct envelope_memory *memory, const struct envelope_header *header)
{
	AUTO_FREE char *key = key_of(header);
	const int64_t *highest = table_get(&memory->serials, key);

	return highest ? header->serial >= *highest : memory->serials.n < ENVELOPE_NAMES_MAX;
}

static void remember_serial(struct envelope_memory *memory, const struct envelope_header *header)
{
	AUTO_FREE char *key = key_of(header);
	int64_t *highest = table_get(&memory->serials, key);

	if (!highest) {
		highest = mem_alloc(sizeof *highest);
		table_set(&memory->serials, key, highest);
	}
	*highest = header->serial;
}

/* The id is at random, so that nobody can look for two uses with one digest. */
static uint64_t digest(const struct envelope_header *header, const char *use)
{
	uint8_t hash[crypto_generichash_BYTES_MIN];
	uint64_t number = 0;

	crypto_generichash(hash, sizeof hash, (const uint8_t *)use, strlen(use), header->id, sizeof header->id);
	for (size_t i = 0; i < sizeof number; i++)
		number = number << 8 | hash[i];
	return number;
}

bool envelope_memory_used(const struct envelope_memory *memory, const struct envelope_header *header, const char *use)
{
	return table_get_number(&memory->uses, digest(header, use)) != NULL;
}

static void remember_use(struct envelope_memory *memory, const struct envelope_header *header, const char *use)
{
	uint64_t *place;

	if (!memory->ring)
		memory->ring = mem_array(ENVELOPE_USES_MAX, sizeof *memory->ring);
	place = &memory->ring[memory->ring_at];
	memory->ring_at = (memory->ring_at + 1) % ENVELOPE_USES_MAX;
	if (memory->uses.n == ENVELOPE_USES_MAX)
		table_remove_number(&memory->uses, *place);
	*place = digest(header, use);
	table_set_number(&memory->uses, *place, memory->ring);
}

void envelope_memory_opened(struct envelope_memory *memory, const struct envelope_header *header, const char *use)
{
	if (header->serial)
		remember_serial(memory, header);
	if (use && !envelope_memory_used(memory, header, use))
		remember_use(memory, header, use);
}
