#include "definitions/secrets.h"

#include "base/arena.h"
#include "base/auto.h"
#include "config/accounts.h"
#include "config/secret_files.h"
#include "definitions/secret_uses.h"
#include "desktop/pushed.h"
#include "seal/sealed_standing.h"

#include <grp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct checking {
	struct definitions *definitions;
	struct problems *problems;
	struct roster *roster; /* NULL: this user has none */
};

static void add(const struct checking *checking, const struct secret_use *use, const char *text)
{
	problems_add(checking->problems, use->file, use->line, "%s", text);
	checking->definitions->faults++;
}

/* Who has no key yet is not there yet, and it is sealed again when they come. */
static const char *first_in_vain(const struct checking *checking, const struct secret_use *use, const struct sealed_file *file)
{
	for (size_t i = 0; checking->roster && i < use->member_count; i++) {
		const struct roster_member *member = roster_member(checking->roster, use->members[i]);

		if (member && member->has_open && !sealed_serves(file, checking->roster, use->sink, use->members[i]))
			return use->members[i];
	}
	return NULL;
}

/* Sealed by a roster that is not here yet, it may be for keys that are not here yet. */
static void check_members(const struct checking *checking, const struct secret_use *use, const struct sealed_file *file)
{
	hst_arena *arena = checking->definitions->arena;
	const char *member = !checking->roster || file->envelope.header.epoch > checking->roster->epoch ? NULL : first_in_vain(checking, use, file);

	if (member)
		add(checking, use, arena_printf(arena, "the secret \"%s\" cannot be opened by %s for %s; `hostler seal %s --again` seals it for all who need it now",
		                                use->secret, member, use->sink, use->secret));
}

/* Root reads what the accounts of a house that it starts cannot. */
static bool is_hidden(const char *path)
{
	struct stat status;
	const struct group *group;

	if (geteuid() != 0 || stat(path, &status) != 0 || (status.st_mode & S_IROTH))
		return false;
	group = status.st_mode & S_IRGRP ? getgrgid(status.st_gid) : NULL;
	return !group || strcmp(group->gr_name, ACCOUNT_GROUP) != 0;
}

static void check(const struct checking *checking, const struct secret_use *use)
{
	AUTO_FREE char *path = secret_file(checking->definitions->conf->path, use->secret);
	hst_arena *arena = checking->definitions->arena;
	struct sealed_file *file = NULL;
	hst_error err = {{0}, {0}};
	enum sealed_standing standing = sealed_stands(path, use->secret, checking->roster, &file, &err);
	const char *remedy;

	if ((standing == SEALED_READY || standing == SEALED_REFUSED) && is_hidden(path)) {
		standing = SEALED_UNREADABLE;
		hst_fail(&err, HST_DENIED, "%s can be read by its owner, and not by the accounts of the house", path);
	}
	remedy = sealed_remedy(arena, standing, use->secret);
	if (standing == SEALED_READY)
		check_members(checking, use, file);
	else if (standing == SEALED_MISSING)
		add(checking, use, arena_printf(arena, "the secret \"%s\" was not sealed yet: there is no %s; %s", use->secret, path, remedy));
	else
		add(checking, use, arena_printf(arena, "the secret \"%s\" cannot be used: %s; %s", use->secret, err.text, remedy));
	sealed_file_free(file);
}

/* Of an instance whose options are wrong that is said already. */
static bool is_said(const struct definitions *definitions, const struct conf_instance *instance)
{
	const struct definition *definition = instance ? definitions_instance(definitions, instance->kind, instance->name) : NULL;

	return instance && (!definition || !definition->options);
}

int definitions_password_line(const struct definitions *definitions, const struct conf_connection *connection)
{
	const struct document *document = definitions->conf->document;

	for (size_t i = 0; document && i < document->section_count; i++) {
		const struct section *section = &document->sections[i];
		const struct section_key *key = section_find(section, "password");

		if (key && strcmp(section->kind, "connection") == 0 && section->name && strcmp(section->name, connection->name) == 0)
			return key->line;
	}
	return connection->line;
}

void definitions_check_secrets(struct definitions *definitions, struct problems *problems)
{
	struct checking checking = {.definitions = definitions, .problems = problems};
	const struct secret_use *uses = NULL;
	size_t n = secret_uses(definitions, definitions->arena, &uses);

	if (n)
		checking.roster = pushed_roster(definitions->conf);
	for (size_t i = 0; i < n; i++)
		if (!is_said(definitions, uses[i].instance))
			check(&checking, &uses[i]);
	roster_free(checking.roster);
}

bool definitions_use_secret(const struct definitions *definitions, const char *name)
{
	hst_arena *arena = arena_new();
	const struct secret_use *uses = NULL;
	size_t n = secret_uses(definitions, arena, &uses);
	bool found = false;

	for (size_t i = 0; i < n && !found; i++)
		found = !is_said(definitions, uses[i].instance) && strcmp(uses[i].secret, name) == 0;
	arena_free(arena);
	return found;
}
