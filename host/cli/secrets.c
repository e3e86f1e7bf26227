/* secrets: which there are, who can open each, where each is needed, and who needs it in vain. */
#include "cli/cli.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/mem.h"
#include "cli/grid.h"
#include "cli/seal_desk.h"
#include "config/secret_files.h"
#include "os/files.h"
#include "schema/types.h"
#include "schema/value.h"
#include "seal/sealed_file.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SECRETS_MAX = 10000 };

struct listing {
	struct seal_desk desk;
	const char **names;
	size_t n, size;
};

static void add_name(struct listing *listing, const char *name)
{
	for (size_t i = 0; i < listing->n; i++)
		if (strcmp(listing->names[i], name) == 0)
			return;
	if (listing->n == SECRETS_MAX)
		return;
	listing->names = mem_grow(listing->names, &listing->size, listing->n + 1, sizeof *listing->names);
	listing->names[listing->n++] = name;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Those that something names, and those that only lie there. */
static void find_names(struct listing *listing)
{
	AUTO_FREE char *any = seal_desk_file(&listing->desk, "any");
	AUTO_FREE char *folder = files_beside(any, ".");
	DIR *files = opendir(folder);

	for (size_t i = 0; i < listing->desk.use_count; i++)
		add_name(listing, listing->desk.uses[i].secret);
	for (struct dirent *entry; files && (entry = readdir(files));) {
		size_t length = strlen(entry->d_name);

		if (length > 5 && strcmp(entry->d_name + length - 5, ".seal") == 0) {
			const char *whole = arena_printf(listing->desk.cli->arena, "secret:%.*s", (int)length - 5, entry->d_name);

			if (secret_named(whole))
				add_name(listing, secret_named(whole));
		}
	}
	if (files)
		closedir(files);
	qsort(listing->names, listing->n, sizeof *listing->names, by_text);
}

static void append(hst_arena *arena, hst_value *list, const char *text)
{
	for (size_t i = 0; i < value_count(list); i++)
		if (strcmp(value_text(value_at(list, i)), text) == 0)
			return;
	value_append(list, value_make_text(arena, text, strlen(text)));
}

static bool has_sink(const struct envelope *envelope, const char *sink)
{
	for (size_t i = 0; i < envelope->header.sink_count; i++)
		if (strcmp(envelope->header.sinks[i], sink) == 0)
			return true;
	return false;
}

/* Whether what is sealed now does for this use: for its place, and with the key that its member has today. */
static bool opens(const struct listing *listing, const struct sealed_file *file, const struct secret_use *use, const char *name)
{
	const struct roster_member *member = roster_member(listing->desk.roster, name);

	return file && member && member->has_open && has_sink(&file->envelope, use->sink) && envelope_find(&file->envelope, member->open);
}

static void add_uses(const struct listing *listing, const char *name, const struct sealed_file *file, hst_value *record)
{
	hst_arena *arena = listing->desk.cli->arena;
	hst_value *uses = value_make_list(arena), *cannot = value_make_list(arena);

	for (size_t i = 0; i < listing->desk.use_count; i++) {
		const struct secret_use *use = &listing->desk.uses[i];
		hst_value *one = value_make_record(arena);

		if (strcmp(use->secret, name) != 0)
			continue;
		value_set_text(one, "sink", use->sink);
		value_set_text(one, "file", use->file);
		value_set_integer(one, "line", use->line);
		value_append(uses, one);
		for (size_t m = 0; m < use->member_count; m++)
			if (!opens(listing, file, use, use->members[m]))
				append(arena, cannot, use->members[m]);
	}
	value_set(record, "uses", uses);
	value_set(record, "cannot_open", cannot);
	value_set_text(record, "state", !file ? "missing" : value_count(cannot) ? "incomplete" : value_count(uses) ? "ready" : "unused");
}

static const hst_value *describe(const struct listing *listing, const char *name)
{
	hst_arena *arena = listing->desk.cli->arena;
	hst_value *record = value_make_record(arena), *can = value_make_list(arena);
	AUTO_FREE char *path = seal_desk_file(&listing->desk, name);
	struct sealed_file *file = NULL;
	hst_error err = {{0}, {0}};
	char sealed[40];

	value_set_text(record, "name", name);
	value_set_text(record, "file", path);
	if (sealed_file_read(path, &file, &err) == HST_OK) {
		value_set_integer(record, "serial", file->envelope.header.serial);
		type_write_date((hst_time){file->envelope.header.created_us}, sealed, sizeof sealed);
		value_set_text(record, "sealed", sealed);
		value_set_text(record, "by", file->envelope.header.signer);
		for (size_t i = 0; i < file->envelope.recipient_count; i++)
			append(arena, can, file->envelope.recipients[i].name);
	} else if (access(path, F_OK) == 0) {
		value_set_text(record, "wrong", err.text);
	}
	value_set(record, "can_open", can);
	add_uses(listing, name, file, record);
	sealed_file_free(file);
	return record;
}

static const char *joined(hst_arena *arena, const hst_value *list, const char *member)
{
	const char *all = NULL;

	for (size_t i = 0; i < value_count(list); i++) {
		const hst_value *one = member ? value_get(value_at(list, i), member) : value_at(list, i);

		all = all ? arena_printf(arena, "%s, %s", all, value_text(one)) : value_text(one);
	}
	return all;
}

static const char *age(hst_arena *arena, const hst_value *record)
{
	hst_time sealed;

	if (type_read_date(value_text(value_get(record, "sealed")), &sealed, NULL) != HST_OK)
		return NULL;
	return type_span(arena, clock_wall_us() > sealed.us ? (clock_wall_us() - sealed.us) / 1000 : 0);
}

static void print_secrets(const struct listing *listing, const hst_value *all)
{
	static const char *const heads[] = {"NAME", "NUMBER", "AGE", "STATE", "CAN OPEN", "CANNOT", "FOR", NULL};
	hst_arena *arena = listing->desk.cli->arena;
	struct grid grid;

	if (!value_count(all)) {
		puts("no secrets");
		return;
	}
	grid_init(&grid, arena, heads);
	for (size_t i = 0; i < value_count(all); i++) {
		const hst_value *one = value_at(all, i);
		int64_t serial = 0;

		grid_add(&grid, value_text(value_get(one, "name")));
		grid_add(&grid, value_integer(value_get(one, "serial"), &serial) ? arena_printf(arena, "%lld", (long long)serial) : NULL);
		grid_add(&grid, age(arena, one));
		grid_add(&grid, value_get(one, "wrong") ? "unreadable" : value_text(value_get(one, "state")));
		grid_add(&grid, joined(arena, value_get(one, "can_open"), NULL));
		grid_add(&grid, joined(arena, value_get(one, "cannot_open"), NULL));
		grid_add(&grid, joined(arena, value_get(one, "uses"), "sink"));
	}
	grid_print(&grid, stdout);
	grid_clear(&grid);
	for (size_t i = 0; i < value_count(all); i++) {
		const hst_value *one = value_at(all, i);
		const char *name = value_text(value_get(one, "name")), *state = value_text(value_get(one, "state"));

		if (value_get(one, "wrong"))
			printf("%s: %s\n", name, value_text(value_get(one, "wrong")));
		else if (strcmp(state, "missing") == 0)
			printf("%s was not sealed yet: hostler seal %s\n", name, name);
		else if (strcmp(state, "incomplete") == 0)
			printf("%s cannot be opened by %s: hostler seal %s --again\n", name, joined(arena, value_get(one, "cannot_open"), NULL), name);
	}
}

/* What whoever has this gateway's keys may know: to be changed where it is valid, and sealed again. */
static int exposed(const struct listing *listing, const hst_value *all)
{
	const struct cli *cli = listing->desk.cli;
	const char *gateway = options_value(&cli->options, "gateway");
	const char *member = arena_printf(cli->arena, "gateway/%s", gateway ? gateway : "");
	hst_value *answer = value_make_list(cli->arena);

	if (!gateway)
		return cli_fail(cli, CLI_USAGE, "Usage", "say whose keys are in question: hostler secrets exposed --gateway NAME");
	for (size_t i = 0; i < value_count(all); i++) {
		const hst_value *can = value_get(value_at(all, i), "can_open");

		for (size_t m = 0; m < value_count(can); m++)
			if (strcmp(value_text(value_at(can, m)), member) == 0)
				value_append(answer, value_at(all, i));
	}
	if (cli->json) {
		cli_print_json(answer);
		return CLI_DONE;
	}
	if (!value_count(answer))
		printf("%s can open no secret that is sealed now\n", gateway);
	for (size_t i = 0; i < value_count(answer); i++) {
		const char *name = value_text(value_get(value_at(answer, i), "name"));

		printf("%s: change it where it is valid, then hostler seal %s\n", name, name);
	}
	return CLI_DONE;
}

int secrets_command(struct cli *cli)
{
	struct listing listing = {.n = 0};
	hst_value *all = value_make_list(cli->arena);
	bool only = cli->options.argument_count > 0;
	int status;

	if (only && strcmp(cli->options.arguments[0], "exposed") != 0)
		return cli_fail(cli, CLI_USAGE, "Usage", "secrets %.40s: say secrets, or secrets exposed --gateway NAME", cli->options.arguments[0]);
	status = seal_desk_open(&listing.desk, cli, true);
	if (!status) {
		find_names(&listing);
		for (size_t i = 0; i < listing.n; i++)
			value_append(all, describe(&listing, listing.names[i]));
		if (only)
			status = exposed(&listing, all);
		else if (cli->json)
			cli_print_json(all);
		else
			print_secrets(&listing, all);
	}
	free(listing.names);
	seal_desk_close(&listing.desk);
	return status;
}
