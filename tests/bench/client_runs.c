/*
 * Presses and their runs. The end of a run is seen in one of two ways: by following it, which tells the
 * moment, or by asking how many runs of each flow are active, which costs the host little; flows then have
 * the names of their buttons.
 */
#include "client.h"

#include "base/arena.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>

enum { POLL_MS = 50 };

/* A reply, or the end of the program: a figure with a refusal in it would be worth nothing. */
static const struct message *expect(const struct message *reply, enum word word)
{
	if (!reply)
		fail("the host has not answered within %d s", REPLY_MS / 1000);
	if (reply->word != word)
		fail("the host says %s: %s %.*s", message_row(reply->word)->word,
		     reply->word == WORD_error ? message_text(reply, "reason") : "",
		     (int)reply->payload_length, reply->payload ? (const char *)reply->payload : "");
	return reply;
}

static void request(struct client *client, struct message *message, link_reply reply, void *arg)
{
	hst_error err = {0};

	if (link_request(client->link, message, REPLY_MS, reply, arg, &err) != HST_OK)
		fail("%s", err.text);
}

void press_next(struct client *client)
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

/* Presses at a rate count by when they were pressed: a slow one is not to be left out because it ends late.
 */
static void run_ended(struct run *run, int64_t now)
{
	struct client *client = run->client;
	struct button *button = run->button;
	int64_t moment_us = client->settings->rate ? run->pressed_us : now;
	char key[24];

	table_remove(&client->by_number, key_of(run->number, key));
	client->open--;
	if (moment_us >= client->from_us && moment_us < client->until_us) {
		run->counted = true;
		client->counted++;
		samples_add(&client->done, now - run->pressed_us);
	}
	button->open--;
	button->run = NULL;
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
	struct run *run = arg;
	struct client *client = run->client;
	hst_arena *arena = arena_new();
	const hst_value *runs = parse(arena, expect(reply, WORD_accepted));
	struct message follow;
	char key[24];

	if (value_count(runs) != 1)
		fail("%s starts %zu runs instead of one", run->button->name, value_count(runs));
	run->number = integer_of(value_at(runs, 0), "number");
	table_set(&client->by_number, key_of(run->number, key), run);
	run->button->run = run;
	client->heard_us = now_us();
	if (!client->settings->poll) {
		message_init(&follow, WORD_follow, 0);
		message_set_integer(&follow, "run", run->number);
		request(client, &follow, on_following, client);
	}
	arena_free(arena);
}

void press(struct button *button)
{
	struct client *client = button->client;
	struct run *run = mem_alloc(sizeof *run);
	struct message message;

	message_init(&message, client->settings->by_hand ? WORD_run : WORD_press, 0);
	message_set_text(&message, client->settings->by_hand ? "flow" : "trigger", button->name);
	message_set_payload(&message, "{}", 2);
	button->open++;
	client->open++;
	client->runs = mem_grow(client->runs, &client->run_size, client->run_count + 1, sizeof *client->runs);
	client->runs[client->run_count++] = run;
	*run = (struct run){.client = client, .button = button, .pressed_us = now_us()};
	request(client, &message, on_accepted, run);
}

/* The end of runs */

void on_happened(void *arg, const struct message *message)
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
		fail("run #%s did not succeed: %.*s", key, (int)message->payload_length,
		     (const char *)message->payload);
	client->heard_us = now_us();
	run_ended(run, client->heard_us);
}

/* What the host says stands in order: an answer after `accepted` was made when the run was known. */
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

		if (!button->run || !table_get(&idle, button->name))
			continue;
		client->heard_us = now;
		run_ended(button->run, now);
	}
	table_clear(&idle);
	arena_free(arena);
}

void ask_flows(void *arg)
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
