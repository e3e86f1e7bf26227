/* secrets: which there are, who can open each, where each is needed, and who needs it in vain. */
#include "cli/cli.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/mem.h"
#include "cli/exposure.h"
#include "cli/grid.h"
#include "cli/knew.h"
#include "cli/seal_desk.h"
#include "schema/nearest.h"
#include "schema/types.h"
#include "schema/value.h"
#include "seal/sealed_standing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
	const char *const *lying;
	size_t n = exposure_names(listing->desk.definitions->conf->path, listing->desk.cli->arena, &lying);

	for (size_t i = 0; i < listing->desk.use_count; i++)
		add_name(listing, listing->desk.uses[i].secret);
	for (size_t i = 0; i < n; i++)
		add_name(listing, lying[i]);
	qsort(listing->names, listing->n, sizeof *listing->names, by_text);
}

static void append(hst_arena *arena, hst_value *list, const char *text)
{
	for (size_t i = 0; i < value_count(list); i++)
		if (strcmp(value_text(value_at(list, i)), text) == 0)
			return;
	value_append(list, value_make_text(arena, text, strlen(text)));
}

/* Who has the key today that it was sealed to; the names in it are those of the time. */
static bool can_open(const struct listing *listing, const struct sealed_file *file, const char *name)
{
	const struct roster_member *member = roster_member(listing->desk.roster, name);

	return member && member->has_open && envelope_find(&file->envelope, member->open);
}

static void add_uses(const struct listing *listing, const char *name, enum sealed_standing standing, const struct sealed_file *file, hst_value *record)
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
			if (standing != SEALED_READY || !sealed_serves(file, listing->desk.roster, use->sink, use->members[m]))
				append(arena, cannot, use->members[m]);
	}
	value_set(record, "uses", uses);
	value_set(record, "cannot_open", cannot);
	if (standing == SEALED_READY)
		value_set_text(record, "state", value_count(cannot) ? "incomplete" : value_count(uses) ? "ready" : "unused");
	else
		value_set_text(record, "state", sealed_standing_word(standing));
}

static void add_knew(hst_value *record, const char *path, hst_value *could, hst_arena *arena)
{
	const struct knew *knew;
	hst_error err = {{0}, {0}};
	size_t n = 0;

	if (knew_read(path, arena, &knew, &n, &err) != HST_OK && !value_get(record, "wrong"))
		value_set_text(record, "wrong", err.text);
	for (size_t i = 0; i < n; i++)
		append(arena, could, knew[i].member);
}

static const hst_value *describe(const struct listing *listing, const char *name)
{
	hst_arena *arena = listing->desk.cli->arena;
	hst_value *record = value_make_record(arena), *can = value_make_list(arena), *could = value_make_list(arena);
	AUTO_FREE char *path = seal_desk_file(&listing->desk, name);
	struct sealed_file *file = NULL;
	hst_error err = {{0}, {0}};
	enum sealed_standing standing = sealed_stands(path, name, listing->desk.roster, &file, &err);
	char sealed[40];

	value_set_text(record, "name", name);
	value_set_text(record, "file", path);
	if (file) {
		value_set_integer(record, "serial", file->envelope.header.serial);
		type_write_date((hst_time){file->envelope.header.created_us}, sealed, sizeof sealed);
		value_set_text(record, "sealed", sealed);
		value_set_text(record, "by", file->envelope.header.signer);
		for (size_t i = 0; i < file->envelope.recipient_count; i++)
			append(arena, standing == SEALED_READY && can_open(listing, file, file->envelope.recipients[i].name) ? can : could, file->envelope.recipients[i].name);
	}
	if (standing != SEALED_READY && standing != SEALED_MISSING)
		value_set_text(record, "wrong", arena_printf(arena, "%s; %s", err.text, sealed_remedy(arena, standing, name)));
	add_knew(record, path, could, arena);
	value_set(record, "can_open", can);
	value_set(record, "could_open", could);
	add_uses(listing, name, standing, file, record);
	sealed_file_free(file);
	return record;
}

static const char *joined(hst_arena *arena, const hst_value *list, const char *member)
{
	hst_value *once = value_make_list(arena);
	const char *all = NULL;

	for (size_t i = 0; i < value_count(list); i++)
		append(arena, once, value_text(member ? value_get(value_at(list, i), member) : value_at(list, i)));
	for (size_t i = 0; i < value_count(once); i++)
		all = all ? arena_printf(arena, "%s, %s", all, value_text(value_at(once, i))) : value_text(value_at(once, i));
	return all;
}

static const char *age(hst_arena *arena, const hst_value *record)
{
	hst_time sealed;

	if (type_read_date(value_text(value_get(record, "sealed")), &sealed, NULL) != HST_OK)
		return NULL;
	return type_span(arena, clock_wall_us() > sealed.us ? (clock_wall_us() - sealed.us) / 1000 : 0);
}

/* Those who have no key in this house: it cannot be sealed to them. */
static const char *keyless(const struct listing *listing, const hst_value *cannot)
{
	hst_arena *arena = listing->desk.cli->arena;
	hst_value *without = value_make_list(arena);

	for (size_t i = 0; i < value_count(cannot); i++) {
		const struct roster_member *member = roster_member(listing->desk.roster, value_text(value_at(cannot, i)));

		if (!member || !member->has_open)
			append(arena, without, value_text(value_at(cannot, i)));
	}
	return joined(arena, without, NULL);
}

static void print_remedy(const struct listing *listing, const hst_value *one)
{
	const char *name = value_text(value_get(one, "name")), *state = value_text(value_get(one, "state"));
	const char *cannot = joined(listing->desk.cli->arena, value_get(one, "cannot_open"), NULL);
	const char *without = keyless(listing, value_get(one, "cannot_open"));

	if (value_get(one, "wrong"))
		printf("%s: %s\n", name, value_text(value_get(one, "wrong")));
	else if (strcmp(state, "missing") == 0)
		printf("%s was not sealed yet: hostler seal %s\n", name, name);
	else if (strcmp(state, "incomplete") == 0 && without && strcmp(without, cannot) == 0)
		printf("%s cannot be opened by %s, without a key in this house: have it join (`hostler gateway invite`, `hostler reload`), or take it out of the "
		       "configuration; then hostler seal %s --again\n",
		       name, without, name);
	else if (strcmp(state, "incomplete") == 0)
		printf("%s cannot be opened by %s: hostler seal %s --again\n", name, cannot, name);
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
		grid_add(&grid, value_text(value_get(one, "state")));
		grid_add(&grid, joined(arena, value_get(one, "can_open"), NULL));
		grid_add(&grid, joined(arena, value_get(one, "cannot_open"), NULL));
		grid_add(&grid, joined(arena, value_get(one, "uses"), "sink"));
	}
	grid_print(&grid, stdout);
	grid_clear(&grid);
	for (size_t i = 0; i < value_count(all); i++)
		print_remedy(listing, value_at(all, i));
}

/* Everybody who is or was in this house, or is to be. */
static bool is_known(const struct listing *listing, const hst_value *all, const char *member, const char **ret_near)
{
	static const char *const lists[] = {"can_open", "could_open"};
	const struct conf *conf = listing->desk.definitions->conf;
	const struct roster *roster = listing->desk.roster;
	hst_arena *arena = listing->desk.cli->arena;
	hst_value *known = value_make_list(arena);
	struct nearest nearest;

	for (size_t i = 0; i < roster->member_count; i++)
		append(arena, known, roster->members[i].name);
	for (size_t i = 0; i < conf->device_count; i++)
		if (conf->devices[i].gateway)
			append(arena, known, arena_printf(arena, "gateway/%s", conf->devices[i].gateway));
	if (conf->gateway_name)
		append(arena, known, arena_printf(arena, "gateway/%s", conf->gateway_name));
	for (size_t i = 0; i < value_count(all); i++)
		for (size_t l = 0; l < sizeof lists / sizeof lists[0]; l++)
			for (size_t m = 0; m < value_count(value_get(value_at(all, i), lists[l])); m++)
				append(arena, known, value_text(value_at(value_get(value_at(all, i), lists[l]), m)));
	nearest_init(&nearest, strchr(member, '/') + 1);
	for (size_t i = 0; i < value_count(known); i++) {
		const char *one = value_text(value_at(known, i));
		size_t kind = (size_t)(strchr(member, '/') - member) + 1;

		if (strcmp(one, member) == 0)
			return true;
		if (strncmp(one, member, kind) == 0)
			nearest_offer(&nearest, one + kind);
	}
	*ret_near = nearest.best;
	return false;
}

static int exposed_member(const struct listing *listing, const hst_value *all, const char **ret)
{
	const struct cli *cli = listing->desk.cli;
	const char *gateway = options_value(&cli->options, "gateway"), *operator = options_value(&cli->options, "operator");
	const char *kind = gateway ? "gateway" : "operator", *name = gateway ? gateway : operator, *near = NULL;

	if (!gateway == !operator)
		return cli_fail(cli, CLI_USAGE, "Usage", "say whose keys are in question: hostler secrets exposed --gateway NAME, or --operator NAME");
	*ret = arena_printf(cli->arena, "%s/%s", kind, name);
	if (is_known(listing, all, *ret, &near))
		return CLI_DONE;
	return cli_fail(cli, CLI_USAGE, "NotFound", "there is and was no %s \"%.80s\" in this house%s%s%s", kind, name, near ? "; did you mean " : "",
	                near ? near : "", near ? "?" : "");
}

/* What whoever has this member's keys may know: to be changed where it is valid, and sealed with the new value. */
static int exposed(const struct listing *listing, const hst_value *all)
{
	const struct cli *cli = listing->desk.cli;
	const char *member = NULL, *name;
	hst_value *answer = value_make_list(cli->arena);
	size_t unclear = 0;
	int status = exposed_member(listing, all, &member);

	if (status)
		return status;
	name = strchr(member, '/') + 1;
	for (size_t i = 0; i < value_count(all); i++) {
		const char *secret = value_text(value_get(value_at(all, i), "name"));
		struct exposure one = exposure_of(listing->desk.definitions->conf->path, cli->arena, secret, member);

		if (one.opens || one.knew)
			value_append(answer, value_at(all, i));
		unclear += one.unclear != NULL;
		if (one.unclear)
			fprintf(stderr, "hostler: warning: %s: nobody can say whether %s knows it: %s\n", secret, name, one.unclear);
		else if (!cli->json && one.opens)
			printf("%s: change it where it is valid, then hostler seal %s\n", secret, secret);
		else if (!cli->json && one.knew)
			printf("%s: %s knows it from before, and --again has kept it: change it where it is valid, then hostler seal %s\n", secret, name, secret);
	}
	if (cli->json)
		cli_print_json(answer);
	else if (!value_count(answer) && !unclear)
		printf("%s can open no secret that is sealed now, nor knows one from before\n", name);
	return unclear ? CLI_FAILED : CLI_DONE;
}

int secrets_command(struct cli *cli)
{
	struct listing listing = {.n = 0};
	hst_value *all = value_make_list(cli->arena);
	bool only = cli->options.argument_count > 0;
	int status;

	if (only && strcmp(cli->options.arguments[0], "exposed") != 0)
		return cli_fail(cli, CLI_USAGE, "Usage", "secrets %.40s: say secrets, or secrets exposed --gateway NAME or --operator NAME", cli->options.arguments[0]);
	if (!only && (options_has(&cli->options, "gateway") || options_has(&cli->options, "operator")))
		return cli_fail(cli, CLI_USAGE, "Usage", "--gateway and --operator are for `hostler secrets exposed`");
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
