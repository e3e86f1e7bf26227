/* connection test: signs in with a connection on each device that it leads to, one after another, and out again. */
#include "cli/connection.h"

#include "base/arena.h"
#include "base/mem.h"
#include "cli/print.h"
#include "pure/queue/reasons.h"
#include "schema/nearest.h"
#include "schema/value.h"

#include <stdio.h>
#include <string.h>

/* A session may take two minutes to open and one to close; the host gives up before. */
enum { TRIAL_MS = 220 * 1000 };

struct trying {
	struct cli *cli;
	struct connect connect;
	const char *name;
	hst_value *results;
	const char *blocked; /* the device where signing in failed: it is tried nowhere else (rule R29) */
	bool all_worked;
};

/* Of this connection, where it stands for any. */
static const char *remedy_of(const struct trying *trying, const struct reason *row)
{
	static const char any[] = "connection unblock NAME";
	const char *at = row ? row->remedy : "", *place = strstr(at, any);

	if (!place)
		return at;
	place += sizeof any - 1 - strlen("NAME");
	return arena_printf(trying->cli->arena, "%.*s%s%s", (int)(place - at), at, trying->name, place + strlen("NAME"));
}

/* In the words of --json. */
static const hst_value *result_of(const struct trying *trying, const char *device, const char *code, const char *text)
{
	hst_arena *arena = trying->cli->arena;
	hst_value *result = value_make_record(arena), *reason = value_make_record(arena);
	const struct reason *row = reason_named(code);

	value_set_text(result, "device", device);
	value_set_boolean(result, "worked", !*code);
	if (*code) {
		value_set_text(reason, "code", code);
		value_set_text(reason, "text", *text ? text : row ? row->cause : "");
		value_set_text(reason, "remedy", remedy_of(trying, row));
		value_set_text(reason, "class", reason_class_name(row ? row->class : REASON_FATAL));
		value_set(result, "reason", reason);
	}
	return result;
}

static void print_result(const struct trying *trying, const hst_value *result)
{
	hst_arena *arena = trying->cli->arena;
	const hst_value *reason = value_get(result, "reason");
	bool worked = value_boolean(value_get(result, "worked"));

	print_tone(stdout, worked ? TONE_GOOD : TONE_BAD);
	printf("%-16s %s", print_member(arena, result, "device"), worked ? "signed in, and out again" : print_member(arena, reason, "code"));
	print_tone(stdout, TONE_PLAIN);
	puts("");
	if (!worked)
		printf("%16s %s\n%16s remedy: %s\n", "", print_sentence(arena, reason, "text"), "", print_sentence(arena, reason, "remedy"));
	fflush(stdout);
}

static void add(struct trying *trying, const char *device, const char *code, const char *text)
{
	const hst_value *result = result_of(trying, device, code, text);

	trying->all_worked &= !*code;
	if (reason_is_of_sign_in(code))
		trying->blocked = device;
	value_append(trying->results, result);
	if (!trying->cli->json)
		print_result(trying, result);
}

int connection_try(struct connect *connect, const char *name, const char *device, const char **ret_reason, const char **ret_text)
{
	struct connect_answer answer;
	struct message message;
	int status;

	message_init(&message, WORD_trial, 0);
	message_set_text(&message, "connection", name);
	message_set_text(&message, "device", device);
	status = connect_request(connect, &message, TRIAL_MS, &answer);
	if (status)
		return status;
	*ret_reason = arena_text(connect->cli->arena, message_text(&answer.head, "reason"));
	*ret_text = answer.payload;
	return CLI_DONE;
}

static int try_on(struct trying *trying, const char *device)
{
	hst_arena *arena = trying->cli->arena;
	const char *reason = "", *text = "";
	int status;

	if (trying->blocked) {
		add(trying, device, "ConnectionBlocked",
		    arena_printf(arena, "not tried, since signing in failed on %s and each further try could lock the account", trying->blocked));
		return CLI_DONE;
	}
	status = connection_try(&trying->connect, trying->name, device, &reason, &text);
	if (!status)
		add(trying, device, reason, text);
	return status;
}

/* The connection of that name, as the host has it. */
static int find(struct trying *trying, const hst_value **ret)
{
	const hst_value *all = NULL;
	struct nearest nearest;
	int status = connect_ask(&trying->connect, "connections", NULL, &all);

	nearest_init(&nearest, trying->name);
	for (size_t i = 0; !status && i < value_count(all); i++) {
		const char *name = print_member(trying->cli->arena, value_at(all, i), "name");

		nearest_offer(&nearest, name);
		if (strcmp(name, trying->name) == 0) {
			*ret = value_at(all, i);
			return CLI_DONE;
		}
	}
	return status ? status
		      : cli_fail(trying->cli, CLI_USAGE, "NotFound", "there is no connection \"%.80s\"%s%s%s; `hostler connection list` has them", trying->name,
				 nearest.best ? "; did you mean " : "", nearest.best ? nearest.best : "", nearest.best ? "?" : "");
}

static int try_all(struct trying *trying)
{
	const char *only = options_value(&trying->cli->options, "device");
	const hst_value *connection = NULL, *devices;
	int status = find(trying, &connection);

	devices = status ? NULL : value_get(connection, "devices");
	if (!status && only)
		return try_on(trying, only);
	if (!status && !value_count(devices))
		return cli_fail(trying->cli, CLI_FAILED, "GroupIsEmpty", "connection %s leads to no device", trying->name);
	for (size_t i = 0; !status && i < value_count(devices); i++)
		status = try_on(trying, value_text(value_at(devices, i)));
	return status;
}

int connection_test(struct cli *cli)
{
	const char *name = cli->options.arguments[1];
	struct trying trying = {.cli = cli, .name = name, .results = value_make_list(cli->arena), .all_worked = true};
	const char *only = options_value(&cli->options, "device");
	int status;

	if (strlen(name) > 100 || (only && strlen(only) > 100))
		return cli_fail(cli, CLI_USAGE, "Usage", "a name has at most 100 bytes");
	status = connect_open(&trying.connect, cli);
	if (!status)
		status = try_all(&trying);
	connect_close(&trying.connect);
	if (status)
		return status;
	if (cli->json)
		cli_print_json(trying.results);
	return trying.all_worked ? CLI_DONE : CLI_FAILED;
}
