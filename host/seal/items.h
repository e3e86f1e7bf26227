/*
 * The sealed part of a message: items with names, in rising order of their names. Each item is an envelope, a composition,
 * directions or the signature of a desktop flow, which its first four bytes say; what is in it is for whoever it is for.
 */
#ifndef HOST_SEAL_ITEMS_H
#define HOST_SEAL_ITEMS_H

#include "base/text.h"

#include <hostler/error.h>

#include <stddef.h>
#include <stdint.h>

enum { ITEMS_MAX = 256, ITEMS_BYTES_MAX = 1 << 20, ITEM_NAME_MAX = 200 };

enum item_kind {
	ITEM_NONE, /* no magic that is known */
	ITEM_ENVELOPE,
	ITEM_COMPOSITION,
	ITEM_DIRECTIONS,
	ITEM_PACKAGE, /* seal/signed_package.h */
};

struct item {
	const char *name; /* no blanks, no control characters */
	const uint8_t *bytes;
	size_t length;
	enum item_kind kind; /* as it was read; whoever writes need not say it */
};

struct items {
	const uint8_t *at, *end;
	const char *last;
	size_t count;
};

enum item_kind item_kind_of(const void *bytes, size_t length);

/* The bytes stay; what items_next returns points into them. */
void items_begin(struct items *items, const void *bytes, size_t length);

/* The next one. HST_OK with ret->name NULL: that was all. HST_INVALID, reason EnvelopeForm: not written the one way there is. */
int items_next(struct items *items, struct item *ret, hst_error *err);

/* Reads all of them. */
int items_check(const void *bytes, size_t length, hst_error *err);

/* HST_NOT_FOUND: there is none of that name. */
int items_find(const void *bytes, size_t length, const char *name, struct item *ret, hst_error *err);

/* Sorts the items, and appends them to an empty text. Names that are there twice are HST_INVALID. */
int items_write(struct text *to, struct item *items, size_t n, hst_error *err);

#endif
