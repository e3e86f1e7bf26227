/* operator: who may steer this house, and open what is sealed. An administrator signs the next roster here, with their own key. */
#include "cli/operator.h"

#include "base/auto.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/acts.h"
#include "cli/exposure.h"
#include "cli/grid.h"
#include "cli/pin.h"
#include "cli/print.h"
#include "schema/value.h"

#include <stdio.h>
#include <string.h>

const char *operator_argument(const struct cli *cli, size_t index)
{
	return index < cli->options.argument_count ? cli->options.arguments[index] : "";
}

int operator_open(struct cli *cli, struct operator_desk *desk)
{
	int status;

	*desk = (struct operator_desk){.cli = cli};
	status = connect_open(&desk->connect, cli);
	return status ? status : pin_ask(&desk->connect, &desk->roster);
}

void operator_close(struct operator_desk *desk)
{
	roster_free(desk->roster);
	connect_close(&desk->connect);
}

/* It is tried here whether the house would take it: what it says then is less clear. */
static int sign(struct operator_desk *desk, struct roster *next)
{
	const struct operator_key *key = &desk->connect.key;
	const struct roster_member *self = roster_member(desk->roster, key->name);
	hst_error err = {{0}, {0}};
	int code;

	if (!self || memcmp(self->wire, key->wire_public, SEAL_KEY_BYTES) != 0 || !(self->rights & RIGHT_ADMIN))
		return cli_fail(desk->cli, CLI_FAILED, "NotAllowed", "%s has not the right \"admin\" in the roster of this house",
		                key->name + strlen("operator/"));
	if (!self->has_sign || memcmp(self->sign, key->pairs.sign_public, SEAL_KEY_BYTES) != 0)
		return cli_fail(desk->cli, CLI_FAILED, "NotAllowed",
		                "the roster has no key, or another one, for %s to sign with: another operator with \"admin\" has to let you in "
		                "again, with what `hostler operator key` prints",
		                key->name + strlen("operator/"));
	code = roster_sign(next, key->name, &key->pairs, &err);
	if (code == HST_OK)
		code = roster_verify_next(desk->roster, next, &err);
	return code == HST_OK ? CLI_DONE : cli_fail_as(desk->cli, code, &err);
}

int operator_publish(struct operator_desk *desk, struct roster *next)
{
	hst_value *arguments = value_make_record(desk->cli->arena);
	struct connect_answer answer;
	struct message message;
	AUTO_FREE char *roster = NULL;
	AUTO(text) struct text json;
	int status = sign(desk, next);

	text_init(&json, PAYLOAD_BYTES_MAX);
	if (status)
		return status;
	roster = roster_write(next);
	value_set_text(arguments, "roster", roster);
	value_write_json(&json, arguments);
	message_init(&message, WORD_manage, 0);
	message_set_text(&message, "what", "roster");
	message_set_payload(&message, json.s, json.length);
	status = connect_request(&desk->connect, &message, CONNECT_ANSWER_MS, &answer);
	return status ? status : pin_keep(desk->cli, desk->connect.key_path, desk->connect.ring.host, next);
}

void operator_set_may(hst_arena *arena, hst_value *record, unsigned rights)
{
	hst_value *may = value_make_list(arena);
	char text[RIGHTS_TEXT], *rest = text, *word;

	rights_text(rights, text, sizeof text);
	while ((word = strsep(&rest, ",")) != NULL)
		value_append(may, value_make_text(arena, word, strlen(word)));
	value_set(record, "may", may);
}

static void print_operators(const struct cli *cli, const hst_value *operators)
{
	static const char *const heads[] = {"OPERATOR", "MAY", "SEALS", "", NULL};
	struct grid grid;

	grid_init(&grid, cli->arena, heads);
	for (size_t i = 0; i < value_count(operators); i++) {
		const hst_value *operator = value_at(operators, i);

		grid_add(&grid, print_member(cli->arena, operator, "name"));
		grid_add(&grid, print_list(cli->arena, value_get(operator, "may")));
		grid_add(&grid, value_boolean(value_get(operator, "seals")) ? "yes" : "no");
		grid_add(&grid, value_boolean(value_get(operator, "you")) ? "you" : "");
	}
	grid_print(&grid, stdout);
	grid_clear(&grid);
}

static int operator_list(struct cli *cli)
{
	hst_value *list = value_make_list(cli->arena);
	struct operator_desk desk;
	int status = operator_open(cli, &desk);

	for (size_t i = 0; !status && i < desk.roster->member_count; i++) {
		const struct roster_member *member = &desk.roster->members[i];
		hst_value *operator;

		if (member->kind != ROSTER_OPERATOR)
			continue;
		operator = value_make_record(cli->arena);
		value_set_text(operator, "name", member->name + strlen("operator/"));
		operator_set_may(cli->arena, operator, member->rights);
		value_set_boolean(operator, "seals", member->has_sign);
		value_set_boolean(operator, "you", strcmp(member->name, desk.connect.key.name) == 0);
		value_append(list, operator);
	}
	operator_close(&desk);
	if (!status && cli->json)
		cli_print_json(list);
	else if (!status)
		print_operators(cli, list);
	return status;
}

static int operator_remove(struct cli *cli)
{
	AUTO_FREE char *name = mem_printf("operator/%s", operator_argument(cli, 1));
	hst_value *answer = value_make_record(cli->arena);
	struct operator_desk desk;
	struct roster *next = NULL;
	int status = operator_open(cli, &desk);

	if (!status && !roster_member(desk.roster, name))
		status = cli_fail(cli, CLI_USAGE, "NotFound", "there is no operator \"%.80s\"; `hostler operator list` lists them",
		                  operator_argument(cli, 1));
	if (!status && strcmp(name, desk.connect.key.name) == 0)
		status = cli_fail(cli, CLI_USAGE, "OwnKey", "nobody removes themselves: another operator with the right \"admin\" can do it");
	if (!status) {
		next = roster_copy(desk.roster);
		roster_revoke(next, name);
		status = operator_publish(&desk, next);
	}
	if (!status) {
		value_set_text(answer, "name", operator_argument(cli, 1));
		value_set_integer(answer, "epoch", next->epoch);
		exposure_set(desk.connect.conf->path, cli->arena, name, answer);
		if (cli->json)
			cli_print_json(answer);
		else
			printf("%s is no operator any more: the key is not let in, and what it has signed is refused.\n"
			       "What it could open it can still open where it was copied: seal anew what must not be known.\n",
			       operator_argument(cli, 1));
		if (!cli->json)
			exposure_print(desk.connect.conf->path, cli->arena, name);
	}
	roster_free(next);
	operator_close(&desk);
	return status;
}

static const struct act acts[] = {
	{"new", "NAME", 2, operator_new},
	{"list", "no name", 1, operator_list},
	{"remove", "NAME", 2, operator_remove},
	{"key", "no name", 1, operator_key_command},
	{"passphrase", "no name", 1, operator_passphrase},
};

int operator_command(struct cli *cli)
{
	return acts_run(cli, "operator", acts, sizeof acts / sizeof *acts);
}
