#include "cli/follow.h"

#include "base/arena.h"
#include "base/clock.h"
#include "cli/print.h"
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

/* What people are told of a thing that happens: a word, and which members of its detail follow it. */
static const struct wording {
	const char *what;
	const char *alone;	/* where none of the members is there */
	const char *before;	/* in front of them */
	const char *members[3]; /* those that are there, joined by ": " */
} wordings[] = {
	{"progress", "", "", {"subflow", "action", NULL}},
	{"accepted", "accepted", "accepted from ", {"trigger", NULL}},
	{"queued", "waits", "waits for ", {"target", "reason", NULL}},
	{"offered", "offered", "offered to ", {"device", NULL}},
	{"refused", "not now", "not now: ", {"reason", "text", NULL}},
	{"preparing", "is prepared", "its session is made ready on ", {"device", NULL}},
	{"running", "runs", "runs on ", {"device", NULL}},
	{"lost", "lost", "lost: ", {"text", NULL}},
	{"top", "moved to the top", "moved to the top by ", {"who", NULL}},
	{"untop", "moved back to its place", "moved back to its place by ", {"who", NULL}},
	{"priority", "given another priority", "given another priority: ", {"priority", "who", NULL}},
	{"cancel", "cancelled", "cancelled by ", {"who", NULL}},
	{"stop", "told to stop", "told to stop by ", {"who", NULL}},
	{"stopping", "is being stopped", "is being stopped on ", {"device", NULL}},
	{"pause", "told to pause", "told to pause by ", {"who", NULL}},
	{"paused", "is paused", "is paused on ", {"device", NULL}},
	{"resume", "told to go on", "told to go on by ", {"who", NULL}},
};

static const struct wording *wording_of(const char *what)
{
	for (size_t i = 0; i < sizeof wordings / sizeof wordings[0]; i++)
		if (strcmp(wordings[i].what, what) == 0)
			return &wordings[i];
	return NULL;
}

static bool has_text(const hst_value *body, const char *member)
{
	return value_kind(value_get(body, member)) == HST_VALUE_TEXT && *value_text(value_get(body, member));
}

/* "failed: FlowFailed: no display" */
static const char *ending_of(hst_arena *arena, const hst_value *body)
{
	const char *line = print_member(arena, body, "state");

	if (has_text(body, "reason"))
		line = arena_printf(arena, "%s: %s", line, print_member(arena, body, "reason"));
	if (has_text(body, "text"))
		line = arena_printf(arena, "%s: %s", line, print_member(arena, body, "text"));
	return line;
}

static const char *line_of(hst_arena *arena, const char *what, const hst_value *body)
{
	const struct wording *wording = wording_of(what);
	const char *detail = NULL;

	if (strcmp(what, "ended") == 0)
		return ending_of(arena, body);
	if (!wording)
		return print_clean(arena, what, strlen(what));
	for (size_t i = 0; i < 3 && wording->members[i]; i++) {
		const char *member = print_member(arena, body, wording->members[i]);

		if (has_text(body, wording->members[i]))
			detail = detail ? arena_printf(arena, "%s: %s", detail, member) : member;
	}
	return detail ? arena_printf(arena, "%s%s", wording->before, detail) : wording->alone;
}

static enum print_tone tone_of(const char *what, const hst_value *body)
{
	return strcmp(what, "ended") == 0 ? print_state_tone(value_text(value_get(body, "state")))
					  : TONE_PLAIN;
}

static void print_happening(struct following *following, const char *what, const hst_value *body)
{
	hst_arena *arena = arena_new();
	const char *step = has_text(body, "step") ? print_member(arena, body, "step") : "";
	int64_t at_us = 0;

	value_integer(value_get(body, "at_us"), &at_us);
	if (!following->first_us)
		following->first_us = at_us;
	print_tone(stdout, TONE_FAINT);
	printf("%8.2f s  ", (double)(at_us - following->first_us) / 1e6);
	print_tone(stdout, TONE_PLAIN);
	printf("%-14s  ", step);
	print_tone(stdout, tone_of(what, body));
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
