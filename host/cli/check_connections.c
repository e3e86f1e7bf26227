#include "cli/check_connections.h"

#include "cli/connection.h"
#include "cli/print.h"
#include "definitions/secrets.h"
#include "pure/queue/reasons.h"
#include "schema/value.h"

#include <stdio.h>
#include <string.h>

struct checking {
	struct cli *cli;
	struct connect connect;
	const struct conf_connection *connection;
	const struct definitions *definitions;
	const char *path;
	struct problems *problems;
};

static void say(const struct checking *checking, const char *device, const char *what, const char *more)
{
	if (!checking->cli->json)
		printf("connection %s: %s %s%s%s\n", checking->connection->name, device, what, *more ? ": " : "", more);
	fflush(stdout);
}

/* Whether somebody has to see to it; what is only in the way now, such as a person's session, passes. */
static bool is_wrong(const char *reason)
{
	const struct reason *row = reason_named(reason);

	return !row || row->class == REASON_FATAL || reason_is_of_sign_in(reason);
}

/* False: it is not to be tried anywhere else. */
static bool try_on(struct checking *checking, const char *device)
{
	const char *reason = "", *text = "";
	hst_error err = {{0}, {0}};
	struct cli silent = *checking->cli;
	int status;

	silent.kept = &err;
	checking->connect.cli = &silent;
	status = connection_try(&checking->connect, checking->connection->name, device, &reason, &text);
	checking->connect.cli = checking->cli;
	if (status)
		say(checking, device, "was not tried", err.text);
	else if (!*reason)
		say(checking, device, "let it sign in, and out again", "");
	else if (is_wrong(reason))
		problems_add(checking->problems, checking->path, checking->connection->line, "connection %s: signing in on %s: %s: %s", checking->connection->name,
			     device, reason, text);
	else
		say(checking, device, "could not try it now", text);
	return !status && !reason_is_of_sign_in(reason);
}

static void check_one(struct checking *checking, const hst_value *record)
{
	const hst_value *devices = value_get(record, "devices"), *blocked = value_get(record, "blocked");
	const int line = definitions_password_line(checking->definitions, checking->connection);
	bool goes_on = true;

	if (line != checking->connection->line && problems_know(checking->problems, checking->problems->n, checking->path, line)) {
		say(checking, "was", "not tried, since its password cannot be used", "");
		return;
	}
	if (blocked) {
		problems_add(checking->problems, checking->path, checking->connection->line,
			     "connection %s: blocked, since signing in on %s failed; it is not tried again here: `hostler connection list` says more",
			     checking->connection->name, print_member(checking->cli->arena, blocked, "device"));
		return;
	}
	for (size_t i = 0; i < value_count(devices) && goes_on; i++)
		goes_on = try_on(checking, value_text(value_at(devices, i)));
}

static void check_all(struct checking *checking, const struct conf *conf)
{
	const hst_value *all = NULL;

	if (connect_ask(&checking->connect, "connections", NULL, &all) != CLI_DONE)
		return;
	for (size_t i = 0; i < value_count(all); i++) {
		const hst_value *record = value_at(all, i);

		checking->connection = conf_connection(conf, print_member(checking->cli->arena, record, "name"));
		if (checking->connection)
			check_one(checking, record);
	}
}

void check_connections(struct cli *cli, const struct definitions *definitions, struct problems *problems)
{
	struct checking checking = {.cli = cli, .definitions = definitions, .path = definitions->conf->path, .problems = problems};
	hst_error err = {{0}, {0}};
	struct cli silent = *cli;

	if (!definitions->conf->connection_count || !definitions->conf->has_host)
		return;
	silent.kept = &err;
	silent.hasty = true;
	if (connect_open(&checking.connect, &silent) == CLI_DONE)
		check_all(&checking, definitions->conf);
	else if (!cli->json)
		printf("connections: none was tried, since the host does not answer: %s\n", err.text);
	connect_close(&checking.connect);
}
