#include "cli/inputs.h"

#include "base/arena.h"
#include "schema/utf8.h"
#include "schema/value.h"

#include <string.h>

static int add_input(hst_arena *arena, hst_value *record, const char *option, const char *given, hst_error *err)
{
	const char *equals = strchr(given, '=');
	size_t length = strlen(given);
	char *name;

	if (!equals || equals == given)
		return hst_fail_as(err, HST_INVALID, "Usage",
				   "--%s %.80s: say K=V, the %s's name and its value", option, given, option);
	if (utf8_valid(given, length) != length)
		return hst_fail_as(err, HST_INVALID, "Usage", "--%s %.*s: the value is not UTF-8", option,
				   (int)(equals - given > 80 ? 80 : equals - given), given);
	name = arena_copy(arena, given, (size_t)(equals - given));
	if (value_get(record, name))
		return hst_fail_as(err, HST_INVALID, "Usage", "the %s \"%.80s\" is given twice", option, name);
	value_set(record, name, value_make_text(arena, equals + 1, strlen(equals + 1)));
	return HST_OK;
}

int inputs_read(const struct cli *cli, const char *option, const hst_value **ret, hst_error *err)
{
	hst_value *record = value_make_record(cli->arena);
	int code = HST_OK;

	for (size_t i = 0; code == HST_OK && i < cli->options.given_count; i++)
		if (strcmp(cli->options.given[i].option->name, option) == 0)
			code = add_input(cli->arena, record, option, cli->options.given[i].value, err);
	if (code == HST_OK)
		*ret = record;
	return code;
}
