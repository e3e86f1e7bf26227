/*
 * The floor's client. Its answer is one JSON object on stdout; times are microseconds from the press to the
 * notice ("done_us") and to the process's first act ("started_us").
 */
#include "floor.h"

#include "samples.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

enum { SILENCE_MS = 20000 };

struct client {
	const struct settings *settings;
	void *socket;
	int timer; /* -1: none, presses follow what is done */
	int64_t number, open;
	int64_t from_us, until_us; /* between these it counts */
	struct samples done, started;
};

static void press(struct client *client)
{
	struct note note = {.word = PRESS, .number = ++client->number, .pressed_us = now_us()};

	memset(note.body, 'x', sizeof note.body);
	zmq_send(client->socket, &note, sizeof note, 0);
	client->open++;
}

/* Presses at a rate count by when they were pressed: a slow one is not to be left out because it ends late.
 */
static void done(struct client *client, const struct note *note, int64_t now)
{
	int64_t moment_us = client->settings->rate ? note->pressed_us : now;

	client->open--;
	if (moment_us < client->from_us || moment_us >= client->until_us)
		return;
	samples_add(&client->done, now - note->pressed_us);
	if (note->started_us)
		samples_add(&client->started, note->started_us - note->pressed_us);
}

/* Returns false when nothing comes any more although something should. */
static bool client_turn(struct client *client, bool pressing)
{
	zmq_pollitem_t items[] = {{.socket = client->socket, .events = ZMQ_POLLIN},
				  {.fd = client->timer, .events = ZMQ_POLLIN}};
	bool paced = client->timer >= 0;
	struct note note;
	uint64_t due = 0;
	int64_t now;

	if (zmq_poll(items, paced ? 2 : 1, SILENCE_MS) == 0)
		return false;
	now = now_us();
	while (floor_take(client->socket, &note))
		done(client, &note, now);
	if (paced && read(client->timer, &due, sizeof due) == (ssize_t)sizeof due)
		for (; pressing && due > 0; due--)
			press(client);
	while (!paced && pressing && client->open < client->settings->in_flight)
		press(client);
	return true;
}

static int pacemaker(int64_t rate)
{
	long each_ns = (long)(1000000000 / rate);
	struct timespec each = {.tv_sec = each_ns / 1000000000, .tv_nsec = each_ns % 1000000000};
	struct itimerspec pace = {.it_interval = each, .it_value = each};
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

	if (timer < 0 || timerfd_settime(timer, 0, &pace, NULL) != 0)
		fail("a timer", strerror(errno));
	return timer;
}

/* The host's resident memory before it has done anything. */
static long resident_kib(pid_t pid)
{
	char path[64];
	long pages = 0;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/statm", (int)pid);
	file = fopen(path, "r");
	if (!file || fscanf(file, "%*d %ld", &pages) != 1)
		pages = 0;
	if (file)
		fclose(file);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

int be_client(const struct settings *settings, pid_t host)
{
	struct client client = {.settings = settings, .timer = -1};
	struct timespec settling = {.tv_nsec = 200000000};
	int64_t begun_us;
	long resident;
	int status;

	client.socket = floor_socket(ZMQ_DEALER, "client");
	nanosleep(&settling, NULL);
	resident = resident_kib(host);
	begun_us = now_us();
	client.from_us = begun_us + (int64_t)(settings->warm * 1e6);
	client.until_us = client.from_us + (int64_t)(settings->seconds * 1e6);
	if (settings->rate > 0)
		client.timer = pacemaker(settings->rate);
	else
		press(&client);
	while (now_us() < client.until_us || client.open > 0)
		if (!client_turn(&client, now_us() < client.until_us))
			fail("the client", "runs that were pressed do not end");
	printf("{\"runs\": %zu, \"runs_per_s\": %.1f, \"idle_kib\": %ld", client.done.n,
	       (double)client.done.n / settings->seconds, resident);
	samples_print(&client.done, "done_us");
	samples_print(&client.started, "started_us");
	printf("}\n");
	status = client.done.n > 0 ? 0 : 1;
	samples_clear(&client.done);
	samples_clear(&client.started);
	return status;
}
