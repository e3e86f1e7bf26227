/* Presses and their runs. The host tells of every run that it has ended, and of nothing else. */
#include "client.h"

#include "base/mem.h"

#include <string.h>

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

/* Numbers of runs follow each other, and nobody else makes any here. */
static struct run **run_at(struct client *client, int64_t number)
{
	size_t at, size = client->by_number_size;

	if (!client->first_number)
		client->first_number = number;
	at = (size_t)(number - client->first_number);
	if (number < client->first_number || at > client->run_count)
		fail("#%lld is nobody's run", (long long)number);
	client->by_number = mem_grow(client->by_number, &client->by_number_size, at + 1,
				     sizeof *client->by_number);
	if (client->by_number_size > size)
		memset(client->by_number + size, 0, (client->by_number_size - size) * sizeof *client->by_number);
	return &client->by_number[at];
}

/* Presses at a rate count by when they were pressed: a slow one is not to be left out because it ends late.
 */
static void run_ended(struct run *run, int64_t now)
{
	struct client *client = run->client;
	struct button *button = run->button;
	int64_t moment_us = client->settings->rate ? run->pressed_us : now;

	*run_at(client, run->number) = NULL;
	client->open--;
	if (moment_us >= client->from_us && moment_us < client->until_us) {
		run->counted = true;
		client->counted++;
		samples_add(&client->done, (now - run->pressed_us) / client->settings->steps);
	}
	button->open--;
	if (client->pressing && !client->settings->rate)
		press(button);
}

/* The list has one run, and its number is all that matters here: it is not worth parsing. */
static void on_accepted(void *arg, const struct message *reply)
{
	static const char member[] = "\"number\":";
	struct run *run = arg;
	struct client *client = run->client;
	const char *list = expect(reply, WORD_accepted)->payload, *end = list + reply->payload_length;
	const char *at = memmem(list, reply->payload_length, member, sizeof member - 1);

	if (!at || memmem(at + 1, (size_t)(end - at - 1), member, sizeof member - 1))
		fail("%s does not start one run: %.*s", run->button->name, (int)reply->payload_length, list);
	for (at += sizeof member - 1; at < end && *at >= '0' && *at <= '9'; at++)
		run->number = 10 * run->number + *at - '0';
	*run_at(client, run->number) = run;
	client->accepted++;
	client->heard_us = now_us();
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

void on_happened(void *arg, const struct message *message)
{
	static const char good[] = "\"state\":\"succeeded\"";
	struct client *client = arg;
	struct run *run;

	if (message->word != WORD_happened || !message_boolean(message, "ended"))
		return;
	run = *run_at(client, message_integer(message, "run"));
	if (!run)
		fail("the end of a run is told before its beginning");
	if (!memmem(message->payload, message->payload_length, good, sizeof good - 1))
		fail("run #%lld did not succeed: %.*s", (long long)run->number, (int)message->payload_length,
		     (const char *)message->payload);
	client->heard_us = now_us();
	run_ended(run, client->heard_us);
}
