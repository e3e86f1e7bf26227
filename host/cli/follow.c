#include "cli/follow.h"

#include "base/arena.h"
#include "base/clock.h"
#include "cli/print.h"
#include "cli/wording.h"
#include "pure/core/states.h"
#include "schema/value.h"

#include <stdio.h>
#include <string.h>

enum { PATIENCE_MS = 60000 }; /* how long a host that went away is waited for */

struct following {
	struct connect *connect;
	int64_t run;
	bool quiet, ended;
	int64_t first_us;  /* when the run was accepted */
	size_t seen, told; /* of this following; of all: after a break the host begins at the beginning */
};

/* The reason of a bad end is told once, with all that belongs to it, by whoever waited. */
static const char *line_of(hst_arena *arena, const char *what, const hst_value *body)
{
	const char *state = value_text(value_get(body, "state"));

	if (strcmp(what, "ended") == 0 && !state_row(state_named(state))->good)
		return print_clean(arena, state, strlen(state));
	return wording_line(arena, what, body);
}

static void print_happening(struct following *following, const char *what, const hst_value *body)
{
	hst_arena *arena = arena_new();
	const char *step = value_get(body, "step") ? print_member(arena, body, "step") : "";
	int64_t at_us = 0;

	value_integer(value_get(body, "at_us"), &at_us);
	if (!following->first_us)
		following->first_us = at_us;
	print_tone(stdout, TONE_FAINT);
	printf("%8.2f s  ", (double)(at_us - following->first_us) / 1e6);
	print_tone(stdout, TONE_PLAIN);
	printf("%-14s  ", step);
	print_tone(stdout, wording_tone(what, body));
	fputs(line_of(arena, what, body), stdout);
	print_tone(stdout, TONE_PLAIN);
	puts("");
	fflush(stdout);
	arena_free(arena);
}

/* A late answer may still end it, so it is waited for; who waits should know that a person can end it, too. */
static void say_lost(const struct following *following, const char *step)
{
	FILE *to = following->quiet ? stderr : stdout;

	fprintf(to, "%sit goes on waiting for a late answer; to settle it: hostler resolve %lld/%s succeeded|failed|requeue\n",
		following->quiet ? "hostler: lost: " : "            ", (long long)following->run, step);
	fflush(to);
}

static void on_happened(void *arg, const struct message *message)
{
	struct following *following = arg;
	const hst_value *body = NULL;
	hst_arena *arena;

	if (message->word != WORD_happened || message_integer(message, "run") != following->run ||
	    following->ended)
		return;
	following->ended = message_boolean(message, "ended");
	if (++following->seen <= following->told)
		return;
	following->told = following->seen;
	arena = arena_new();
	if (value_parse_json(arena, message->payload, message->payload_length, &body, NULL) == HST_OK) {
		const char *what = message_text(message, "what");

		if (!following->quiet)
			print_happening(following, what, body);
		if (strcmp(what, "lost") == 0 && value_get(body, "step"))
			say_lost(following, print_member(arena, body, "step"));
	}
	arena_free(arena);
}

int follow_ask(struct connect *connect, int64_t run)
{
	struct connect_answer answer;
	struct message message;

	message_init(&message, WORD_follow, 0);
	message_set_integer(&message, "run", run);
	return connect_request(connect, &message, CONNECT_ANSWER_MS, &answer);
}

int follow_turn(struct connect *connect, const bool *ended, uint64_t ups, const char *more)
{
	int64_t away_us = 0;

	while (!*ended && connect->ups == ups) {
		loop_turn(connect->loop, 1000);
		if (connect->up)
			away_us = 0;
		else if (link_why(connect->link, NULL) == HST_DENIED)
			return cli_fail(connect->cli, CLI_AWAY, "KeyDenied", "the host does not let in the key %s any more", connect->key_path);
		else if (!away_us)
			away_us = clock_steady_us();
		else if (clock_steady_us() - away_us > PATIENCE_MS * 1000LL)
			return cli_fail(connect->cli, CLI_AWAY, "HostNotReachable", "the host has gone away%s", more);
	}
	return CLI_DONE;
}

int follow_run(struct connect *connect, int64_t run, bool quiet)
{
	struct following following = {.connect = connect, .run = run, .quiet = quiet};
	int status = CLI_DONE;

	connect->heard = on_happened;
	connect->heard_arg = &following;
	while (!status && !following.ended) {
		uint64_t ups = connect->ups;

		following.seen = 0;
		status = follow_ask(connect, run);
		if (!status)
			status = follow_turn(connect, &following.ended, ups,
					     arena_printf(connect->cli->arena,
							  "; the run goes on when it is back: `hostler show %lld`", (long long)run));
	}
	connect->heard = NULL;
	return status;
}
