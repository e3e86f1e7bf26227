/* plugin doc: what a plugin takes and gives, from its own tables. */
#include "cli/plugin.h"

#include "base/arena.h"
#include "base/mem.h"
#include "cli/grid.h"
#include "cli/print.h"
#include "definitions/manifests.h"
#include "schema/fields.h"
#include "schema/types.h"

#include <stdio.h>
#include <string.h>

static const char *clean(hst_arena *arena, const char *text)
{
	return text && *text ? print_clean(arena, text, strlen(text)) : NULL;
}

/* A bound as a value of that type is written. */
static const char *bound(hst_arena *arena, hst_type type, int64_t value)
{
	char duration[40];

	if (type == HST_TYPE_DURATION) {
		type_write_duration((hst_duration){value}, duration, sizeof duration);
		return arena_text(arena, duration);
	}
	return arena_printf(arena, "%lld", (long long)value);
}

const char *plugin_type_text(hst_arena *arena, const hst_field *field)
{
	hst_type type = field_type(field);
	const char *text = type_name(type), *separator = ": ";

	for (size_t i = 0; field->choices && field->choices[i]; i++, separator = ", ")
		text = arena_printf(arena, "%s%s%s", text, separator, clean(arena, field->choices[i]));
	if (field->min || field->max)
		text = arena_printf(arena, "%s, %s to %s%s", text, bound(arena, type, field->min), bound(arena, type, field->max),
				    type == HST_TYPE_TEXT ? " bytes" : "");
	if (field->derived)
		text = arena_printf(arena, "%s, derived", text);
	return field->required ? arena_printf(arena, "%s, required", text) : text;
}

static void print_fields(hst_arena *arena, const char *title, hst_fields fields)
{
	static const char *const heads[] = {"NAME", "TYPE", "DEFAULT", "MEANING", NULL};
	struct grid grid;

	if (!fields.n)
		return;
	printf("\n%s\n", title);
	grid_init(&grid, arena, heads);
	for (size_t i = 0; i < fields.n; i++) {
		const hst_field *field = &fields.at[i];

		grid_add(&grid, clean(arena, field_name(field)));
		grid_add(&grid, plugin_type_text(arena, field));
		grid_add(&grid, clean(arena, field->def));
		grid_add(&grid, clean(arena, field->doc));
	}
	grid_print(&grid, stdout);
	grid_clear(&grid);
}

static void print_manifest(hst_arena *arena, const struct manifest *manifest)
{
	print_tone(stdout, TONE_STRONG);
	printf("%s/%s", manifest_kind_name(manifest->kind), clean(arena, manifest->name));
	print_tone(stdout, TONE_PLAIN);
	printf(" %s\n%s.\n", clean(arena, manifest->version), clean(arena, manifest->summary));
	if (manifest->about && *manifest->about) {
		putchar('\n');
		print_clean_lines(stdout, manifest->about, strlen(manifest->about));
		putchar('\n');
	}
	print_fields(arena, "Options", manifest->options);
	print_fields(arena, "Event", manifest->event);
	for (size_t i = 0; i < manifest->action_count; i++) {
		const struct manifest_action *action = &manifest->actions[i];

		printf("\nAction %s: %s.\n", clean(arena, action->name), clean(arena, action->summary));
		print_fields(arena, "Inputs", action->inputs);
		print_fields(arena, "Outputs", action->outputs);
	}
}

int plugin_doc(struct cli *cli)
{
	struct manifest manifest;
	hst_error err = {0};
	int status = CLI_DONE, code;
	const char *path = plugin_file(cli, cli->options.arguments[1], &status);

	if (!path)
		return status;
	code = manifests_of_file(cli->arena, path, &manifest, &err);
	if (code != HST_OK)
		return cli_fail_as(cli, code, &err);
	if (cli->json)
		cli_print_json(manifest_to_value(cli->arena, &manifest));
	else if (options_has(&cli->options, "markdown"))
		plugin_print_page(cli->arena, &manifest);
	else
		print_manifest(cli->arena, &manifest);
	return CLI_DONE;
}
