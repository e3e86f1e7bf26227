/* gateway: which machines take part. An administrator tells the host; `join` is for the machine that was invited. */
#include "cli/cli.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/text.h"
#include "cli/acts.h"
#include "cli/connect.h"
#include "cli/exposure.h"
#include "cli/operator.h"
#include "cli/print.h"
#include "schema/types.h"
#include "schema/value.h"
#include "wire/invitation.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* How long after its end an invitation stays in the roster. */
static const int64_t remembered_us = INT64_C(7) * 24 * 3600 * 1000000;

static int manage(struct operator_desk *desk, const char *what, const hst_value *arguments, const hst_value **ret)
{
	struct cli *cli = desk->cli;
	struct connect_answer answer;
	struct message message;
	AUTO(text) struct text json;
	hst_error err = {0};
	int status;

	text_init(&json, PAYLOAD_BYTES_MAX);
	value_write_json(&json, arguments);
	message_init(&message, WORD_manage, 0);
	message_set_text(&message, "what", what);
	message_set_payload(&message, json.s, json.length);
	status = connect_request(&desk->connect, &message, CONNECT_ANSWER_MS, &answer);
	if (!status && value_parse_json(cli->arena, answer.payload, answer.length, ret, &err) != HST_OK)
		status = cli_fail(cli, CLI_FAILED, "Broken", "the host's answer cannot be read: %s", err.text);
	return status;
}

static hst_value *named(struct cli *cli)
{
	hst_value *what = value_make_record(cli->arena);

	value_set_text(what, "name", operator_argument(cli, 1));
	return what;
}

/* "gateway/NAME", in the command's arena */
static char *gateway_of(struct cli *cli)
{
	return arena_printf(cli->arena, "gateway/%s", operator_argument(cli, 1));
}

/* Its line of the roster, from the words of its gateway.pub. */
static int read_gateway(struct cli *cli, struct roster_member *ret)
{
	uint8_t *const keys[] = {ret->wire, ret->open, ret->sign};
	hst_error err = {0};

	*ret = (struct roster_member){.kind = ROSTER_GATEWAY, .has_wire = true, .has_open = true, .has_sign = true};
	ret->name = gateway_of(cli);
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
		if (seal_key_read(operator_argument(cli, i + 2), keys[i], &err) != HST_OK)
			return cli_fail(cli, CLI_USAGE, "Usage", "\"%.60s\": %s", operator_argument(cli, i + 2), err.text);
	return CLI_DONE;
}

static int sign_in(struct operator_desk *desk, const struct roster_member *line)
{
	struct roster *next;
	int status;

	if (roster_is_revoked(desk->roster, line->sign))
		return cli_fail(desk->cli, CLI_FAILED, "GatewayRevoked",
				"it may connect, but its keys to seal with were revoked: say `hostler gateway remove %s` and `hostler gateway "
				"invite %s`, which gives it others",
				operator_argument(desk->cli, 1), operator_argument(desk->cli, 1));
	next = roster_copy(desk->roster);
	roster_put(next, line);
	status = operator_publish(desk, next);
	roster_free(next);
	return status;
}

static int tell_added(const struct cli *cli, const hst_value *answer)
{
	if (cli->json)
		cli_print_json(answer);
	else
		printf("The gateway %s may connect.\n", print_member(cli->arena, answer, "name"));
	return CLI_DONE;
}

/* Without keys to seal with nothing can be sealed to it. */
static int gateway_add(struct cli *cli)
{
	hst_value *what = named(cli);
	struct operator_desk desk;
	struct roster_member line;
	const hst_value *answer;
	int status = read_gateway(cli, &line);

	if (status)
		return status;
	value_set_text(what, "key", operator_argument(cli, 2));
	status = operator_open(cli, &desk);
	if (!status)
		status = manage(&desk, "gateway_add", what, &answer);
	if (!status)
		status = sign_in(&desk, &line);
	operator_close(&desk);
	return status ? status : tell_added(cli, answer);
}

static int gateway_add_plain(struct cli *cli)
{
	hst_value *what = named(cli);
	const hst_value *answer;
	int status;

	value_set_text(what, "key", operator_argument(cli, 2));
	status = connect_tell(cli, WORD_manage, "gateway_add", what, &answer);
	if (!status && !cli->json)
		tell_added(cli, answer);
	if (!status)
		fprintf(stderr, "note: nothing can be sealed to it; for that say SEAL and SIGN of its gateway.pub, too\n");
	return status;
}

/* What its key has signed is refused everywhere once the roster has been there. */
static int sign_out(struct operator_desk *desk)
{
	const char *name = gateway_of(desk->cli);
	const struct roster_member *member = roster_member(desk->roster, name);
	struct roster *next = roster_copy(desk->roster);
	bool changed = member && member->kind != ROSTER_MEMBER ? roster_revoke(next, name) : roster_drop(next, ROSTER_INVITED, name);
	int status = changed ? operator_publish(desk, next) : CLI_DONE;

	roster_free(next);
	return status;
}

static int gateway_remove(struct cli *cli)
{
	struct operator_desk desk;
	const hst_value *answer;
	int status = operator_open(cli, &desk);

	if (!status)
		status = manage(&desk, "gateway_remove", named(cli), &answer);
	if (!status)
		status = sign_out(&desk);
	if (!status && cli->json) {
		hst_value *whole = named(cli);

		value_set(whole, "was", value_get(answer, "was"));
		exposure_set(desk.connect.conf->path, cli->arena, gateway_of(cli), whole);
		cli_print_json(whole);
	} else if (!status) {
		printf(strcmp(value_text(value_get(answer, "was")), "gateway") == 0
			       ? "The gateway %s was removed: it is not let in any more, and its key is worth nothing.\n"
			       : "The invitation of %s was taken back.\n",
		       print_member(cli->arena, answer, "name"));
		exposure_print(desk.connect.conf->path, cli->arena, gateway_of(cli));
	}
	operator_close(&desk);
	return status;
}

/* On stdout is the line alone, so that it can be handed on as it is. */
static void print_invitation(const struct cli *cli, const hst_value *answer)
{
	const char *address = value_text(value_get(answer, "address"));

	fprintf(stderr, "On the machine that becomes %s run `hostler gateway join` with this line, once, until %s:\n",
		print_member(cli->arena, answer, "name"), print_time(cli->arena, value_get(answer, "expires")));
	if (strncmp(address, "tcp://127.", 10) == 0 || strncmp(address, "tcp://[::1]", 11) == 0 ||
	    strncmp(address, "tcp://localhost:", 16) == 0)
		fprintf(stderr, "note: it leads to %s, which only this machine reaches; for others say `listen` in [host]\n", address);
	puts(print_member(cli->arena, answer, "line"));
}

/* Invitations that nobody has used. One that has just ended may have been used a moment ago. */
static void tidy(struct roster *roster)
{
	for (size_t i = roster->member_count; i-- > 0;) {
		const struct roster_member *line = &roster->members[i], *joined;

		if (line->kind != ROSTER_INVITED || line->until_us + remembered_us > clock_wall_us())
			continue;
		joined = roster_member(roster, line->name);
		if (!joined || joined->kind != ROSTER_JOINED)
			roster_drop(roster, ROSTER_INVITED, line->name);
	}
}

/* The host never has the seed, so it can let nobody in by itself: `invitation` becomes what the line is made of. */
static int sign_invitation(struct operator_desk *desk, struct invitation *invitation)
{
	struct roster_member line = {.kind = ROSTER_INVITED, .name = gateway_of(desk->cli), .has_sign = true, .until_us = invitation->until_us};
	struct roster *next = roster_copy(desk->roster);
	struct seal_pairs pairs;
	int status;

	randombytes_buf(invitation->seed, sizeof invitation->seed);
	seal_pairs_from_seed(invitation->seed, &pairs);
	memcpy(line.sign, pairs.sign_public, SEAL_KEY_BYTES);
	seal_pairs_wipe(&pairs);
	invitation->signs = true;
	memcpy(invitation->pin.cluster, next->cluster, ROSTER_CLUSTER_BYTES);
	memcpy(invitation->pin.sign, desk->connect.key.pairs.sign_public, SEAL_KEY_BYTES);
	tidy(next);
	roster_put(next, &line);
	status = operator_publish(desk, next);
	roster_free(next);
	return status;
}

/* What the host has made, with what it must not have. *ret takes the place of its answer. */
static int complete(struct operator_desk *desk, const hst_value *answer, const hst_value **ret)
{
	static const char *const kept[] = {"name", "address", "expires"};
	struct cli *cli = desk->cli;
	hst_value *whole = value_make_record(cli->arena);
	const hst_value *taken_back;
	struct invitation invitation;
	hst_error err = {0};
	char *line;
	int code = invitation_read(value_text(value_get(answer, "line")), &invitation, &err);
	int status = code == HST_OK ? sign_invitation(desk, &invitation) : cli_fail_as(cli, code, &err);

	if (status) {
		manage(desk, "gateway_remove", named(cli), &taken_back);
		invitation_clear(&invitation);
		return status;
	}
	line = invitation_write(&invitation);
	for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
		value_set(whole, kept[i], value_get(answer, kept[i]));
	value_set_text(whole, "line", line);
	invitation_forget(line);
	invitation_clear(&invitation);
	*ret = whole;
	return CLI_DONE;
}

static int gateway_invite(struct cli *cli)
{
	const char *expires = options_value(&cli->options, "expires"), *address = options_value(&cli->options, "address");
	hst_value *what = named(cli);
	struct operator_desk desk;
	hst_duration lasts;
	const hst_value *answer;
	hst_error err = {0};
	int status;

	if (expires && type_read_duration(expires, &lasts, &err) != HST_OK)
		return cli_fail(cli, CLI_USAGE, "Usage", "--expires %.40s: %s", expires, err.text);
	if (expires)
		value_set_integer(what, "expires_ms", lasts.ms);
	if (address)
		value_set_text(what, "address", address);
	status = operator_open(cli, &desk);
	if (!status)
		status = manage(&desk, "gateway_invite", what, &answer);
	if (!status)
		status = complete(&desk, answer, &answer);
	operator_close(&desk);
	if (!status && cli->json)
		cli_print_json(answer);
	else if (!status)
		print_invitation(cli, answer);
	return status;
}

static const struct act acts[] = {
	{"invite", "NAME", 2, gateway_invite},
	{"join", "LINE", 2, gateway_join},
	{"add", "NAME KEY [SEAL SIGN]", 5, gateway_add},
	{"add", "NAME KEY [SEAL SIGN]", 3, gateway_add_plain},
	{"remove", "NAME", 2, gateway_remove},
};

int gateway_command(struct cli *cli)
{
	return acts_run(cli, "gateway", acts, sizeof acts / sizeof *acts);
}
