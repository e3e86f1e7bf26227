/* The page about a plugin: the same tables in Markdown, with the section and the step that one would write. */
#include "cli/plugin.h"

#include "base/arena.h"
#include "cli/print.h"
#include "schema/fields.h"
#include "schema/types.h"

#include <stdio.h>
#include <string.h>

/* One line that cannot leave its cell. */
static const char *cell(hst_arena *arena, const char *text)
{
	const char *clean = text ? print_clean(arena, text, strlen(text)) : "";
	char *escaped = arena_alloc(arena, strlen(clean) * 2 + 1), *to = escaped;

	for (const char *from = clean; *from; from++) {
		if (*from == '|')
			*to++ = '\\';
		*to++ = *from;
	}
	return escaped;
}

static void print_table(hst_arena *arena, const char *title, hst_fields fields)
{
	if (!fields.n)
		return;
	printf("\n%s\n\n| name | type | default | meaning |\n|---|---|---|---|\n", title);
	for (size_t i = 0; i < fields.n; i++) {
		const hst_field *field = &fields.at[i];
		const char *def = field->def && *field->def ? arena_printf(arena, "`%s`", cell(arena, field->def)) : "";

		printf("| `%s` | %s | %s | %s |\n", cell(arena, field_name(field)),
		       cell(arena, plugin_type_text(arena, field)), def, cell(arena, field->doc));
	}
}

/* What must be said stands there, what need not be is a comment with its default. */
static void print_lines(hst_arena *arena, const char *prefix, hst_fields fields)
{
	for (size_t i = 0; i < fields.n; i++) {
		const hst_field *field = &fields.at[i];
		const char *value = field->def ? field->def : type_name(field_type(field));
		const char *name = field_name(field);

		if (field_prefix(field))
			name = arena_printf(arena, "%.*sNAME", (int)field_prefix(field), name);
		printf("%s%s%s = %s\n", field->required ? "" : "# ", prefix, cell(arena, name), cell(arena, value));
	}
}

static void print_example(hst_arena *arena, const struct manifest *manifest)
{
	bool bare = manifest->kind == HST_BALANCER || manifest->kind == HST_STRATEGY || manifest->kind == HST_DRIVER;

	if (bare && !manifest->options.n)
		return;
	printf("\n```ini\n[%s NAME]\nplugin = %s\n", manifest_kind_name(manifest->kind), cell(arena, manifest->name));
	print_lines(arena, "", manifest->options);
	printf("```\n");
}

static void print_span(const struct manifest_action *action)
{
	char duration[40];

	if (action->deadline.ms) {
		type_write_duration(action->deadline, duration, sizeof duration);
		printf(" It may take %s, where the step says no `timeout`.", duration);
	}
	if (action->idempotent)
		printf(" Doing it twice is the same as doing it once.");
	putchar('\n');
}

static void print_action(hst_arena *arena, const struct manifest *manifest, const struct manifest_action *action)
{
	printf("\n## %s\n\n%s.", cell(arena, action->name), cell(arena, action->summary));
	print_span(action);
	if (!manifest->shaped) {
		printf("\n```ini\n[step NAME]\nuse = connector:NAME.%s\n", cell(arena, action->name));
		print_lines(arena, "input.", action->inputs);
		printf("```\n");
	}
	print_table(arena, "Inputs:", action->inputs);
	print_table(arena, "Outputs:", action->outputs);
}

void plugin_print_page(hst_arena *arena, const struct manifest *manifest)
{
	printf("# %s/%s\n\n%s. Version %s.", manifest_kind_name(manifest->kind), cell(arena, manifest->name),
	       cell(arena, manifest->summary), cell(arena, manifest->version));
	if (manifest->pressable)
		printf(" It can be pressed.");
	putchar('\n');
	if (manifest->about && *manifest->about) {
		putchar('\n');
		print_clean_lines(stdout, manifest->about, strlen(manifest->about));
		putchar('\n');
	}
	print_example(arena, manifest);
	print_table(arena, "Options:", manifest->options);
	print_table(arena, "Event, `${trigger.NAME}` in a flow:", manifest->event);
	for (size_t i = 0; i < manifest->action_count; i++)
		print_action(arena, manifest, &manifest->actions[i]);
}
