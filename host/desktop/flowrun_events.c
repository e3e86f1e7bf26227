#include "desktop/flowrun_events.h"

#include "base/arena.h"
#include "schema/sentence.h"
#include "schema/value.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A FIFO holds 64 KiB unless somebody asked for more. */
enum { READ_BYTES = 64 << 10 };

static void fault(struct flow_events *events, const char *rule)
{
	char seen[80] = "it is not shown, since it may be a secret", text[HST_TEXT_MAX];

	if (!events->unshown)
		sentence_copy(seen, sizeof seen, events->line, events->length);
	snprintf(text, sizeof text, "the flow wrote a line into $HOSTLER_EVENTS that is no event: %.300s: %s",
		 rule, seen);
	if (!events->faults++)
		memcpy(events->first_fault, text, sizeof text);
	events->role.fault(events->role.arg, text);
}

/* Text without NUL, or NULL. */
static const char *text_member(const hst_value *event, const char *name)
{
	const hst_value *value = value_get(event, name);

	if (value_kind(value) != HST_VALUE_TEXT || strlen(value_text(value)) != value_length(value))
		return NULL;
	return value_text(value);
}

/* Each handler returns NULL, or the rule that is broken. The first member is always "event". */
static const char *read_progress(struct flow_events *events, const hst_value *event)
{
	const char *subflow = text_member(event, "subflow"), *action = text_member(event, "action");

	if (!action || value_count(event) != (subflow ? 3 : 2))
		return "progress has the texts subflow and action";
	if (++events->progress > FLOW_PROGRESS_MAX)
		return NULL;
	events->role.progress(events->role.arg, subflow ? subflow : "", action);
	return NULL;
}

static const char *read_output(struct flow_events *events, const hst_value *event)
{
	const hst_value *value = value_get(event, "value");
	const char *name = text_member(event, "name"), *file = text_member(event, "file");

	if (!name || value_count(event) != 3 || !value == !file)
		return "output has the text name, and either value or file";
	events->role.output(events->role.arg, name, value, file);
	return NULL;
}

static const char *read_error(struct flow_events *events, const hst_value *event)
{
	const char *message = text_member(event, "message");

	if (!message || value_count(event) != 2)
		return "error has the text message";
	events->role.error(events->role.arg, message);
	return NULL;
}

static const char *read_checkpoint(struct flow_events *events, const hst_value *event)
{
	if (value_count(event) != 1)
		return "checkpoint has no members";
	events->role.checkpoint(events->role.arg);
	return NULL;
}

static const struct {
	const char *word;
	const char *(*read)(struct flow_events *events, const hst_value *event);
} words[] = {
	{"progress", read_progress},
	{"output", read_output},
	{"error", read_error},
	{"checkpoint", read_checkpoint},
};

static void read_line(struct flow_events *events)
{
	const hst_value *event = NULL;
	const char *word, *rule = "there is no such event";
	hst_error err = {0};

	if (value_parse_json(events->arena, events->line, events->length, &event, &err) != HST_OK) {
		fault(events, err.text);
		return;
	}
	word = text_member(event, "event");
	if (!word) {
		fault(events, "it has no text event");
		return;
	}
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strcmp(word, words[i].word) == 0)
			rule = words[i].read(events, event);
	if (rule)
		fault(events, rule);
}

static void end_line(struct flow_events *events)
{
	if (!events->skipping && events->length)
		read_line(events);
	/* The last event of a run may have a secret, too. */
	arena_reset(events->arena);
	events->length = 0;
	events->skipping = false;
}

/* The newline counts: so much is written at once or not at all. */
static void add_to_line(struct flow_events *events, const char *bytes, size_t n)
{
	if (events->skipping)
		return;
	if (n > FLOW_LINE_MAX - 1 - events->length) {
		fault(events, "it is longer than 4 KiB; larger outputs go as a file");
		events->skipping = true;
		return;
	}
	memcpy(events->line + events->length, bytes, n);
	events->length += n;
}

void flow_events_init(struct flow_events *events, int fd, const struct flow_events_role *role, hst_arena *arena_take, char *line)
{
	*events = (struct flow_events){.fd = fd, .role = *role, .arena = arena_take, .line = line};
}

void flow_events_clear(struct flow_events *events)
{
	arena_free(events->arena);
	events->arena = NULL;
	explicit_bzero(events->line, FLOW_LINE_MAX);
}

bool flow_events_read(struct flow_events *events)
{
	char bytes[READ_BYTES];
	ssize_t n = read(events->fd, bytes, sizeof bytes);
	const char *at = bytes, *end = bytes + (n > 0 ? n : 0);

	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));

		add_to_line(events, at, (size_t)((newline ? newline : end) - at));
		if (!newline)
			break;
		end_line(events);
		at = newline + 1;
	}
	/* An output may be a secret. */
	explicit_bzero(bytes, n > 0 ? (size_t)n : 0);
	return n > 0;
}
