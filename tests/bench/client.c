/* Pressing at a pace and measuring. client.h says what it is. */
#include "client.h"

#include "base/mem.h"
#include "loop/zmq.h"
#include "seal/operator_key.h"

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

enum { FIRST_MAX = 16, UNANSWERED_MAX = 900, SILENCE_US = 120 * 1000000 };

void fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("client: ", stderr);
	vfprintf(stderr, format, args);
	fputs("\n", stderr);
	va_end(args);
	_exit(1);
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
		while (client->buttons[i].open < client->settings->in_flight)
			press(&client->buttons[i]);
}

static void wait_for_all(struct client *client)
{
	client->pressing = false;
	while (client->open)
		turn(client);
}

/* Not before as many runs have ended as are under way at once. */
static void begin_to_count(struct client *client)
{
	if (client->from_us < INT64_MAX || now_us() < client->warm_us ||
	    client->run_count - client->open < client->warm_runs)
		return;
	client->from_us = now_us();
	client->until_us = client->from_us + (int64_t)(client->settings->seconds * 1e6);
	fputs("counting\n", stderr);
}

/*
 * Once around first, a few at a time, which opens every user's session; where a user has several, those of one
 * user at a time. Then some time in which nothing counts; then what counts.
 */
static void measure(struct client *client)
{
	const struct settings *settings = client->settings;
	int timer = -1;

	client->from_us = client->until_us = INT64_MAX;
	client->heard_us = now_us();
	for (size_t i = 0; i < client->button_count; i++) {
		for (size_t n = 0; n < settings->in_flight; n++)
			press(&client->buttons[i]);
		while (client->open >= FIRST_MAX)
			turn(client);
	}
	wait_for_all(client);
	client->warm_us = now_us() + (int64_t)(settings->warm * 1e6);
	client->warm_runs = client->run_count + (settings->rate ? 0 : settings->in_flight * client->button_count);
	client->pressing = true;
	if (settings->rate)
		timer = pacemaker(client);
	else
		press_all(client);
	while (now_us() < client->until_us) {
		turn(client);
		begin_to_count(client);
	}
	fputs("counted\n", stderr);
	wait_for_all(client);
	if (timer >= 0) {
		loop_fd(client->loop, timer, 0, NULL, NULL);
		close(timer);
	}
}

static void queue(struct client *client)
{
	client->heard_us = now_us();
	while (client->accepted < client->settings->queue) {
		while (client->run_count < client->settings->queue &&
		       client->run_count - client->accepted < UNANSWERED_MAX)
			press(&client->buttons[0]);
		turn(client);
	}
	client->counted = client->accepted;
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
	struct operator_key key = {.name = ""};
	hst_error err = {0};
	int64_t end_us = now_us() + REPLY_MS * 1000LL;

	if (operator_key_read(client->settings->key, &key, &err) != HST_OK)
		fail("%s", err.text);
	ring.name = mem_text(key.name);
	memcpy(ring.self.public_key, key.wire_public, KEY_BYTES);
	memcpy(ring.self.secret_key, key.wire_secret, KEY_BYTES);
	memcpy(ring.host, key.host, KEY_BYTES);
	operator_key_clear(&key);
	if (link_new(client->loop, zmq, client->settings->endpoint, &ring, &role, &client->link, &err) !=
		    HST_OK)
		fail("%s", err.text);
	keys_clear(&ring);
	while (!client->up && now_us() < end_us)
		loop_turn(client->loop, 100);
	if (!client->up)
		fail("no answer from the host at %s", client->settings->endpoint);
}

static const char usage[] =
	"usage: client --endpoint ADDRESS --key FILE [--seconds S] [--warm S] [--rate PER_SECOND | --in-flight N | --queue N]\n"
	"              [--steps N] [--flows] [--started] NAME…\n";

static const struct option options[] = {
	{"endpoint", required_argument, NULL, 'e'},
	{"key", required_argument, NULL, 'k'},
	{"seconds", required_argument, NULL, 's'},
	{"warm", required_argument, NULL, 'w'},
	{"rate", required_argument, NULL, 'r'},
	{"in-flight", required_argument, NULL, 'i'},
	{"queue", required_argument, NULL, 'q'},
	{"steps", required_argument, NULL, 'p'},
	{"flows", no_argument, NULL, 'f'},
	{"started", no_argument, NULL, 't'},
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
		else if (option == 'i')
			settings->in_flight = (size_t)atoll(optarg);
		else if (option == 'q')
			settings->queue = (size_t)atoll(optarg);
		else if (option == 'p')
			settings->steps = atoll(optarg);
		else if (option == 'f')
			settings->by_hand = true;
		else if (option == 't')
			settings->started = true;
		else
			return false;
	}
	return settings->endpoint && settings->key && settings->seconds > 0 && settings->rate >= 0 &&
	       settings->in_flight > 0 && settings->steps > 0 &&
	       optind < argc;
}

int main(int argc, char **argv)
{
	struct settings settings = {.seconds = 5, .warm = 1, .in_flight = 1, .steps = 1};
	struct client client = {.settings = &settings};
	void *zmq;

	if (!read_options(argc, argv, &settings))
		return fputs(usage, stderr), 2;
	client.loop = loop_new(loop_wait_zmq);
	client.button_count = (size_t)(argc - optind);
	client.buttons = mem_array(client.button_count, sizeof *client.buttons);
	for (size_t i = 0; i < client.button_count; i++)
		client.buttons[i] = (struct button){.client = &client, .name = argv[optind + (int)i]};
	zmq = zmq_ctx_new();
	reach(&client, zmq);
	if (settings.queue) {
		queue(&client);
	} else {
		follow_ends(&client);
		measure(&client);
		check_all(&client);
	}
	if (settings.started)
		read_began(&client);
	printf("{\"runs\": %zu, \"runs_per_s\": %.1f", client.counted,
	       (double)client.counted / settings.seconds);
	samples_print(&client.done, "done_us");
	samples_print(&client.began, "started_us");
	printf("}\n");
	for (size_t i = 0; i < client.run_count; i++)
		free(client.runs[i]);
	link_free(client.link);
	zmq_ctx_term(zmq);
	loop_free(client.loop);
	free(client.by_number);
	free(client.runs);
	free(client.buttons);
	samples_clear(&client.done);
	samples_clear(&client.began);
	return client.counted > 0 ? 0 : 1;
}
