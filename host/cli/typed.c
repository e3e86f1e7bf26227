#include "cli/typed.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/mem.h"
#include "cli/pin.h"
#include "cli/prompt.h"
#include "os/files.h"
#include "schema/value.h"
#include "seal/directions.h"
#include "seal/envelope.h"
#include "seal/items.h"

#include <stdio.h>
#include <string.h>

enum { MEMBERS_MAX = DIRECTIONS_TO_MAX + ROSTER_OPERATORS_MAX };

/* A run may wait for days and be resubmitted later. Its values are kept that long, where nothing else is configured. */
static const int64_t typed_us = INT64_C(30) * 86400 * 1000000;

struct typed {
	struct connect *connect;
	const char *called;
	const hst_value *fields; /* list of {"name","required","taken","there"} */
	hst_value *files;	 /* list of names */
	struct directions directions;
	const char *wanted[DIRECTIONS_OUTPUTS_MAX];
	size_t wanted_count;
	struct roster *roster;
	struct item items[DIRECTIONS_OUTPUTS_MAX];
	size_t item_count;
};

static const struct cli *cli_of(const struct typed *typed)
{
	return typed->connect->cli;
}

static int unreadable(const struct typed *typed, const char *why)
{
	return cli_fail(cli_of(typed), CLI_FAILED, "Broken", "the host's answer cannot be read: %s", why);
}

static bool are_fields(const hst_value *fields)
{
	for (size_t i = 0; i < value_count(fields); i++) {
		const hst_value *name = value_get(value_at(fields, i), "name");

		if (!name || value_kind(name) != HST_VALUE_TEXT)
			return false;
	}
	return value_kind(fields) == HST_VALUE_LIST;
}

/* The secret ones, and the names of those that are files. */
static void part(struct typed *typed)
{
	hst_value *secrets = value_make_list(cli_of(typed)->arena);

	typed->files = value_make_list(cli_of(typed)->arena);
	for (size_t i = 0; i < value_count(typed->fields); i++) {
		const hst_value *field = value_at(typed->fields, i);

		if (value_boolean(value_get(field, "file")))
			value_append(typed->files, value_get(field, "name"));
		else
			value_append(secrets, field);
	}
	typed->fields = secrets;
}

static int ask_whom(struct typed *typed, const hst_value *what)
{
	struct connect_answer answer;
	struct message message;
	AUTO(text) struct text json;
	struct item item = {0};
	hst_error err = {0};
	int status;

	text_init(&json, PAYLOAD_BYTES_MAX);
	value_write_json(&json, what);
	message_init(&message, WORD_whom, 0);
	message_set_payload(&message, json.s, json.length);
	status = connect_request(typed->connect, &message, CONNECT_ANSWER_MS, &answer);
	if (status)
		return status;
	if (value_parse_json(cli_of(typed)->arena, answer.payload, answer.length, &typed->fields, &err) != HST_OK)
		return unreadable(typed, err.text);
	if (!are_fields(typed->fields))
		return unreadable(typed, "it is no list of fields");
	part(typed);
	if (!answer.head.sealed_length)
		return CLI_DONE;
	if (items_check(answer.head.sealed, answer.head.sealed_length, &err) != HST_OK ||
	    items_find(answer.head.sealed, answer.head.sealed_length, "*", &item, &err) != HST_OK ||
	    directions_read(cli_of(typed)->arena, item.bytes, item.length, &typed->directions, &err) != HST_OK)
		return unreadable(typed, err.text);
	return CLI_DONE;
}

/* What the host says of this secret input; NULL: there is none of that name. */
static const hst_value *field_of(const struct typed *typed, const char *name)
{
	for (size_t i = 0; i < value_count(typed->fields); i++) {
		const hst_value *field = value_at(typed->fields, i), *own = value_get(field, "name");

		if (strcmp(value_text(own), name) == 0)
			return field;
	}
	return NULL;
}

static bool is_wanted(const struct typed *typed, const char *name)
{
	for (size_t i = 0; i < typed->wanted_count; i++)
		if (strcmp(typed->wanted[i], name) == 0)
			return true;
	return false;
}

static int want(struct typed *typed, const char *name)
{
	if (typed->wanted_count == DIRECTIONS_OUTPUTS_MAX)
		return cli_fail(cli_of(typed), CLI_USAGE, "Usage", "at most %d secrets can be given", DIRECTIONS_OUTPUTS_MAX);
	typed->wanted[typed->wanted_count++] = name;
	return CLI_DONE;
}

/* What stands on a command line is seen by everybody on the machine. */
static int refuse_shown(const struct typed *typed, const hst_value *given)
{
	for (size_t i = 0; i < value_count(given); i++) {
		const char *name = value_name_at(given, i);

		if (field_of(typed, name))
			return cli_fail(cli_of(typed), CLI_USAGE, "InputInvalid",
			                "the input \"%s\" is secret: say --secret %s instead, and you are asked for it", name, name);
	}
	return CLI_DONE;
}

static const char *names_of(const struct typed *typed)
{
	const char *names = "";

	for (size_t i = 0; i < value_count(typed->fields); i++)
		names = arena_printf(cli_of(typed)->arena, "%s%s%s", names, *names ? ", " : "; it has ",
		                     value_text(value_get(value_at(typed->fields, i), "name")));
	return names;
}

static int read_named(struct typed *typed)
{
	const struct options *options = &cli_of(typed)->options;
	int status = CLI_DONE;

	for (size_t i = 0; !status && i < options->given_count; i++) {
		const char *name = options->given[i].value;

		if (strcmp(options->given[i].option->name, "secret") != 0)
			continue;
		if (!field_of(typed, name))
			status = cli_fail(cli_of(typed), CLI_USAGE, "InputInvalid", "--secret %.80s: %s has no secret input of that name%s", name, typed->called,
			                  names_of(typed));
		else if (is_wanted(typed, name))
			status = cli_fail(cli_of(typed), CLI_USAGE, "Usage", "--secret %.80s is given twice", name);
		else
			status = want(typed, name);
	}
	return status;
}

/* Only a terminal can be asked for what nobody has announced. */
static int name_needed(const struct typed *typed, size_t before)
{
	const struct cli *cli = cli_of(typed);
	const char *names = "", *options = "";
	size_t n = typed->wanted_count - before;

	for (size_t i = 0; i < typed->wanted_count; i++) {
		if (i >= before)
			names = arena_printf(cli->arena, "%s%s\"%s\"", names, i == before ? "" : i + 1 == typed->wanted_count ? " and " : ", ", typed->wanted[i]);
		options = arena_printf(cli->arena, "%s%s--secret %s", options, i ? " " : "", typed->wanted[i]);
	}
	return cli_fail(cli, CLI_USAGE, "InputInvalid", "%s needs the secret %s %s: say %s, and give %s on standard input%s", typed->called,
	                n == 1 ? "input" : "inputs", names, options, typed->wanted_count == 1 ? "it" : "them",
	                typed->wanted_count == 1 ? "" : ", each on a line");
}

/* What is needed, was not named, and is not there from an earlier run. */
static int add_needed(struct typed *typed)
{
	size_t before = typed->wanted_count;
	int status = CLI_DONE;

	for (size_t i = 0; !status && i < value_count(typed->fields); i++) {
		const hst_value *field = value_at(typed->fields, i);
		const char *name = value_text(value_get(field, "name"));
		bool needed = value_boolean(value_get(field, "required")) || value_boolean(value_get(field, "taken"));

		if (!needed || value_boolean(value_get(field, "there")) || is_wanted(typed, name))
			continue;
		status = want(typed, name);
	}
	return status || typed->wanted_count == before || !prompt_is_piped() ? status : name_needed(typed, before);
}

/* The host's own, held against what was believed before; who may not look takes what is kept, or what lies on this machine. */
static int find_roster(struct typed *typed)
{
	struct connect *connect = typed->connect;
	const struct cli *cli = connect->cli;
	AUTO_FREE char *path = files_join(connect->conf->state_dir, "roster");
	hst_error err = {{0}, {0}};
	struct cli silent = *cli;
	int status;

	silent.kept = &err;
	connect->cli = &silent;
	status = pin_ask(connect, &typed->roster);
	connect->cli = cli;
	if (!status)
		return CLI_DONE;
	if (strcmp(err.reason, "RightMissing") != 0)
		return cli_fail(cli, (enum cli_status)status, err.reason[0] ? err.reason : "Broken", "%s", err.text);
	if (roster_read_file(path, &typed->roster, &err) == HST_OK)
		return pin_keep(cli, connect->key_path, connect->ring.host, typed->roster);
	status = pin_read(cli, connect->key_path, connect->ring.host, &typed->roster);
	if (!status && !typed->roster)
		status = cli_fail(cli, CLI_FAILED, "NoRoster", "this key may not ask the host who has which key: that needs the right \"look\"");
	return status;
}

static int check_self(const struct typed *typed)
{
	const struct operator_key *key = &typed->connect->key;
	const struct roster_member *self = roster_member(typed->roster, key->name);

	if (self && self->has_sign && memcmp(self->sign, key->pairs.sign_public, SEAL_KEY_BYTES) == 0 &&
	    (self->rights & (RIGHT_PRESS | RIGHT_ADMIN)))
		return CLI_DONE;
	return cli_fail(cli_of(typed), CLI_FAILED, "NotAllowed",
	                "nobody in this house would believe what the key %s seals: an operator with \"admin\" has to let you in with `hostler operator new`, with \"press\"",
	                typed->connect->key_path);
}

static struct envelope_recipient recipient(const struct roster_member *member)
{
	struct envelope_recipient to = {.name = member->name};

	memcpy(to.key, member->open, SEAL_KEY_BYTES);
	return to;
}

/* Whom one is sealed to; who has no key yet is said, and nobody but operators is nobody. `to` has room for all. */
static int find_recipients(const struct typed *typed, const struct direction *direction, struct envelope_recipient *to, size_t *ret)
{
	const struct roster_member *operators[ROSTER_OPERATORS_MAX];
	size_t n = 0, operator_count = roster_escrow(typed->roster, operators);

	for (size_t i = 0; i < direction->to_count; i++) {
		const struct roster_member *member = roster_member(typed->roster, direction->to[i]);

		if (member && member->has_open)
			to[n++] = recipient(member);
		else
			fprintf(stderr, "hostler: warning: %s has no key in this house yet and cannot open \"%s\"\n", direction->to[i], direction->output);
	}
	if (!n && direction->to_count)
		return cli_fail(cli_of(typed), CLI_FAILED, "NobodyCanOpen", "\"%s\" goes to nobody with a key in this house: `hostler devices` says what has never connected",
		                direction->output);
	for (size_t i = 0; i < operator_count; i++)
		to[n++] = recipient(operators[i]);
	*ret = n;
	return CLI_DONE;
}

/* Before it is typed: who will know it. */
static void say_whom(const struct direction *direction)
{
	if (!direction->to_count && direction->sink_count == 1 && strcmp(direction->sinks[0], "operator") == 0) {
		fprintf(stderr, "%s: no flow takes it\n", direction->output);
		return;
	}
	fprintf(stderr, "%s: for", direction->output);
	for (size_t i = 0; i < direction->sink_count; i++)
		fprintf(stderr, "%s %s", i ? "," : "", direction->sinks[i]);
	fputs("\n", stderr);
}

static int seal(struct typed *typed, const struct direction *direction, const hst_secret *secret)
{
	AUTO_FREE struct envelope_recipient *to = mem_array(MEMBERS_MAX, sizeof *to);
	struct item *item = &typed->items[typed->item_count];
	struct envelope_header header = {.kind = ENVELOPE_INPUT, .run = "", .sinks = direction->sinks, .sink_count = direction->sink_count,
	                                 .epoch = typed->roster->epoch, .created_us = clock_wall_us(), .signer = typed->connect->key.name,
	                                 .name = arena_printf(cli_of(typed)->arena, "%s.%s", typed->called, direction->output)};
	uint8_t *bytes = NULL;
	hst_error err = {{0}, {0}};
	size_t n = 0;
	int code, status = find_recipients(typed, direction, to, &n);

	if (status)
		return status;
	header.not_after_us = header.created_us + typed_us;
	memcpy(header.cluster, typed->roster->cluster, sizeof header.cluster);
	code = envelope_seal(&header, secret, to, n, &typed->connect->key.pairs, &bytes, &item->length, &err);
	if (code != HST_OK)
		return cli_fail_as(cli_of(typed), code, &err);
	item->name = direction->output;
	item->bytes = (const uint8_t *)arena_copy(cli_of(typed)->arena, (const char *)bytes, item->length);
	free(bytes);
	typed->item_count++;
	return CLI_DONE;
}

static int ask_one(struct typed *typed, const char *name)
{
	const struct direction *direction = directions_find(&typed->directions, name);
	AUTO_FREE char *question = mem_printf("Secret input %s", name);
	AUTO(secret) hst_secret *secret = NULL;
	hst_error err = {{0}, {0}};
	char *given = NULL;
	size_t length = 0;
	int status;

	if (!direction)
		return unreadable(typed, "it does not say to whom a secret is to be sealed");
	say_whom(direction);
	status = typed->wanted_count > 1 ? prompt_line(cli_of(typed), question, &given, &length)
	                                 : prompt_secret(cli_of(typed), question, false, &given, &length);
	if (!status && secret_new(given, length, &secret, &err) != HST_OK)
		status = cli_fail(cli_of(typed), CLI_FAILED, err.reason, "%s", err.text);
	prompt_forget(given);
	return status ? status : seal(typed, direction, secret);
}

static int ask_all(struct typed *typed, struct text *ret)
{
	hst_error err = {{0}, {0}};
	int status = find_roster(typed);

	if (!status)
		status = check_self(typed);
	for (size_t i = 0; !status && i < typed->wanted_count; i++)
		status = ask_one(typed, typed->wanted[i]);
	if (!status && (items_write(ret, typed->items, typed->item_count, &err) != HST_OK || ret->over))
		status = cli_fail(cli_of(typed), CLI_USAGE, "InputInvalid", "the secrets are too much for one message: together they can have about %d KiB",
		                  SEALED_BYTES_MAX >> 10);
	return status;
}

int typed_secrets(struct connect *connect, const hst_value *what, const char *called, const hst_value *given, struct text *ret,
                  const hst_value **ret_files)
{
	struct typed typed = {.connect = connect, .called = called};
	int status = ask_whom(&typed, what);

	if (!status)
		status = refuse_shown(&typed, given);
	if (!status)
		status = read_named(&typed);
	if (!status)
		status = add_needed(&typed);
	if (!status && typed.wanted_count)
		status = ask_all(&typed, ret);
	roster_free(typed.roster);
	*ret_files = typed.files;
	return status;
}
