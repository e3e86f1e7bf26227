/*
 * Blocks are carved from the front. A block's memory behind `used` is always zero, so carving needs no
 * clearing; arena_reset clears what was used of the one block it keeps.
 */
#include "base/arena.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { ARENA_FIRST = 4096, ARENA_LARGEST = 256 * 1024 };

struct block {
	struct block *next; /* older */
	size_t size, used;
	_Alignas(max_align_t) char bytes[];
};

struct at_end {
	struct at_end *next; /* asked for earlier */
	void (*release)(void *block);
	void *block;
};

struct hst_arena {
	struct block *blocks; /* the newest first; it is the one carved from */
	struct at_end *at_end;
	size_t total, ceiling;
	const struct arena_source *source;
};

static void heap_give_back(void *block, size_t size)
{
	(void)size;
	free(block);
}

static void heap_wipe(void *block, size_t size)
{
	explicit_bzero(block, size);
	free(block);
}

static const struct arena_source heap = {mem_alloc, heap_give_back}, wiped_heap = {mem_alloc, heap_wipe};

hst_arena *arena_new(void)
{
	return arena_new_within(SIZE_MAX);
}

hst_arena *arena_new_within(size_t ceiling)
{
	hst_arena *arena = mem_alloc(sizeof *arena);

	arena->ceiling = ceiling;
	arena->source = &heap;
	return arena;
}

hst_arena *arena_new_from(const struct arena_source *source)
{
	hst_arena *arena = arena_new();

	arena->source = source;
	return arena;
}

hst_arena *arena_new_wiping(void)
{
	return arena_new_from(&wiped_heap);
}

static void arena_release(hst_arena *arena)
{
	/* A release may still look at the arena's memory, so the blocks go later. */
	while (arena->at_end) {
		struct at_end *end = arena->at_end;

		arena->at_end = end->next;
		end->release(end->block);
	}
}

static void arena_free_block(hst_arena *arena, struct block *block)
{
	arena->source->give_back(block, sizeof *block + block->size);
}

static void arena_free_blocks(hst_arena *arena, struct block *block)
{
	while (block) {
		struct block *older = block->next;

		arena_free_block(arena, block);
		block = older;
	}
}

void arena_free(hst_arena *arena)
{
	if (!arena)
		return;
	arena_release(arena);
	arena_free_blocks(arena, arena->blocks);
	free(arena);
}

void arena_reset(hst_arena *arena)
{
	struct block *kept;

	arena_release(arena);
	arena->total = 0;
	kept = arena->blocks;
	if (!kept)
		return;
	arena_free_blocks(arena, kept->next);
	kept->next = NULL;
	/* One huge piece does not stay for the rest of the program's life. */
	if (kept->size > ARENA_LARGEST) {
		arena_free_block(arena, kept);
		arena->blocks = NULL;
		return;
	}
	memset(kept->bytes, 0, kept->used);
	kept->used = 0;
}

static void arena_add_block(hst_arena *arena, size_t at_least)
{
	size_t size = arena->blocks ? arena->blocks->size * 2 : ARENA_FIRST;
	struct block *block;

	if (size > ARENA_LARGEST)
		size = ARENA_LARGEST;
	if (size < at_least)
		size = at_least;
	block = arena->source->make(sizeof *block + size);
	block->size = size;
	block->next = arena->blocks;
	arena->blocks = block;
}

void *arena_alloc(hst_arena *arena, size_t size)
{
	const size_t align = _Alignof(max_align_t);
	void *at;

	if (size > SIZE_MAX / 2)
		abort();
	/* An empty piece takes room too, so that every piece has an address of its own. */
	size = size ? (size + align - 1) / align * align : align;
	if (size > arena->ceiling - arena->total)
		abort();
	arena->total += size;
	if (!arena->blocks || arena->blocks->size - arena->blocks->used < size)
		arena_add_block(arena, size);
	at = arena->blocks->bytes + arena->blocks->used;
	arena->blocks->used += size;
	return at;
}

void *arena_array(hst_arena *arena, size_t n, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes))
		abort();
	return arena_alloc(arena, bytes);
}

char *arena_copy(hst_arena *arena, const char *bytes, size_t n)
{
	char *copy;

	if (n == SIZE_MAX)
		abort();
	copy = arena_alloc(arena, n + 1);
	if (n)
		memcpy(copy, bytes, n);
	return copy;
}

char *arena_text(hst_arena *arena, const char *text)
{
	return text ? arena_copy(arena, text, strlen(text)) : NULL;
}

char *arena_printf(hst_arena *arena, const char *format, ...)
{
	va_list args, again;
	char *text;
	int length;

	va_start(args, format);
	va_copy(again, args);
	length = vsnprintf(NULL, 0, format, args);
	if (length < 0)
		abort();
	text = arena_alloc(arena, (size_t)length + 1);
	vsnprintf(text, (size_t)length + 1, format, again);
	va_end(again);
	va_end(args);
	return text;
}

void arena_at_end(hst_arena *arena, void (*release)(void *), void *block)
{
	struct at_end *end = arena_alloc(arena, sizeof *end);

	*end = (struct at_end){.next = arena->at_end, .release = release, .block = block};
	arena->at_end = end;
}
