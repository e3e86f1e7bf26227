#include "cli/follow.h"

#include "base/arena.h"
#include "base/clock.h"
#include "cli/print.h"
#include "cli/wording.h"
#include "pure/core/states.h"
#include "schema/value.h"

#include <stdio.h>
#include <string.h>

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
	if (following->quiet)
		return;
	arena = arena_new();
	if (value_parse_json(arena, message->payload, message->payload_length, &body, NULL) == HST_OK)
		print_happening(following, message_text(message, "what"), body);
	arena_free(arena);
}

static int ask_to_follow(struct following *following)
{
	struct connect_answer answer;
	struct message message;

	following->seen = 0;
	message_init(&message, WORD_follow, 0);
	message_set_integer(&message, "run", following->run);
	return connect_request(following->connect, &message, CONNECT_ANSWER_MS, &answer);
}

/* Turns until the run has ended or the host is another: one that was started again knows nothing of who
 * follows. */
static int turn_until_news(struct following *following, uint64_t ups)
{
	struct connect *connect = following->connect;
	int64_t away_us = 0;

	while (!following->ended && connect->ups == ups) {
		loop_turn(connect->loop, 1000);
		if (connect->up)
			away_us = 0;
		else if (!away_us)
			away_us = clock_steady_us();
		else if (clock_steady_us() - away_us > FOLLOW_PATIENCE_MS * 1000LL)
			return cli_fail(connect->cli, CLI_AWAY, "HostNotReachable",
					"the host has gone away; the run goes on when it is back: `hostler "
					"show '#%lld'`",
					(long long)following->run);
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

		status = ask_to_follow(&following);
		if (!status)
			status = turn_until_news(&following, ups);
	}
	connect->heard = NULL;
	return status;
}
