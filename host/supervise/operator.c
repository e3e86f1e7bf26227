#include "supervise/operator.h"

#include "base/auto.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "os/files.h"
#include "os/spawn.h"
#include "seal/operator_key.h"
#include "seal/roster_lines.h"
#include "supervise/keys.h"

#include <pwd.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { ASKED_MAX = 1 << 20, MAKE_MS = 30000, SAID_MAX = 1024, ALL = RIGHT_LOOK | RIGHT_PRESS | RIGHT_CONTROL | RIGHT_ADMIN };

/* The file that $HOSTLER_KEY names, as the command line uses it too; NULL: the one below the person's home. */
static const char *named_key(void)
{
	const char *path = getenv("HOSTLER_KEY");

	return path && *path == '/' ? path : NULL;
}

/* Whose key it is: under sudo the person in front of it, unless a file is named. NULL: this process's own user. */
static const char *person_behind_sudo(const struct accounts *accounts)
{
	const char *name = accounts->root && !named_key() ? getenv("SUDO_USER") : NULL;

	return name && *name && strcmp(name, "root") != 0 && getpwnam(name) ? name : NULL;
}

/* $HOSTLER_KEY, else ~/.config/hostler/operator.key; a process that became somebody else has that person's home, not $HOME. */
static char *key_path(const struct passwd *person)
{
	const char *home = getenv("HOME");
	bool own = home && *home == '/' && (geteuid() == 0 || access(home, W_OK) == 0);

	if (named_key())
		return mem_text(named_key());
	return files_join(own ? home : person->pw_dir, ".config/hostler/operator.key");
}

static int open_key(struct operator_key *key, const char *path, const char *passphrase, hst_error *err)
{
	hst_error why = {{0}, {0}};
	int code;

	if (!key->locked)
		return HST_OK;
	if (!passphrase)
		return hst_fail(err, HST_DENIED, "the key %s is behind a passphrase, and has to sign the first roster of this house: "
		                                 "run `hostler init`, which asks for it", path);
	code = operator_key_unlock(key, passphrase, &why);
	return code == HST_OK ? code : hst_fail_as(err, (hst_code)code, why.reason, "%s: %s", path, why.text);
}

/*
 * The key that is there, or a fresh one. A new key is written with that of the host. A key that is there serves several
 * hosts: each shows its public half in its own state_dir/host.pub.
 */
static int make_key(const struct operator_asked *asked, const struct passwd *person, struct operator_key *key, hst_error *err)
{
	AUTO_FREE char *path = key_path(person);
	int code = operator_key_read(path, key, err);
	bool fresh = code == HST_NOT_FOUND;

	if (fresh) {
		operator_key_make(key, person->pw_name);
		code = asked->passphrase && *asked->passphrase ? operator_key_guard(key, asked->passphrase, err) : HST_OK;
	} else if (code == HST_OK) {
		code = open_key(key, path, asked->passphrase, err);
	}
	if (code != HST_OK || (key->has_host && key->has_seed && !fresh))
		return code;
	if (!key->has_host)
		memcpy(key->host, asked->host, KEY_BYTES);
	key->has_host = key->has_seed = true;
	return operator_key_write(key, path, err);
}

/* By the user who runs this process. */
static int sign_here(const struct operator_asked *asked, const struct roster *draft, struct roster **ret, hst_error *err)
{
	const struct passwd *person = getpwuid(geteuid());
	struct operator_key key = {.name = ""};
	struct roster_member line;
	int code;

	if (!person)
		return hst_fail(err, HST_NOT_FOUND, "the user %u has no name on this machine", (unsigned)geteuid());
	code = make_key(asked, person, &key, err);
	if (code == HST_OK) {
		struct roster *roster = roster_copy(draft);

		line = operator_key_line(&key, ALL);
		roster_put(roster, &line);
		roster_member_clear(&line);
		code = roster_sign(roster, key.name, &key.pairs, err);
		if (code == HST_OK)
			*ret = roster;
		else
			roster_free(roster);
	}
	operator_key_clear(&key);
	return code;
}

/* What the child is told. It holds the passphrase. */
static char *draft_text(const struct operator_asked *asked, const struct roster *draft)
{
	char host[KEY_TEXT], cluster[ROSTER_CLUSTER_TEXT];
	struct text text;

	text_init(&text, ASKED_MAX);
	keys_text(asked->host, host);
	roster_cluster_text(draft->cluster, cluster);
	text_addf(&text, "host %s\ncluster %s\n", host, cluster);
	for (size_t i = 0; i < draft->member_count; i++) {
		roster_line_write(&text, &draft->members[i]);
		text_add(&text, "\n");
	}
	if (asked->passphrase)
		text_addf(&text, "passphrase %s\n", asked->passphrase);
	return text_take(&text);
}

/* What the child says is read as if anybody had said it; that it names this house's own machine is looked at. */
static int read_signed(const char *said, const struct roster *draft, struct roster **ret, hst_error *err)
{
	const struct roster_member *machine = roster_member(draft, ROSTER_MACHINE), *other;
	struct roster *roster = NULL;
	int code = roster_read(said, strlen(said), "the first roster", &roster, err);

	if (code == HST_OK)
		code = roster_verify_first(roster, err);
	other = code == HST_OK ? roster_member(roster, ROSTER_MACHINE) : NULL;
	if (code == HST_OK && (!other || memcmp(roster->cluster, draft->cluster, ROSTER_CLUSTER_BYTES) != 0 ||
	                       memcmp(other->sign, machine->sign, SEAL_KEY_BYTES) != 0))
		code = hst_fail(err, HST_INVALID, "what was signed is not the first roster of this house");
	if (code == HST_OK)
		*ret = roster;
	else
		roster_free(roster);
	return code;
}

static int sign_as_user(const char *user, const struct operator_asked *asked, const struct roster *draft, struct roster **ret,
                        hst_error *err)
{
	AUTO_FREE char *program = files_join(files_program_directory(), "hostlerd");
	AUTO_FREE char *said = NULL;
	char *const argv[] = {"hostlerd", "--operator-key", "--as", (char *)user, NULL};
	const struct spawn spawn = {.path = program, .argv = argv};
	char *input = draft_text(asked, draft);
	int status = 0, code = spawn_capture(&spawn, input, ROSTER_BYTES_MAX, MAKE_MS, &said, &status, err);

	keys_forget(input);
	if (code != HST_OK)
		return code;
	if (status != 0)
		return hst_fail(err, HST_DENIED, "%s", strncmp(said, "error ", 6) == 0 ? said + 6 : "the operator key could not be made");
	return read_signed(said, draft, ret, err);
}

int operator_first_roster(const struct operator_asked *asked, const struct roster *draft, struct roster **ret, hst_error *err)
{
	const char *user = person_behind_sudo(asked->accounts);

	return user ? sign_as_user(user, asked, draft, ret, err) : sign_here(asked, draft, ret, err);
}

void operator_look(const struct accounts *accounts, const struct roster *roster)
{
	const struct passwd *person = getpwuid(geteuid());
	AUTO_FREE char *path = person ? key_path(person) : NULL;
	struct operator_key key = {.name = ""};
	const struct roster_member *known;
	hst_error err = {{0}, {0}};
	int code;

	if (!person || person_behind_sudo(accounts))
		return;
	code = operator_key_read(path, &key, &err);
	known = code == HST_OK ? roster_member(roster, key.name) : NULL;
	if (code == HST_NOT_FOUND && !accounts->root)
		log_warning("there is no key %s, and only one that the roster of this house has can steer it", path);
	else if (code == HST_OK && (!known || memcmp(known->wire, key.wire_public, SEAL_KEY_BYTES) != 0))
		log_warning("%s, the key of %s, is not in the roster of this house: an operator with the right \"admin\" lets it in with "
		            "`hostler operator new`", path, key.name + strlen("operator/"));
	else if (code != HST_OK && code != HST_NOT_FOUND)
		log_warning("%s", err.text);
	operator_key_clear(&key);
}

/* Cuts the lines in place; the passphrase stays where it is. */
static int read_asked(char *input, struct operator_asked *asked, struct roster *draft, hst_error *err)
{
	int code = HST_OK;

	for (char *rest = input, *line; code == HST_OK && (line = strsep(&rest, "\n")) != NULL && *line;) {
		struct roster_member member;

		if (strncmp(line, "host ", 5) == 0) {
			code = keys_read_text(line + 5, asked->host, err);
		} else if (strncmp(line, "cluster ", 8) == 0) {
			code = roster_cluster_read(line + 8, draft->cluster, err);
		} else if (strncmp(line, "passphrase ", 11) == 0) {
			asked->passphrase = line + 11;
		} else {
			code = roster_line_read(line, &member, err);
			if (code == HST_OK) {
				roster_put(draft, &member);
				roster_member_clear(&member);
			}
		}
	}
	return code;
}

int operator_key_run(void)
{
	const struct accounts accounts = {.root = false};
	struct operator_asked asked = {.accounts = &accounts};
	struct roster *draft = roster_new(), *roster = NULL;
	char *input = mem_alloc(ASKED_MAX + 1);
	hst_error err = {{0}, {0}};
	int code;

	code = fread(input, 1, ASKED_MAX, stdin) ? HST_OK : hst_fail(&err, HST_INVALID, "nothing was asked for");
	if (code == HST_OK)
		code = read_asked(input, &asked, draft, &err);
	if (code == HST_OK)
		code = sign_here(&asked, draft, &roster, &err);
	if (code == HST_OK) {
		AUTO_FREE char *text = roster_write(roster);

		fputs(text, stdout);
	} else {
		printf("error %s", err.text);
	}
	sodium_memzero(input, ASKED_MAX);
	free(input);
	roster_free(roster);
	roster_free(draft);
	return code == HST_OK ? 0 : 1;
}
