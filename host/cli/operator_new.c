/* operator new, key, passphrase: keys of operators, as files and as words to be handed over. */
#include "cli/operator.h"

#include "base/auto.h"
#include "base/mem.h"
#include "cli/hidden.h"
#include "schema/value.h"
#include "seal/key_word.h"

#include <pwd.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* Every right brings that of looking: whoever may steer has to see what. */
static int read_may(const struct cli *cli, unsigned *ret)
{
	const char *may = options_value(&cli->options, "may");
	hst_error err = {{0}, {0}};

	if (may && rights_read(may, ret, &err) != HST_OK)
		return cli_fail(cli, CLI_USAGE, "Usage", "--may %.40s: %s", may, err.text);
	*ret = (may ? *ret : RIGHT_NONE) | RIGHT_LOOK;
	return CLI_DONE;
}

/* "" is none. Without a terminal, or with --yes, nobody is asked. */
static int guard(const struct cli *cli, struct operator_key *key, const char *prompt, char *passphrase)
{
	hst_error err = {{0}, {0}};
	int status = CLI_DONE;

	*passphrase = '\0';
	if (options_has(&cli->options, "yes") || !hidden_can_ask())
		return CLI_DONE;
	status = hidden_ask_new(cli, prompt, passphrase, PASSPHRASE_MAX + 2);
	if (!status && *passphrase && operator_key_guard(key, passphrase, &err) != HST_OK)
		status = cli_fail(cli, CLI_FAILED, "Broken", "%s", err.text);
	return status;
}

/* A key file for somebody else, which says where the host is. */
static int make_file(struct operator_desk *desk, const char *name, struct roster_member *ret_line, char **ret_path)
{
	const struct cli *cli = desk->cli;
	const char *to = options_value(&cli->options, "to");
	AUTO_FREE char *path = to ? mem_text(to) : mem_printf("%s.key", name);
	AUTO_FREE char *prompt = mem_printf("Passphrase for the key of %s (empty: none)", name);
	char passphrase[PASSPHRASE_MAX + 2];
	struct operator_key key = {.name = ""};
	hst_error err = {{0}, {0}};
	int status;

	if (access(path, F_OK) == 0)
		return cli_fail(cli, CLI_USAGE, "Exists", "%s is there already; name another file with --to FILE", path);
	operator_key_make(&key, name);
	key.has_host = true;
	memcpy(key.host, desk->connect.ring.host, SEAL_KEY_BYTES);
	status = guard(cli, &key, prompt, passphrase);
	sodium_memzero(passphrase, sizeof passphrase);
	if (!status && operator_key_write(&key, path, &err) != HST_OK)
		status = cli_fail(cli, CLI_FAILED, "Broken", "%s", err.text);
	if (!status) {
		*ret_line = operator_key_line(&key, RIGHT_NONE);
		*ret_path = take(path);
	}
	operator_key_clear(&key);
	return status;
}

static int line_of(struct operator_desk *desk, const char *name, struct roster_member *ret, char **ret_path)
{
	const char *word = options_value(&desk->cli->options, "key");
	hst_error err = {{0}, {0}};

	if (!word)
		return make_file(desk, name, ret, ret_path);
	if (key_word_read(word, ret, &err) != HST_OK)
		return cli_fail(desk->cli, CLI_USAGE, "Usage", "--key: %s", err.text);
	/* It says so itself whenever it connects. */
	if (strcmp(ret->name + strlen("operator/"), name) != 0)
		return cli_fail(desk->cli, CLI_USAGE, "NameOfKey",
		                "this key is of \"%s\": let it in under that name, or have it named otherwise with `hostler operator key --name %s`",
		                ret->name + strlen("operator/"), name);
	return CLI_DONE;
}

static void say_new(const struct cli *cli, const char *name, const struct roster_member *line, const char *path, int64_t epoch)
{
	hst_value *answer = value_make_record(cli->arena);
	AUTO_FREE char *word = key_word_write(line);
	char rights[RIGHTS_TEXT];

	value_set_text(answer, "name", name);
	operator_set_may(cli->arena, answer, line->rights);
	value_set_text(answer, "key", word);
	if (path)
		value_set_text(answer, "file", path);
	value_set_integer(answer, "epoch", epoch);
	if (cli->json) {
		cli_print_json(answer);
		return;
	}
	rights_text(line->rights, rights, sizeof rights);
	printf("%s is an operator now, and may: %s\n", name, rights);
	if (path)
		printf("The key is %s. Hand it over on a safe way, as ~/.config/hostler/operator.key of that person, and remove it here.\n", path);
}

int operator_new(struct cli *cli)
{
	const char *name = operator_argument(cli, 1);
	AUTO_FREE char *path = NULL;
	AUTO_FREE char *whole = mem_printf("operator/%s", name);
	struct roster_member line = {.kind = ROSTER_OPERATOR};
	struct operator_desk desk = {.roster = NULL};
	struct roster *next = NULL;
	unsigned rights = RIGHT_NONE;
	int status = read_may(cli, &rights);

	if (status)
		return status;
	if (!roster_name_is_fit(name))
		return cli_fail(cli, CLI_USAGE, "NameInvalid",
		                "\"%.80s\": the name of an operator has 1 to %d letters, digits, \"_\", \"-\", \".\", \"@\", \"+\" and \"$\"", name,
		                ROSTER_NAME_MAX);
	status = operator_open(cli, &desk);
	if (!status && roster_member(desk.roster, whole) && roster_member(desk.roster, whole)->has_sign)
		status = cli_fail(cli, CLI_USAGE, "NameTaken",
		                  "there is an operator \"%s\" already; if the key is to be replaced, `hostler operator remove %s` first", name, name);
	if (!status)
		status = line_of(&desk, name, &line, &path);
	if (!status) {
		line.rights = rights;
		next = roster_copy(desk.roster);
		roster_put(next, &line);
		status = operator_publish(&desk, next);
		if (status && path)
			unlink(path);
	}
	if (!status)
		say_new(cli, name, &line, path, next->epoch);
	roster_member_clear(&line);
	roster_free(next);
	operator_close(&desk);
	return status;
}

/* ---- One's own key. ---- */

/* What is behind a passphrase is bound to the name. */
static int rename_key(const struct cli *cli, const char *path, struct operator_key *key, const char *name)
{
	hst_error err = {{0}, {0}};

	if (key->guarded)
		return cli_fail(cli, CLI_USAGE, "KeyLocked",
		                "%s is behind a passphrase, which its name belongs to: take that away first, with `hostler operator passphrase`", path);
	snprintf(key->name, sizeof key->name, "operator/%s", name);
	key->has_seed = true;
	return operator_key_write(key, path, &err) == HST_OK ? CLI_DONE : cli_fail(cli, CLI_FAILED, "Broken", "%s", err.text);
}

int operator_own_key(const struct cli *cli, const char *path, struct operator_key *key, char *passphrase, bool *ret_made)
{
	const struct passwd *person = getpwuid(geteuid());
	const char *name = options_has(&cli->options, "name") ? options_value(&cli->options, "name") : NULL;
	hst_error err = {{0}, {0}};
	int code, status = CLI_DONE;

	if (name && !roster_name_is_fit(name))
		return cli_fail(cli, CLI_USAGE, "NameInvalid", "--name: an operator cannot be called \"%.80s\"", name);
	code = operator_key_read(path, key, &err);

	*ret_made = code == HST_NOT_FOUND;
	if (code != HST_OK && code != HST_NOT_FOUND)
		return cli_fail_as(cli, code, &err);
	if (code == HST_OK && name && strcmp(key->name + strlen("operator/"), name) != 0)
		return rename_key(cli, path, key, name);
	if (code == HST_OK && key->has_seed)
		return CLI_DONE;
	if (*ret_made) {
		operator_key_make(key, name ? name : person ? person->pw_name : "operator");
		status = guard(cli, key, "Passphrase for your operator key (empty: none)", passphrase);
	}
	key->has_seed = true;
	if (!status && operator_key_write(key, path, &err) != HST_OK)
		status = cli_fail(cli, CLI_FAILED, "Broken", "%s", err.text);
	return status;
}

int operator_key_command(struct cli *cli)
{
	AUTO_FREE char *path = connect_key_path();
	hst_value *answer = value_make_record(cli->arena);
	struct operator_key key = {.name = ""};
	struct roster_member line = {.kind = ROSTER_OPERATOR};
	AUTO_FREE char *word = NULL;
	char passphrase[PASSPHRASE_MAX + 2] = "";
	bool made = false;
	int status = operator_own_key(cli, path, &key, passphrase, &made);

	sodium_memzero(passphrase, sizeof passphrase);
	if (!status) {
		line = operator_key_line(&key, RIGHT_NONE);
		word = key_word_write(&line);
		value_set_text(answer, "name", key.name + strlen("operator/"));
		value_set_text(answer, "key", word);
		value_set_text(answer, "file", path);
		value_set_boolean(answer, "made", made);
		if (cli->json)
			cli_print_json(answer);
		else
			puts(word);
	}
	roster_member_clear(&line);
	operator_key_clear(&key);
	return status;
}

int operator_passphrase(struct cli *cli)
{
	AUTO_FREE char *path = connect_key_path();
	char passphrase[PASSPHRASE_MAX + 2] = "";
	struct operator_key key = {.name = ""};
	hst_error err = {{0}, {0}};
	int code = operator_key_read(path, &key, &err), status;

	if (code == HST_NOT_FOUND)
		return cli_fail(cli, CLI_USAGE, "NoOperatorKey", "there is no operator key at %s; `hostler init` makes it", path);
	status = code == HST_OK ? hidden_unlock(cli, &key, path) : cli_fail_as(cli, code, &err);
	if (!status)
		status = hidden_ask_new(cli, "New passphrase (empty: none)", passphrase, sizeof passphrase);
	if (!status) {
		key.guarded = false;
		code = *passphrase ? operator_key_guard(&key, passphrase, &err) : HST_OK;
		key.has_seed = true;
		if (code == HST_OK)
			code = operator_key_write(&key, path, &err);
		status = code == HST_OK ? CLI_DONE : cli_fail_as(cli, code, &err);
	}
	if (!status && cli->json)
		cli_print_json(value_make_record(cli->arena));
	else if (!status)
		printf(*passphrase ? "%s is behind the new passphrase.\n" : "%s is behind no passphrase.\n", path);
	sodium_memzero(passphrase, sizeof passphrase);
	operator_key_clear(&key);
	return status;
}
