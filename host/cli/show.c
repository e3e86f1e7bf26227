#include "cli/show.h"

#include "base/arena.h"
#include "cli/print.h"
#include "cli/run_files.h"
#include "cli/run_sealed.h"
#include "cli/wording.h"
#include "pure/core/states.h"
#include "pure/queue/reasons.h"
#include "schema/types.h"
#include "schema/value.h"

#include <stdio.h>
#include <string.h>

enum { LOG_LINES = 20, NAME_COLUMN = 12 };

/* One line "    NAME        VALUE", the value cleaned already. */
static void print_line(const char *indent, const char *name, const char *value)
{
	print_tone(stdout, TONE_FAINT);
	printf("%s%-*s", indent, NAME_COLUMN, name);
	print_tone(stdout, TONE_PLAIN);
	puts(value);
}

static bool is_given(const hst_value *value)
{
	hst_value_kind kind = value_kind(value);

	return kind != HST_VALUE_ABSENT && kind != HST_VALUE_NULL &&
	       !(kind == HST_VALUE_TEXT && !value_length(value));
}

static void print_member_line(hst_arena *arena, const char *indent, const hst_value *record, const char *name)
{
	if (is_given(value_get(record, name)))
		print_line(indent, name, print_member(arena, record, name));
}

static void print_state(const char *state)
{
	print_tone(stdout, print_state_tone(state));
	fputs(state, stdout);
	print_tone(stdout, TONE_PLAIN);
}

/* Inputs or outputs: one line each. */
static void print_record(hst_arena *arena, const char *indent, const char *name, const hst_value *record)
{
	for (size_t i = 0; i < value_count(record); i++) {
		const char *member = value_name_at(record, i);

		print_line(indent, i ? "" : name,
			   arena_printf(arena, "%s = %s", print_clean(arena, member, strlen(member)),
					print_value(arena, value_at(record, i))));
	}
}

static void print_reason(hst_arena *arena, const char *indent, const hst_value *reason)
{
	const char *code = value_text(value_get(reason, "code"));
	const struct reason *known = reason_named(code);
	const char *remedy = print_sentence(arena, reason, "remedy");

	if (!*code)
		return;
	print_line(indent, "reason",
		   arena_printf(arena, "%s: %s", print_member(arena, reason, "code"),
				print_sentence(arena, reason, "text")));
	if (strcmp(remedy, "-") == 0 && known)
		remedy = known->remedy;
	if (strcmp(remedy, "-") != 0)
		print_line(indent, "remedy", remedy);
}

static const char *progress_line(hst_arena *arena, const hst_value *progress)
{
	const char *action = print_member(arena, progress, "action");

	if (!is_given(value_get(progress, "subflow")))
		return action;
	return arena_printf(arena, "%s: %s", print_member(arena, progress, "subflow"), action);
}

static bool is_picture(hst_arena *arena, const hst_value *file)
{
	const char *name = run_unsealed_name(arena, value_text(value_get(file, "name")));
	size_t length = strlen(name);

	return length > 4 && strcmp(name + length - 4, ".png") == 0 && strncmp(name, "screenshots/", 12) == 0;
}

static const char *path_line(hst_arena *arena, const hst_value *file)
{
	const char *path = print_member(arena, file, "path");

	return run_is_sealed(value_text(value_get(file, "name"))) ? arena_printf(arena, "%s (`hostler get` opens it for operators with \"admin\")", path) : path;
}

static void print_files(hst_arena *arena, const char *indent, const hst_value *files, bool pictures)
{
	const char *name = pictures ? "screenshots" : "files";

	for (size_t i = 0; i < value_count(files); i++) {
		const hst_value *file = value_at(files, i);

		if (is_picture(arena, file) != pictures)
			continue;
		print_line(indent, name, path_line(arena, file));
		name = "";
	}
}

static bool has_failed(const hst_value *record)
{
	const struct state_row *row = state_row(state_named(value_text(value_get(record, "state"))));

	return row->ended && !row->good;
}

/* What is there of a step that failed and only of such: how far it came, and its last words. */
static int print_failure(struct connect *connect, const char *indent, int64_t run, const hst_value *step)
{
	hst_arena *arena = connect->cli->arena;
	const char *tail;
	int status;

	if (is_given(value_get(step, "progress")))
		print_line(indent, "last did", progress_line(arena, value_get(step, "progress")));
	status = run_log_tail(connect, run, step, LOG_LINES, &tail);
	for (const char *name = "log"; !status && *tail; name = "") {
		size_t length = strcspn(tail, "\n");

		print_line(indent, name, arena_printf(arena, "| %s", print_clean(arena, tail, length)));
		tail += length + (tail[length] == '\n');
	}
	return status;
}

/* "waiting 0.10 s, preparing 1.20 s, executing 3.00 s" */
static const char *spans_line(hst_arena *arena, const hst_value *step)
{
	static const char *const spans[][2] = {
		{"waiting_ms", "waiting"}, {"preparing_ms", "preparing"}, {"executing_ms", "executing"}};
	const char *line = NULL;
	int64_t ms;

	for (size_t i = 0; i < sizeof spans / sizeof spans[0]; i++) {
		if (!value_integer(value_get(step, spans[i][0]), &ms))
			continue;
		line = arena_printf(arena, "%s%s%s %s", line ? line : "", line ? ", " : "", spans[i][1],
				    type_span(arena, ms));
	}
	return line;
}

/* "demo, as bot1, unattended, through bot" */
static const char *place_line(hst_arena *arena, const hst_value *step)
{
	const hst_value *device = value_get(step, is_given(value_get(step, "device")) ? "device" : "target");

	if (!is_given(device))
		return NULL;
	return arena_printf(arena, "%s, as %s, %s, through %s, priority %s", print_value(arena, device),
			    print_member(arena, step, "user"), print_member(arena, step, "mode"),
			    print_member(arena, step, "connection"), print_member(arena, step, "priority"));
}

static bool is_lost(const hst_value *record)
{
	return state_named(value_text(value_get(record, "state"))) == STATE_LOST;
}

/* Who waits for whom, and until when. */
static void print_lost(hst_arena *arena, const char *indent, int64_t run, const hst_value *step)
{
	print_line(indent, "lost", arena_printf(arena, "since %s; unless a late answer or somebody settles it, it fails at %s",
						print_time(arena, value_get(step, "lost")),
						print_time(arena, value_get(step, "resolve_by"))));
	print_line(indent, "resolve", arena_printf(arena, "hostler resolve %lld/%s succeeded|failed|requeue", (long long)run,
						   print_member(arena, step, "name")));
}

/* What to say next, without the '#' of the number, which a shell would take for a comment. */
static void print_next(hst_arena *arena, const char *indent, int64_t run, const hst_value *step)
{
	if (has_failed(step))
		print_line(indent, "again", arena_printf(arena, "hostler resubmit %lld", (long long)run));
}

static int print_step(struct connect *connect, int64_t run, const hst_value *step)
{
	static const char indent[] = "    ";
	hst_arena *arena = connect->cli->arena;
	const char *place = place_line(arena, step), *spans = spans_line(arena, step);
	int status = CLI_DONE;

	printf("  ");
	print_tone(stdout, TONE_STRONG);
	fputs(print_member(arena, step, "name"), stdout);
	print_tone(stdout, TONE_PLAIN);
	printf("  %s  ", print_member(arena, step, "use"));
	print_state(print_member(arena, step, "state"));
	puts("");
	if (place)
		print_line(indent, "device", place);
	print_member_line(arena, indent, step, "position");
	if (spans)
		print_line(indent, "time", spans);
	print_record(arena, indent, "inputs", value_get(step, "inputs"));
	print_record(arena, indent, "outputs", value_get(step, "outputs"));
	print_reason(arena, indent, value_get(step, "reason"));
	if (is_lost(step))
		print_lost(arena, indent, run, step);
	if (has_failed(step))
		status = print_failure(connect, indent, run, step);
	else if (!is_given(value_get(step, "ended")) && is_given(value_get(step, "progress")))
		print_line(indent, "does", progress_line(arena, value_get(step, "progress")));
	print_files(arena, indent, value_get(step, "files"), true);
	print_files(arena, indent, value_get(step, "files"), false);
	print_next(arena, indent, run, step);
	return status;
}

static int64_t moment_of(const hst_value *happening)
{
	hst_time at = {0};

	type_read_date(value_text(value_get(happening, "at")), &at, NULL);
	return at.us;
}

/* What happened, with the time since the first; progress only where a step was asked for, since there may be much. */
static void print_history(hst_arena *arena, const hst_value *history, const char *step)
{
	int64_t first_us = moment_of(value_at(history, 0));

	printf("\n  history\n");
	for (size_t i = 0; i < value_count(history); i++) {
		const hst_value *row = value_at(history, i);
		const char *what = value_text(value_get(row, "what"));

		if (step ? strcmp(value_text(value_get(row, "step")), step) != 0 : strcmp(what, "progress") == 0)
			continue;
		print_tone(stdout, TONE_FAINT);
		printf("    %s  %9.2f s  ", print_time(arena, value_get(row, "at")), (double)(moment_of(row) - first_us) / 1e6);
		print_tone(stdout, TONE_PLAIN);
		if (!step)
			printf("%-14s  ", value_kind(value_get(row, "step")) == HST_VALUE_TEXT ? print_member(arena, row, "step")
											      : "");
		print_tone(stdout, wording_tone(what, row));
		fputs(wording_line(arena, what, row), stdout);
		print_tone(stdout, TONE_PLAIN);
		puts("");
	}
}

/* As `runs` has it: "running", or what the step it is at does, "queued (total)". */
static void print_present_state(hst_arena *arena, const hst_value *run)
{
	const hst_value *present = value_get(run, "present");
	const bool at_work = !value_count(present) || strcmp(value_text(value_get(present, "state")), "running") == 0;

	print_state(print_member(arena, at_work ? run : present, "state"));
	if (!at_work)
		printf(" (%s)", print_member(arena, present, "name"));
}

static void print_run(hst_arena *arena, const hst_value *run)
{
	static const char *const times[] = {"requested", "started", "ended", NULL};

	print_tone(stdout, TONE_STRONG);
	printf("#%s", print_member(arena, run, "number"));
	print_tone(stdout, TONE_PLAIN);
	printf("  %s  %s  ", print_member(arena, run, "flow"), print_member(arena, run, "id"));
	print_present_state(arena, run);
	puts("");
	print_member_line(arena, "  ", run, "label");
	print_member_line(arena, "  ", run, "trigger");
	if (is_given(value_get(run, "origin")))
		print_line("  ", "origin", arena_printf(arena, "#%s", print_member(arena, run, "origin")));
	if (is_given(value_get(run, "who")))
		print_line("  ", "by", print_member(arena, run, "who"));
	for (size_t i = 0; times[i]; i++)
		if (is_given(value_get(run, times[i])))
			print_line("  ", times[i], print_time(arena, value_get(run, times[i])));
	print_record(arena, "  ", "event", value_get(run, "event"));
	if (value_boolean(value_get(run, "values_removed")))
		print_line("  ", "values", "its event, inputs, outputs and logs were removed because of their age ([store] keep_values)");
	print_reason(arena, "  ", value_get(run, "reason"));
}

int show_ask(struct connect *connect, const char *run, const char *step, const hst_value **ret)
{
	hst_value *filters = value_make_record(connect->cli->arena);

	value_set_text(filters, "run", run);
	if (step)
		value_set_text(filters, "step", step);
	return connect_ask(connect, "show", filters, ret);
}

static int show(struct connect *connect, const char *said)
{
	const hst_value *run = NULL, *steps;
	const char *name, *step;
	int64_t number = 0;
	int status;

	run_said(connect->cli->arena, said, &name, &step);
	status = show_ask(connect, name, step, &run);
	if (status)
		return status;
	steps = value_get(run, "steps");
	if (connect->cli->json) {
		cli_print_json(step ? value_at(steps, 0) : run);
		return CLI_DONE;
	}
	if (!step)
		print_run(connect->cli->arena, run);
	value_integer(value_get(run, "number"), &number);
	for (size_t i = 0; !status && i < value_count(steps); i++) {
		fputs(step ? "" : "\n", stdout);
		status = print_step(connect, number, value_at(steps, i));
	}
	if (!status && value_count(value_get(run, "history")))
		print_history(connect->cli->arena, value_get(run, "history"), step);
	return status;
}

int show_command(struct cli *cli)
{
	struct connect connect;
	int status = connect_open(&connect, cli);

	if (!status)
		status = show(&connect, cli->options.arguments[0]);
	connect_close(&connect);
	return status;
}

/* What a step leaves to whoever waited for it. */
static int print_result(struct connect *connect, int64_t run, const hst_value *step)
{
	static const char indent[] = "  ";
	hst_arena *arena = connect->cli->arena;
	const hst_value *outputs = value_get(step, "outputs"), *files = value_get(step, "files");
	bool failed = has_failed(step), pictures = false;
	int status = CLI_DONE;

	for (size_t i = 0; i < value_count(files); i++)
		pictures = pictures || is_picture(arena, value_at(files, i));
	if (!failed && !pictures && !value_count(outputs))
		return status;
	print_tone(stdout, TONE_STRONG);
	puts(print_member(arena, step, "name"));
	print_tone(stdout, TONE_PLAIN);
	print_record(arena, indent, "outputs", outputs);
	if (failed) {
		print_reason(arena, indent, value_get(step, "reason"));
		status = print_failure(connect, indent, run, step);
	}
	print_files(arena, indent, files, true);
	print_next(arena, indent, run, step);
	return status;
}

int show_outcome(struct connect *connect, int64_t number)
{
	hst_arena *arena = connect->cli->arena;
	const hst_value *run = NULL, *steps;
	int status = show_ask(connect, arena_printf(arena, "%lld", (long long)number), NULL, &run);
	bool succeeded = strcmp(value_text(value_get(run, "state")), state_name(STATE_SUCCEEDED)) == 0;

	if (status)
		return status;
	if (connect->cli->json) {
		cli_print_json(run);
		return succeeded ? CLI_DONE : CLI_FAILED;
	}
	printf("\n#%s %s: ", print_member(arena, run, "number"), print_member(arena, run, "flow"));
	print_state(print_member(arena, run, "state"));
	puts("");
	steps = value_get(run, "steps");
	for (size_t i = 0; !status && i < value_count(steps); i++)
		status = print_result(connect, number, value_at(steps, i));
	return status ? status : succeeded ? CLI_DONE : CLI_FAILED;
}
