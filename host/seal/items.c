#include "seal/items.h"

#include "seal/form.h"

#include <stdlib.h>
#include <string.h>

enum { MAGIC = 4 };

static const struct {
	char magic[MAGIC + 1];
	enum item_kind kind;
} kinds[] = {{"HSE1", ITEM_ENVELOPE}, {"HSC1", ITEM_COMPOSITION}, {"HSD1", ITEM_DIRECTIONS}, {"HSP1", ITEM_PACKAGE}};

enum item_kind item_kind_of(const void *bytes, size_t length)
{
	for (size_t i = 0; length >= MAGIC && i < sizeof kinds / sizeof *kinds; i++)
		if (memcmp(bytes, kinds[i].magic, MAGIC) == 0)
			return kinds[i].kind;
	return ITEM_NONE;
}

void items_begin(struct items *items, const void *bytes, size_t length)
{
	*items = (struct items){.at = bytes, .end = (const uint8_t *)bytes + length};
}

/* Name with its zero byte, counted in one byte; bytes, counted in four. */
int items_next(struct items *items, struct item *ret, hst_error *err)
{
	struct form form = {items->at, items->end};
	const uint8_t *name;
	size_t length;

	*ret = (struct item){0};
	if (form_left(&form) > ITEMS_BYTES_MAX)
		return FORM_REFUSE(err, "the sealed part of a message has over %d bytes", ITEMS_BYTES_MAX);
	if (!form_left(&form))
		return HST_OK;
	if (items->count++ == ITEMS_MAX)
		return FORM_REFUSE(err, "the sealed part of a message has over %d items", ITEMS_MAX);
	if (!form_take_counted(&form, 1, &name, &length) || length > ITEM_NAME_MAX + 1 || !form_text(name, length, &ret->name))
		return FORM_REFUSE(err, "the sealed part of a message has an item with a wrong name");
	if (items->last && strcmp(items->last, ret->name) >= 0)
		return FORM_REFUSE(err, "the sealed part of a message has the item %s in the wrong place, or twice", ret->name);
	if (!form_take_counted(&form, 4, &ret->bytes, &ret->length))
		return FORM_REFUSE(err, "the sealed part of a message ends inside its item %s", ret->name);
	ret->kind = item_kind_of(ret->bytes, ret->length);
	if (ret->kind == ITEM_NONE)
		return FORM_REFUSE(err, "the item %s of the sealed part of a message is nothing sealed", ret->name);
	items->last = ret->name;
	items->at = form.at;
	return HST_OK;
}

int items_check(const void *bytes, size_t length, hst_error *err)
{
	struct items items;
	struct item item;
	int code;

	items_begin(&items, bytes, length);
	do
		code = items_next(&items, &item, err);
	while (code == HST_OK && item.name);
	return code;
}

int items_find(const void *bytes, size_t length, const char *name, struct item *ret, hst_error *err)
{
	struct items items;
	struct item item;
	int code;

	items_begin(&items, bytes, length);
	while ((code = items_next(&items, &item, err)) == HST_OK && item.name)
		if (strcmp(item.name, name) == 0) {
			*ret = item;
			return HST_OK;
		}
	return code == HST_OK ? hst_fail(err, HST_NOT_FOUND, "nothing is sealed under the name %s", name) : code;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct item *)a)->name, ((const struct item *)b)->name);
}

int items_write(struct text *to, struct item *items, size_t n, hst_error *err)
{
	if (n)
		qsort(items, n, sizeof *items, by_name);
	for (size_t i = 0; i < n; i++) {
		size_t length = strlen(items[i].name);

		if (length > ITEM_NAME_MAX)
			return FORM_REFUSE(err, "the name of an item has over %d bytes", ITEM_NAME_MAX);
		form_add_number(to, length + 1, 1);
		text_bytes(to, items[i].name, length + 1);
		form_add_number(to, items[i].length, 4);
		text_bytes(to, items[i].bytes, items[i].length);
	}
	if (to->over)
		return FORM_REFUSE(err, "the sealed part of a message would be too long");
	return items_check(to->s, to->length, err);
}
