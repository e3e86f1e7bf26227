/*
 * init: makes beforehand what the first `up` would make, and says what comes next: the operator's key is made here, the host's seed, the
 * first roster and the keys of instances that were added since by hostlerd, which alone reads and writes them.
 */
#include "cli/cli.h"

#include "base/auto.h"
#include "base/mem.h"
#include "cli/connect.h"
#include "cli/hidden.h"
#include "cli/operator.h"
#include "os/files.h"
#include "os/lock.h"
#include "os/spawn.h"
#include "schema/value.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SAID_MAX = 4096, PREPARE_MS = 60000 };

struct init {
	struct cli *cli;
	struct conf *conf;
	char *file, *key_path;
	bool key, seed, roster;	 /* are there */
	bool made_key, made_seed, made_roster;
	bool added; /* instances to the roster that was there */
	bool for_other;		 /* under sudo: the key is that of whoever called it */
	bool not_ours;		 /* the folder of the house belongs to somebody else */
	char passphrase[PASSPHRASE_MAX + 2];
};

static bool is_there(const struct init *init, const char *name)
{
	AUTO_FREE char *path = files_join(init->conf->state_dir, name);

	return access(path, F_OK) == 0;
}

/* The folder, or the nearest one above it that is there, can be written into. */
static bool can_make(const char *state_dir)
{
	AUTO_FREE char *path = mem_text(state_dir);
	char *slash;

	while (access(path, F_OK) < 0 && errno == ENOENT && (slash = strrchr(path, '/')) != NULL && slash != path)
		*slash = '\0';
	return access(path, W_OK | X_OK) == 0;
}

static void look(struct init *init)
{
	const char *caller = getenv("SUDO_USER"), *named = getenv("HOSTLER_KEY");

	init->key_path = connect_key_path();
	init->key = access(init->key_path, F_OK) == 0;
	init->for_other = geteuid() == 0 && caller && *caller && strcmp(caller, "root") != 0 && !(named && *named);
	init->not_ours = !can_make(init->conf->state_dir);
	init->seed = is_there(init, "host.seed");
	init->roster = is_there(init, "roster");
}

/* The key is made here and opened here, so that the passphrase is asked for once. */
static int make_key(struct init *init)
{
	struct operator_key key = {.name = ""};
	bool house = init->conf->has_host && !init->roster && !init->not_ours;
	hst_error err = {{0}, {0}};
	int status = CLI_DONE;

	if (init->for_other) {
		/* By a process that becomes that person, when the roster is signed. */
		if (!init->key && house && !options_has(&init->cli->options, "yes") && hidden_can_ask())
			status = hidden_ask_new(init->cli, "Passphrase for the operator key (empty: none)", init->passphrase,
			                        sizeof init->passphrase);
	} else {
		status = operator_own_key(init->cli, init->key_path, &key, init->passphrase, &init->made_key);
	}
	if (!status && house && !*init->passphrase && operator_key_read(init->key_path, &key, &err) == HST_OK && key.locked)
		status = hidden_ask(init->cli, "Passphrase of the operator key", init->passphrase, sizeof init->passphrase);
	operator_key_clear(&key);
	return status;
}

static int prepare(struct init *init)
{
	AUTO_FREE char *program = files_program_called("hostlerd");
	AUTO_FREE char *input = mem_printf("%s\n", init->passphrase);
	AUTO_FREE char *said = NULL;
	char *const argv[] = {"hostlerd", "--prepare", "-c", init->file, NULL};
	const struct spawn spawn = {.path = program, .argv = argv, .environment = environ};
	hst_error err = {{0}, {0}};
	int status = 0;
	int code = spawn_capture(&spawn, input, SAID_MAX, PREPARE_MS, &said, &status, &err);
	char *failed = code == HST_OK ? strstr(said, "error ") : NULL;

	sodium_memzero(input, strlen(input));
	if (code != HST_OK)
		return cli_fail_as(init->cli, code, &err);
	init->made_seed = strncmp(said, "seed\n", 5) == 0;
	init->made_roster = strstr(said, "roster\n") != NULL;
	init->added = strstr(said, "members\n") != NULL;
	if (failed)
		return cli_fail(init->cli, CLI_FAILED, "Broken", "%.*s", (int)strcspn(failed + 6, "\n"), failed + 6);
	if (status != 0)
		return cli_fail(init->cli, CLI_FAILED, "Broken", "%s could not make what is missing", program);
	return CLI_DONE;
}

static void add(hst_value *list, hst_arena *arena, bool made, const char *word)
{
	if (made)
		value_append(list, value_make_text(arena, word, strlen(word)));
}

static void say_json(const struct init *init)
{
	hst_arena *arena = init->cli->arena;
	hst_value *answer = value_make_record(arena), *made = value_make_list(arena);

	add(made, arena, init->made_key, "operator_key");
	add(made, arena, init->made_seed, "seed");
	add(made, arena, init->made_roster, "roster");
	add(made, arena, init->added, "members");
	value_set(answer, "made", made);
	value_set_text(answer, "operator_key", init->conf->has_host ? init->key_path : NULL);
	value_set_text(answer, "state_dir", init->conf->state_dir);
	cli_print_json(answer);
}

static void say(const struct init *init)
{
	const char *dir = init->conf->state_dir;

	if (init->made_key)
		printf("made %s: your key; whoever has it is you\n", init->key_path);
	if (init->made_seed)
		printf("made %s/host.seed: the keys of the host and its processes follow from it\n", dir);
	if (init->made_roster)
		printf("made %s/roster: who has which key, signed with your key\n", dir);
	if (init->added)
		printf("added to %s/roster: the keys of what the configuration names since\n", dir);
	if (!init->made_key && !init->made_seed && !init->made_roster && !init->added)
		puts("nothing was missing");
	if (init->not_ours && init->conf->has_host && (!init->seed || !init->roster))
		printf("%s is not yours to write: whoever runs `hostler up` makes seed and roster, or lets you in with\n"
		       "  hostler operator new NAME --key \"$(hostler operator key)\"\n",
		       dir);
	else if (init->made_seed && !init->conf->has_host)
		puts("next: `hostler gateway join` with the invitation of the host, or `hostler up`");
	else if (init->made_roster)
		printf("next: keep a copy of %s/host.seed and of your key, `hostler seal` each secret that the configuration names, then `hostler check` "
		       "and `hostler up`\n",
		       dir);
	else if (init->made_key && init->roster)
		printf("next: an operator with the right \"admin\" lets you in: hostler operator new NAME --key with what `hostler operator key` "
		       "prints\n");
}

/* A house that runs does it itself, at its next `reload`. */
static bool runs(const struct init *init)
{
	AUTO_FREE char *path = files_join(init->conf->state_dir, "lock");
	pid_t pid;

	return lock_holder(path, &pid, NULL) == HST_OK;
}

int init_command(struct cli *cli)
{
	AUTO_FREE char *found = conf_find(options_value(&cli->options, "conf"));
	struct init init = {.cli = cli};
	int status = connect_configuration(cli, &init.conf);

	if (status)
		return status;
	init.file = files_beside("", found);
	look(&init);
	/* A machine that only has gateways has nobody to steer it. */
	if (init.conf->has_host)
		status = make_key(&init);
	if (!status && !init.not_ours && (!init.seed || (init.conf->has_host && (!init.roster || !runs(&init)))))
		status = prepare(&init);
	if (!status && init.for_other && !init.key) {
		free(init.key_path);
		init.key_path = connect_key_path();
		init.made_key = access(init.key_path, F_OK) == 0;
	}
	if (!status && cli->json)
		say_json(&init);
	else if (!status)
		say(&init);
	sodium_memzero(init.passphrase, sizeof init.passphrase);
	conf_free(init.conf);
	free(init.file);
	free(init.key_path);
	return status;
}
