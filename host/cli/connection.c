/* connection: which there are, whether signing in with them works, and that one is in order again (rule R29). */
#include "cli/connection.h"

#include "base/arena.h"
#include "cli/acts.h"
#include "cli/ask.h"
#include "cli/grid.h"
#include "cli/print.h"
#include "cli/steer.h"
#include "schema/value.h"

#include <stdio.h>
#include <string.h>

static const char *blocked_line(hst_arena *arena, const hst_value *connection)
{
	const hst_value *blocked = value_get(connection, "blocked"), *reason = value_get(blocked, "reason");
	const char *with = value_get(blocked, "serial") ? arena_printf(arena, " with serial %s", print_member(arena, blocked, "serial")) : "";

	if (!blocked)
		return "-";
	return arena_printf(arena, "on %s at %s%s: %s: %s", print_member(arena, blocked, "device"),
			    print_time(arena, value_get(blocked, "at")), with, print_member(arena, reason, "code"),
			    print_sentence(arena, reason, "text"));
}

static void print_connections(struct cli *cli, const hst_value *connections)
{
	static const char *const heads[] = {"CONNECTION", "TARGET", "USER", "SIGN-IN", "WAITING", "FAILED", NULL};
	hst_arena *arena = cli->arena;
	struct grid grid;
	bool blocked = false;

	grid_init(&grid, arena, heads);
	for (size_t i = 0; i < value_count(connections); i++) {
		const hst_value *connection = value_at(connections, i);

		grid_add(&grid, print_member(arena, connection, "name"));
		grid_add(&grid, print_member(arena, connection, "target"));
		grid_add(&grid, print_member(arena, connection, "user"));
		grid_add(&grid, print_member(arena, connection, "state"));
		grid_add(&grid, print_member(arena, connection, "waiting"));
		grid_add(&grid, blocked_line(arena, connection));
		blocked |= value_get(connection, "blocked") != NULL;
	}
	if (value_count(connections))
		grid_print(&grid, stdout);
	else
		puts("no connections");
	if (blocked)
		puts("once an account is in order: hostler connection unblock NAME");
	grid_clear(&grid);
}

static int unblock(struct cli *cli)
{
	hst_value *what = value_make_record(cli->arena);
	const hst_value *answer = NULL;
	int status;

	value_set_text(what, "connection", cli->options.arguments[1]);
	status = steer_say(cli, "unblock", what, &answer);
	if (status || cli->json)
		return status;
	if (value_boolean(value_get(answer, "was_blocked")))
		printf("%s: its next run signs in again\n", cli->options.arguments[1]);
	else
		printf("%s: it was not blocked\n", cli->options.arguments[1]);
	return CLI_DONE;
}

static int list(struct cli *cli)
{
	return ask_and_print(cli, "connections", NULL, print_connections);
}

static const struct act acts[] = {
	{"list", "no name", 1, list},
	{"test", "NAME", 2, connection_test},
	{"unblock", "NAME", 2, unblock},
};

int connection_command(struct cli *cli)
{
	return acts_run(cli, "connection", acts, sizeof acts / sizeof *acts);
}
