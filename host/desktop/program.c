#include "desktop/program.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "desktop/flowrun.h"
#include "desktop/flowrun_place.h"
#include "desktop/package.h"
#include "os/failure.h"
#include "os/files.h"
#include "os/workroom.h"
#include "schema/fields.h"
#include "schema/file_name.h"
#include "schema/manifest.h"
#include "schema/value.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LOOK_MS = 100 };

static const char folder_prefix[] = "hostler-program-";

/* One run in place. */
struct program {
	struct loop *loop;
	struct flowrun *run;
	hst_arena *arena; /* the caller's */
	pid_t pid;
	int pid_fd; /* so that no signal handler of the process has to be borrowed */
	bool over;
	int code;
	const struct program_call *call;
	const char *results;
	hst_value *kept; /* record: name of a file in out/ -> what outputs are to call it */
	const hst_value *outputs;
	hst_error *err;
};

static struct package *read_manifest(const char *manifest_path, hst_error *err)
{
	struct problems problems;
	struct package *package;

	problems_init(&problems);
	package = package_read_manifest(manifest_path, &problems);
	if (!package) {
		AUTO_FREE char *line = problems.n ? problem_line(&problems.at[0]) : mem_text(manifest_path);

		hst_fail(err, HST_INVALID, "%s", line);
	}
	problems_clear(&problems);
	return package;
}

/* Through its value, because that is the copy of a table of fields into another arena. */
static int copy_fields(hst_arena *arena, hst_fields fields, hst_fields *ret, hst_error *err)
{
	return fields_from_value(arena, fields_to_value(arena, fields), ret, err);
}

int program_describe(hst_arena *arena, const char *manifest_path, hst_program_shape *ret, hst_error *err)
{
	struct package *package = read_manifest(manifest_path, err);
	hst_program_shape shape = {0};
	int code;

	if (!package)
		return HST_INVALID;
	shape.timeout = package->timeout;
	code = copy_fields(arena, package->inputs, &shape.inputs, err);
	if (!code)
		code = copy_fields(arena, package->outputs, &shape.outputs, err);
	package_free(package);
	if (!code)
		*ret = shape;
	return code;
}

static int copy_outputs(struct program *program, const hst_value *outputs)
{
	struct text json;
	int code;

	text_init_wiping(&json, 2 * VALUE_BYTES_MAX);
	value_write_json(&json, outputs);
	code = value_parse_json(program->arena, json.s, json.length, &program->outputs, program->err);
	text_clear(&json);
	return code;
}

static void on_ended(void *arg, const struct flowrun_result *result)
{
	static const hst_code codes[] = {[FLOWRUN_SUCCEEDED] = HST_OK,
					 [FLOWRUN_FAILED] = HST_INVALID,
					 [FLOWRUN_TIMED_OUT] = HST_TIMEOUT,
					 [FLOWRUN_STOPPED] = HST_CANCELLED};
	struct program *program = arg;

	program->over = true;
	program->code = result->end == FLOWRUN_SUCCEEDED ? copy_outputs(program, result->outputs)
							 : hst_fail_as(program->err, codes[result->end],
								       result->reason, "%s", result->text);
}

static void on_progress(void *arg, const char *subflow, const char *action)
{
	/* A connector's step shows no progress. */
	(void)arg, (void)subflow, (void)action;
}

static void on_exit_of_process(void *arg, int fd, short ready)
{
	struct program *program = arg;
	int status;

	(void)ready;
	if (waitpid(program->pid, &status, WNOHANG) != program->pid)
		return;
	loop_fd(program->loop, fd, 0, NULL, NULL);
	flowrun_reaped(program->run, program->pid, status);
}

static int start_program(void *arg, const struct flowrun_start *what, pid_t *ret_pid, hst_error *err)
{
	struct program *program = arg;
	int code = flowrun_spawn_here(NULL, what, ret_pid, err);

	if (code)
		return code;
	program->pid = *ret_pid;
	program->pid_fd = pidfd_open(program->pid, 0);
	if (program->pid_fd < 0) {
		code = failure_of(errno, err, "watch", what->argv[0]);
		kill(-program->pid, SIGKILL);
		waitpid(program->pid, &(int){0}, 0);
		return code;
	}
	loop_fd(program->loop, program->pid_fd, POLLIN, on_exit_of_process, program);
	return HST_OK;
}

/* 0: neither the caller nor the manifest names one. A deadline that has passed leaves 1 ms, so that it is
 * told as one. */
static int64_t timeout_of(const struct package *package, int64_t deadline_us)
{
	int64_t ms;

	if (deadline_us == INT64_MAX)
		return package->timeout.ms;
	ms = (deadline_us - clock_wall_us()) / 1000;
	if (package->timeout.ms && package->timeout.ms < ms)
		ms = package->timeout.ms;
	return ms > 0 ? ms : 1;
}

static void turn_until_over(struct program *program, bool (*cancelled)(void *arg), void *arg)
{
	while (!program->over) {
		loop_turn(program->loop, LOOK_MS);
		if (!program->over && cancelled && cancelled(arg))
			flowrun_steer(program->run, FLOWRUN_CANCEL);
	}
}

void program_sweep(void)
{
	workroom_sweep(workroom_temporary(), folder_prefix);
}

/* ROOT/work and ROOT/results. */
static int make_folder(char **ret_root, int *ret_lock, char **ret_work, char **ret_results, hst_error *err)
{
	int code = workroom_make(workroom_temporary(), folder_prefix, ret_root, ret_lock, err);

	if (code)
		return code;
	*ret_work = files_join(*ret_root, "work");
	*ret_results = files_join(*ret_root, "results");
	if (mkdir(*ret_work, 0700) < 0 || mkdir(*ret_results, 0700) < 0)
		return failure_of(errno, err, "make a folder in", *ret_root);
	return HST_OK;
}

static const char *kept_as(void *arg, const char *value)
{
	const hst_value *kept = value_get(((const struct program *)arg)->kept, value);

	return kept ? value_text(kept) : NULL;
}

/* Before its folder is removed. */
static int keep_files(struct program *program, hst_fields outputs)
{
	const hst_value *names = program->call->keep_file ? fields_files(program->arena, outputs, program->outputs) : NULL;

	program->kept = value_make_record(program->arena);
	for (size_t i = 0; i < value_count(names); i++) {
		const char *value = value_text(value_at(names, i)), *name = file_value_name(value);
		AUTO_FREE char *path = mem_printf("%s/out/%s", program->results, name);
		const char *kept = program->call->keep_file(program->call->arg, path, name, program->err);

		if (!kept)
			return HST_RETRY;
		value_set_text(program->kept, value, kept);
	}
	if (value_count(names))
		program->outputs = fields_files_renamed(program->arena, outputs, program->outputs, kept_as, program);
	return HST_OK;
}

static int run_in_folder(struct program *program, struct flowrun_spec *spec, bool (*cancelled)(void *arg),
			 void *arg, hst_error *err)
{
	const struct flowrun_role role = {
		.start = start_program, .progress = on_progress, .ended = on_ended, .arg = program};
	AUTO_CLOSE int lock = -1;
	AUTO_FREE char *root = NULL;
	AUTO_FREE char *work = NULL;
	AUTO_FREE char *results = NULL;
	struct flow_place place = FLOW_PLACE_NONE;
	int code = make_folder(&root, &lock, &work, &results, err);

	spec->place = &place;
	spec->results = results;
	if (!code)
		code = flow_place_make(&place, work, spec->uid, spec->gid, err);
	if (!code)
		code = flowrun_start(program->loop, spec, &role, &program->run, err);
	if (!code) {
		turn_until_over(program, cancelled, arg);
		flowrun_free(program->run);
		code = program->code;
		program->results = results;
		if (!code)
			code = keep_files(program, spec->package->outputs);
	}
	flow_place_clear(&place);
	/* What the run said weighs more than a folder in /tmp that stays. */
	if (root)
		files_remove_tree(root, NULL);
	return code;
}

int program_run(hst_arena *arena, const struct program_call *call, const hst_value **ret_outputs, hst_error *err)
{
	struct package *package = read_manifest(call->manifest_path, err);
	struct program program = {.arena = arena, .pid_fd = -1, .call = call, .err = err};
	struct flowrun_spec spec = {.package = package,
				    .inputs = call->inputs,
				    .hidden = call->hidden,
				    .open_file = call->open_file,
				    .file_arg = call->arg,
				    .uid = -1,
				    .gid = -1,
				    .grace_ms = PROGRAM_GRACE_MS,
				    .cancel_ms = PROGRAM_GRACE_MS};
	int code;

	if (!package)
		return HST_INVALID;
	spec.timeout_ms = timeout_of(package, call->deadline_us);
	program.loop = loop_new(loop_wait_poll);
	code = run_in_folder(&program, &spec, call->cancelled, call->arg, err);
	loop_free(program.loop);
	if (program.pid_fd >= 0)
		close(program.pid_fd);
	package_free(package);
	if (!code)
		*ret_outputs = program.outputs;
	return code;
}
