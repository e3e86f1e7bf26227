/* What came of a rehearsal, for people and for programs. */
#include "cli/rehearse.h"

#include "base/arena.h"
#include "base/auto.h"
#include "cli/print.h"
#include "schema/value.h"

#include <stdio.h>
#include <string.h>

static const char *const unknowable[] = {
	"whether services answer, and what they say: what connectors put out is made up",
	"whether passwords are right, and whether accounts exist on their devices",
	"what a desktop flow does, and how long it takes: each counts as one minute, and its outputs are made up",
	"what really stands in events: --input K=V and --event FILE say it for them",
	"who is at the devices: nobody, unless --people FILE says so",
};

static const char *text_of(const hst_value *record, const char *name)
{
	return value_text(value_get(record, name));
}

static int64_t integer_of(const hst_value *record, const char *name)
{
	int64_t integer = 0;

	value_integer(value_get(record, name), &integer);
	return integer;
}

static bool has(const hst_value *record, const char *name)
{
	const hst_value_kind kind = value_kind(value_get(record, name));

	return kind != HST_VALUE_ABSENT && kind != HST_VALUE_NULL;
}

/* "1m35s" */
static const char *lasting(hst_arena *arena, int64_t ms)
{
	AUTO(text) struct text text;
	const int64_t s = ms / 1000;

	text_init(&text, 64);
	if (s >= 3600)
		text_addf(&text, "%lldh", (long long)(s / 3600));
	if (s % 3600 >= 60)
		text_addf(&text, "%lldm", (long long)(s % 3600 / 60));
	if (s % 60)
		text_addf(&text, "%llds", (long long)(s % 60));
	return text.length ? arena_text(arena, text.s) : "0s";
}

static const char *clean(const struct cli *cli, const char *text)
{
	return print_clean(cli->arena, text, strlen(text));
}

static void say_event(const struct cli *cli, const hst_value *event)
{
	for (size_t i = 0; i < value_count(event); i++) {
		AUTO(text) struct text value;

		text_init(&value, 200);
		value_write_json(&value, value_at(event, i));
		printf("%s%s = %s", i ? ", " : " (", value_name_at(event, i), value.over ? "…" : clean(cli, value.s));
	}
	puts(value_count(event) ? ")" : "");
}

static void say_where(const struct cli *cli, const hst_value *step)
{
	printf("on %s as %s, %s", clean(cli, text_of(step, "device")), clean(cli, text_of(step, "user")), text_of(step, "mode"));
	if (has(step, "session"))
		printf(", in %s", text_of(step, "session"));
	if (has(step, "started_ms"))
		printf(", after %s", lasting(cli->arena, integer_of(step, "started_ms")));
}

static void say_waits(const struct cli *cli, const hst_value *waits)
{
	for (size_t i = 0; i < value_count(waits); i++) {
		const hst_value *wait = value_at(waits, i);

		printf("      waits after %s: %s%s%s\n", lasting(cli->arena, integer_of(wait, "after_ms")), text_of(wait, "reason"),
		       has(wait, "text") && *text_of(wait, "text") ? ": " : "", clean(cli, text_of(wait, "text")));
	}
}

static void say_step(const struct cli *cli, const hst_value *step)
{
	const char *state = text_of(step, "state");
	const bool good = strcmp(state, "succeeded") == 0;

	printf("  %-14s %-30s ", clean(cli, text_of(step, "name")), clean(cli, text_of(step, "use")));
	if (!*state)
		fputs("never begins", stdout);
	else if (strcmp(state, "skipped") == 0)
		printf("is skipped: its condition does not hold (%s:%lld)", clean(cli, text_of(step, "file")), (long long)integer_of(step, "line"));
	else if (good && !has(step, "mode"))
		fputs("would be done", stdout);
	else if (has(step, "device"))
		say_where(cli, step);
	else
		fputs(state, stdout);
	puts("");
	say_waits(cli, value_get(step, "waits"));
	if (*state && !good && strcmp(state, "skipped") != 0)
		printf("      %s: %s%s%s\n", state, text_of(step, "reason"), *text_of(step, "text") ? ": " : "", clean(cli, text_of(step, "text")));
}

static bool is_good(const hst_value *record)
{
	return strcmp(text_of(record, "state"), "succeeded") == 0;
}

static void say_record(const struct cli *cli, const hst_value *record)
{
	const hst_value *steps = value_get(record, "steps");

	printf("%s, ", clean(cli, text_of(record, "flow")));
	if (has(record, "trigger"))
		printf("started by %s", clean(cli, text_of(record, "trigger")));
	else
		fputs("started by hand", stdout);
	say_event(cli, value_get(record, "looked_at"));
	for (size_t i = 0; i < value_count(steps); i++)
		say_step(cli, value_at(steps, i));
	printf("  %s after %s\n\n", is_good(record) ? "would succeed" : "would not succeed", lasting(cli->arena, integer_of(record, "took_ms")));
}

static bool same_step(const hst_value *a, const hst_value *b)
{
	return integer_of(a, "line") == integer_of(b, "line") && strcmp(text_of(a, "file"), text_of(b, "file")) == 0;
}

static bool ran(const hst_value *step)
{
	return has(step, "state") && strcmp(text_of(step, "state"), "skipped") != 0;
}

static bool ran_somewhere(const hst_value *records, const hst_value *wanted)
{
	for (size_t i = 0; i < value_count(records); i++) {
		const hst_value *steps = value_get(value_at(records, i), "steps");

		for (size_t k = 0; k < value_count(steps); k++)
			if (same_step(value_at(steps, k), wanted) && ran(value_at(steps, k)))
				return true;
	}
	return false;
}

static bool listed(const hst_value *list, const hst_value *wanted)
{
	for (size_t i = 0; i < value_count(list); i++)
		if (same_step(value_at(list, i), wanted))
			return true;
	return false;
}

/* Steps that no rehearsal has come to. */
static hst_value *never(const struct cli *cli, const hst_value *records)
{
	hst_value *list = value_make_list(cli->arena);

	for (size_t i = 0; i < value_count(records); i++) {
		const hst_value *steps = value_get(value_at(records, i), "steps");

		for (size_t k = 0; k < value_count(steps); k++) {
			const hst_value *step = value_at(steps, k);
			hst_value *row;

			if (ran(step) || ran_somewhere(records, step) || listed(list, step))
				continue;
			row = value_make_record(cli->arena);
			value_set_text(row, "flow", text_of(value_at(records, i), "flow"));
			value_set_text(row, "step", text_of(step, "name"));
			value_set_text(row, "file", text_of(step, "file"));
			value_set_integer(row, "line", integer_of(step, "line"));
			value_append(list, row);
		}
	}
	return list;
}

static void say_in_json(const struct cli *cli, const hst_value *records, const hst_value *unreached, const hst_value *warnings, size_t bad)
{
	hst_value *answer = value_make_record(cli->arena), *unknown = value_make_list(cli->arena);

	for (size_t i = 0; i < sizeof unknowable / sizeof unknowable[0]; i++)
		value_append(unknown, value_make_text(cli->arena, unknowable[i], strlen(unknowable[i])));
	value_set_boolean(answer, "fine", bad == 0);
	value_set(answer, "runs", records);
	value_set(answer, "never", unreached);
	value_set(answer, "unknown", unknown);
	value_set(answer, "warnings", warnings);
	cli_print_json(answer);
}

static void say_verdict(const struct cli *cli, size_t n, const hst_value *unreached, size_t bad)
{
	for (size_t i = 0; i < value_count(unreached); i++) {
		const hst_value *row = value_at(unreached, i);

		printf("%s:%lld: note: the step %s of %s runs in no rehearsal\n", clean(cli, text_of(row, "file")), (long long)integer_of(row, "line"),
		       clean(cli, text_of(row, "step")), clean(cli, text_of(row, "flow")));
	}
	puts("What a rehearsal cannot know:");
	for (size_t i = 0; i < sizeof unknowable / sizeof unknowable[0]; i++)
		printf("  - %s\n", unknowable[i]);
	if (bad)
		printf("%zu of %zu %s would not succeed\n", bad, n, n == 1 ? "run" : "runs");
	else
		printf("%zu %s rehearsed: all would succeed\n", n, n == 1 ? "run" : "runs");
}

static const hst_value *warnings_list(hst_arena *arena, const struct problems *warnings)
{
	hst_value *list = value_make_list(arena);

	for (size_t i = 0; i < warnings->n; i++) {
		hst_value *row = value_make_record(arena);

		value_set_text(row, "file", warnings->at[i].file);
		value_set_integer(row, "line", warnings->at[i].line);
		value_set_text(row, "text", warnings->at[i].text);
		value_append(list, row);
	}
	return list;
}

size_t rehearse_say(const struct cli *cli, const hst_value *records, const struct problems *warnings)
{
	const size_t n = value_count(records);
	hst_value *unreached = never(cli, records);
	size_t bad = 0;

	for (size_t i = 0; i < n; i++)
		bad += !is_good(value_at(records, i));
	if (cli->json) {
		say_in_json(cli, records, unreached, warnings_list(cli->arena, warnings), bad);
		return bad;
	}
	for (size_t i = 0; i < warnings->n; i++) {
		AUTO_FREE char *line = problem_warning(&warnings->at[i]);

		fprintf(stderr, "%s\n", line);
	}
	for (size_t i = 0; i < n; i++)
		say_record(cli, value_at(records, i));
	say_verdict(cli, n, unreached, bad);
	return bad;
}
