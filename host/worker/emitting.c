#include "worker/emitting.h"

#include "base/arena.h"
#include "schema/fields.h"
#include "schema/value.h"

#include <string.h>

void emitting_init(struct emitting *emitting, struct services *services, hst_arena *arena)
{
	emitting->services = services;
	emitting->arena = arena;
	emitting->directed = false;
	emitting->item_count = 0;
}

static bool has_secret(hst_fields fields, const hst_value *values)
{
	for (size_t i = 0; i < fields.n; i++) {
		const hst_value *value = value_get(values, field_name(&fields.at[i]));

		if (field_type(&fields.at[i]) == HST_TYPE_SECRET && value && value_kind(value) != HST_VALUE_NULL)
			return true;
	}
	return false;
}

static int ask_directions(struct emitting *emitting, hst_error *err)
{
	const struct message *reply = NULL;
	struct message message;
	const void *bytes;
	int code;

	message_init(&message, WORD_whom, 0);
	code = services_ask(emitting->services, &message, &reply, err);
	if (code != HST_OK)
		return code;
	bytes = reply->sealed_length ? arena_copy(emitting->arena, reply->sealed, reply->sealed_length) : NULL;
	code = sealing_begin(&emitting->sealing, emitting->services->vault, emitting->arena, bytes, reply->sealed_length, "", err);
	emitting->directed = code == HST_OK;
	return code;
}

int emitting_seal(struct emitting *emitting, size_t position, const hst_value *values, const hst_value **ret, hst_error *err)
{
	struct sealing *sealing = &emitting->sealing;
	int code = HST_OK;

	*ret = values;
	if (!has_secret(emitting->services->event, values))
		return HST_OK;
	if (!emitting->directed)
		code = ask_directions(emitting, err);
	if (code == HST_OK)
		code = sealing_close(sealing, emitting->services->event, "trigger", values, ret, err);
	if (code != HST_OK)
		return code;
	if (sealing->made_count > ITEMS_MAX - emitting->item_count)
		return hst_fail(err, HST_INVALID, "more than %d secrets in the events of one emit: emit fewer at once", ITEMS_MAX);
	for (size_t i = 0; i < sealing->made_count; i++) {
		struct item *item = &emitting->items[emitting->item_count++];

		*item = sealing->made[i];
		item->name = arena_printf(emitting->arena, "%zu.%s", position, item->name);
	}
	return HST_OK;
}

int emitting_write(struct emitting *emitting, struct text *to, hst_error *err)
{
	hst_error why = {0};

	if (!emitting->item_count)
		return HST_OK;
	if (items_write(to, emitting->items, emitting->item_count, &why) != HST_OK || to->over)
		return hst_fail(err, HST_INVALID, "the secrets of %zu fields are more than goes into one message: emit fewer events at once",
				emitting->item_count);
	return HST_OK;
}
