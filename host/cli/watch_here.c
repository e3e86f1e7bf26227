#include "cli/watch_here.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/clock.h"
#include "cli/here.h"
#include "cli/print.h"
#include "cli/terminal.h"
#include "person/words.h"
#include "schema/value.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* How long it stays, with --close, once nothing goes on. */
enum { CLOSE_MS = 5000, PICTURE_BYTES_MAX = 256 << 10, ENDED_SHOWN = 5 };

struct watch {
	struct here here;
	const struct cli *cli;
	bool terminal, over, stale;
	bool sure; /* whoever looks is asked whether the run is to be stopped */
	size_t chosen; /* where the run that keys are about is looked for first */
	char last[2 * SUMMARY_SIZE]; /* the line that was printed last */
	struct loop_timer *closing;
};

static bool goes_on(const struct here_run *run)
{
	return run->fd >= 0 && *run->now.state && !happening_is_end(&run->now);
}

/* The run that keys are about: the chosen one, else the next. NULL: there is none. */
static const struct here_run *chosen(const struct watch *watch)
{
	for (size_t i = 0; i < HERE_RUNS_MAX; i++) {
		const struct here_run *run = &watch->here.runs[(watch->chosen + i) % HERE_RUNS_MAX];

		if (goes_on(run))
			return run;
	}
	return NULL;
}

/* For programs: one object for each happening */

static void print_json(const struct happening *happening)
{
	hst_arena *arena = arena_new();
	hst_value *record = value_make_record(arena), *progress = value_make_record(arena), *reason = value_make_record(arena);
	char at[32];

	clock_iso(happening->at_us, at, sizeof at);
	value_set_text(record, "at", at);
	value_set_text(record, "run", happening->run);
	value_set_integer(record, "number", happening->number);
	value_set_text(record, "title", happening->title);
	value_set_text(record, "step", happening->step);
	value_set_text(record, "device", happening->device);
	value_set_text(record, "state", happening->state);
	value_set_text(progress, "subflow", happening->subflow);
	value_set_text(progress, "action", happening->action);
	value_set(record, "progress", *happening->action ? progress : value_make_null(arena));
	value_set_text(reason, "code", happening->reason);
	value_set_text(reason, "text", happening->text);
	value_set(record, "reason", *happening->reason ? reason : value_make_null(arena));
	cli_print_json(record);
	fflush(stdout);
	arena_free(arena);
}

/* For people without a terminal: a line for each change */

static void add_line(struct text *to, const struct happening *happening)
{
	char summary[SUMMARY_SIZE];

	words_summary(summary, happening);
	text_addf(to, "#%lld %s", (long long)happening->number, summary);
	if (!happening_is_end(happening) && *happening->action)
		text_addf(to, ": %s", happening->action);
	else if (*happening->text)
		text_addf(to, ": %s", happening->text);
}

static void print_line(struct watch *watch, const struct happening *happening)
{
	hst_arena *arena = arena_new();
	AUTO(text) struct text line;

	text_init(&line, sizeof watch->last - 1);
	add_line(&line, happening);
	if (strcmp(line.s, watch->last) != 0)
		printf("%s  %s\n", print_moment(arena, happening->at_us), line.s);
	fflush(stdout);
	memcpy(watch->last, line.s, line.length + 1);
	arena_free(arena);
}

/* For people at a terminal: a picture */

/* As much of the text as a line of the terminal has room for. */
static void add_cut(struct text *to, const char *text, size_t width)
{
	size_t columns = 0;

	for (; *text && *text != '\n'; text++) {
		if (((unsigned char)*text & 0xc0) != 0x80 && columns++ == width)
			break;
		text_bytes(to, text, 1);
	}
	text_add(to, "\n");
}

static void draw_run(struct text *to, const struct happening *happening, bool marked, size_t width)
{
	char summary[SUMMARY_SIZE];
	AUTO(text) struct text line, body;

	text_init(&line, 4096);
	text_init(&body, 4096);
	words_summary(summary, happening);
	words_body(&body, happening, false);
	text_addf(&line, "%s #%lld  %s", marked ? ">" : " ", (long long)happening->number, summary);
	add_cut(to, line.s, width);
	for (const char *at = body.s; *at; at = *strchrnul(at, '\n') ? strchrnul(at, '\n') + 1 : strchrnul(at, '\n')) {
		text_reset(&line);
		text_addf(&line, "      %.*s", (int)(strchrnul(at, '\n') - at), at);
		add_cut(to, line.s, width);
	}
}

static void draw_ended(struct text *to, const struct here *here, size_t width)
{
	hst_arena *arena = arena_new();
	AUTO(text) struct text line;

	text_init(&line, 4096);
	if (here->ended_count)
		text_add(to, "\nEnded lately\n");
	for (size_t i = 0; i < here->ended_count && i < ENDED_SHOWN; i++) {
		text_reset(&line);
		text_addf(&line, "  %s  ", print_moment(arena, here->ended[i].at_us));
		add_line(&line, &here->ended[i]);
		add_cut(to, line.s, width);
	}
	arena_free(arena);
}

static void draw(struct watch *watch)
{
	const struct here_run *marked = chosen(watch);
	AUTO(text) struct text lines;
	size_t width, height;

	watch->stale = false;
	terminal_size(&width, &height);
	text_init(&lines, PICTURE_BYTES_MAX);
	text_add(&lines, "hostler in your session\n\n");
	for (size_t i = 0; i < HERE_RUNS_MAX; i++) {
		const struct here_run *run = &watch->here.runs[i];

		if (goes_on(run))
			draw_run(&lines, &run->now, run == marked, width);
	}
	if (!marked)
		text_add(&lines, "  No flow works here now.\n");
	draw_ended(&lines, &watch->here, width);
	text_add(&lines, "\n");
	if (marked && watch->sure)
		add_cut(&lines, "Stop this run at its next checkpoint?  y yes   any other key: no", width);
	else if (marked)
		add_cut(&lines, strcmp(marked->now.state, "running") == 0 ? "p pause   s stop   Tab another   q leave"
									 : "p go on   s stop   Tab another   q leave", width);
	else
		add_cut(&lines, "q leave", width);
	terminal_draw(&lines);
}

/* What happens */

static void leave(void *arg)
{
	struct watch *watch = arg;

	watch->closing = NULL;
	watch->over = true;
}

static void close_later(struct watch *watch)
{
	loop_cancel(watch->here.loop, &watch->closing);
	if (options_has(&watch->cli->options, "close") && !chosen(watch))
		watch->closing = loop_in(watch->here.loop, CLOSE_MS, leave, watch);
}

static void on_heard(void *arg, const struct happening *happening)
{
	struct watch *watch = arg;

	watch->stale = true;
	if (watch->cli->json)
		print_json(happening);
	else if (!watch->terminal)
		print_line(watch, happening);
	close_later(watch);
}

static void on_signal(void *arg, int signal)
{
	struct watch *watch = arg;

	watch->over |= signal != SIGWINCH;
	watch->stale = true;
}

static void obey(struct watch *watch, char key)
{
	const struct here_run *run = chosen(watch);
	bool sure = watch->sure;

	watch->stale = true;
	watch->sure = false;
	if (sure && run && (key == 'y' || key == 'Y'))
		here_answer(run, ANSWER_STOP);
	else if (sure)
		return;
	else if (key == 'q' || key == 'Q' || key == TERMINAL_CTRL_C)
		watch->over = true;
	else if (key == '\t')
		watch->chosen = run ? (size_t)(run - watch->here.runs) + 1 : 0;
	else if (run && (key == 'p' || key == 'P'))
		here_answer(run, strcmp(run->now.state, "running") == 0 ? ANSWER_PAUSE : ANSWER_RESUME);
	else if (run && (key == 's' || key == 'S'))
		watch->sure = true;
}

static void on_key(void *arg, int fd, short ready)
{
	struct watch *watch = arg;
	char key = 0;
	ssize_t n = read(fd, &key, 1);

	(void)ready;
	if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
		watch->over = true;
	else if (n == 1)
		obey(watch, key);
}

static void go_on(struct watch *watch)
{
	struct termios before;

	watch->terminal = watch->terminal && terminal_take(&before);
	if (watch->terminal)
		loop_fd(watch->here.loop, STDIN_FILENO, POLLIN, on_key, watch);
	watch->stale = true;
	while (!watch->over) {
		if (watch->terminal && watch->stale)
			draw(watch);
		loop_turn(watch->here.loop, -1);
		/* Whoever read the lines is gone. */
		watch->over |= ferror(stdout) != 0;
	}
	if (watch->terminal)
		terminal_give_back(&before);
}

int watch_here(struct cli *cli)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGWINCH, 0};
	struct watch watch = {.cli = cli, .terminal = !cli->json && terminal_is_there()};
	hst_error err = {{0}, {0}};
	int code;

	terminal_block_signals(signals);
	watch.here = (struct here){.loop = loop_new(loop_wait_poll), .heard = on_heard, .arg = &watch};
	loop_signals(watch.here.loop, signals, on_signal, &watch);
	code = here_open(&watch.here, &err);
	if (code == HST_OK) {
		close_later(&watch);
		go_on(&watch);
	}
	loop_cancel(watch.here.loop, &watch.closing);
	here_close(&watch.here);
	loop_free(watch.here.loop);
	return code == HST_OK ? CLI_DONE : cli_fail_as(cli, code, &err);
}
