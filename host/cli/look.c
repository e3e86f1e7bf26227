/* What the house looks like now: one question each, printed as a table, or as the host's own JSON. */
#include "cli/cli.h"

#include "base/arena.h"
#include "base/clock.h"
#include "cli/ask.h"
#include "cli/connect.h"
#include "cli/filters.h"
#include "cli/grid.h"
#include "cli/plugins.h"
#include "cli/print.h"
#include "os/files.h"
#include "schema/types.h"
#include "schema/value.h"

#include <stdio.h>
#include <string.h>

/* "-", "code: text" */
static const char *reason_line(hst_arena *arena, const hst_value *record)
{
	const hst_value *reason = value_get(record, "reason");

	if (!*value_text(value_get(reason, "code")))
		return "-";
	return arena_printf(arena, "%s: %s", print_member(arena, reason, "code"),
			    print_sentence(arena, reason, "text"));
}

/* From one ISO time to another, or to now. */
static const char *span_between(hst_arena *arena, const hst_value *from, const hst_value *to)
{
	hst_time start, end = {clock_wall_us()};

	if (value_kind(from) != HST_VALUE_TEXT || type_read_date(value_text(from), &start, NULL) != HST_OK)
		return "-";
	if (value_kind(to) == HST_VALUE_TEXT)
		type_read_date(value_text(to), &end, NULL);
	return type_span(arena, end.us > start.us ? (end.us - start.us) / 1000 : 0);
}

/* "running", or what the step it is at does: "queued (total)". */
static const char *present_state(hst_arena *arena, const hst_value *run)
{
	const hst_value *present = value_get(run, "present");

	if (!value_count(present) || strcmp(value_text(value_get(present, "state")), "running") == 0)
		return print_member(arena, run, "state");
	return arena_printf(arena, "%s (%s)", print_member(arena, present, "state"), print_member(arena, present, "name"));
}

static bool is_held(const hst_value *record)
{
	return strcmp(value_text(value_get(value_get(record, "reason"), "code")), "RestoreHeld") == 0;
}

static void print_held(const hst_value *runs)
{
	size_t n = 0;

	for (size_t i = 0; i < value_count(runs); i++)
		n += is_held(value_at(runs, i)) || is_held(value_get(value_at(runs, i), "present"));
	if (n)
		printf("%zu of them %s held since the host was restored; `hostler restore --release` lets them go on\n", n,
		       n == 1 ? "is" : "are");
}

static void print_runs(struct cli *cli, const hst_value *runs)
{
	static const char *const heads[] = {"RUN",	 "STATE", "FLOW", "LABEL",
					    "REQUESTED", "TOOK",  "WHY",  NULL};
	hst_arena *arena = cli->arena;
	struct grid grid;

	grid_init(&grid, arena, heads);
	for (size_t i = 0; i < value_count(runs); i++) {
		const hst_value *run = value_at(runs, i);

		grid_add(&grid, arena_printf(arena, "#%s", print_member(arena, run, "number")));
		grid_add(&grid, present_state(arena, run));
		grid_add(&grid, print_member(arena, run, "flow"));
		grid_add(&grid, print_member(arena, run, "label"));
		grid_add(&grid, print_time(arena, value_get(run, "requested")));
		grid_add(&grid, span_between(arena, value_get(run, "started"), value_get(run, "ended")));
		grid_add(&grid, reason_line(arena, value_count(value_get(run, "present")) ? value_get(run, "present") : run));
	}
	if (value_count(runs))
		grid_print(&grid, stdout);
	else
		puts("no runs");
	grid_clear(&grid);
	print_held(runs);
}

int look_runs(struct cli *cli)
{
	static const char *const texts[] = {"flow", "state", "label", "reason", NULL};
	hst_value *filters = NULL;
	int status = filters_read(cli, texts, &filters);

	return status ? status : ask_and_print(cli, "runs", filters, print_runs);
}

static void print_target(struct cli *cli, const hst_value *target)
{
	static const char *const heads[] = {"",	    "RUN",  "STATE", "STEP", "PRIORITY",
					    "USER", "MODE", "SINCE", "WHY",  NULL};
	const hst_value *waiting = value_get(target, "waiting");
	hst_arena *arena = cli->arena;
	struct grid grid;

	print_tone(stdout, TONE_STRONG);
	fputs(print_member(arena, target, "target"), stdout);
	print_tone(stdout, TONE_PLAIN);
	printf("%s: %zu waiting\n", value_boolean(value_get(target, "strict")) ? " (strict order)" : "",
	       value_count(waiting));
	if (!value_count(waiting))
		return;
	grid_init(&grid, arena, heads);
	for (size_t i = 0; i < value_count(waiting); i++) {
		const hst_value *step = value_at(waiting, i);

		grid_add(&grid, print_member(arena, step, "position"));
		grid_add(&grid, arena_printf(arena, "#%s", print_member(arena, step, "number")));
		grid_add(&grid, print_member(arena, step, "shown"));
		grid_add(&grid, arena_printf(arena, "%s/%s", print_member(arena, step, "flow"),
					     print_member(arena, step, "step")));
		grid_add(&grid, print_member(arena, step, "priority"));
		grid_add(&grid, print_member(arena, step, "user"));
		grid_add(&grid, print_member(arena, step, "mode"));
		grid_add(&grid, print_time(arena, value_get(step, "requested")));
		grid_add(&grid, reason_line(arena, step));
	}
	grid_print(&grid, stdout);
	grid_clear(&grid);
}

static void print_queue(struct cli *cli, const hst_value *answer)
{
	const hst_value *targets = value_get(answer, "targets");

	for (size_t i = 0; i < value_count(targets); i++)
		print_target(cli, value_at(targets, i));
	if (!value_count(targets))
		puts("no devices");
}

int look_queue(struct cli *cli)
{
	hst_value *filters = value_make_record(cli->arena);

	if (cli->options.argument_count)
		value_set_text(filters, "target", cli->options.arguments[0]);
	return ask_and_print(cli, "queue", filters, print_queue);
}

/* "disabled by anna", or what it is in service */
static const char *service_line(hst_arena *arena, const hst_value *stand, const char *word, const char *otherwise)
{
	if (!value_count(stand))
		return otherwise;
	if (!*value_text(value_get(stand, "who")))
		return word;
	return arena_printf(arena, "%s by %s", word, print_member(arena, stand, "who"));
}

static void print_flows(struct cli *cli, const hst_value *flows)
{
	static const char *const heads[] = {"FLOW", "STATE", "ON", "STEPS", "ACTIVE", "SUMMARY", NULL};
	hst_arena *arena = cli->arena;
	struct grid grid;

	grid_init(&grid, arena, heads);
	for (size_t i = 0; i < value_count(flows); i++) {
		const hst_value *flow = value_at(flows, i);

		grid_add(&grid, print_member(arena, flow, "name"));
		grid_add(&grid, service_line(arena, value_get(flow, "disabled"), "disabled", "enabled"));
		grid_add(&grid, print_list(arena, value_get(flow, "on")));
		grid_add(&grid, print_member(arena, flow, "steps"));
		grid_add(&grid, print_member(arena, flow, "active"));
		grid_add(&grid, print_member(arena, flow, "summary"));
	}
	grid_print(&grid, stdout);
	grid_clear(&grid);
}

int look_flows(struct cli *cli)
{
	return ask_and_print(cli, "flows", NULL, print_flows);
}

/* "order:integer*, note:text"; '*' is required. */
static const char *inputs_line(hst_arena *arena, const hst_value *inputs)
{
	const char *line = NULL;

	for (size_t i = 0; i < value_count(inputs); i++) {
		const hst_value *field = value_at(inputs, i);
		const char *one = arena_printf(arena, "%s:%s%s", print_member(arena, field, "name"),
					       print_member(arena, field, "type"),
					       value_boolean(value_get(field, "required")) ? "*" : "");

		line = line ? arena_printf(arena, "%s, %s", line, one) : one;
	}
	return line ? line : "-";
}

/* Behind a table: why those that do not work do not, and what to do about it. */
static void print_whys(struct cli *cli, const hst_value *list)
{
	for (size_t i = 0; i < value_count(list); i++) {
		const hst_value *record = value_at(list, i);

		if (value_kind(value_get(record, "why")) != HST_VALUE_TEXT)
			continue;
		printf("%s: %s\n", print_member(cli->arena, record, "name"), print_sentence(cli->arena, record, "why"));
		if (value_kind(value_get(record, "remedy")) == HST_VALUE_TEXT)
			printf("  %s\n", print_sentence(cli->arena, record, "remedy"));
	}
}

static void print_triggers(struct cli *cli, const hst_value *triggers)
{
	static const char *const heads[] = {
		"TRIGGER", "PLUGIN", "READY", "PRESSED", "STARTS", "EVENT (* REQUIRED)", NULL};
	hst_arena *arena = cli->arena;
	struct grid grid;

	grid_init(&grid, arena, heads);
	for (size_t i = 0; i < value_count(triggers); i++) {
		const hst_value *trigger = value_at(triggers, i);

		grid_add(&grid, print_member(arena, trigger, "name"));
		grid_add(&grid, print_member(arena, trigger, "plugin"));
		grid_add(&grid, service_line(arena, value_get(trigger, "disabled"), "disabled",
					     value_boolean(value_get(trigger, "ready")) ? "yes"
											: print_member(arena, trigger, "state")));
		grid_add(&grid, value_boolean(value_get(trigger, "pressable")) ? "by hand" : "-");
		grid_add(&grid, print_list(arena, value_get(trigger, "flows")));
		grid_add(&grid, inputs_line(arena, value_get(trigger, "inputs")));
	}
	grid_print(&grid, stdout);
	grid_clear(&grid);
	print_whys(cli, triggers);
}

int look_triggers(struct cli *cli)
{
	return ask_and_print(cli, "triggers", NULL, print_triggers);
}

/* "ts-01 at 10.0.0.7"; one on this machine has no address. */
static const char *gateway_and_place(hst_arena *arena, const hst_value *device)
{
	if (!*value_text(value_get(device, "address")))
		return print_member(arena, device, "gateway");
	return arena_printf(arena, "%s at %s", print_member(arena, device, "gateway"), print_member(arena, device, "address"));
}

/* "keeper to 10.0.0.7"; of the gateway's own machine the driver alone. */
static const char *driver_and_machine(hst_arena *arena, const hst_value *device)
{
	if (!*value_text(value_get(device, "device_address")))
		return print_member(arena, device, "driver");
	return arena_printf(arena, "%s to %s", print_member(arena, device, "driver"), print_member(arena, device, "device_address"));
}

static const char *session_words(hst_arena *arena, const hst_value *session)
{
	const char *connected = value_text(value_get(session, "connected")), *locked = value_text(value_get(session, "locked"));
	const char *state = strcmp(connected, "no") == 0	? "disconnected"
			    : strcmp(connected, "yes") != 0	? "connected or not: unknown"
			    : strcmp(locked, "yes") == 0	? "locked"
			    : strcmp(locked, "no") == 0 ? "active"
							: "locked or not: unknown";
	bool ours = value_boolean(value_get(session, "ours")), running = value_boolean(value_get(session, "running"));
	const char *does = running ? "a flow runs in it" : !ours ? "" : value_boolean(value_get(session, "kept")) ? "kept for its next run" : "";
	const char *whose = ours ? "opened by hostler" : "a person's", *doubt = value_text(value_get(session, "doubt"));

	/* Why it is not known says whose it may be, such as another hostler's. */
	if (*doubt && !ours)
		return arena_printf(arena, "%s (%s)%s%s", state, print_sentence(arena, session, "doubt"), *does ? ", " : "", does);
	return arena_printf(arena, "%s, %s%s%s", state, whose, *does ? ", " : "", does);
}

/* Whose each session is and what becomes of it; one that should be closed and is not holds a slot, and one that has no name yet is only
 * being opened. */
static void print_sessions(hst_arena *arena, const hst_value *device)
{
	const hst_value *sessions = value_get(device, "sessions");

	for (size_t i = 0; i < value_count(sessions); i++) {
		const hst_value *session = value_at(sessions, i), *reason = value_get(session, "reason");
		const char *code = value_text(value_get(reason, "code")), *id = print_member(arena, session, "id");

		printf("  %s: session %s%s%s%s", print_member(arena, session, "user"), id, *id ? ": " : "",
		       *id ? session_words(arena, session) : "being opened by hostler", *code ? ", stuck\n" : "\n");
		if (*code)
			printf("    %s: %s %s\n", code, print_sentence(arena, reason, "text"), print_sentence(arena, reason, "remedy"));
	}
}

/* "2 of 8"; how many there may be only its gateway can say. */
static const char *sessions_cell(hst_arena *arena, const hst_value *device)
{
	size_t n = value_count(value_get(device, "sessions"));
	int64_t limit = -1;

	value_integer(value_get(device, "limit"), &limit);
	return limit < 0 ? arena_printf(arena, "%zu", n) : arena_printf(arena, "%zu of %lld", n, (long long)limit);
}

/* "processors 12 %, memory 40 %", of what its driver can tell. */
static const char *load_line(hst_arena *arena, const hst_value *device)
{
	int64_t load = -1, memory = -1;
	const char *processors = "", *taken = "";

	value_integer(value_get(device, "load_milli"), &load);
	value_integer(value_get(device, "memory_milli"), &memory);
	if (load >= 0)
		processors = arena_printf(arena, "processors %lld %%", (long long)load / 10);
	if (memory >= 0)
		taken = arena_printf(arena, "memory %lld %%", (long long)memory / 10);
	if (!*processors && !*taken)
		return "-";
	return arena_printf(arena, "%s%s%s", processors, *processors && *taken ? ", " : "", taken);
}

/* A sentence about one that is not simply there, the limit where it is reached, and its sessions. */
static void print_device(hst_arena *arena, const hst_value *device)
{
	const char *name = print_member(arena, device, "name"), *from = value_text(value_get(device, "limit_from"));
	size_t n = value_count(value_get(device, "sessions"));
	int64_t limit = -1;

	if (*value_text(value_get(device, "text")))
		printf("%s: %s.\n", name, print_sentence(arena, device, "text"));
	if (!n)
		return;
	value_integer(value_get(device, "limit"), &limit);
	if (limit < 0)
		printf("%s has %zu session%s:\n", name, n, n == 1 ? "" : "s");
	else
		printf("%s has %zu session%s of %lld that may be there%s%s%s:\n", name, n, n == 1 ? "" : "s", (long long)limit,
		       *from ? " (" : "", from, *from ? ")" : "");
	print_sessions(arena, device);
}

static void print_devices(struct cli *cli, const hst_value *devices)
{
	static const char *const heads[] = {"DEVICE", "STATE",	  "GATEWAY",  "SYSTEM",	   "DRIVER", "STRATEGY",
					    "RUNS",   "SESSIONS", "CONTAINMENT", "LOAD", "ACCOUNTS", "LAST SEEN", NULL};
	hst_arena *arena = cli->arena;
	struct grid grid;

	grid_init(&grid, arena, heads);
	for (size_t i = 0; i < value_count(devices); i++) {
		const hst_value *device = value_at(devices, i);

		grid_add(&grid, print_member(arena, device, "name"));
		grid_add(&grid, print_member(arena, device, "state"));
		grid_add(&grid, gateway_and_place(arena, device));
		grid_add(&grid, print_member(arena, device, "system"));
		grid_add(&grid, driver_and_machine(arena, device));
		grid_add(&grid, print_member(arena, device, "strategy"));
		grid_add(&grid, arena_printf(arena, "%s of %s", print_member(arena, device, "running"),
					     print_member(arena, device, "slots")));
		grid_add(&grid, sessions_cell(arena, device));
		grid_add(&grid, print_member(arena, device, "containment"));
		grid_add(&grid, load_line(arena, device));
		grid_add(&grid, print_list(arena, value_get(device, "accounts")));
		grid_add(&grid, print_time(arena, value_get(device, "last_seen")));
	}
	if (value_count(devices))
		grid_print(&grid, stdout);
	else
		puts("no devices");
	grid_clear(&grid);
	for (size_t i = 0; i < value_count(devices); i++) {
		print_device(arena, value_at(devices, i));
	}
}

int look_devices(struct cli *cli)
{
	return ask_and_print(cli, "devices", NULL, print_devices);
}

static void print_plugins(struct cli *cli, const hst_value *plugins)
{
	static const char *const heads[] = {"KIND", "PLUGIN", "VERSION", "INSTANCES", "STATE", "SUMMARY", NULL};
	hst_arena *arena = cli->arena;
	struct grid grid;

	grid_init(&grid, arena, heads);
	for (size_t i = 0; i < value_count(plugins); i++) {
		const hst_value *plugin = value_at(plugins, i);

		grid_add(&grid, print_member(arena, plugin, "kind"));
		grid_add(&grid, print_member(arena, plugin, "name"));
		grid_add(&grid, print_member(arena, plugin, "version"));
		grid_add(&grid, print_list(arena, value_get(plugin, "instances")));
		grid_add(&grid, print_member(arena, plugin, "state"));
		grid_add(&grid, print_member(arena, plugin, "summary"));
	}
	grid_print(&grid, stdout);
	grid_clear(&grid);
	print_whys(cli, plugins);
}

int look_plugins(struct cli *cli)
{
	struct connect connect;
	const hst_value *plugins = NULL;
	const char *directory = NULL;
	int status = connect_open(&connect, cli);

	if (!status)
		status = connect_ask(&connect, "plugins", NULL, &plugins);
	if (!status)
		directory = arena_text(cli->arena, connect.conf->plugins ? connect.conf->plugins : files_plugin_directory());
	connect_close(&connect);
	if (status)
		return status;
	plugins = plugins_described(cli->arena, directory, plugins);
	if (cli->json)
		cli_print_json(plugins);
	else
		print_plugins(cli, plugins);
	return CLI_DONE;
}
