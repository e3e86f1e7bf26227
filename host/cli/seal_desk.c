#include "cli/seal_desk.h"

#include "base/auto.h"
#include "base/mem.h"
#include "cli/connect.h"
#include "cli/hidden.h"
#include "cli/pin.h"
#include "config/secret_files.h"
#include "os/files.h"
#include "seal/envelope_open.h"

#include <stdio.h>
#include <string.h>

enum { HOST_FILE_MAX = 200 };

static int read_configuration(struct seal_desk *desk)
{
	const char *given = options_value(&desk->cli->options, "conf");
	AUTO_FREE char *path = conf_find(given);
	AUTO(problems) struct problems problems;
	struct conf *conf;

	if (!path)
		return cli_fail(desk->cli, CLI_USAGE, "NoConfiguration", "there is no configuration here: say -c FILE, or --for SINK with members that are to open it");
	problems_init(&problems);
	conf = conf_load_for_check(path, &problems);
	if (!conf)
		return cli_fail_problems(desk->cli, path, &problems);
	desk->definitions = definitions_load(conf, &problems);
	desk->problems = problems.n + problems.dropped - desk->definitions->faults;
	desk->use_count = secret_uses(desk->definitions, desk->cli->arena, &desk->uses);
	return CLI_DONE;
}

/* The host's public key: beside its state where there is a configuration, else the one that the operator key was made for. */
static void read_host(const struct seal_desk *desk, uint8_t ret[KEY_BYTES])
{
	AUTO_FREE char *path = desk->definitions ? files_join(desk->definitions->conf->state_dir, "host.pub") : NULL;
	AUTO_FREE char *line = NULL;
	struct key_ring ring = {0};
	hst_error err = {{0}, {0}};
	size_t length = 0;

	memcpy(ret, desk->key.host, KEY_BYTES);
	if (path && files_read(path, HOST_FILE_MAX, &line, &length, &err) == HST_OK && keys_parse(&ring, path, line, length, &err) == HST_OK)
		memcpy(ret, ring.host, KEY_BYTES);
	keys_clear(&ring);
}

/* The house's own where this user may read it, held against what was believed before; else what the host shows; else what was believed. */
static int read_roster(struct seal_desk *desk)
{
	AUTO_FREE char *path = desk->definitions ? files_join(desk->definitions->conf->state_dir, "roster") : NULL;
	hst_error unsaid = {{0}, {0}};
	struct cli silent = *desk->cli;
	struct connect connect;
	uint8_t host[KEY_BYTES];
	int status = CLI_AWAY;

	read_host(desk, host);
	if (path && roster_read_file(path, &desk->roster, &unsaid) == HST_OK)
		return pin_keep(desk->cli, desk->key_path, host, desk->roster);
	silent.kept = &unsaid;
	silent.hasty = true;
	if (connect_open(&connect, &silent) == CLI_DONE)
		status = pin_ask(&connect, &desk->roster);
	connect_close(&connect);
	if (status != CLI_DONE) {
		status = pin_read(desk->cli, desk->key_path, host, &desk->roster);
		if (!status && !desk->roster)
			status = cli_fail(desk->cli, CLI_AWAY, "NoRoster",
			                  "nobody has said yet who has which key: start the host, or say `hostler init` on its machine");
	}
	return status;
}

int seal_desk_open(struct seal_desk *desk, const struct cli *cli, bool configuration)
{
	hst_error err = {{0}, {0}};
	int code, status;

	*desk = (struct seal_desk){.cli = cli, .key_path = connect_key_path()};
	status = configuration ? read_configuration(desk) : CLI_DONE;
	if (status)
		return status;
	code = operator_key_read(desk->key_path, &desk->key, &err);
	if (code == HST_NOT_FOUND)
		return cli_fail(cli, CLI_AWAY, "NoOperatorKey", "there is no operator key at %s; `hostler init` and the first `hostler up` make it", desk->key_path);
	return code == HST_OK ? read_roster(desk) : cli_fail_as(cli, code, &err);
}

void seal_desk_close(struct seal_desk *desk)
{
	definitions_free(desk->definitions);
	operator_key_clear(&desk->key);
	roster_free(desk->roster);
	free(desk->key_path);
}

int seal_desk_allowed(const struct seal_desk *desk)
{
	const struct roster_member *self = roster_member(desk->roster, desk->key.name);
	const char *who = desk->key.name + strlen("operator/");

	if (!self || !self->has_sign || memcmp(self->sign, desk->key.pairs.sign_public, SEAL_KEY_BYTES) != 0)
		return cli_fail(desk->cli, CLI_FAILED, "NotAllowed",
		                "this house does not know your key %s, so nobody would believe what you seal: an operator with \"admin\" has to let you in "
		                "with `hostler operator new`",
		                desk->key_path);
	if (!envelope_may_seal(self->name, self->rights, ENVELOPE_SECRET))
		return cli_fail(desk->cli, CLI_FAILED, "NotAllowed",
		                "%s has neither the right \"control\" nor \"admin\" in this house, so nobody would accept what %s seals: it takes an operator "
		                "with one of them",
		                who, who);
	return CLI_DONE;
}

int seal_desk_unlock(struct seal_desk *desk)
{
	int status = seal_desk_allowed(desk);

	return status ? status : hidden_unlock(desk->cli, &desk->key, desk->key_path);
}

char *seal_desk_file(const struct seal_desk *desk, const char *secret)
{
	return secret_file(desk->definitions->conf->path, secret);
}
