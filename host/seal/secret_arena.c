#include "seal/secret_arena.h"

#include "base/arena.h"
#include "base/log.h"

#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>

enum { GRAIN = 64 };

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
	log_error("memory for secrets cannot be locked: raise RLIMIT_MEMLOCK (LimitMEMLOCK=, ulimit -l)");
	abort();
}

static void give_back(void *block, size_t size)
{
	(void)size;
	sodium_free(block); /* wipes */
}

static const struct arena_source locked = {make_locked, give_back};

int secret_arena_new(hst_arena **ret, hst_error *err)
{
	enum { LEAST = 16 << 10 };
	void *tried = sodium_malloc(LEAST);
	int refused = !tried || sodium_mlock(tried, LEAST) != 0;
	struct rlimit limit = {0};

	sodium_free(tried);
	getrlimit(RLIMIT_MEMLOCK, &limit);
	if (refused)
		return hst_fail_as(err, HST_DENIED, "MemlockTooSmall",
		                   "secrets need memory that is never written to a disk, and this process may lock %llu KiB: raise RLIMIT_MEMLOCK to at "
		                   "least 8 MiB (LimitMEMLOCK= of the unit, ulimit -l, /etc/security/limits.conf)",
		                   (unsigned long long)limit.rlim_cur >> 10);
	*ret = arena_new_from(&locked);
	return HST_OK;
}
