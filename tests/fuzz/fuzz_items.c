/* The sealed part of a message, and what is in it: items, compositions, directions, signatures of desktop flows. Each is taken only where it is written the same way again. */
#include "fuzz.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/text.h"
#include "seal/composition.h"
#include "seal/directions.h"
#include "seal/items.h"
#include "seal/signed_package.h"

#include <string.h>

const char fuzz_name[] = "items";
const int fuzz_cases = 20000;

static void is_same(const struct text *again, const void *bytes, size_t length)
{
	fuzz_must(again->length == length && (!length || memcmp(again->s, bytes, length) == 0));
	fuzz_taken++;
}

static void answered(int code, const hst_error *err)
{
	fuzz_must(code == HST_OK || (code == HST_INVALID && strcmp(err->reason, "EnvelopeForm") == 0 && err->text[0]));
}

static void composition(const void *bytes, size_t length)
{
	AUTO_FREE struct composition *read = malloc(sizeof *read);
	AUTO(text) struct text again;
	hst_error err = {0};
	int code;

	fuzz_must(read);
	text_init(&again, COMPOSITION_BYTES_MAX);
	code = composition_read(bytes, length, read, &err);
	answered(code, &err);
	if (code != HST_OK)
		return;
	fuzz_must(composition_write(&again, read->pieces, read->count, &err) == HST_OK);
	is_same(&again, bytes, length);
}

static void directions(const void *bytes, size_t length)
{
	hst_arena *arena = arena_new();
	struct directions read;
	AUTO(text) struct text again;
	hst_error err = {0};
	int code = directions_read(arena, bytes, length, &read, &err);

	text_init(&again, DIRECTIONS_BYTES_MAX);
	answered(code, &err);
	if (code == HST_OK) {
		fuzz_must(directions_write(&again, &read, &err) == HST_OK);
		is_same(&again, bytes, length);
	}
	arena_free(arena);
}

static void signature(const void *bytes, size_t length)
{
	struct signed_package read;
	AUTO(text) struct text again;
	hst_error err = {0};
	int code = signed_package_read(bytes, length, &read, &err);

	text_init(&again, SIGNED_PACKAGE_BYTES_MAX);
	fuzz_must(code == HST_OK || (code == HST_INVALID && err.text[0]));
	if (code != HST_OK)
		return;
	signed_package_write(&again, &read);
	is_same(&again, bytes, length);
	fuzz_must(signed_package_verify(&read, NULL, &err) == HST_DENIED);
}

static void items(const void *bytes, size_t length)
{
	AUTO_FREE struct item *all = calloc(ITEMS_MAX, sizeof *all);
	struct items at;
	struct item item;
	AUTO(text) struct text again;
	hst_error err = {0};
	size_t n = 0;
	int code = items_check(bytes, length, &err);

	fuzz_must(all);
	text_init(&again, ITEMS_BYTES_MAX);
	answered(code, &err);
	if (code != HST_OK)
		return;
	items_begin(&at, bytes, length);
	while (items_next(&at, &item, &err) == HST_OK && item.name) {
		struct item found;

		fuzz_must(items_find(bytes, length, item.name, &found, &err) == HST_OK && found.bytes == item.bytes);
		if (item.kind == ITEM_COMPOSITION)
			composition(item.bytes, item.length);
		else if (item.kind == ITEM_DIRECTIONS)
			directions(item.bytes, item.length);
		else if (item.kind == ITEM_PACKAGE)
			signature(item.bytes, item.length);
		all[n++] = item;
	}
	fuzz_must(items_write(&again, all, n, &err) == HST_OK);
	is_same(&again, bytes, length);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	AUTO_FREE uint8_t *copy = fuzz_exactly(bytes, length);

	switch (item_kind_of(copy, length)) {
	case ITEM_COMPOSITION:
		composition(copy, length);
		break;
	case ITEM_DIRECTIONS:
		directions(copy, length);
		break;
	case ITEM_PACKAGE:
		signature(copy, length);
		break;
	default:
		items(copy, length);
		break;
	}
	return 0;
}
