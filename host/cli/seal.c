/* seal NAME: a secret, for those that the configuration names it to, and for nobody else. */
#include "cli/cli.h"

#include "base/auto.h"
#include "base/clock.h"
#include "base/mem.h"
#include "cli/knew.h"
#include "cli/prompt.h"
#include "cli/seal_whom.h"
#include "config/secret_files.h"
#include "schema/rights.h"
#include "schema/value.h"
#include "seal/envelope_house.h"
#include "seal/redact.h"
#include "seal/sealed_file.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

struct sealing {
	struct seal_desk desk;
	struct seal_whom whom;
	const char *name;
	char *path;
	struct sealed_file *before; /* what lies there; NULL: nothing, or it is damaged */
	bool damaged;
	hst_error damage;
	hst_secret *secret;
	bool same, other; /* than the value before; neither: that is not known, since there is none or it is damaged */
	int64_t serial;
};

static void say_list(const char *front, const char *const *list, size_t n)
{
	if (!n)
		return;
	fputs(front, stderr);
	for (size_t i = 0; i < n; i++)
		fprintf(stderr, "%s%s", i ? ", " : "", list[i]);
	fputs("\n", stderr);
}

/* Before anything is typed: who will know it. */
static void say_whom(const struct sealing *sealing)
{
	const struct seal_whom *whom = &sealing->whom;
	const char *operators[ROSTER_OPERATORS_MAX];

	for (size_t i = 0; i < whom->operator_count; i++)
		operators[i] = whom->operators[i]->name;
	say_list("  for                   ", whom->sinks, whom->sink_count);
	say_list("  can open it:          ", whom->members, whom->member_count);
	say_list("  and to seal it again: ", operators, whom->operator_count);
	say_list("  cannot, having no key yet: ", whom->missing, whom->missing_count);
	if (sealing->desk.problems)
		fprintf(stderr, "hostler: warning: %s is wrong in %zu %s (`hostler check`); what cannot be read there is left out of account\n",
		        sealing->desk.definitions->conf->path, sealing->desk.problems, sealing->desk.problems == 1 ? "place" : "places");
}

/*
 * A serial is never less than the time: where somebody removed or spoilt the file, or put an older one back, the new one must still be
 * higher than what the house has seen of that name, and nobody else remembers how far it had come.
 */
static int read_before(struct sealing *sealing)
{
	hst_error *err = &sealing->damage;
	int code = sealed_file_read(sealing->path, &sealing->before, err);
	int64_t before;

	sealing->damaged = code == HST_INVALID;
	if (code == HST_DENIED)
		return cli_fail(sealing->desk.cli, CLI_FAILED, "Denied", "%s. Its owner has to let everybody read it (chmod a+r): nobody but its recipients can open it",
		                err->text);
	if (code != HST_OK && code != HST_NOT_FOUND && !sealing->damaged)
		return cli_fail(sealing->desk.cli, CLI_FAILED, "Broken", "%s", err->text);
	before = sealing->before ? sealing->before->envelope.header.serial : 0;
	sealing->serial = clock_wall_us() / 1000000;
	if (sealing->serial <= before)
		sealing->serial = before < INT64_MAX ? before + 1 : before;
	return CLI_DONE;
}

static bool is_of_name(const struct envelope_header *header, const char *name)
{
	return header->kind == ENVELOPE_SECRET && strcmp(header->name, name) == 0;
}

/* Opened with the operator's own key, so that nobody has to know it. */
static int open_before(struct sealing *sealing)
{
	struct envelope_house house;
	struct envelope_check check = {.house = &house, .now_us = clock_wall_us()};
	hst_error err = {{0}, {0}};
	int code;

	if (sealing->damaged)
		return cli_fail(sealing->desk.cli, CLI_FAILED, "EnvelopeForm", "%s: leave --again out, and say the secret; this file is then kept beside the new one",
		                sealing->damage.text);
	if (!sealing->before)
		return cli_fail(sealing->desk.cli, CLI_USAGE, "NotFound", "there is no %s to be sealed again: leave --again out, and say the secret", sealing->path);
	if (!is_of_name(&sealing->before->envelope.header, sealing->name))
		return cli_fail(sealing->desk.cli, CLI_FAILED, "EnvelopeForm", "%s has \"%s\" in it, not \"%s\": leave --again out, and say the secret", sealing->path,
		                sealing->before->envelope.header.name, sealing->name);
	envelope_house_init(&house, sealing->desk.roster);
	check.sink = sealing->before->envelope.header.sinks[0];
	code = envelope_open(&sealing->before->envelope, &check, &sealing->desk.key.pairs, &sealing->secret, &err);
	sealing->same = true;
	return code == HST_OK ? CLI_DONE : cli_fail(sealing->desk.cli, CLI_FAILED, err.reason, "%s: %s", sealing->path, err.text);
}

static int ask_secret(struct sealing *sealing)
{
	AUTO_FREE char *question = mem_printf("Secret %s", sealing->name);
	hst_error err = {{0}, {0}};
	char *typed = NULL;
	size_t length = 0;
	int status = prompt_secret(sealing->desk.cli, question, true, &typed, &length);

	if (!status && length < REDACT_BYTES_MIN)
		fprintf(stderr, "hostler: warning: this secret has under %d bytes: logs and what programs print are not searched for one that short\n", REDACT_BYTES_MIN);
	if (!status && secret_new(typed, length, &sealing->secret, &err) != HST_OK)
		status = cli_fail(sealing->desk.cli, CLI_FAILED, err.reason, "%s", err.text);
	prompt_forget(typed);
	return status;
}

static enum envelope_signer who_has_this_key(const void *arg, const char *name, uint8_t ret_sign[SEAL_KEY_BYTES], unsigned *ret_rights)
{
	const struct roster_member *line = arg;

	memcpy(ret_sign, line->sign, SEAL_KEY_BYTES);
	*ret_rights = RIGHT_ADMIN;
	return strcmp(line->name, name) == 0 ? ENVELOPE_SIGNER_KNOWN : ENVELOPE_SIGNER_UNKNOWN;
}

/* To be compared with alone, so it may be signed by somebody who was removed since, and be as old as it likes. */
static bool open_former(const struct sealing *sealing, hst_secret **ret)
{
	const struct roster *roster = sealing->desk.roster;
	const struct envelope *envelope = &sealing->before->envelope;
	struct envelope_house house;
	struct envelope_check check = {.house = &house, .sink = envelope->header.sinks[0], .now_us = clock_wall_us()};
	hst_error err;
	int code;

	envelope_house_init(&house, roster);
	house.least = 0;
	code = envelope_open(envelope, &check, &sealing->desk.key.pairs, ret, &err);
	house.signer = who_has_this_key;
	for (size_t i = 0; code != HST_OK && i < roster->member_count; i++) {
		house.arg = &roster->members[i];
		if (roster->members[i].kind == ROSTER_REVOKED)
			code = envelope_open(envelope, &check, &sealing->desk.key.pairs, ret, &err);
	}
	return code == HST_OK;
}

/* Who types the same value again has changed nothing for those who know it. One that cannot be opened here is taken for another. */
static void compare(struct sealing *sealing)
{
	AUTO(secret) hst_secret *former = NULL;
	size_t was = 0, is = 0;
	const void *before, *now;

	if (!sealing->before)
		return;
	sealing->other = true;
	if (!open_former(sealing, &former))
		return;
	before = secret_bytes(former, &was);
	now = secret_bytes(sealing->secret, &is);
	if (was != is || sodium_memcmp(before, now, is) != 0)
		return;
	sealing->other = false;
	sealing->same = true;
	fputs("hostler: warning: this is the value that was sealed before: who knew it still knows it\n", stderr);
}

/* What is damaged is not lost: perhaps somebody can mend it, or wants to know what became of it. */
static int keep_damaged(const struct sealing *sealing)
{
	AUTO_FREE char *kept = mem_printf("%s.damaged", sealing->path);

	if (!sealing->damaged)
		return CLI_DONE;
	if (rename(sealing->path, kept) != 0)
		return cli_fail(sealing->desk.cli, CLI_FAILED, "Broken", "%s is damaged, and cannot be moved to %s: %s", sealing->path, kept, strerror(errno));
	fprintf(stderr, "hostler: warning: %s; it is kept as %s\n", sealing->damage.text, kept);
	return CLI_DONE;
}

/* Who could open a value still knows it when it is sealed again; who could open the former one does not know another. */
static int write_sealed(const struct sealing *sealing, const struct envelope_recipient *to, size_t n, const void *bytes, size_t length,
                        hst_error *err)
{
	int code = sealing->same ? knew_keep(sealing->path, &sealing->before->envelope, to, n, err) : HST_OK;

	if (code == HST_OK)
		code = sealed_file_write(sealing->path, bytes, length, err);
	return code == HST_OK && sealing->other ? knew_forget(sealing->path, err) : code;
}

static int seal(struct sealing *sealing)
{
	const struct seal_desk *desk = &sealing->desk;
	struct envelope_recipient to[SEAL_MEMBERS_MAX + ROSTER_OPERATORS_MAX];
	struct envelope_header header = {.kind = ENVELOPE_SECRET, .name = sealing->name, .run = "", .sinks = sealing->whom.sinks,
	                                 .sink_count = sealing->whom.sink_count, .epoch = desk->roster->epoch, .created_us = clock_wall_us(),
	                                 .serial = sealing->serial, .signer = desk->key.name};
	AUTO_FREE uint8_t *bytes = NULL;
	hst_error err = {{0}, {0}};
	size_t length = 0, n = seal_whom_recipients(desk, &sealing->whom, to);
	int code, status;

	memcpy(header.cluster, desk->roster->cluster, sizeof header.cluster);
	code = envelope_seal(&header, sealing->secret, to, n, &desk->key.pairs, &bytes, &length, &err);
	status = code == HST_OK ? keep_damaged(sealing) : CLI_DONE;
	if (status)
		return status;
	if (code == HST_OK)
		code = write_sealed(sealing, to, n, bytes, length, &err);
	return code == HST_OK ? CLI_DONE : cli_fail_as(desk->cli, code, &err);
}

static void add_list(hst_arena *arena, hst_value *record, const char *name, const char *const *list, size_t n)
{
	hst_value *all = value_make_list(arena);

	for (size_t i = 0; i < n; i++)
		value_append(all, value_make_text(arena, list[i], strlen(list[i])));
	value_set(record, name, all);
}

static void say_sealed(const struct sealing *sealing)
{
	hst_arena *arena = sealing->desk.cli->arena;
	hst_value *answer = value_make_record(arena);

	if (!sealing->desk.cli->json) {
		printf("sealed %s with serial %lld into %s\n", sealing->name, (long long)sealing->serial, sealing->path);
		if (sealing->before || sealing->damaged)
			puts("Flows use it from their next step on; `hostler reload` gives it to triggers and connectors.");
		return;
	}
	value_set_text(answer, "name", sealing->name);
	value_set_integer(answer, "serial", sealing->serial);
	value_set_text(answer, "file", sealing->path);
	add_list(arena, answer, "sinks", sealing->whom.sinks, sealing->whom.sink_count);
	add_list(arena, answer, "can_open", sealing->whom.members, sealing->whom.member_count);
	add_list(arena, answer, "cannot_open", sealing->whom.missing, sealing->whom.missing_count);
	cli_print_json(answer);
}

static int find_place(struct sealing *sealing, bool given)
{
	const struct cli *cli = sealing->desk.cli;
	const char *to = options_value(&cli->options, "to");
	int status = given ? seal_whom_given(&sealing->desk, &sealing->whom) : seal_whom_named(&sealing->desk, sealing->name, &sealing->whom);

	if (status)
		return status;
	if (to)
		sealing->path = mem_text(to);
	else
		sealing->path = given ? mem_printf("./%s.seal", sealing->name) : seal_desk_file(&sealing->desk, sealing->name);
	return read_before(sealing);
}

int seal_command(struct cli *cli)
{
	AUTO_FREE char *whole = mem_printf("secret:%s", cli->options.arguments[0]);
	bool given = options_has(&cli->options, "for"), again = options_has(&cli->options, "again");
	struct sealing sealing = {.name = cli->options.arguments[0]};
	int status;

	if (!secret_named(whole))
		return cli_fail(cli, CLI_USAGE, "NameInvalid",
		                "\"%.80s\" cannot be the name of a secret: a small letter, then up to 47 small letters, digits, \"_\" and \"-\"", sealing.name);
	status = seal_desk_open(&sealing.desk, cli, !given);
	if (!status)
		status = seal_desk_allowed(&sealing.desk);
	if (!status)
		status = find_place(&sealing, given);
	if (!status) {
		say_whom(&sealing);
		status = seal_desk_unlock(&sealing.desk);
	}
	if (!status)
		status = again ? open_before(&sealing) : ask_secret(&sealing);
	if (!status && !again)
		compare(&sealing);
	if (!status)
		status = seal(&sealing);
	if (!status)
		say_sealed(&sealing);
	secret_free(sealing.secret);
	sealed_file_free(sealing.before);
	free(sealing.path);
	seal_desk_close(&sealing.desk);
	return status;
}
