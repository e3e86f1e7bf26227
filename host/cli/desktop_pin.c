/* desktop pin: the house keeps to a copy of a desktop flow, whatever becomes of its folder. */
#include "cli/desktop.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/mem.h"
#include "schema/value.h"

#include <stdio.h>
#include <string.h>

enum { DIGEST_LEAST = 6 };

/* The newest copy with this version, or the one whose digest begins so. */
static const struct pushed *find_version(const struct desktop_desk *desk, const char *name, const char *version)
{
	const struct pushed *all, *found = NULL;
	size_t n = pushed_list(desk->cli->arena, desk->conf, name, &all), length = strlen(version);

	for (size_t i = 0; i < n; i++)
		if (all[i].copied && all[i].is_signed && strcmp(all[i].signature.version, version) == 0)
			return &all[i];
	for (size_t i = 0; length >= DIGEST_LEAST && i < n; i++) {
		if (!all[i].copied || strncmp(all[i].digest, version, length) != 0)
			continue;
		if (found)
			return NULL;
		found = &all[i];
	}
	return found;
}

static void say_pinned(const struct desktop_desk *desk, const char *name, const char *version, const char *digest)
{
	const struct cli *cli = desk->cli;
	hst_value *answer = value_make_record(cli->arena);

	value_set_text(answer, "name", name);
	value_set_boolean(answer, "pinned", digest != NULL);
	if (digest) {
		value_set_text(answer, "version", version);
		value_set_text(answer, "digest", digest);
	}
	if (cli->json)
		cli_print_json(answer);
	else if (digest)
		printf("%s is pinned to version %s, digest %s: changes in its folder are not used until they are pushed, or the pin is taken off.\n"
		       "A house that runs does so from its next `hostler reload` on.\n",
		       name, version, desktop_short(cli->arena, digest));
	else
		printf("%s is not pinned: a house that runs uses what is in its folder from its next `hostler reload` on.\n", name);
}

/* As it is in use now: a copy of the folder, or of what it is pinned to already. */
static int pin_present(struct desktop_desk *desk, const char *name)
{
	int status = CLI_DONE;
	const struct package *package = desktop_find(desk, name, &status);
	struct package *copy = NULL;
	bool fresh = false;

	if (package)
		status = desktop_copy(desk, package->manifest, &copy, &fresh);
	if (!status)
		status = desktop_set_pin(desk, copy->name, copy->digest);
	if (!status) {
		desktop_prune(desk, copy->name, copy->digest);
		say_pinned(desk, copy->name, copy->version, copy->digest);
	}
	package_free(copy);
	return status;
}

static int pin_version(struct desktop_desk *desk, const char *name, const char *version)
{
	const struct pushed *found = find_version(desk, name, version);
	int status;

	if (!found)
		return cli_fail(desk->cli, CLI_USAGE, "NotFound",
				"there is no copy of \"%.80s\" with version \"%.64s\", and none whose digest alone begins so; `hostler desktop show %.80s` lists them, and "
				"`hostler desktop push` makes them",
				name, version, name);
	status = desktop_set_pin(desk, name, found->digest);
	if (!status)
		say_pinned(desk, name, found->is_signed ? found->signature.version : version, found->digest);
	return status;
}

/* Whether the configuration can read it is no matter here: that may be why the pin has to go. */
static int take_off(struct desktop_desk *desk, const char *name)
{
	char digest[65];
	int status = CLI_DONE;

	if (!table_get(&desk->seal.definitions->bad_packages, name) && !desktop_find(desk, name, &status))
		return status;
	if (!pushed_is_pinned(desk->conf, name, digest))
		return cli_fail(desk->cli, CLI_USAGE, "NotFound", "the desktop flow \"%s\" is not pinned", name);
	status = desktop_set_pin(desk, name, NULL);
	if (!status)
		say_pinned(desk, name, NULL, NULL);
	return status;
}

int desktop_pin(struct cli *cli)
{
	const char *whole = cli->options.arguments[1], *at = strchr(whole, '@');
	const char *name = at ? arena_copy(cli->arena, whole, (size_t)(at - whole)) : whole;
	bool off = options_has(&cli->options, "off");
	struct desktop_desk desk;
	int status;

	if (at && off)
		return cli_fail(cli, CLI_USAGE, "Usage", "desktop pin NAME --off takes the pin off whatever it is pinned to: leave out \"%.64s\"", at);
	status = desktop_open(&desk, cli, false);
	if (!status && off)
		status = take_off(&desk, name);
	else if (!status && at && (table_get(&desk.seal.definitions->packages, name) || table_get(&desk.seal.definitions->bad_packages, name)))
		status = pin_version(&desk, name, at + 1);
	else if (!status)
		status = pin_present(&desk, name);
	desktop_close(&desk);
	return status;
}
