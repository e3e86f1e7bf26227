#include "seal/envelope_memory.h"

#include "base/auto.h"
#include "base/mem.h"
#include "base/text.h"
#include "os/files.h"

#include <inttypes.h>
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
	envelope_recent_clear(&memory->recent);
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

/* False: it was no news. */
static bool remember_serial(struct envelope_memory *memory, const struct envelope_header *header)
{
	AUTO_FREE char *key = key_of(header);
	int64_t *highest = table_get(&memory->serials, key);

	if (highest && *highest >= header->serial)
		return false;
	if (!highest) {
		highest = mem_alloc(sizeof *highest);
		table_set(&memory->serials, key, highest);
	}
	*highest = header->serial;
	return true;
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
	if (header->serial && remember_serial(memory, header) && header->kind == ENVELOPE_SECRET)
		memory->unkept = true;
	if (use && !envelope_memory_used(memory, header, use))
		remember_use(memory, header, use);
}

enum { LINE_BYTES_MAX = 300, FILE_BYTES_MAX = ENVELOPE_NAMES_MAX * LINE_BYTES_MAX };

/* Cut into its two words in place. */
static bool read_line(struct envelope_memory *memory, char *line)
{
	char *name = NULL;
	struct envelope_header header = {.kind = ENVELOPE_SECRET, .serial = strtoll(line, &name, 10)};

	if (header.serial <= 0 || *name != ' ' || !name[1])
		return false;
	header.name = name + 1;
	if (envelope_memory_serial_fits(memory, &header))
		remember_serial(memory, &header);
	return true;
}

int envelope_memory_read(struct envelope_memory *memory, const char *path, hst_error *err)
{
	AUTO_FREE char *lines = NULL;
	size_t length = 0;
	char *rest = NULL;
	int code = files_read(path, FILE_BYTES_MAX, &lines, &length, err);

	if (code != HST_OK)
		return code;
	for (char *line = strtok_r(lines, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		if (!read_line(memory, line))
			return hst_fail(err, HST_INVALID, "%s has a line that is not SERIAL NAME", path);
	return HST_OK;
}

int envelope_memory_write(struct envelope_memory *memory, const char *path, hst_error *err)
{
	AUTO_FREE char *front = mem_printf("%d ", (int)ENVELOPE_SECRET);
	AUTO(text) struct text lines;

	/* What cannot be read is written anew. */
	envelope_memory_read(memory, path, NULL);
	text_init(&lines, FILE_BYTES_MAX);
	TABLE_EACH(&memory->serials, entry)
		if (strncmp(entry->key, front, strlen(front)) == 0)
			text_addf(&lines, "%" PRId64 " %s\n", *(const int64_t *)entry->value, entry->key + strlen(front));
	memory->unkept = false;
	return lines.over ? hst_fail(err, HST_INVALID, "the serials are over %d bytes", FILE_BYTES_MAX)
	                  : files_replace(path, lines.s ? lines.s : "", lines.length, 0600, true, err);
}
