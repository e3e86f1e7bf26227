/* desktop push: an operator's word that a desktop flow with exactly these files may be given secrets. */
#include "cli/desktop.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/mem.h"
#include "cli/print.h"
#include "os/files.h"
#include "schema/value.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { NAMES_SHOWN = 20 };

struct pushing {
	struct desktop_desk desk;
	struct package *package; /* the copy that is signed */
	bool fresh;		 /* which was not there before */
	const struct pushed *last; /* the newest that was signed before; NULL: none */
	bool done;		   /* it is signed already, by a key that holds */
	hst_value *added, *changed, *removed;
	bool compared; /* a copy of the last one is still there */
	struct signed_package signature;
	bool was_pinned;
};

/* What was named: a folder if it is written like a path, else a desktop flow of the configuration. The caller frees it; NULL: said. */
static char *find_manifest(const struct pushing *pushing, int *ret_status)
{
	const char *what = pushing->desk.cli->options.arguments[1];
	AUTO_FREE char *there = files_join(what, "desktop-flow.ini");
	const struct package *package = strchr(what, '/') || what[0] == '.' ? NULL : table_get(&pushing->desk.seal.definitions->packages, what);
	size_t length = strlen(what);

	if (package)
		return mem_text(desktop_own_manifest(&pushing->desk, package));
	if (access(there, F_OK) == 0)
		return take(there);
	if (length > 17 && strcmp(what + length - 17, "/desktop-flow.ini") == 0)
		return mem_text(what);
	if (strchr(what, '/') || what[0] == '.')
		*ret_status = cli_fail(pushing->desk.cli, CLI_USAGE, "NotFound", "%.200s is no folder with a desktop flow: there is no %s", what, there);
	else
		desktop_find(&pushing->desk, what, ret_status);
	return NULL;
}

/* What differs from the one that was signed last, as far as its files are still there. Both lists are sorted by path. */
static void compare(struct pushing *pushing)
{
	hst_arena *arena = pushing->desk.cli->arena;
	const struct package *package = pushing->package;
	AUTO_FREE char *before = pushing->last ? pushed_copy(pushing->desk.conf, package->name, pushing->last->digest) : NULL;
	struct package_file *old = NULL;
	size_t n = 0, at = 0;
	hst_error err;

	pushing->added = value_make_list(arena);
	pushing->changed = value_make_list(arena);
	pushing->removed = value_make_list(arena);
	pushing->compared = before && package_list_files(arena, before, &old, &n, &err) == HST_OK;
	for (size_t i = 0; pushing->compared && i < package->file_count; i++) {
		const struct package_file *file = &package->files[i];

		for (; at < n && strcmp(old[at].path, file->path) < 0; at++)
			value_append(pushing->removed, value_make_text(arena, old[at].path, strlen(old[at].path)));
		if (at == n || strcmp(old[at].path, file->path) != 0)
			value_append(pushing->added, value_make_text(arena, file->path, strlen(file->path)));
		else if (strcmp(old[at].hash, file->hash) != 0 || old[at].executable != file->executable)
			value_append(pushing->changed, value_make_text(arena, file->path, strlen(file->path)));
		at += at < n && strcmp(old[at].path, file->path) == 0;
	}
	for (; pushing->compared && at < n; at++)
		value_append(pushing->removed, value_make_text(arena, old[at].path, strlen(old[at].path)));
}

static void find_last(struct pushing *pushing)
{
	const struct pushed *all;
	size_t n = pushed_list(pushing->desk.cli->arena, pushing->desk.conf, pushing->package->name, &all);

	for (size_t i = 0; i < n; i++) {
		if (!all[i].is_signed)
			continue;
		if (!pushing->last)
			pushing->last = &all[i];
		if (strcmp(all[i].digest, pushing->package->digest) == 0 && strcmp(desktop_state(&pushing->desk, &all[i]), "signed") == 0) {
			pushing->done = true;
			pushing->signature = all[i].signature;
		}
	}
	compare(pushing);
}

static int64_t bytes_of(const struct package *package)
{
	int64_t bytes = 0;

	for (size_t i = 0; i < package->file_count; i++)
		bytes += package->files[i].size;
	return bytes;
}

static void say_names(const char *word, const hst_value *names)
{
	for (size_t i = 0; i < value_count(names) && i < NAMES_SHOWN; i++)
		fprintf(stderr, "  %-9s %s\n", i ? "" : word, value_text(value_at(names, i)));
	if (value_count(names) > NAMES_SHOWN)
		fprintf(stderr, "  %-9s and %zu more\n", "", value_count(names) - NAMES_SHOWN);
}

static bool is_agreed(const struct cli *cli)
{
	return options_has(&cli->options, "yes");
}

/* Before it is signed: what exactly. Paths were checked when they were listed. */
static void say_what(const struct pushing *pushing)
{
	const struct package *package = pushing->package;
	hst_arena *arena = pushing->desk.cli->arena;

	if (pushing->done || (pushing->desk.cli->json && (is_agreed(pushing->desk.cli) || !isatty(STDIN_FILENO))))
		return;
	fprintf(stderr, "%s, version %s, digest %s: %zu %s, %lld bytes\n", package->name, package->version, desktop_short(arena, package->digest),
		package->file_count, package->file_count == 1 ? "file" : "files", (long long)bytes_of(package));
	if (!pushing->last) {
		fputs("It was not signed before.\n", stderr);
		for (size_t i = 0; i < package->file_count && i < NAMES_SHOWN; i++)
			fprintf(stderr, "  %s%s\n", package->files[i].path, package->files[i].executable ? " (a program)" : "");
		if (package->file_count > NAMES_SHOWN)
			fprintf(stderr, "  and %zu more\n", package->file_count - NAMES_SHOWN);
		return;
	}
	fprintf(stderr, "%s signed version %s, digest %s, on %s%s\n", desktop_signer(&pushing->last->signature), pushing->last->signature.version,
		desktop_short(arena, pushing->last->digest), print_moment(arena, pushing->last->signature.at * 1000000),
		!pushing->compared ? "; its files are not here any more" : strcmp(pushing->last->digest, package->digest) == 0 ? "; no file has changed" : ". Since then:");
	say_names("added", pushing->added);
	say_names("changed", pushing->changed);
	say_names("removed", pushing->removed);
}

/* A signature is an operator's word: whoever cannot be asked has to say --yes. */
static int confirm(const struct pushing *pushing)
{
	const struct cli *cli = pushing->desk.cli;
	char answer[16] = "";

	if (is_agreed(cli))
		return CLI_DONE;
	if (!isatty(STDIN_FILENO))
		return cli_fail(cli, CLI_USAGE, "NoTerminal",
		                "nothing was signed: there is no terminal to ask on; if it may be given secrets, say `hostler desktop push -y %.200s`",
		                cli->options.arguments[1]);
	fprintf(stderr, "May it be given secrets? [y/N] ");
	if (fgets(answer, sizeof answer, stdin) && (strcasecmp(answer, "y\n") == 0 || strcasecmp(answer, "yes\n") == 0))
		return CLI_DONE;
	return cli_fail(cli, CLI_FAILED, "Cancelled", "nothing was signed");
}

static int sign(struct pushing *pushing)
{
	const struct seal_desk *desk = &pushing->desk.seal;
	const struct package *package = pushing->package;
	AUTO_FREE char *path = pushed_signature(pushing->desk.conf, package->name, package->digest);
	struct signed_package *signature = &pushing->signature, again;
	AUTO(text) struct text text;
	hst_error err = {{0}, {0}};
	int code;

	*signature = (struct signed_package){.at = clock_wall_us() / 1000000};
	memcpy(signature->cluster, desk->roster->cluster, sizeof signature->cluster);
	snprintf(signature->name, sizeof signature->name, "%s", package->name);
	snprintf(signature->version, sizeof signature->version, "%s", package->version);
	snprintf(signature->digest, sizeof signature->digest, "%s", package->digest);
	snprintf(signature->signer, sizeof signature->signer, "%s", desk->key.name);
	signed_package_sign(signature, &desk->key.pairs);
	text_init(&text, SIGNED_PACKAGE_BYTES_MAX);
	signed_package_write(&text, signature);
	/* What nobody would believe is not written. */
	code = signed_package_read(text.s, text.length, &again, &err);
	if (code == HST_OK)
		code = signed_package_verify(&again, desk->roster, &err);
	if (code == HST_OK)
		code = files_replace(path, text.s, text.length, 0644, true, &err);
	return code == HST_OK ? CLI_DONE : cli_fail_as(desk->cli, code, &err);
}

/* One that is pinned is used as it was pushed last. */
static int move_pin(struct pushing *pushing)
{
	char digest[65];

	pushing->was_pinned = pushed_is_pinned(pushing->desk.conf, pushing->package->name, digest);
	return pushing->was_pinned ? desktop_set_pin(&pushing->desk, pushing->package->name, pushing->package->digest) : CLI_DONE;
}

static void say_pushed(const struct pushing *pushing)
{
	const struct package *package = pushing->package, *used = table_get(&pushing->desk.seal.definitions->packages, package->name);
	const struct cli *cli = pushing->desk.cli;
	AUTO_FREE char *path = pushed_signature(pushing->desk.conf, package->name, package->digest);
	hst_value *answer = value_make_record(cli->arena);

	value_set_text(answer, "name", package->name);
	value_set_text(answer, "version", package->version);
	value_set_text(answer, "digest", package->digest);
	value_set_text(answer, "by", desktop_signer(&pushing->signature));
	desktop_set_when(answer, "signed", pushing->signature.at);
	value_set_boolean(answer, "new", !pushing->done);
	value_set_integer(answer, "files", (int64_t)package->file_count);
	value_set_integer(answer, "bytes", bytes_of(package));
	value_set(answer, "added", pushing->added);
	value_set(answer, "changed", pushing->changed);
	value_set(answer, "removed", pushing->removed);
	value_set_boolean(answer, "pinned", pushing->was_pinned);
	value_set_text(answer, "file", path);
	if (cli->json) {
		cli_print_json(answer);
		return;
	}
	if (pushing->done)
		printf("%s is signed as it is, by %s on %s; nothing was done\n", package->name, desktop_signer(&pushing->signature),
		       print_moment(cli->arena, pushing->signature.at * 1000000));
	else
		printf("signed %s, version %s, into %s\n", package->name, package->version, path);
	if (pushing->was_pinned)
		printf("It is pinned to that now.\n");
	if (!used)
		printf("The configuration has no desktop flow of that name: name its folder in `desktop_flows` of [host].\n");
	else
		puts("A house that runs uses these files from its next `hostler reload` on.");
}

int desktop_push(struct cli *cli)
{
	struct pushing pushing = {.done = false};
	AUTO_FREE char *manifest = NULL;
	int status = desktop_open(&pushing.desk, cli, true);

	if (!status)
		manifest = find_manifest(&pushing, &status);
	if (!status)
		status = desktop_copy(&pushing.desk, manifest, &pushing.package, &pushing.fresh);
	if (!status) {
		find_last(&pushing);
		say_what(&pushing);
		if (!pushing.done)
			status = confirm(&pushing);
		if (!status && !pushing.done)
			status = seal_desk_unlock(&pushing.desk.seal);
		if (!status && !pushing.done)
			status = sign(&pushing);
		if (status && pushing.fresh)
			files_remove_tree(pushing.package->directory, NULL);
	}
	if (!status)
		status = move_pin(&pushing);
	if (!status) {
		desktop_prune(&pushing.desk, pushing.package->name, pushing.package->digest);
		say_pushed(&pushing);
	}
	package_free(pushing.package);
	desktop_close(&pushing.desk);
	return status;
}
