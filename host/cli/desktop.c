/* desktop: the desktop flows of the configuration, who has signed them, and where they are used. */
#include "cli/desktop.h"

#include "base/arena.h"
#include "base/mem.h"
#include "cli/acts.h"
#include "cli/connect.h"
#include "cli/grid.h"
#include "cli/print.h"
#include "definitions/signatures.h"
#include "schema/nearest.h"
#include "schema/types.h"
#include "schema/value.h"

#include <stdio.h>
#include <string.h>

static const char operators[] = "operator/";

/* Nobody waits for a host that does not run. */
static void ask_devices(struct desktop_desk *desk, const struct cli *silent)
{
	struct connect connect;

	if (connect_open(&connect, silent) != CLI_DONE || connect_ask(&connect, "devices", NULL, &desk->devices) != CLI_DONE)
		desk->devices = NULL;
	connect_close(&connect);
}

/* Whoever only looks may have no key, and the house no roster yet: then what is signed is shown, and not what it is worth. */
static int open_to_look(struct desktop_desk *desk)
{
	struct cli *silent = arena_alloc(desk->cli->arena, sizeof *silent);
	hst_error *unsaid = arena_alloc(desk->cli->arena, sizeof *unsaid);
	int status;

	*silent = *desk->cli;
	silent->kept = unsaid;
	silent->hasty = true;
	status = seal_desk_open(&desk->seal, silent, true);
	if (!desk->seal.definitions)
		return cli_fail(desk->cli, (enum cli_status)status, unsaid->reason, "%s", unsaid->text);
	if (!desk->seal.roster)
		desk->seal.roster = pushed_roster(desk->seal.definitions->conf);
	ask_devices(desk, silent);
	return CLI_DONE;
}

static int check_right(const struct desktop_desk *desk)
{
	const struct roster_member *self = roster_member(desk->seal.roster, desk->seal.key.name);

	if (self && self->has_sign && !(self->rights & RIGHT_ADMIN))
		return cli_fail(desk->cli, CLI_FAILED, "NotAllowed",
				"%s has not the right \"admin\" in this house, so nobody would believe the signature: what may be given secrets is for those to say who have it",
				desk->seal.key.name + sizeof operators - 1);
	return CLI_DONE;
}

int desktop_open(struct desktop_desk *desk, const struct cli *cli, bool signs)
{
	int status;

	*desk = (struct desktop_desk){.cli = cli};
	status = signs ? seal_desk_open(&desk->seal, cli, true) : open_to_look(desk);
	if (status == CLI_DONE && signs)
		status = check_right(desk);
	if (desk->seal.definitions)
		desk->conf = desk->seal.definitions->conf->path;
	return status;
}

void desktop_close(struct desktop_desk *desk)
{
	seal_desk_close(&desk->seal);
}

const struct package *desktop_find(const struct desktop_desk *desk, const char *name, int *ret_status)
{
	const struct definitions *definitions = desk->seal.definitions;
	const struct package *package = table_get(&definitions->packages, name);
	struct nearest nearest;

	if (package)
		return package;
	nearest_init(&nearest, name);
	TABLE_EACH(&definitions->packages, entry)
		nearest_offer(&nearest, entry->key);
	if (table_get(&definitions->bad_packages, name))
		*ret_status = cli_fail(desk->cli, CLI_USAGE, "ConfigurationInvalid", "the desktop flow \"%s\" cannot be read; `hostler check` says why", name);
	else if (nearest.best)
		*ret_status = cli_fail(desk->cli, CLI_USAGE, "NotFound", "there is no desktop flow \"%.80s\"; did you mean \"%s\"?", name, nearest.best);
	else
		*ret_status = cli_fail(desk->cli, CLI_USAGE, "NotFound", "there is no desktop flow \"%.80s\" in %s; `hostler desktop list` lists them", name,
				       desk->conf);
	return NULL;
}

const char *desktop_own_manifest(const struct desktop_desk *desk, const struct package *package)
{
	const char *own = table_get(&desk->seal.definitions->pinned, package->name);

	return own ? own : package->manifest;
}

const char *desktop_signer(const struct signed_package *signature)
{
	return signature->signer + sizeof operators - 1;
}

void desktop_set_when(hst_value *record, const char *name, int64_t seconds)
{
	char date[40];

	type_write_date((hst_time){seconds * 1000000}, date, sizeof date);
	value_set_text(record, name, date);
}

const char *desktop_short(hst_arena *arena, const char *digest)
{
	return arena_printf(arena, "%.12s", digest);
}

const char *desktop_state(const struct desktop_desk *desk, const struct pushed *pushed)
{
	hst_error unsaid;

	if (!pushed->is_signed)
		return "unsigned";
	if (desk->seal.roster && signed_package_verify(&pushed->signature, desk->seal.roster, &unsaid) != HST_OK)
		return "refused";
	return "signed";
}

static void set_signature(const struct desktop_desk *desk, const struct package *package, hst_value *record)
{
	const struct pushed *all, *found = NULL;
	size_t n = pushed_list(desk->cli->arena, desk->conf, package->name, &all);
	const char *state = "unsigned";
	hst_error why = {{0}, {0}};

	for (size_t i = 0; i < n; i++) {
		if (all[i].is_signed)
			state = "changed";
		if (strcmp(all[i].digest, package->digest) == 0)
			found = &all[i];
	}
	if (found && found->is_signed) {
		state = desktop_state(desk, found);
		value_set_text(record, "by", desktop_signer(&found->signature));
		desktop_set_when(record, "signed", found->signature.at);
	}
	value_set_text(record, "state", state);
	if (strcmp(state, "signed") != 0 && pushed_check(desk->conf, package, desk->seal.roster, &why) != HST_OK)
		value_set_text(record, "text", why.text);
	value_set_boolean(record, "pinned", table_get(&desk->seal.definitions->pinned, package->name) != NULL);
}

/* The gateways that have a copy of it; null where no host says so. */
static void set_gateways(const struct desktop_desk *desk, const struct package *package, hst_value *record)
{
	hst_arena *arena = desk->cli->arena;
	hst_value *list = value_make_list(arena);

	for (size_t i = 0; i < value_count(desk->devices); i++) {
		const hst_value *device = value_at(desk->devices, i), *packages = value_get(device, "packages");
		const hst_value *gateway = value_get(device, "gateway");
		bool has = false, told = false;

		for (size_t p = 0; p < value_count(packages); p++)
			has |= strcmp(value_text(value_at(packages, p)), package->digest) == 0;
		for (size_t g = 0; g < value_count(list); g++)
			told |= strcmp(value_text(value_at(list, g)), value_text(gateway)) == 0;
		if (has && !told)
			value_append(list, gateway);
	}
	value_set(record, "gateways", desk->devices ? list : value_make_null(arena));
}

static void set_uses(const struct desktop_desk *desk, const struct package *package, hst_value *record)
{
	const struct definitions *definitions = desk->seal.definitions;
	hst_arena *arena = desk->cli->arena;
	hst_value *uses = value_make_list(arena);

	TABLE_EACH(&definitions->flows, entry) {
		const struct flow *flow = entry->value;

		for (size_t i = 0; i < flow->step_count; i++) {
			const struct flow_step *step = &flow->steps[i];
			hst_value *one;

			if (step->use != FLOW_USE_DESKTOP || strcmp(step->target, package->name) != 0)
				continue;
			one = value_make_record(arena);
			value_set_text(one, "flow", flow->name);
			value_set_text(one, "step", step->name);
			value_set_text(one, "file", flow->file);
			value_set_integer(one, "line", step->use_line);
			value_set_boolean(one, "secrets", definitions_gives_secrets(definitions, step));
			value_append(uses, one);
		}
	}
	value_set(record, "uses", uses);
}

hst_value *desktop_describe(const struct desktop_desk *desk, const struct package *package)
{
	hst_value *record = value_make_record(desk->cli->arena);

	value_set_text(record, "name", package->name);
	value_set_text(record, "version", package->version);
	value_set_text(record, "digest", package->digest);
	value_set_text(record, "manifest", desktop_own_manifest(desk, package));
	set_signature(desk, package, record);
	set_uses(desk, package, record);
	set_gateways(desk, package, record);
	return record;
}

/* "enter-invoice/enter, report/send" */
static const char *uses_of(hst_arena *arena, const hst_value *record)
{
	const hst_value *uses = value_get(record, "uses");
	const char *all = NULL;

	for (size_t i = 0; i < value_count(uses); i++) {
		const hst_value *one = value_at(uses, i);
		const char *place = arena_printf(arena, "%s/%s%s", print_member(arena, one, "flow"), print_member(arena, one, "step"),
						 value_boolean(value_get(one, "secrets")) ? " (secrets)" : "");

		all = all ? arena_printf(arena, "%s, %s", all, place) : place;
	}
	return all;
}

static bool needs_signature(const hst_value *record)
{
	const hst_value *uses = value_get(record, "uses");

	for (size_t i = 0; i < value_count(uses); i++)
		if (value_boolean(value_get(value_at(uses, i), "secrets")))
			return true;
	return false;
}

static void print_list_of(const struct cli *cli, const hst_value *list)
{
	static const char *const heads[] = {"NAME", "VERSION", "DIGEST", "STATE", "BY", "WHEN", "ON", "USED BY", NULL};
	hst_arena *arena = cli->arena;
	struct grid grid;

	if (!value_count(list)) {
		puts("no desktop flows");
		return;
	}
	grid_init(&grid, arena, heads);
	for (size_t i = 0; i < value_count(list); i++) {
		const hst_value *one = value_at(list, i);
		const char *state = print_member(arena, one, "state");

		grid_add(&grid, print_member(arena, one, "name"));
		grid_add(&grid, print_member(arena, one, "version"));
		grid_add(&grid, desktop_short(arena, value_text(value_get(one, "digest"))));
		grid_add(&grid, value_boolean(value_get(one, "pinned")) ? arena_printf(arena, "%s, pinned", state) : state);
		grid_add(&grid, value_get(one, "by") ? print_member(arena, one, "by") : NULL);
		grid_add(&grid, value_get(one, "signed") ? print_time(arena, value_get(one, "signed")) : NULL);
		grid_add(&grid, value_count(value_get(one, "gateways")) ? print_list(arena, value_get(one, "gateways")) : NULL);
		grid_add(&grid, uses_of(arena, one));
	}
	grid_print(&grid, stdout);
	grid_clear(&grid);
	for (size_t i = 0; i < value_count(list); i++)
		if (needs_signature(value_at(list, i)) && value_get(value_at(list, i), "text"))
			printf("%s: %s\n", print_member(arena, value_at(list, i), "name"), print_member(arena, value_at(list, i), "text"));
}

static int desktop_list(struct cli *cli)
{
	hst_value *list = value_make_list(cli->arena);
	struct desktop_desk desk;
	int status = desktop_open(&desk, cli, false);

	if (!status) {
		TABLE_EACH(&desk.seal.definitions->packages, entry)
			value_append(list, desktop_describe(&desk, entry->value));
		if (cli->json)
			cli_print_json(list);
		else
			print_list_of(cli, list);
	}
	desktop_close(&desk);
	return status;
}

static const struct act acts[] = {
	{"list", "no name", 1, desktop_list},
	{"show", "NAME", 2, desktop_show},
	{"push", "NAME, or the folder DIR", 2, desktop_push},
	{"pin", "NAME, or NAME@VERSION", 2, desktop_pin},
};

int desktop_command(struct cli *cli)
{
	return acts_run(cli, "desktop", acts, sizeof acts / sizeof *acts);
}
