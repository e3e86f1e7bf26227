/* try: a desktop flow here and now, by the whole protocol of desktop flows, without host and configuration.
 */
#include "cli/cli.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/mem.h"
#include "cli/inputs.h"
#include "cli/try_files.h"
#include "cli/print.h"
#include "cli/prompt.h"
#include "cli/try_result.h"
#include "cli/try_session.h"
#include "desktop/flowrun.h"
#include "desktop/flowrun_place.h"
#include "os/files.h"
#include "schema/fields.h"
#include "schema/value.h"
#include "seal/secret_arena.h"

#include <errno.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TIMEOUT_MS = 24 * 3600 * 1000 };

struct attempt {
	const struct cli *cli;
	struct package *package;
	hst_arena *arena; /* of the inputs, secret ones among them */
	const hst_value *inputs;
	hst_value *paths; /* of those that are files */
	char *folder, *work, *results, *session_folder;
	struct flow_place place;
	bool fresh_display;
	struct try_session session;
	struct loop *loop;
	struct flowrun *run;
	pid_t pid;
	bool ended;
	struct flowrun_result result; /* its values live as long as the run */
	int64_t started_us;
};

static int read_package(struct attempt *attempt)
{
	const struct cli *cli = attempt->cli;
	AUTO_FREE char *beside = files_join(cli->options.arguments[0], "desktop-flow.ini");
	AUTO_FREE char *path = files_beside("", beside);
	struct problems problems;
	int status = CLI_DONE;

	problems_init(&problems);
	attempt->package = package_read(path, &problems);
	if (!attempt->package) {
		problems_sort(&problems);
		status = cli_fail_problems(cli, cli->options.arguments[0], &problems);
	}
	problems_clear(&problems);
	return status;
}

/* What stands on a command line is seen by everybody on the machine. */
static int refuse_shown(const struct attempt *attempt, const hst_value *given, hst_error *err)
{
	for (size_t i = 0; i < attempt->package->inputs.n; i++) {
		const hst_field *field = &attempt->package->inputs.at[i];

		if (field_type(field) == HST_TYPE_SECRET && value_get(given, field_name(field)))
			return hst_fail(err, HST_INVALID, "the input \"%s\" is secret: say --secret %s, and you are asked for it", field_name(field),
					field_name(field));
	}
	return HST_OK;
}

static bool is_wanted(const struct cli *cli, const char *name)
{
	for (size_t i = 0; i < cli->options.given_count; i++)
		if (strcmp(cli->options.given[i].option->name, "secret") == 0 && strcmp(cli->options.given[i].value, name) == 0)
			return true;
	return false;
}

/* --secret K names a secret input. */
static int secrets_are_known(const struct attempt *attempt, hst_error *err)
{
	for (size_t i = 0; i < attempt->cli->options.given_count; i++) {
		const char *name = attempt->cli->options.given[i].value;
		const hst_field *field;

		if (strcmp(attempt->cli->options.given[i].option->name, "secret") != 0)
			continue;
		field = fields_find(attempt->package->inputs, name);
		if (!field)
			return hst_fail(err, HST_INVALID, "--secret %.80s: the flow has no input of that name", name);
		if (field_type(field) != HST_TYPE_SECRET)
			return hst_fail(err, HST_INVALID, "--secret %.80s: that input is not secret: say --input %.80s=…", name, name);
	}
	return HST_OK;
}

/* By --secret K, or unasked, if the flow cannot do without it. */
static bool is_asked_for(const struct attempt *attempt, const hst_field *field)
{
	return field_type(field) == HST_TYPE_SECRET && (field->required || is_wanted(attempt->cli, field_name(field)));
}

/* Standard input that is no terminal has room for one. */
static int fit_in_pipe(const struct attempt *attempt)
{
	const char *names = "";
	size_t n = 0;

	for (size_t i = 0; i < attempt->package->inputs.n; i++) {
		const hst_field *field = &attempt->package->inputs.at[i];

		if (is_asked_for(attempt, field))
			names = arena_printf(attempt->cli->arena, "%s%s\"%s\"", names, n++ ? ", " : "", field_name(field));
	}
	if (n < 2 || !prompt_is_piped())
		return CLI_DONE;
	return cli_fail(attempt->cli, CLI_USAGE, "InputInvalid",
	                "%zu secret inputs are asked for, %s, and standard input has room for one: run this in a terminal", n, names);
}

static int ask_secrets(const struct attempt *attempt, hst_value *given)
{
	int status = fit_in_pipe(attempt);

	for (size_t i = 0; !status && i < attempt->package->inputs.n; i++) {
		const hst_field *field = &attempt->package->inputs.at[i];
		AUTO_FREE char *question = mem_printf("Secret input %s", field_name(field));
		char *secret = NULL;
		size_t length = 0;

		if (!is_asked_for(attempt, field))
			continue;
		status = prompt_secret(attempt->cli, question, false, &secret, &length);
		if (!status)
			value_set(given, field_name(field), value_make_text(attempt->arena, secret, length));
		prompt_forget(secret);
	}
	return status;
}

static int fail_inputs(const struct attempt *attempt, int code, hst_error *err)
{
	if (!err->reason[0])
		snprintf(err->reason, sizeof err->reason, "InputInvalid");
	return cli_fail_as(attempt->cli, code, err);
}

static int read_inputs(struct attempt *attempt)
{
	const hst_value *given = NULL;
	hst_value *all;
	hst_error err = {0};
	int code = inputs_read(attempt->cli, "input", &given, &err), status;

	if (code == HST_OK)
		code = refuse_shown(attempt, given, &err);
	if (code == HST_OK)
		code = secrets_are_known(attempt, &err);
	if (code == HST_OK)
		code = secret_arena_new(&attempt->arena, &err);
	if (code != HST_OK)
		return fail_inputs(attempt, code, &err);
	all = value_make_record(attempt->arena);
	attempt->paths = value_make_record(attempt->arena);
	for (size_t i = 0; i < value_count(given); i++) {
		const char *name = value_name_at(given, i);

		value_add(all, name, try_file_values(attempt->arena, fields_find(attempt->package->inputs, name), value_at(given, i), attempt->paths));
	}
	status = ask_secrets(attempt, all);
	if (status)
		return status;
	code = fields_check(attempt->arena, attempt->package->inputs, "input", all, false, &attempt->inputs, &err);
	if (code == HST_OK)
		code = secret_arena_held(&err);
	return code == HST_OK ? CLI_DONE : fail_inputs(attempt, code, &err);
}

static int make_folders(struct attempt *attempt)
{
	const char *temporary = getenv("TMPDIR");
	hst_error err = {0};
	int code;

	attempt->folder =
		files_join(temporary && temporary[0] == '/' ? temporary : "/tmp", "hostler-try-XXXXXX");
	if (!mkdtemp(attempt->folder)) {
		int failed = cli_fail(attempt->cli, CLI_FAILED, "Broken", "%s cannot be made: %s",
				      attempt->folder, strerror(errno));

		free(take(attempt->folder));
		return failed;
	}
	attempt->work = files_join(attempt->folder, "work");
	attempt->results = files_join(attempt->folder, "results");
	attempt->session_folder = files_join(attempt->folder, "session");
	code = files_make_directory(attempt->work, 0700, &err);
	if (code == HST_OK)
		code = files_make_directory(attempt->results, 0700, &err);
	if (code == HST_OK)
		code = files_make_directory(attempt->session_folder, 0700, &err);
	return code == HST_OK ? CLI_DONE : cli_fail_as(attempt->cli, code, &err);
}

static void on_signal(void *arg, int signal)
{
	struct attempt *attempt = arg;
	int status;

	if (signal != SIGCHLD) {
		if (attempt->run)
			flowrun_steer(attempt->run, FLOWRUN_CANCEL);
		return;
	}
	/* Other children belong to the driver, which waits for them itself. */
	if (attempt->pid > 0 && attempt->run && waitpid(attempt->pid, &status, WNOHANG) == attempt->pid) {
		pid_t pid = attempt->pid;

		attempt->pid = 0;
		flowrun_reaped(attempt->run, pid, status);
	}
}

static int on_start(void *arg, const struct flowrun_start *what, pid_t *ret_pid, hst_error *err)
{
	struct attempt *attempt = arg;
	int code = attempt->fresh_display ? try_session_start(&attempt->session, what, ret_pid, err)
					  : flowrun_spawn_here(NULL, what, ret_pid, err);

	if (code == HST_OK)
		attempt->pid = *ret_pid;
	return code;
}

static void on_progress(void *arg, const char *subflow, const char *action)
{
	struct attempt *attempt = arg;

	if (attempt->cli->json)
		return;
	print_tone(stdout, TONE_FAINT);
	printf("%8.2f s  ", (double)(clock_wall_us() - attempt->started_us) / 1e6);
	print_tone(stdout, TONE_PLAIN);
	print_clean_lines(stdout, subflow, strlen(subflow));
	if (*subflow)
		fputs(": ", stdout);
	print_clean_lines(stdout, action, strlen(action));
	puts("");
	fflush(stdout);
}

static bool on_screenshot(void *arg, const char *path)
{
	struct attempt *attempt = arg;

	return try_session_screenshot(&attempt->session, path);
}

static void on_ended(void *arg, const struct flowrun_result *result)
{
	struct attempt *attempt = arg;

	attempt->result = *result;
	attempt->ended = true;
	loop_stop(attempt->loop, 0);
}

static int open_session(struct attempt *attempt)
{
	hst_error err = {0};
	int code;

	if (!attempt->fresh_display)
		return CLI_DONE;
	if (geteuid() == 0)
		return cli_fail(
			attempt->cli, CLI_USAGE, "Usage",
			"a private session is for ordinary users: sudo -u USER hostler try %s --display new",
			attempt->cli->options.arguments[0]);
	code = try_session_open(&attempt->session, attempt->session_folder, &err);
	return code == HST_OK ? CLI_DONE
			      : cli_fail_as(attempt->cli, code == HST_INVALID ? HST_BROKEN : code, &err);
}

static int run_flow(struct attempt *attempt)
{
	char id[ID_SIZE];
	struct draw draw;
	struct flowrun_spec spec = {.package = attempt->package,
				    .inputs = attempt->inputs,
				    .open_file = try_file_open,
				    .file_arg = attempt->paths,
				    .place = &attempt->place,
				    .results = attempt->results,
				    .uid = -1,
				    .gid = -1,
				    .run_id = id,
				    .step_name = attempt->package->name};
	struct flowrun_role role = {
		.start = on_start, .progress = on_progress, .ended = on_ended, .arg = attempt};
	hst_error err = {0};
	int code;

	randombytes_buf(&draw, sizeof draw);
	attempt->started_us = clock_wall_us();
	id_make(id, attempt->started_us, draw);
	spec.grace_ms = attempt->package->stop_within.ms;
	spec.timeout_ms = attempt->package->timeout.ms ? attempt->package->timeout.ms : TIMEOUT_MS;
	if (attempt->fresh_display)
		role.screenshot = on_screenshot;
	code = flow_place_make(&attempt->place, attempt->work, spec.uid, spec.gid, &err);
	if (code == HST_OK)
		code = flowrun_start(attempt->loop, &spec, &role, &attempt->run, &err);
	if (code != HST_OK)
		return cli_fail_as(attempt->cli, code == HST_INVALID ? HST_BROKEN : code, &err);
	loop_run(attempt->loop);
	return CLI_DONE;
}

/* The session goes before the result is told, so that whoever reads it finds nothing running any more. */
static int finish(struct attempt *attempt, int status)
{
	bool keep = false;
	hst_error err = {0};

	if (try_session_close(&attempt->session, &err) != HST_OK)
		fprintf(stderr, "hostler: warning: the session was not closed: %s\n", err.text);
	if (attempt->ended && !status)
		status = try_result_print(attempt->cli, attempt->package, attempt->inputs, &attempt->result, attempt->results, &keep);
	if (attempt->run)
		flowrun_free(attempt->run);
	if (attempt->folder && keep)
		files_remove_tree(attempt->work, NULL);
	else if (attempt->folder)
		files_remove_tree(attempt->folder, NULL);
	if (keep)
		files_remove_tree(attempt->session_folder, NULL);
	return status;
}

static void clear(struct attempt *attempt)
{
	if (attempt->loop)
		loop_free(attempt->loop);
	package_free(attempt->package);
	arena_free(attempt->arena);
	free(attempt->folder);
	flow_place_clear(&attempt->place);
	free(attempt->work);
	free(attempt->results);
	free(attempt->session_folder);
}

int try_command(struct cli *cli)
{
	static const int signals[] = {SIGCHLD, SIGINT, SIGTERM, SIGHUP, 0};
	const char *display = options_value(&cli->options, "display");
	struct attempt attempt = {.cli = cli, .place = FLOW_PLACE_NONE, .fresh_display = display && strcmp(display, "new") == 0};
	int status = read_package(&attempt);

	if (!status)
		status = read_inputs(&attempt);
	if (!status)
		status = make_folders(&attempt);
	if (!status) {
		attempt.loop = loop_new(loop_wait_poll);
		loop_signals(attempt.loop, signals, on_signal, &attempt);
		status = open_session(&attempt);
	}
	if (!status)
		status = run_flow(&attempt);
	status = finish(&attempt, status);
	clear(&attempt);
	return status;
}
