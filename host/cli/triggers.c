/* One trigger, and what an event of it has: what a press or a post may give. */
#include "cli/triggers.h"

#include "base/arena.h"
#include "cli/connect.h"
#include "cli/grid.h"
#include "cli/missing.h"
#include "cli/print.h"
#include "schema/fields.h"
#include "schema/manifest.h"
#include "schema/nearest.h"
#include "schema/value.h"

#include <stdio.h>
#include <string.h>

static void print_fields(const struct cli *cli, const hst_value *trigger)
{
	static const char *const heads[] = {"FIELD", "TYPE", "DEFAULT", "MEANING", NULL};
	hst_arena *arena = cli->arena;
	hst_fields fields = {NULL, 0};
	struct grid grid;

	if (fields_from_value(arena, value_get(trigger, "inputs"), &fields, NULL) != HST_OK || !fields.n)
		return;
	grid_init(&grid, arena, heads);
	for (size_t i = 0; i < fields.n; i++) {
		const hst_field *field = &fields.at[i];
		const char *meaning = field->label ? field->label : field->doc;

		grid_add(&grid, field_name(field));
		grid_add(&grid, missing_words(arena, field));
		grid_add(&grid, field->required ? "required" : field->def ? print_clean(arena, field->def, strlen(field->def)) : NULL);
		grid_add(&grid, meaning ? print_clean(arena, meaning, strlen(meaning)) : NULL);
	}
	grid_print(&grid, stdout);
	grid_clear(&grid);
}

static void print_trigger(const struct cli *cli, const hst_value *trigger)
{
	hst_arena *arena = cli->arena;
	bool ready = value_boolean(value_get(trigger, "ready"));

	printf("%s: trigger/%s, %s%s; starts %s\n", print_member(arena, trigger, "name"), print_member(arena, trigger, "plugin"),
	       value_count(value_get(trigger, "disabled")) ? "disabled" : ready ? "ready" : print_member(arena, trigger, "state"),
	       value_boolean(value_get(trigger, "pressable")) ? ", pressed or posted by hand" : "", print_list(arena, value_get(trigger, "flows")));
	if (!ready && value_kind(value_get(trigger, "why")) == HST_VALUE_TEXT)
		printf("%s\n", print_sentence(arena, trigger, "why"));
	print_fields(cli, trigger);
}

static const hst_value *find(const hst_value *triggers, const char *name, const char **ret_near)
{
	struct nearest nearest;

	nearest_init(&nearest, name);
	for (size_t i = 0; i < value_count(triggers); i++) {
		const char *own = value_text(value_get(value_at(triggers, i), "name"));

		if (strcmp(own, name) == 0)
			return value_at(triggers, i);
		nearest_offer(&nearest, own);
	}
	*ret_near = nearest.best;
	return NULL;
}

static int ask(const struct cli *cli, const hst_value **ret)
{
	struct connect connect;
	int status = connect_open(&connect, cli);

	if (!status)
		status = connect_ask(&connect, "triggers", NULL, ret);
	connect_close(&connect);
	return status;
}

int triggers_command(struct cli *cli)
{
	const hst_value *triggers = NULL, *trigger;
	const char *near = NULL, *name;
	int status;

	if (!cli->options.argument_count)
		return look_triggers(cli);
	name = cli->options.arguments[0];
	status = ask(cli, &triggers);
	if (status)
		return status;
	trigger = find(triggers, name, &near);
	if (!trigger)
		return cli_fail(cli, CLI_USAGE, "NotFound", "there is no trigger \"%.80s\"%s%s%s; `hostler triggers` lists them", name,
				near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
	if (cli->json)
		cli_print_json(trigger);
	else
		print_trigger(cli, trigger);
	return CLI_DONE;
}

void triggers_help(const struct cli *cli, const char *name)
{
	const hst_value *triggers = NULL, *trigger;
	hst_error err = {{0}, {0}};
	struct cli silent = *cli;
	const char *near;

	silent.kept = &err;
	silent.hasty = true;
	if (ask(&silent, &triggers) != CLI_DONE || !(trigger = find(triggers, name, &near)))
		return;
	printf("\n");
	print_trigger(cli, trigger);
}
