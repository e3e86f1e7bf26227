#include "seal/secret_arena.h"

#include "base/arena.h"
#include "base/mem.h"

#include <sodium.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { GRAIN = 64 };

/* A block that could not be locked. */
struct spilled {
	struct spilled *next;
	void *block;
};

static struct spilled *spilled;

/* An arena cannot be refused a block, so it gets one from the heap, and whoever fills it asks whether that has happened. */
static void *make_spilled(size_t size)
{
	struct spilled *one = mem_alloc(sizeof *one);

	*one = (struct spilled){.next = spilled, .block = mem_alloc(size)};
	spilled = one;
	return one->block;
}

static bool give_spilled_back(void *block, size_t size)
{
	for (struct spilled **at = &spilled; *at; at = &(*at)->next) {
		struct spilled *one = *at;

		if (one->block != block)
			continue;
		*at = one->next;
		free(one);
		explicit_bzero(block, size);
		free(block);
		return true;
	}
	return false;
}

/* sodium_malloc locks what it can and does not say what it could not; a page that is locked twice is locked once. What it returns ends at
 * the end of a page, so it is aligned only as far as its size is. */
static void *make_locked(size_t size)
{
	size_t whole = (size + GRAIN - 1) / GRAIN * GRAIN;
	void *block = sodium_malloc(whole);

	if (block && sodium_mlock(block, whole) == 0) {
		sodium_memzero(block, whole);
		return block;
	}
	sodium_free(block);
	return make_spilled(size);
}

static void give_back(void *block, size_t size)
{
	if (!give_spilled_back(block, size))
		sodium_free(block); /* wipes */
}

static const struct arena_source locked = {make_locked, give_back};

static int no_room(hst_error *err)
{
	struct rlimit limit = {0};

	getrlimit(RLIMIT_MEMLOCK, &limit);
	return hst_fail_as(err, HST_DENIED, "MemlockTooSmall",
	                   "secrets need memory that is never written to a disk, and these need more than the %llu KiB that this process may lock: "
	                   "raise RLIMIT_MEMLOCK (LimitMEMLOCK= of the unit, ulimit -l, /etc/security/limits.conf), to 8 MiB or more",
	                   (unsigned long long)limit.rlim_cur >> 10);
}

int secret_arena_new(hst_arena **ret, hst_error *err)
{
	enum { LEAST = 16 << 10 };
	/* Whoever has a secret before it had anything else to do with libsodium. */
	void *tried = sodium_init() < 0 ? NULL : sodium_malloc(LEAST);
	int refused = !tried || sodium_mlock(tried, LEAST) != 0;

	sodium_free(tried);
	if (refused)
		return no_room(err);
	*ret = arena_new_from(&locked);
	return HST_OK;
}

int secret_arena_held(hst_error *err)
{
	return spilled ? no_room(err) : HST_OK;
}
