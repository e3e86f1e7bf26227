#include "engine/why.h"

#include "base/auto.h"
#include "schema/types.h"
#include "schema/value.h"

#include <string.h>

enum { REMEDY_MAX = 4000 };

const char *why_moment(hst_arena *arena, int64_t us)
{
	char text[40];

	type_write_date((hst_time){us - us % 1000000}, text, sizeof text);
	return arena_text(arena, text);
}

const char *why_moment_of(hst_arena *arena, const hst_value *iso)
{
	hst_time at;

	if (value_kind(iso) != HST_VALUE_TEXT || type_read_date(value_text(iso), &at, NULL) != HST_OK)
		return "an unknown time";
	return why_moment(arena, at.us);
}

const char *why_remedy(hst_arena *arena, const char *code, const char *name)
{
	const struct reason *row = reason_named(code);
	const char *at = row ? row->remedy : NULL, *place;
	AUTO(text) struct text text;

	if (!at)
		return NULL;
	text_init(&text, REMEDY_MAX);
	for (; name && (place = strstr(at, "NAME")); at = place + strlen("NAME")) {
		text_bytes(&text, at, (size_t)(place - at));
		text_add(&text, name);
	}
	text_add(&text, at);
	return arena_text(arena, text.s);
}

const char *why_process(struct engine *engine, const char *child)
{
	hst_arena *arena = engine->scratch;
	const struct standing *standings, *one;
	const char *words;
	size_t n = 0;

	if (standing_read(arena, engine->definitions->conf->state_dir, &standings, &n, NULL) != HST_OK)
		return NULL;
	one = standing_of(standings, n, child);
	if (!one)
		return NULL;
	words = standing_complaint(arena, one);
	return arena_printf(arena, "its process is %s since %s%s%s%s%s", one->state, why_moment(arena, one->since_us),
	                    !one->ended ? "" : strncmp(one->ended, "misconfigured", 13) == 0 ? ": " : ": it ended with ", one->ended ? one->ended : "", words ? ": " : "",
	                    words ? words : "");
}
