/*
 * sodium_malloc gives each block pages of its own, of which most would be locked for nothing. So one block is a region of
 * many units, and a secret takes as many as it needs in a row. Large ones have a region each.
 */
#include "seal/secret.h"

#include "base/arena.h"
#include "base/mem.h"

#include <sodium.h>
#include <stdbool.h>
#include <string.h>
#include <sys/resource.h>

enum {
	UNIT = 64,
	/* With libsodium's own 16 bytes in front it fills eight pages. */
	REGION_UNITS = 511,
	LARGE = 8 << 10,
	MARK_BYTES = 16,
};

struct region {
	struct region *next;
	uint8_t *bytes;
	size_t units, used;
	bool taken[REGION_UNITS]; /* of a large one nothing but `used` is looked at */
};

struct hst_secret {
	struct region *region;
	size_t first, units;
	size_t length, room;
	enum secret_form form;
};

static struct region *regions;
static size_t all_bytes;
/* Behind each secret, so that who writes beyond its end is found out when it is released. */
static uint8_t mark[MARK_BYTES];

int secret_no_room(hst_error *err)
{
	struct rlimit limit = {0};

	getrlimit(RLIMIT_MEMLOCK, &limit);
	return hst_fail_as(err, HST_DENIED, "MemlockTooSmall",
	                   "no more memory can be locked for secrets: this process may lock %llu KiB (RLIMIT_MEMLOCK) and has %zu KiB for them; "
	                   "set LimitMEMLOCK=8M in the unit of the service, or \"ulimit -l 8192\" in the shell that starts it",
	                   (unsigned long long)limit.rlim_cur / 1024, all_bytes / 1024);
}

/* sodium_malloc returns memory that is not locked without saying so, therefore it is locked once more. */
static int region_new(size_t units, struct region **ret, hst_error *err)
{
	struct region *region;
	uint8_t *bytes;

	if (units * UNIT > SECRET_ALL_MAX - all_bytes)
		return hst_fail(err, HST_DENIED, "this process has over %d MiB of secrets", SECRET_ALL_MAX >> 20);
	/* Whoever has a secret before it had anything else to do with libsodium. */
	if (sodium_init() < 0)
		return hst_fail(err, HST_BROKEN, "libsodium cannot be used on this machine");
	bytes = sodium_malloc(units * UNIT);
	if (!bytes)
		return secret_no_room(err);
	if (sodium_mlock(bytes, units * UNIT) != 0) {
		sodium_free(bytes);
		return secret_no_room(err);
	}
	if (sodium_is_zero(mark, sizeof mark))
		randombytes_buf(mark, sizeof mark);
	region = mem_alloc(sizeof *region);
	region->bytes = bytes;
	region->units = units;
	region->next = regions;
	regions = region;
	all_bytes += units * UNIT;
	*ret = region;
	return HST_OK;
}

/* An empty one stays, so that one secret after another does not lock and unlock. */
static void region_release(struct region *region)
{
	struct region **at = &regions;

	if (region->used || (region->units == REGION_UNITS && !region->next && regions == region))
		return;
	while (*at != region)
		at = &(*at)->next;
	*at = region->next;
	all_bytes -= region->units * UNIT;
	sodium_free(region->bytes);
	free(region);
}

/* The first so many free units in a row; REGION_UNITS when there are none. */
static size_t region_find(const struct region *region, size_t units)
{
	size_t row = 0;

	if (region->units != REGION_UNITS || REGION_UNITS - region->used < units)
		return REGION_UNITS;
	for (size_t at = 0; at < REGION_UNITS; at++) {
		row = region->taken[at] ? 0 : row + 1;
		if (row == units)
			return at + 1 - units;
	}
	return REGION_UNITS;
}

static int region_take(size_t units, struct region **ret, size_t *ret_first, hst_error *err)
{
	struct region *region = NULL;
	size_t first = 0;
	int code;

	if (units * UNIT > LARGE) {
		code = region_new(units, &region, err);
		if (code != HST_OK)
			return code;
		region->used = units;
	} else {
		for (region = regions; region; region = region->next) {
			first = region_find(region, units);
			if (first < REGION_UNITS)
				break;
		}
		if (!region) {
			first = 0;
			code = region_new(REGION_UNITS, &region, err);
			if (code != HST_OK)
				return code;
		}
		memset(region->taken + first, true, units);
		region->used += units;
	}
	*ret = region;
	*ret_first = first;
	return HST_OK;
}

static uint8_t *bytes_of(const hst_secret *secret)
{
	return secret->region->bytes + secret->first * UNIT;
}

int secret_room(size_t length, hst_secret **ret, hst_error *err)
{
	struct region *region = NULL;
	size_t units, first = 0;
	hst_secret *secret;
	int code;

	if (length > SECRET_ROOM_MAX)
		return hst_fail(err, HST_INVALID, "a secret has %zu bytes, more than the %d that it may have", length, SECRET_BYTES_MAX);
	units = (length + 1 + MARK_BYTES + UNIT - 1) / UNIT;
	code = region_take(units, &region, &first, err);
	if (code != HST_OK)
		return code;
	secret = mem_alloc(sizeof *secret);
	*secret = (hst_secret){.region = region, .first = first, .units = units, .length = length, .room = length, .form = SECRET_TEXT};
	memset(bytes_of(secret), 0, units * UNIT);
	memcpy(bytes_of(secret) + length + 1, mark, sizeof mark);
	*ret = secret;
	return HST_OK;
}

int secret_new(const void *bytes, size_t length, hst_secret **ret, hst_error *err)
{
	int code;

	if (length > SECRET_BYTES_MAX)
		return hst_fail(err, HST_INVALID, "a secret has %zu bytes, more than the %d that it may have", length, SECRET_BYTES_MAX);
	code = secret_room(length, ret, err);
	if (code == HST_OK && length)
		memcpy(bytes_of(*ret), bytes, length);
	return code;
}

uint8_t *secret_fill(hst_secret *secret)
{
	return bytes_of(secret);
}

void secret_cut(hst_secret *secret, size_t length)
{
	if (length >= secret->length)
		return;
	sodium_memzero(bytes_of(secret) + length, secret->length - length);
	secret->length = length;
}

const void *secret_bytes(const hst_secret *secret, size_t *ret_length)
{
	*ret_length = secret->length;
	return bytes_of(secret);
}

enum secret_form secret_form(const hst_secret *secret)
{
	return secret->form;
}

void secret_set_form(hst_secret *secret, enum secret_form form)
{
	secret->form = form;
}

void secret_free(hst_secret *secret)
{
	uint8_t *bytes;

	if (!secret)
		return;
	bytes = bytes_of(secret);
	if (bytes[secret->room] || memcmp(bytes + secret->room + 1, mark, sizeof mark) != 0)
		abort();
	sodium_memzero(bytes, secret->units * UNIT);
	if (secret->region->units == REGION_UNITS)
		memset(secret->region->taken + secret->first, false, secret->units);
	secret->region->used -= secret->units;
	region_release(secret->region);
	free(secret);
}

static void free_at_end(void *secret)
{
	secret_free(secret);
}

static hst_secret *make_for_plugin(hst_arena *arena, const void *bytes, size_t length)
{
	hst_secret *secret = NULL;

	if (secret_new(bytes, length, &secret, NULL) != HST_OK)
		return NULL;
	arena_at_end(arena, free_at_end, secret);
	return secret;
}

const struct hst_secret_table secret_table = {
	.size = sizeof secret_table,
	.bytes = secret_bytes,
	.make = make_for_plugin,
};
