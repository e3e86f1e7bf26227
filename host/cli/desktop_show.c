/* desktop show: everything about one desktop flow. */
#include "cli/desktop.h"

#include "base/arena.h"
#include "cli/grid.h"
#include "cli/print.h"
#include "schema/fields.h"
#include "schema/types.h"
#include "schema/value.h"

#include <stdio.h>
#include <string.h>

static hst_value *fields_value(hst_arena *arena, hst_fields fields)
{
	hst_value *list = value_make_list(arena);

	for (size_t i = 0; i < fields.n; i++) {
		const hst_field *field = &fields.at[i];
		hst_value *one = value_make_record(arena);

		value_set_text(one, "name", field_name(field));
		value_set_text(one, "type", type_name(field_type(field)));
		value_set_boolean(one, "required", field->required);
		if (field->def)
			value_set_text(one, "default", field->def);
		if (field->derived)
			value_set_boolean(one, "derived", true);
		value_set_text(one, "doc", field->doc ? field->doc : "");
		value_append(list, one);
	}
	return list;
}

static hst_value *versions_value(const struct desktop_desk *desk, const struct package *package)
{
	hst_arena *arena = desk->cli->arena;
	hst_value *list = value_make_list(arena);
	const struct pushed *all;
	size_t n = pushed_list(arena, desk->conf, package->name, &all);

	for (size_t i = 0; i < n; i++) {
		hst_value *one = value_make_record(arena);

		if (all[i].is_signed)
			value_set_text(one, "version", all[i].signature.version);
		value_set_text(one, "digest", all[i].digest);
		value_set_text(one, "state", desktop_state(desk, &all[i]));
		if (all[i].is_signed) {
			value_set_text(one, "by", desktop_signer(&all[i].signature));
			desktop_set_when(one, "signed", all[i].signature.at);
		}
		value_set_boolean(one, "copied", all[i].copied);
		value_set_boolean(one, "pinned", all[i].pinned);
		value_set_boolean(one, "used", strcmp(all[i].digest, package->digest) == 0);
		value_append(list, one);
	}
	return list;
}

static hst_value *describe(const struct desktop_desk *desk, const struct package *package)
{
	hst_arena *arena = desk->cli->arena;
	hst_value *record = desktop_describe(desk, package);

	value_set_text(record, "summary", package->summary);
	value_set_text(record, "timeout", type_span(arena, package->timeout.ms ? package->timeout.ms : INT64_C(24) * 3600 * 1000));
	value_set(record, "inputs", fields_value(arena, package->inputs));
	value_set(record, "outputs", fields_value(arena, package->outputs));
	value_set(record, "files", package_files_value(arena, package));
	value_set(record, "versions", versions_value(desk, package));
	return record;
}

static void print_fields(hst_arena *arena, const char *what, const hst_value *fields)
{
	const char *const heads[] = {what, "TYPE", "REQUIRED", "DEFAULT", "MEANS", NULL};
	struct grid grid;

	if (!value_count(fields))
		return;
	puts("");
	grid_init(&grid, arena, heads);
	for (size_t i = 0; i < value_count(fields); i++) {
		const hst_value *one = value_at(fields, i);
		const char *doc = print_member(arena, one, "doc");

		grid_add(&grid, print_member(arena, one, "name"));
		grid_add(&grid, print_member(arena, one, "type"));
		grid_add(&grid, value_boolean(value_get(one, "required")) ? "yes" : "no");
		grid_add(&grid, value_get(one, "default") ? print_member(arena, one, "default") : NULL);
		grid_add(&grid, *doc ? doc : NULL);
	}
	grid_print(&grid, stdout);
	grid_clear(&grid);
}

static void print_files(hst_arena *arena, const hst_value *files)
{
	static const char *const heads[] = {"FILE", "BYTES", "", NULL};
	struct grid grid;

	puts("");
	grid_init(&grid, arena, heads);
	for (size_t i = 0; i < value_count(files); i++) {
		const hst_value *one = value_at(files, i);

		grid_add(&grid, print_member(arena, one, "path"));
		grid_add(&grid, print_member(arena, one, "size"));
		grid_add(&grid, value_boolean(value_get(one, "executable")) ? "a program" : "");
	}
	grid_print(&grid, stdout);
	grid_clear(&grid);
}

static void print_versions(hst_arena *arena, const hst_value *versions)
{
	static const char *const heads[] = {"VERSION", "DIGEST", "STATE", "BY", "WHEN", "", NULL};
	struct grid grid;

	if (!value_count(versions))
		return;
	puts("");
	grid_init(&grid, arena, heads);
	for (size_t i = 0; i < value_count(versions); i++) {
		const hst_value *one = value_at(versions, i);
		const bool used = value_boolean(value_get(one, "used")), pinned = value_boolean(value_get(one, "pinned"));

		grid_add(&grid, value_get(one, "version") ? print_member(arena, one, "version") : NULL);
		grid_add(&grid, desktop_short(arena, value_text(value_get(one, "digest"))));
		grid_add(&grid, print_member(arena, one, "state"));
		grid_add(&grid, value_get(one, "by") ? print_member(arena, one, "by") : NULL);
		grid_add(&grid, value_get(one, "signed") ? print_time(arena, value_get(one, "signed")) : NULL);
		grid_add(&grid, pinned ? "pinned" : used ? "used" : value_boolean(value_get(one, "copied")) ? "" : "its files are gone");
	}
	grid_print(&grid, stdout);
	grid_clear(&grid);
}

static void print_one(hst_arena *arena, const hst_value *record)
{
	const hst_value *uses = value_get(record, "uses");
	const char *summary = print_member(arena, record, "summary");

	printf("%s, version %s%s%s\n", print_member(arena, record, "name"), print_member(arena, record, "version"), *summary ? ": " : "", summary);
	printf("  digest     %s\n", print_member(arena, record, "digest"));
	printf("  manifest   %s\n", print_member(arena, record, "manifest"));
	printf("  time-out   %s\n", print_member(arena, record, "timeout"));
	if (value_get(record, "by"))
		printf("  %-10s by %s on %s\n", print_member(arena, record, "state"), print_member(arena, record, "by"),
		       print_time(arena, value_get(record, "signed")));
	if (value_boolean(value_get(record, "pinned")))
		puts("  pinned     what is in its folder is not used");
	if (value_get(record, "text"))
		printf("  %s\n", print_member(arena, record, "text"));
	if (value_count(value_get(record, "gateways")))
		printf("  copied to  %s\n", print_list(arena, value_get(record, "gateways")));
	for (size_t i = 0; i < value_count(uses); i++) {
		const hst_value *one = value_at(uses, i);

		printf("  %-10s %s/%s, %s:%s%s\n", i ? "" : "used by", print_member(arena, one, "flow"), print_member(arena, one, "step"),
		       print_member(arena, one, "file"), print_member(arena, one, "line"),
		       value_boolean(value_get(one, "secrets")) ? ", which gives it secrets" : "");
	}
	print_fields(arena, "INPUT", value_get(record, "inputs"));
	print_fields(arena, "OUTPUT", value_get(record, "outputs"));
	print_files(arena, value_get(record, "files"));
	print_versions(arena, value_get(record, "versions"));
}

int desktop_show(struct cli *cli)
{
	struct desktop_desk desk;
	const struct package *package = NULL;
	int status = desktop_open(&desk, cli, false);

	if (!status)
		package = desktop_find(&desk, cli->options.arguments[1], &status);
	if (package) {
		const hst_value *record = describe(&desk, package);

		if (cli->json)
			cli_print_json(record);
		else
			print_one(cli->arena, record);
	}
	desktop_close(&desk);
	return status;
}
