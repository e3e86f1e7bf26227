/* report: what somebody else needs to see to understand what is wrong here, in a file to be read before it is sent. */
#include "base/arena.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/connect.h"
#include "cli/report_clean.h"
#include "os/files.h"
#include "os/spawn.h"
#include "schema/value.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unknown"
#endif

enum { REPORT_MAX = 8 << 20, PART_MAX = 1 << 20, COMMAND_MS = 30000, LOG_LINES = 200 };

struct report {
	struct cli *cli;
	const struct conf *conf;
	struct text text;
};

static void heading(struct report *report, const char *title)
{
	text_addf(&report->text, "\n=== %s\n\n", title);
}

/* A command of this program, with what it says on either channel. Caller frees; NULL: it could not be asked. */
static char *answer_of(const struct report *report, const char *const *words)
{
	AUTO_FREE char *program = files_join(files_program_directory(), "hostler");
	char *argv[16] = {"sh", "-c", "exec \"$@\" 2>&1", "sh", program, "-c", report->conf->path};
	const struct spawn spawn = {.path = "/bin/sh", .argv = argv, .environment = environ};
	char *output = NULL;
	int status = 0;

	for (size_t i = 0; words[i]; i++)
		argv[7 + i] = (char *)words[i];
	return spawn_capture(&spawn, NULL, PART_MAX, COMMAND_MS, &output, &status, NULL) == HST_OK ? output : NULL;
}

static void add_versions(struct report *report)
{
	AUTO_FREE char *release = NULL;
	struct utsname system;
	const char *name;

	heading(report, "versions");
	text_addf(&report->text, "hostler %s\n", PACKAGE_VERSION);
	if (uname(&system) == 0)
		text_addf(&report->text, "%s %s %s\n", system.sysname, system.release, system.machine);
	if (files_read("/etc/os-release", PART_MAX, &release, NULL, NULL) != HST_OK)
		return;
	name = strstr(release, "PRETTY_NAME=");
	if (name)
		text_addf(&report->text, "%.*s\n", (int)strcspn(name + 12, "\n"), name + 12);
}

static void add_command(struct report *report, const char *title, const char *const *words)
{
	AUTO_FREE char *said = answer_of(report, words);

	heading(report, title);
	report_clean(&report->text, said ? said : "(it gave no answer)");
}

/* The last lines of a file; nothing is said of one that is not there. */
static void add_file(struct report *report, const char *title, const char *path, size_t lines)
{
	AUTO_FREE char *bytes = NULL;
	hst_error err = {0};
	int code = files_read(path, 64 << 20, &bytes, NULL, &err);
	char *from;

	if (code == HST_NOT_FOUND)
		return;
	heading(report, title);
	if (code != HST_OK) {
		text_addf(&report->text, "(%s)\n", err.text);
		return;
	}
	from = bytes + strlen(bytes);
	for (size_t n = 0; from > bytes; from--)
		if (from[-1] == '\n' && ++n > lines)
			break;
	report_clean(&report->text, from);
}

static void add_state_file(struct report *report, const char *title, const char *name, size_t lines)
{
	AUTO_FREE char *path = files_join(report->conf->state_dir, name);

	add_file(report, title, path, lines);
}

/* One line for each flow, state and reason that there is, in the order in which they were met. */
struct count {
	const char *what;
	size_t n;
};

/* Of runs only how many: labels, texts and values are nobody else's business. */
static void add_runs(struct report *report)
{
	static const char *const words[] = {"--json", "runs", "-n", "1000", NULL};
	AUTO_FREE char *said = answer_of(report, words);
	const hst_value *runs = NULL;
	struct count *counts;
	size_t n = 0;

	heading(report, "runs, the last 1000");
	if (!said || value_parse_json(report->cli->arena, said, strlen(said), &runs, NULL) != HST_OK ||
	    value_kind(runs) != HST_VALUE_LIST) {
		text_add(&report->text, "(the host does not answer)\n");
		return;
	}
	counts = arena_array(report->cli->arena, value_count(runs) + 1, sizeof *counts);
	for (size_t i = 0, at; i < value_count(runs); i++) {
		const hst_value *run = value_at(runs, i), *reason = value_get(value_get(run, "reason"), "code");
		const char *what = arena_printf(report->cli->arena, "%s %s %s", value_text(value_get(run, "flow")),
						value_text(value_get(run, "state")),
						value_kind(reason) == HST_VALUE_TEXT ? value_text(reason) : "");

		for (at = 0; at < n && strcmp(counts[at].what, what) != 0;)
			at++;
		if (at == n)
			counts[n++] = (struct count){what, 0};
		counts[at].n++;
	}
	for (size_t i = 0; i < n; i++)
		text_addf(&report->text, "%6zu  %s\n", counts[i].n, counts[i].what);
	if (n == 0)
		text_add(&report->text, "none\n");
}

static const struct {
	const char *title;
	const char *words[4];
} asked[] = {
	{"doctor", {"doctor", NULL}},	    {"check", {"check", NULL}},	      {"devices", {"devices", NULL}},
	{"connections", {"connection", "list", NULL}}, {"triggers", {"triggers", NULL}}, {"flows", {"flows", NULL}},
	{"plugins", {"plugins", NULL}},
};

static void make(struct report *report)
{
	char now[40];

	clock_iso(clock_wall_us(), now, sizeof now);
	text_addf(&report->text,
		  "hostler report, %s\n\n"
		  "Read this before you send it. What looks like a secret was left out; there are no inputs, outputs, labels or logs of runs\n"
		  "in it. But it has names: of this machine's users, devices, connections, flows and files.\n",
		  now);
	add_versions(report);
	for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++)
		add_command(report, asked[i].title, asked[i].words);
	if (report->conf->has_host)
		add_runs(report);
	add_state_file(report, "processes", "children", 1000);
	add_state_file(report, "the last reload", "reload", 100);
	add_state_file(report, "the end of hostlerd.log", "hostlerd.log", LOG_LINES);
	add_file(report, "configuration", report->conf->path, 100000);
}

static int write_report(struct cli *cli, const struct report *report, const char *file)
{
	hst_value *answer;
	hst_error err = {0};
	int code;

	if (strcmp(file, "-") == 0) {
		fwrite(report->text.s, 1, report->text.length, stdout);
		return CLI_DONE;
	}
	code = files_replace(file, report->text.s, report->text.length, 0600, false, &err);
	if (code < 0)
		return cli_fail(cli, CLI_FAILED, "Broken", "%s", err.text);
	if (cli->json) {
		answer = value_make_record(cli->arena);
		value_set_text(answer, "file", file);
		value_set_integer(answer, "bytes", (int64_t)report->text.length);
		cli_print_json(answer);
	} else {
		printf("%s: %zu KiB. Read it before you send it: it has no secrets that could be recognised, but names.\n", file,
		       (report->text.length + 1023) / 1024);
	}
	return CLI_DONE;
}

int report_command(struct cli *cli)
{
	const char *file = cli->options.argument_count ? cli->options.arguments[0] : "hostler-report.txt";
	AUTO_FREE char *path = conf_find(options_value(&cli->options, "conf"));
	struct report report = {.cli = cli};
	struct problems problems;
	struct conf *conf;
	int status;

	if (strcmp(file, "-") != 0 && !options_has(&cli->options, "force") && access(file, F_OK) == 0)
		return cli_fail(cli, CLI_FAILED, "Exists", "%s is there already; say --force to replace it", file);
	/* Who reports what is wrong with the file cannot be asked to mend it first. */
	problems_init(&problems);
	conf = path ? conf_load_for_check(path, &problems) : NULL;
	problems_clear(&problems);
	if (!conf)
		return cli_fail(cli, CLI_USAGE, "NoConfiguration", "there is no configuration that could be read: name one with -c FILE");
	report.conf = conf;
	text_init(&report.text, REPORT_MAX);
	make(&report);
	status = write_report(cli, &report, file);
	text_clear(&report.text);
	conf_free(conf);
	return status;
}
