/* explain: the rows of the table of reasons. It is part of the program, so no host is asked. */
#include "cli/cli.h"

#include "base/arena.h"
#include "cli/grid.h"
#include "cli/print.h"
#include "pure/queue/reasons.h"
#include "schema/nearest.h"
#include "schema/value.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char *consequence(enum reason_class class)
{
	switch (class) {
	case REASON_WAIT:
		return "it waits, and is asked for again when the device's sessions have changed";
	case REASON_RETRY:
		return "it is tried again by itself, after 5 seconds, doubling to 5 minutes";
	case REASON_FATAL:
		break;
	}
	return "it ends the step";
}

static hst_value *reason_value(hst_arena *arena, const struct reason *reason)
{
	hst_value *record = value_make_record(arena);

	value_set_text(record, "code", reason->code);
	value_set_text(record, "class", reason_class_name(reason->class));
	value_set_text(record, "cause", reason->cause);
	value_set_text(record, "remedy", reason->remedy);
	value_set_text(record, "known_as", reason->known_as);
	return record;
}

static void print_reason(const struct reason *reason)
{
	print_tone(stdout, TONE_STRONG);
	puts(reason->code);
	print_tone(stdout, TONE_PLAIN);
	printf("  cause     %s\n  remedy    %s\n  class     %s: %s\n", reason->cause, reason->remedy,
	       reason_class_name(reason->class), consequence(reason->class));
	if (reason->known_as)
		printf("  known as  %s\n", reason->known_as);
}

static int list_all(const struct cli *cli)
{
	static const char *const heads[] = {"CODE", "CLASS", "CAUSE", NULL};
	hst_value *list = value_make_list(cli->arena);
	size_t n;
	const struct reason *table = reasons(&n);
	struct grid grid;

	grid_init(&grid, cli->arena, heads);
	for (size_t i = 0; i < n; i++) {
		value_append(list, reason_value(cli->arena, &table[i]));
		grid_add(&grid, table[i].code);
		grid_add(&grid, reason_class_name(table[i].class));
		grid_add(&grid, table[i].cause);
	}
	if (cli->json)
		cli_print_json(list);
	else
		grid_print(&grid, stdout);
	grid_clear(&grid);
	return CLI_DONE;
}

/* People write codes in whatever case they remember. */
static const struct reason *reason_said(const char *word)
{
	size_t n;
	const struct reason *table = reasons(&n);

	for (size_t i = 0; i < n; i++)
		if (strcasecmp(table[i].code, word) == 0)
			return &table[i];
	return NULL;
}

/* Part of a sentence: whoever has met one elsewhere looks for it in those words. */
static int explain_sentence(const struct cli *cli, const char *words)
{
	hst_value *list = value_make_list(cli->arena);
	size_t n;
	const struct reason *table = reasons(&n);

	for (size_t i = 0; i < n; i++) {
		if (!strcasestr(table[i].cause, words) &&
		    !(table[i].known_as && strcasestr(table[i].known_as, words)))
			continue;
		value_append(list, reason_value(cli->arena, &table[i]));
		if (!cli->json)
			print_reason(&table[i]);
	}
	if (!value_count(list))
		return cli_fail(cli, CLI_USAGE, "NotFound",
				"no reason is described as \"%.200s\"; `hostler explain` lists them all",
				words);
	if (cli->json)
		cli_print_json(list);
	return CLI_DONE;
}

static int unknown(const struct cli *cli, const char *word)
{
	struct nearest nearest;
	size_t n;
	const struct reason *table = reasons(&n);

	nearest_init(&nearest, word);
	for (size_t i = 0; i < n; i++)
		nearest_offer(&nearest, table[i].code);
	if (nearest.best)
		return cli_fail(cli, CLI_USAGE, "NotFound",
				"there is no reason \"%.80s\"; did you mean \"%s\"?", word, nearest.best);
	return cli_fail(cli, CLI_USAGE, "NotFound",
			"there is no reason \"%.80s\"; `hostler explain` lists them all", word);
}

int explain_command(struct cli *cli)
{
	const char *word = cli->options.argument_count ? cli->options.arguments[0] : NULL;
	const struct reason *reason = word ? reason_said(word) : NULL;

	if (!word)
		return list_all(cli);
	if (!reason)
		return strchr(word, ' ') ? explain_sentence(cli, word) : unknown(cli, word);
	if (cli->json)
		cli_print_json(reason_value(cli->arena, reason));
	else
		print_reason(reason);
	return CLI_DONE;
}
