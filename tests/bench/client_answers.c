#include "client.h"

#include "base/arena.h"

#include <stdio.h>
#include <string.h>

const hst_value *parse(hst_arena *arena, const struct message *message)
{
	const hst_value *value = NULL;
	hst_error err = {0};

	if (value_parse_json(arena, message->payload, message->payload_length, &value, &err) != HST_OK)
		fail("the host says what is no JSON: %s", err.text);
	return value;
}

int64_t integer_of(const hst_value *record, const char *name)
{
	int64_t integer = -1;

	value_integer(value_get(record, name), &integer);
	return integer;
}

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

void follow_ends(struct client *client)
{
	const struct message *answer;
	struct message message;
	hst_error err = {0};

	message_init(&message, WORD_follow, 0);
	message_set_integer(&message, "run", 0);
	message_set_boolean(&message, "ends", true);
	if (link_call(client->link, &message, REPLY_MS, &answer, &err) != HST_OK)
		fail("follow: %s", err.text);
}

void check_all(struct client *client)
{
	static const char *const others[] = {"queued", "running",   "paused",	 "stopping", "lost",
					     "failed", "cancelled", "timed_out", "expired",  "skipped"};
	hst_arena *arena = arena_new();

	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		char filters[64];

		snprintf(filters, sizeof filters, "{\"state\":\"%s\",\"limit\":1}", others[i]);
		if (value_count(parse(arena, ask(client, "runs", filters))) > 0)
			fail("not every run succeeded: there is one that is %s", others[i]);
	}
	arena_free(arena);
}

void read_began(struct client *client)
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
		samples_add(&client->began, at_us - run->pressed_us);
		arena_free(arena);
	}
}
