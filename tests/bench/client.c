/*
 * The bench's client of a running hostler: one operator with one connection, who presses buttons and waits until their
 * runs have ended. Each name is pressed again once the run of its last press is over, or, with --rate, one after the
 * other at that pace whatever happens. The answer is one JSON object on stdout, with the words of floor.c.
 *
 * The end of a run is seen in one of two ways: by following it (--end follow), which tells the moment, or by asking how
 * many runs of each flow are active (--end poll), which costs the host little; flows then have the names of their
 * buttons. Either way nothing is printed unless every run that was pressed has ended as `succeeded`.
 */
#include "base/arena.h"
#include "base/mem.h"
#include "base/table.h"
#include "loop/loop.h"
#include "loop/zmq.h"
#include "os/files.h"
#include "schema/value.h"
#include "wire/link.h"

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

enum { FIRST_MAX = 16, REPLY_MS = 60000, SILENCE_US = 120 * 1000000, POLL_MS = 50, KEY_FILE_MAX = 4096 };

struct settings {
	const char *endpoint, *key;
	bool by_hand; /* names are flows, run without their buttons */
	bool poll;
	bool started; /* the runs' step `go` has an output at_us: the time its process began */
	double seconds, warm;
	int64_t rate;
};

/* What is pressed. Only one press of a name is under way unless presses come at a rate. */
struct button {
	struct client *client;
	const char *name;
	int64_t pressed_us;
	bool open;
	struct run *run; /* of the last press; NULL until it is accepted */
};

struct run {
	struct client *client;
	struct button *button;
	int64_t number, pressed_us;
	bool counted; /* it ended within the time that counts */
};

struct samples {
	int64_t *at;
	size_t n, size;
};

struct client {
	const struct settings *settings;
	struct loop *loop;
	struct link *link;
	struct button *buttons;
	size_t button_count, next;
	struct run **runs; /* every one that was accepted */
	size_t run_count, run_size;
	struct table by_number; /* those that have not ended */
	bool up, pressing, asked;
	size_t open; /* presses that have not come to their end */
	int64_t heard_us, from_us, until_us;
	size_t counted;
	struct samples done, began;
};

static void fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

static void fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("client: ", stderr);
	vfprintf(stderr, format, args);
	fputs("\n", stderr);
	va_end(args);
	_exit(1);
}

/* The clock of floor.c and started.c. */
static int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void sample(struct samples *samples, int64_t value)
{
	samples->at = mem_grow(samples->at, &samples->size, samples->n + 1, sizeof *samples->at);
	samples->at[samples->n++] = value;
}

/* A reply, or the end of the program: a figure with a refusal in it would be worth nothing. */
static const struct message *expect(const struct message *reply, enum word word)
{
	if (!reply)
		fail("the host has not answered within %d s", REPLY_MS / 1000);
	if (reply->word != word)
		fail("the host says %s: %s %.*s", message_row(reply->word)->word,
		     reply->word == WORD_error ? message_text(reply, "reason") : "", (int)reply->payload_length,
		     reply->payload ? (const char *)reply->payload : "");
	return reply;
}

static const hst_value *parse(hst_arena *arena, const struct message *message)
{
	const hst_value *value = NULL;
	hst_error err = {0};

	if (value_parse_json(arena, message->payload, message->payload_length, &value, &err) != HST_OK)
		fail("the host says what is no JSON: %s", err.text);
	return value;
}

static void request(struct client *client, struct message *message, link_reply reply, void *arg)
{
	hst_error err = {0};

	if (link_request(client->link, message, REPLY_MS, reply, arg, &err) != HST_OK)
		fail("%s", err.text);
}

static int64_t integer_of(const hst_value *record, const char *name)
{
	int64_t integer = -1;

	value_integer(value_get(record, name), &integer);
	return integer;
}

/* Pressing */

static void press(struct button *button);

static void press_next(struct client *client)
{
	struct button *button;
	size_t busy = 0;

	do
		button = &client->buttons[client->next++ % client->button_count];
	while (button->open && ++busy < client->button_count);
	press(button);
}

static const char *key_of(int64_t number, char to[24])
{
	snprintf(to, 24, "%lld", (long long)number);
	return to;
}

static void run_ended(struct run *run, int64_t now)
{
	struct client *client = run->client;
	struct button *button = run->button;
	char key[24];

	table_remove(&client->by_number, key_of(run->number, key));
	client->open--;
	if (now >= client->from_us && now < client->until_us) {
		run->counted = true;
		client->counted++;
		sample(&client->done, now - run->pressed_us);
	}
	button->open = false;
	if (client->pressing && !client->settings->rate)
		press(button);
}

static void on_following(void *arg, const struct message *reply)
{
	(void)arg;
	expect(reply, WORD_done);
}

static void on_accepted(void *arg, const struct message *reply)
{
	struct button *button = arg;
	struct client *client = button->client;
	hst_arena *arena = arena_new();
	const hst_value *runs = parse(arena, expect(reply, WORD_accepted));
	struct run *run = mem_alloc(sizeof *run);
	struct message follow;
	char key[24];

	if (value_count(runs) != 1)
		fail("%s starts %zu runs instead of one", button->name, value_count(runs));
	*run = (struct run){.client = client, .button = button, .pressed_us = button->pressed_us,
	                    .number = integer_of(value_at(runs, 0), "number")};
	client->runs = mem_grow(client->runs, &client->run_size, client->run_count + 1, sizeof *client->runs);
	client->runs[client->run_count++] = run;
	table_set(&client->by_number, key_of(run->number, key), run);
	button->run = run;
	client->heard_us = now_us();
	if (!client->settings->poll) {
		message_init(&follow, WORD_follow, 0);
		message_set_integer(&follow, "run", run->number);
		request(client, &follow, on_following, client);
	}
	arena_free(arena);
}

static void press(struct button *button)
{
	struct client *client = button->client;
	struct message message;

	if (button->open)
		fail("%s is still at work when it is pressed again: more names, or a lower rate", button->name);
	message_init(&message, client->settings->by_hand ? WORD_run : WORD_press, 0);
	message_set_text(&message, client->settings->by_hand ? "flow" : "trigger", button->name);
	message_set_payload(&message, "{}", 2);
	button->open = true;
	button->run = NULL;
	client->open++;
	button->pressed_us = now_us();
	request(client, &message, on_accepted, button);
}

/* The end of runs */

static void on_happened(void *arg, const struct message *message)
{
	static const char good[] = "\"state\":\"succeeded\"";
	struct client *client = arg;
	struct run *run;
	char key[24];

	if (message->word != WORD_happened || !message_boolean(message, "ended"))
		return;
	run = table_get(&client->by_number, key_of(message_integer(message, "run"), key));
	if (!run)
		return;
	if (!memmem(message->payload, message->payload_length, good, sizeof good - 1))
		fail("run #%s did not succeed: %.*s", key, (int)message->payload_length, (const char *)message->payload);
	client->heard_us = now_us();
	run_ended(run, client->heard_us);
}

/* What the host sends stands in order: an answer that comes after `accepted` was made when the run was known. */
static void on_flows(void *arg, const struct message *reply)
{
	struct client *client = arg;
	hst_arena *arena = arena_new();
	const hst_value *flows = parse(arena, expect(reply, WORD_answer));
	int64_t now = now_us();
	struct table idle;

	client->asked = false;
	table_init(&idle);
	for (size_t i = 0; i < value_count(flows); i++)
		if (integer_of(value_at(flows, i), "active") == 0)
			table_set(&idle, value_text(value_get(value_at(flows, i), "name")), client);
	for (size_t i = 0; i < client->button_count; i++) {
		struct button *button = &client->buttons[i];

		if (!button->open || !button->run || !table_get(&idle, button->name))
			continue;
		client->heard_us = now;
		run_ended(button->run, now);
	}
	table_clear(&idle);
	arena_free(arena);
}

static void ask_flows(void *arg)
{
	struct client *client = arg;
	struct message message;

	loop_in(client->loop, POLL_MS, ask_flows, client);
	if (client->asked || client->open == 0)
		return;
	message_init(&message, WORD_ask, 0);
	message_set_text(&message, "what", "flows");
	client->asked = true;
	request(client, &message, on_flows, client);
}

/* One thing at a time, before and after the measurement. */

static const struct message *ask(struct client *client, const char *what, const char *filters)
{
	const struct message *answer;
	struct message message;
	hst_error err = {0};

	message_init(&message, WORD_ask, 0);
	message_set_text(&message, "what", what);
	message_set_payload(&message, filters, strlen(filters));
	if (link_call(client->link, &message, REPLY_MS, &answer, &err) != HST_OK)
		fail("%s: %s", what, err.text);
	return answer;
}

/* The host's own word that all of them succeeded. */
static void check_all(struct client *client)
{
	static const char *const others[] = {"queued", "running", "paused", "stopping", "lost", "failed", "cancelled",
	                                     "timed_out", "expired", "skipped"};
	hst_arena *arena = arena_new();

	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		char filters[64];

		snprintf(filters, sizeof filters, "{\"state\":\"%s\",\"limit\":1}", others[i]);
		if (value_count(parse(arena, ask(client, "runs", filters))) > 0)
			fail("not every run succeeded: there is one that is %s", others[i]);
	}
	arena_free(arena);
}

static void read_began(struct client *client)
{
	for (size_t i = 0; i < client->run_count; i++) {
		const struct run *run = client->runs[i];
		hst_arena *arena;
		const hst_value *step;
		char filters[64];
		int64_t at_us;

		if (!run->counted)
			continue;
		arena = arena_new();
		snprintf(filters, sizeof filters, "{\"run\":\"%lld\"}", (long long)run->number);
		step = value_at(value_get(parse(arena, ask(client, "show", filters)), "steps"), 0);
		at_us = integer_of(value_get(step, "outputs"), "at_us");
		if (at_us < run->pressed_us)
			fail("run #%lld does not say when its process began", (long long)run->number);
		sample(&client->began, at_us - run->pressed_us);
		arena_free(arena);
	}
}

static void on_pace(void *arg, int fd, short ready)
{
	struct client *client = arg;
	uint64_t due = 0;

	(void)ready;
	if (read(fd, &due, sizeof due) == (ssize_t)sizeof due)
		for (; client->pressing && due > 0; due--)
			press_next(client);
}

static int pacemaker(struct client *client)
{
	long each_ns = (long)(1000000000 / client->settings->rate);
	struct timespec each = {.tv_sec = each_ns / 1000000000, .tv_nsec = each_ns % 1000000000};
	struct itimerspec pace = {.it_interval = each, .it_value = each};
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

	if (timer < 0 || timerfd_settime(timer, 0, &pace, NULL) != 0)
		fail("no timer: %s", strerror(errno));
	loop_fd(client->loop, timer, POLLIN, on_pace, client);
	return timer;
}

static void turn(struct client *client)
{
	loop_turn(client->loop, 100);
	if (client->open && now_us() - client->heard_us > SILENCE_US)
		fail("%zu runs do not end", client->open);
}

static void press_all(struct client *client)
{
	for (size_t i = 0; i < client->button_count; i++)
		press(&client->buttons[i]);
}

static void wait_for_all(struct client *client)
{
	client->pressing = false;
	while (client->open)
		turn(client);
}

/* Once around first, a few at a time, which opens every user's session; then some time in which nothing counts; then what counts. */
static void measure(struct client *client)
{
	const struct settings *settings = client->settings;
	int timer = -1;

	client->from_us = client->until_us = INT64_MAX;
	client->heard_us = now_us();
	for (size_t i = 0; i < client->button_count; i++) {
		while (client->open >= FIRST_MAX)
			turn(client);
		press(&client->buttons[i]);
	}
	wait_for_all(client);
	client->from_us = now_us() + (int64_t)(settings->warm * 1e6);
	client->until_us = client->from_us + (int64_t)(settings->seconds * 1e6);
	client->pressing = true;
	if (settings->rate)
		timer = pacemaker(client);
	else
		press_all(client);
	while (now_us() < client->until_us)
		turn(client);
	wait_for_all(client);
	if (timer >= 0) {
		loop_fd(client->loop, timer, 0, NULL, NULL);
		close(timer);
	}
}

static int by_size(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

	return left < right ? -1 : left > right;
}

static void print_samples(const char *name, struct samples *samples)
{
	if (!samples->n)
		return;
	qsort(samples->at, samples->n, sizeof *samples->at, by_size);
	printf(", \"%s\": {\"p50\": %lld, \"p99\": %lld}", name, (long long)samples->at[samples->n / 2],
	       (long long)samples->at[samples->n * 99 / 100]);
}

static void on_up(void *arg)
{
	((struct client *)arg)->up = true;
}

static void on_down(void *arg)
{
	struct client *client = arg;
	hst_error why = {0};

	link_why(client->link, &why);
	fail("the host is gone: %s", why.text);
}

static void reach(struct client *client, void *zmq)
{
	const struct link_role role = {.up = on_up, .down = on_down, .message = on_happened, .arg = client};
	struct key_ring ring = {0};
	char *bytes = NULL;
	hst_error err = {0};
	size_t length = 0;
	int64_t end_us = now_us() + REPLY_MS * 1000LL;

	if (files_read(client->settings->key, KEY_FILE_MAX, &bytes, &length, &err) != HST_OK ||
	    keys_parse(&ring, client->settings->key, bytes, length, &err) != HST_OK ||
	    link_new(client->loop, zmq, client->settings->endpoint, &ring, &role, &client->link, &err) != HST_OK)
		fail("%s", err.text);
	keys_clear(&ring);
	free(bytes);
	while (!client->up && now_us() < end_us)
		loop_turn(client->loop, 100);
	if (!client->up)
		fail("no answer from the host at %s", client->settings->endpoint);
}

static const char usage[] = "usage: client --endpoint ADDRESS --key FILE [--seconds S] [--warm S] [--rate PER_SECOND]\n"
			    "              [--end follow|poll] [--flows] [--started] NAME…\n";

static const struct option options[] = {
	{"endpoint", required_argument, NULL, 'e'}, {"key", required_argument, NULL, 'k'},
	{"seconds", required_argument, NULL, 's'},  {"warm", required_argument, NULL, 'w'},
	{"rate", required_argument, NULL, 'r'},     {"end", required_argument, NULL, 'n'},
	{"flows", no_argument, NULL, 'f'},          {"started", no_argument, NULL, 't'},
	{0},
};

static bool read_options(int argc, char **argv, struct settings *settings)
{
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'e')
			settings->endpoint = optarg;
		else if (option == 'k')
			settings->key = optarg;
		else if (option == 's')
			settings->seconds = atof(optarg);
		else if (option == 'w')
			settings->warm = atof(optarg);
		else if (option == 'r')
			settings->rate = atoll(optarg);
		else if (option == 'n')
			settings->poll = strcmp(optarg, "poll") == 0;
		else if (option == 'f')
			settings->by_hand = true;
		else if (option == 't')
			settings->started = true;
		else
			return false;
	}
	return settings->endpoint && settings->key && settings->seconds > 0 && settings->rate >= 0 && optind < argc;
}

int main(int argc, char **argv)
{
	struct settings settings = {.seconds = 5, .warm = 1};
	struct client client = {.settings = &settings};
	void *zmq;

	if (!read_options(argc, argv, &settings))
		return fputs(usage, stderr), 2;
	client.loop = loop_new(loop_wait_zmq);
	client.button_count = (size_t)(argc - optind);
	client.buttons = mem_array(client.button_count, sizeof *client.buttons);
	for (size_t i = 0; i < client.button_count; i++)
		client.buttons[i] = (struct button){.client = &client, .name = argv[optind + (int)i]};
	table_init(&client.by_number);
	zmq = zmq_ctx_new();
	reach(&client, zmq);
	if (settings.poll)
		loop_in(client.loop, POLL_MS, ask_flows, &client);
	measure(&client);
	check_all(&client);
	if (settings.started)
		read_began(&client);
	printf("{\"runs\": %zu, \"runs_per_s\": %.1f", client.counted, (double)client.counted / settings.seconds);
	if (!settings.poll)
		print_samples("done_us", &client.done);
	print_samples("started_us", &client.began);
	printf("}\n");
	for (size_t i = 0; i < client.run_count; i++)
		free(client.runs[i]);
	link_free(client.link);
	zmq_ctx_term(zmq);
	loop_free(client.loop);
	table_clear(&client.by_number);
	free(client.runs);
	free(client.buttons);
	free(client.done.at);
	free(client.began.at);
	return client.counted > 0 ? 0 : 1;
}
