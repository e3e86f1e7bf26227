/*
 * watch: the house at a glance, live. On a terminal one picture, drawn anew in place whenever something happens and at
 * least every two seconds; elsewhere one line for each change.
 */
#include "cli/cli.h"

#include "base/arena.h"
#include "base/clock.h"
#include "cli/connect.h"
#include "cli/events.h"
#include "cli/follow.h"
#include "cli/print.h"
#include "cli/terminal.h"
#include "cli/watch_here.h"
#include "cli/watch_picture.h"
#include "schema/value.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { REFRESH_MS = 2000, TOGETHER_MS = 100 };

struct watch {
	struct cli cli;	 /* its arena is one look's, and what fails is kept in `failed` */
	hst_error failed;
	struct connect connect;
	bool terminal, over, stale, away; /* stale: something has happened since the last look */
	const hst_value *answer;
	hst_arena *kept; /* of the last answer */
	uint64_t followed; /* the welcome since which all runs are followed */
	struct termios before;
};

static void on_signal(void *arg, int signal)
{
	struct watch *watch = arg;

	watch->over |= signal != SIGWINCH;
	watch->stale = true;
}

static void on_key(void *arg, int fd, short ready)
{
	struct watch *watch = arg;
	char key = 0;
	ssize_t n = read(fd, &key, 1);

	(void)ready;
	if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN) || key == 'q' || key == 'Q' || key == TERMINAL_CTRL_C)
		watch->over = true;
}

static void on_happened(void *arg, const struct message *message)
{
	struct watch *watch = arg;
	const hst_value *body = NULL;
	hst_arena *arena;

	if (message->word != WORD_happened)
		return;
	watch->stale = true;
	if (watch->terminal)
		return;
	arena = arena_new();
	if (value_parse_json(arena, message->payload, message->payload_length, &body, NULL) == HST_OK)
		events_print(&watch->cli, arena, body);
	arena_free(arena);
}

static int follow_all(struct watch *watch)
{
	int status;

	if (watch->followed == watch->connect.ups)
		return CLI_DONE;
	status = follow_ask(&watch->connect, 0);
	if (!status)
		watch->followed = watch->connect.ups;
	return status;
}

static bool has(const hst_value *list, const hst_value *wrong)
{
	for (size_t i = 0; i < value_count(list); i++) {
		const hst_value *one = value_at(list, i);

		if (strcmp(value_text(value_get(one, "subject")), value_text(value_get(wrong, "subject"))) == 0 &&
		    strcmp(value_text(value_get(one, "sentence")), value_text(value_get(wrong, "sentence"))) == 0)
			return true;
	}
	return false;
}

/* What is wrong in `list` and not in `other`. */
static void print_changes(const hst_value *list, const hst_value *other, const char *before, hst_arena *arena)
{
	for (size_t i = 0; i < value_count(list); i++) {
		const hst_value *wrong = value_at(list, i);

		if (!has(other, wrong))
			printf("%s%s: %s\n", before, print_member(arena, wrong, "subject"), print_sentence(arena, wrong, "sentence"));
	}
	fflush(stdout);
}

/* A change of whether the host answers is one, too. */
static void say_away(struct watch *watch, bool away)
{
	if (watch->terminal || away == watch->away)
		return;
	watch->away = away;
	printf("%s\n", away ? "wrong: the host does not answer" : "no longer: the host does not answer");
	fflush(stdout);
}

/* Asks anew. What cannot be asked leaves the last picture. */
static void look(struct watch *watch)
{
	hst_arena *arena = arena_new();
	const hst_value *answer = NULL;

	watch->stale = false;
	watch->cli.arena = arena;
	watch->failed = (hst_error){0};
	if (!watch->connect.up || follow_all(watch) || connect_ask(&watch->connect, "watch", NULL, &answer)) {
		watch->cli.arena = watch->kept;
		arena_free(arena);
		if (!watch->failed.text[0])
			hst_fail(&watch->failed, HST_RETRY, "the connection is down");
		say_away(watch, true);
		return;
	}
	say_away(watch, false);
	if (!watch->terminal && !watch->answer)
		printf("now: %zu running, %s waiting, %zu wrong\n", value_count(value_get(answer, "running")),
		       print_member(arena, answer, "steps_waiting"), value_count(value_get(answer, "wrong")));
	if (!watch->terminal) {
		print_changes(value_get(answer, "wrong"), value_get(watch->answer, "wrong"), "wrong: ", arena);
		print_changes(value_get(watch->answer, "wrong"), value_get(answer, "wrong"), "no longer: ", arena);
	}
	watch->answer = answer;
	arena_free(watch->kept);
	watch->kept = arena;
}

static void draw(struct watch *watch)
{
	hst_arena *arena = arena_new();
	struct watch_picture picture = {.arena = arena, .answer = watch->answer, .now_us = clock_wall_us(),
					.away = watch->failed.text[0] ? watch->failed.text : NULL};
	struct text lines;

	terminal_size(&picture.width, &picture.height);
	picture.now = print_moment(arena, picture.now_us);
	text_init(&lines, 1 << 20);
	watch_draw(&picture, &lines);
	terminal_draw(&lines);
	text_clear(&lines);
	arena_free(arena);
}

static void turn(struct watch *watch)
{
	int64_t next_us = clock_steady_us() + REFRESH_MS * 1000LL, left_us;

	while (!watch->over && !watch->stale && (left_us = next_us - clock_steady_us()) > 0)
		loop_turn(watch->connect.loop, left_us / 1000 + 1);
	/* What happens together is shown together. */
	next_us = clock_steady_us() + TOGETHER_MS * 1000LL;
	while (!watch->over && watch->stale && (left_us = next_us - clock_steady_us()) > 0)
		loop_turn(watch->connect.loop, left_us / 1000 + 1);
}

static void go_on(struct watch *watch)
{
	watch->connect.heard = on_happened;
	watch->connect.heard_arg = watch;
	if (watch->terminal && terminal_take(&watch->before))
		loop_fd(watch->connect.loop, STDIN_FILENO, POLLIN, on_key, watch);
	while (!watch->over) {
		look(watch);
		if (watch->terminal)
			draw(watch);
		turn(watch);
	}
	if (watch->terminal)
		terminal_give_back(&watch->before);
	watch->connect.heard = NULL;
}

int watch_command(struct cli *cli)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGWINCH, 0};
	struct watch watch = {.cli = *cli, .terminal = terminal_is_there()};
	const hst_value *answer = NULL;
	int status;

	if (options_has(&cli->options, "here"))
		return watch_here(cli);
	if (options_has(&cli->options, "close"))
		return cli_fail(cli, CLI_USAGE, "Usage", "--close is for a window of --here");
	if (!cli->json)
		terminal_block_signals(signals);
	status = connect_open(&watch.connect, &watch.cli);
	if (!status && cli->json) {
		status = connect_ask(&watch.connect, "watch", NULL, &answer);
		if (!status)
			cli_print_json(answer);
	} else if (!status) {
		loop_signals(watch.connect.loop, signals, on_signal, &watch);
		watch.kept = arena_new();
		watch.cli.kept = &watch.failed;
		go_on(&watch);
		arena_free(watch.kept);
		watch.cli.arena = cli->arena;
	}
	connect_close(&watch.connect);
	return status;
}
