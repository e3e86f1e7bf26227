#include "cli/filters.h"

#include "base/clock.h"
#include "schema/types.h"
#include "schema/value.h"

enum { NUMBER_DEFAULT = 50, NUMBER_MAX = 1000 };

/* "2h" is two hours ago; else a date. */
static int read_since(const char *text, int64_t *ret_us, hst_error *err)
{
	hst_duration ago;
	hst_time at;

	if (type_read_duration(text, &ago, NULL) == HST_OK)
		*ret_us = clock_wall_us() - ago.ms * 1000;
	else if (type_read_date(text, &at, NULL) == HST_OK)
		*ret_us = at.us;
	else
		return hst_fail_as(
			err, HST_INVALID, "Usage",
			"--since %.80s: say how long ago (90s 30m 3h 2d), or a date such as 2026-11-21",
			text);
	return HST_OK;
}

int filters_read(const struct cli *cli, const char *const *texts, hst_value **ret)
{
	const struct options *options = &cli->options;
	const char *since = options_value(options, "since"), *number = options_value(options, "number");
	hst_value *filters = value_make_record(cli->arena);
	int64_t since_us = 0, limit = NUMBER_DEFAULT;
	hst_error err = {0};

	for (size_t i = 0; texts[i]; i++)
		if (options_has(options, texts[i]))
			value_set_text(filters, texts[i], options_value(options, texts[i]));
	if (since && read_since(since, &since_us, &err) != HST_OK)
		return cli_fail_as(cli, HST_INVALID, &err);
	if (since)
		value_set_integer(filters, "since_us", since_us);
	if (number && (!type_read_integer(number, &limit) || limit < 1 || limit > NUMBER_MAX))
		return cli_fail(cli, CLI_USAGE, "Usage", "-n %.40s: say a number from 1 to %d", number, NUMBER_MAX);
	value_set_integer(filters, "limit", limit);
	*ret = filters;
	return CLI_DONE;
}
