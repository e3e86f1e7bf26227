/* why: one sentence for a run, a flow or a trigger, one for each device that could take it, and what to do. */
#include "cli/cli.h"

#include "base/arena.h"
#include "cli/ask.h"
#include "cli/grid.h"
#include "cli/print.h"
#include "schema/value.h"

#include <stdio.h>
#include <string.h>

static bool has_text(const hst_value *record, const char *name)
{
	return value_kind(value_get(record, name)) == HST_VALUE_TEXT && value_length(value_get(record, name));
}

static void print_remedy(hst_arena *arena, const char *indent, const hst_value *record)
{
	if (!has_text(record, "remedy"))
		return;
	print_tone(stdout, TONE_FAINT);
	printf("%sremedy: ", indent);
	print_tone(stdout, TONE_PLAIN);
	puts(print_sentence(arena, record, "remedy"));
}

/* Alone it has been said with the sentence itself. */
static void print_candidates(hst_arena *arena, const hst_value *candidates)
{
	for (size_t i = 0; value_count(candidates) > 1 && i < value_count(candidates); i++) {
		const hst_value *one = value_at(candidates, i);

		printf("  %s", print_sentence(arena, one, "sentence"));
		if (has_text(one, "code"))
			printf(" (%s)", print_member(arena, one, "code"));
		puts("");
		print_remedy(arena, "    ", one);
	}
}

static void print_place(hst_arena *arena, const hst_value *answer)
{
	if (value_kind(value_get(answer, "position")) == HST_VALUE_ABSENT)
		return;
	printf("  place %s of %s in the order", print_member(arena, answer, "position"),
	       print_member(arena, answer, "waiting"));
	if (has_text(answer, "expires"))
		printf("; its queue time-out is at %s", print_time(arena, value_get(answer, "expires")));
	puts("");
}

static void print_members(hst_arena *arena, const hst_value *list, const char *member)
{
	for (size_t i = 0; i < value_count(list); i++)
		printf("  %s\n", print_sentence(arena, value_at(list, i), member));
}

static void print_runs(hst_arena *arena, const hst_value *runs)
{
	for (size_t i = 0; i < value_count(runs); i++) {
		const hst_value *run = value_at(runs, i), *present = value_get(run, "present");
		const hst_value *reason = value_get(value_count(present) ? present : run, "reason");

		printf("  #%s  ", print_member(arena, run, "number"));
		print_tone(stdout, print_state_tone(value_text(value_get(run, "state"))));
		fputs(print_member(arena, run, "state"), stdout);
		print_tone(stdout, TONE_PLAIN);
		if (value_count(present))
			printf("  %s is %s", print_member(arena, present, "name"), print_member(arena, present, "state"));
		if (has_text(reason, "code"))
			printf("  %s: %s", print_member(arena, reason, "code"), print_sentence(arena, reason, "text"));
		puts("");
	}
}

/* What a trigger has looked at, mails for example, and what came of each. */
static void print_looked(hst_arena *arena, const hst_value *looked)
{
	static const char *const heads[] = {"WHEN", "LOOKED AT", "WHAT CAME OF IT", NULL};
	struct grid grid;

	if (!value_count(looked))
		return;
	grid_init(&grid, arena, heads);
	for (size_t i = 0; i < value_count(looked); i++) {
		grid_add(&grid, print_time(arena, value_get(value_at(looked, i), "at")));
		grid_add(&grid, print_member(arena, value_at(looked, i), "what"));
		grid_add(&grid, print_member(arena, value_at(looked, i), "outcome"));
	}
	puts("");
	grid_print(&grid, stdout);
	grid_clear(&grid);
}

static void print_why(struct cli *cli, const hst_value *answer)
{
	hst_arena *arena = cli->arena;

	print_tone(stdout, TONE_STRONG);
	fputs(print_sentence(arena, answer, "sentence"), stdout);
	print_tone(stdout, TONE_PLAIN);
	if (has_text(answer, "code") && !strstr(value_text(value_get(answer, "sentence")), value_text(value_get(answer, "code"))))
		printf(" (%s)", print_member(arena, answer, "code"));
	puts("");
	print_remedy(arena, "  ", answer);
	print_candidates(arena, value_get(answer, "candidates"));
	print_place(arena, answer);
	if (has_text(answer, "again"))
		printf("  again: %s\n", print_member(arena, answer, "again"));
	print_members(arena, value_get(answer, "triggers"), "sentence");
	print_runs(arena, value_get(answer, "runs"));
	print_looked(arena, value_get(answer, "looked"));
	for (size_t i = 0; i < value_count(value_get(answer, "triggers")); i++)
		print_looked(arena, value_get(value_at(value_get(answer, "triggers"), i), "looked"));
}

int why_command(struct cli *cli)
{
	hst_value *filters = value_make_record(cli->arena);

	value_set_text(filters, "subject", cli->options.arguments[0]);
	return ask_and_print(cli, "why", filters, print_why);
}
