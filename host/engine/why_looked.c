/* What a trigger has looked at lately, and what came of it: a state that it keeps (HST_STATE_LOOKED of trigger.h), as old as its last emit. */
#include "engine/why.h"

#include "base/auto.h"
#include "schema/types.h"
#include "schema/utf8.h"
#include "schema/value.h"

#include <hostler/trigger.h>

#include <stdlib.h>
#include <string.h>

enum { LOOKS_SHOWN = 50, PART_MAX = 400 };

/* What is there of a part that ends with the mark; *at is behind it then. False: it does not end, or holds what no line has. */
static bool take_part(const char **at, const char *end, char mark, const char **ret, size_t *ret_length)
{
	const char *stop = memchr(*at, mark, (size_t)(end - *at));
	size_t length = stop ? (size_t)(stop - *at) : 0;

	if (!stop || length > PART_MAX || memchr(*at, '\0', length) || (length && utf8_valid(*at, length) != length))
		return false;
	*ret = *at;
	*ret_length = length;
	*at = stop + 1;
	return true;
}

/* "1795303912123456\tada@example.org: Invoice 1\ttaken over\n"; NULL when it is none, and nothing behind it is read. */
static hst_value *take_line(hst_arena *arena, const char **at, const char *end)
{
	static const char *const names[] = {"what", "outcome"};
	hst_value *look = value_make_record(arena);
	const char *part;
	size_t length;
	int64_t at_us;

	if (!take_part(at, end, '\t', &part, &length) || !type_read_integer(arena_copy(arena, part, length), &at_us) || at_us < 0)
		return NULL;
	answer_set_time(arena, look, "at", at_us);
	for (size_t i = 0; i < 2; i++) {
		if (!take_part(at, end, i ? '\n' : '\t', &part, &length))
			return NULL;
		value_set(look, names[i], value_make_text(arena, part, length));
	}
	return look;
}

const hst_value *why_looked(struct engine *engine, const char *trigger)
{
	AUTO_FREE char *bytes = NULL;
	hst_value *looks[LOOKS_SHOWN], *list = value_make_list(engine->scratch), *look;
	const char *at, *end;
	size_t length = 0, n = 0;

	if (engine->store->ops->get_state(engine->store, trigger, HST_STATE_LOOKED, &bytes, &length, NULL) < 0)
		return list;
	at = bytes;
	end = bytes + length;
	while (at < end && (look = take_line(engine->scratch, &at, end)))
		looks[n++ % LOOKS_SHOWN] = look;
	/* The newest first: it is what most people ask about. */
	for (size_t i = 0; i < n && i < LOOKS_SHOWN; i++)
		value_append(list, looks[(n - 1 - i) % LOOKS_SHOWN]);
	return list;
}
