/* events: what happened in all runs, in the order in which it happened; and, with --follow, what happens. */
#include "cli/events.h"

#include "base/arena.h"
#include "cli/connect.h"
#include "cli/filters.h"
#include "cli/follow.h"
#include "cli/show.h"
#include "cli/wording.h"
#include "schema/types.h"
#include "schema/value.h"

#include <stdio.h>
#include <string.h>

enum { TOLD_MAX = 1024, AGAIN_MAX = 1000 };

/* Enough to know a happening again: what comes live may come with the past, too. */
struct told {
	int64_t number, at_us;
	char what[24], step[72];
};

struct events {
	struct cli *cli;
	struct connect *connect;
	const char *flow; /* NULL: any */
	int64_t run;	  /* 0: any */
	bool past_known, ended;
	hst_value *early; /* what came live before the past was told */
	int64_t last_us;
	struct told told[TOLD_MAX];
	size_t told_count; /* of all times */
};

static const char *text_of(const hst_value *body, const char *name)
{
	return value_text(value_get(body, name));
}

static struct told told_of(const hst_value *body)
{
	struct told told = {0};

	value_integer(value_get(body, "number"), &told.number);
	value_integer(value_get(body, "at_us"), &told.at_us);
	snprintf(told.what, sizeof told.what, "%s", text_of(body, "what"));
	snprintf(told.step, sizeof told.step, "%s", text_of(body, "step"));
	return told;
}

/* False: it has been told. */
static bool is_news(struct events *events, const struct told *told)
{
	size_t n = events->told_count < TOLD_MAX ? events->told_count : TOLD_MAX;

	for (size_t i = 0; i < n; i++)
		if (events->told[i].number == told->number && events->told[i].at_us == told->at_us &&
		    strcmp(events->told[i].what, told->what) == 0 && strcmp(events->told[i].step, told->step) == 0)
			return false;
	events->told[events->told_count++ % TOLD_MAX] = *told;
	if (told->at_us > events->last_us)
		events->last_us = told->at_us;
	return true;
}

/* The same with the time as all answers have it. */
static const hst_value *event_value(hst_arena *arena, const hst_value *body)
{
	hst_value *event = value_make_record(arena);
	hst_time at = {0};
	char iso[40];

	value_integer(value_get(body, "at_us"), &at.us);
	type_write_date(at, iso, sizeof iso);
	value_set_text(event, "at", iso);
	for (size_t i = 0; i < value_count(body); i++)
		if (strcmp(value_name_at(body, i), "at_us") != 0)
			value_add(event, value_name_at(body, i), value_at(body, i));
	return event;
}

void events_print(const struct cli *cli, hst_arena *arena, const hst_value *body)
{
	const hst_value *event = event_value(arena, body);
	const char *what = text_of(event, "what"), *step = text_of(event, "step"), *where;

	if (cli->json) {
		cli_print_json(event);
	} else {
		where = !value_get(event, "run") ? "house" : arena_printf(arena, "#%s %s%s%s", print_member(arena, event, "number"), print_member(arena, event, "flow"),
				     *step ? "/" : "", print_clean(arena, step, strlen(step)));
		print_tone(stdout, TONE_FAINT);
		printf("%s  ", print_time(arena, value_get(event, "at")));
		print_tone(stdout, TONE_PLAIN);
		printf("%-28s  ", where);
		print_tone(stdout, wording_tone(what, event));
		fputs(wording_line(arena, what, event), stdout);
		print_tone(stdout, TONE_PLAIN);
		puts("");
	}
	fflush(stdout);
}

static void tell(struct events *events, hst_arena *arena, const hst_value *body)
{
	struct told told = told_of(body);

	if (is_news(events, &told))
		events_print(events->cli, arena, body);
	if (events->run && !*told.step && strcmp(told.what, "ended") == 0)
		events->ended = true;
}

static bool is_wanted(const struct events *events, const hst_value *body)
{
	int64_t number = 0;

	value_integer(value_get(body, "number"), &number);
	return (!events->run || events->run == number) &&
	       (!events->flow || strcmp(text_of(body, "flow"), events->flow) == 0);
}

static void on_happened(void *arg, const struct message *message)
{
	struct events *events = arg;
	const hst_value *body = NULL;
	hst_arena *arena = events->past_known ? arena_new() : events->cli->arena;

	if (message->word == WORD_happened &&
	    value_parse_json(arena, message->payload, message->payload_length, &body, NULL) == HST_OK &&
	    is_wanted(events, body)) {
		if (events->past_known)
			tell(events, arena, body);
		else
			value_append(events->early, body);
	}
	if (events->past_known)
		arena_free(arena);
}

static int tell_past(struct events *events, const hst_value *filters)
{
	const hst_value *rows = NULL;
	int status = connect_ask(events->connect, "events", filters, &rows);

	for (size_t i = 0; !status && i < value_count(rows); i++)
		tell(events, events->cli->arena, value_at(rows, i));
	for (size_t i = 0; !status && i < value_count(events->early); i++)
		tell(events, events->cli->arena, value_at(events->early, i));
	events->past_known = true;
	return status;
}

/* After a break: everything since what was told last. */
static hst_value *filters_again(const struct events *events)
{
	hst_value *filters = value_make_record(events->cli->arena);

	value_set_text(filters, "flow", events->flow ? events->flow : "");
	value_set_text(filters, "run", events->run ? arena_printf(events->cli->arena, "%lld", (long long)events->run) : "");
	value_set_integer(filters, "since_us", events->last_us);
	value_set_integer(filters, "limit", AGAIN_MAX);
	return filters;
}

static int follow(struct events *events, const hst_value *filters)
{
	int status = CLI_DONE;

	events->connect->heard = on_happened;
	events->connect->heard_arg = events;
	while (!status && !events->ended) {
		uint64_t ups = events->connect->ups;

		events->past_known = false;
		events->early = value_make_list(events->cli->arena);
		status = follow_ask(events->connect, 0);
		if (!status)
			status = tell_past(events, events->told_count ? filters_again(events) : filters);
		if (!status)
			status = follow_turn(events->connect, &events->ended, ups, "");
	}
	events->connect->heard = NULL;
	return status;
}

static int list(struct cli *cli, struct connect *connect, const hst_value *filters)
{
	hst_value *events = value_make_list(cli->arena);
	const hst_value *rows = NULL;
	int status = connect_ask(connect, "events", filters, &rows);

	if (status)
		return status;
	for (size_t i = 0; i < value_count(rows); i++) {
		value_append(events, event_value(cli->arena, value_at(rows, i)));
		if (!cli->json)
			events_print(cli, cli->arena, value_at(rows, i));
	}
	if (cli->json)
		cli_print_json(events);
	else if (!value_count(rows))
		puts("nothing has happened");
	return CLI_DONE;
}

int events_command(struct cli *cli)
{
	static const char *const texts[] = {"flow", "run", NULL};
	struct events *events = arena_alloc(cli->arena, sizeof *events);
	hst_value *filters = NULL;
	const hst_value *run = NULL;
	struct connect connect;
	int status = filters_read(cli, texts, &filters);

	if (status)
		return status;
	*events = (struct events){.cli = cli, .connect = &connect, .flow = options_value(&cli->options, "flow")};
	status = connect_open(&connect, cli);
	if (!status && options_has(&cli->options, "run"))
		status = show_ask(&connect, options_value(&cli->options, "run"), NULL, &run);
	value_integer(value_get(run, "number"), &events->run);
	if (!status && options_has(&cli->options, "follow"))
		status = follow(events, filters);
	else if (!status)
		status = list(cli, &connect, filters);
	connect_close(&connect);
	return status;
}
