/* One desktop flow in the session of a hold. */
#include "session/hold_parts.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "desktop/flowrun.h"
#include "os/crash.h"
#include "schema/fields.h"
#include "schema/value.h"
#include "seal/secret_arena.h"

#include <stdlib.h>
#include <string.h>

enum { DEFAULT_TIMEOUT_MS = 24 * 3600 * 1000, START_MS = 30000, PROGRESS_EACH_MS = 100 };

/* A word that steers; with a reason, what has come over the session of an attended run, which fails it. */
struct steering {
	const char *word;
	enum flowrun_how how;
	const char *reason, *text;
};

struct hold_run {
	struct hold *hold;
	uint64_t id; /* of the launch that `finished` answers */
	int64_t step, token;
	char *run_id, *name;
	char *results; /* name of the gateway's folder for what is left */
	hst_arena *arena;
	struct sealing sealing;
	const struct package *package; /* of the ground */
	struct flowrun *flow;
	pid_t pid;

	/* Progress that comes faster than people can read is said once in a while, the newest always. */
	struct loop_timer *progress_timer;
	char subflow[256], action[256];
	bool progress_waits;
	bool paused;
	const struct steering *broken; /* what happened to its session; NULL: nothing */
};

static void run_free(struct hold_run *run)
{
	loop_cancel(run->hold->loop, &run->progress_timer);
	flowrun_free(run->flow);
	if (run->hold->secrets)
		arena_reset(run->hold->secrets);
	/* One that has taken memory that could not be locked keeps a block of it. */
	if (secret_arena_held(NULL) != HST_OK) {
		arena_free(run->hold->secrets);
		run->hold->secrets = NULL;
	}
	arena_free(run->arena);
	free(run->run_id);
	free(run->name);
	free(run->results);
	free(run);
}

/* Progress */

static void say_progress(struct hold_run *run)
{
	hst_arena *arena = arena_new();
	hst_value *record = value_make_record(arena);
	AUTO(text) struct text json;
	struct message message;

	value_set_text(record, "subflow", run->subflow);
	value_set_text(record, "action", run->action);
	text_init(&json, 4096);
	value_write_json(&json, record);
	message_init(&message, WORD_progress, 0);
	hold_run_say(run, &message);
	message_set_payload(&message, json.s, json.length);
	hold_say(run->hold, &message);
	arena_free(arena);
	run->progress_waits = false;
}

static void progress_time(void *arg)
{
	struct hold_run *run = arg;

	run->progress_timer = NULL;
	if (!run->progress_waits)
		return;
	say_progress(run);
	run->progress_timer = loop_in(run->hold->loop, PROGRESS_EACH_MS, progress_time, run);
}

static void on_progress(void *arg, const char *subflow, const char *action)
{
	struct hold_run *run = arg;

	snprintf(run->subflow, sizeof run->subflow, "%s", subflow);
	snprintf(run->action, sizeof run->action, "%s", action);
	run->progress_waits = true;
	if (!run->progress_timer)
		run->progress_timer = loop_in(run->hold->loop, 0, progress_time, run);
}

void hold_run_say_paused(const struct hold_run *run)
{
	struct message message;

	message_init(&message, WORD_stage, 0);
	hold_run_say(run, &message);
	message_set_text(&message, "state", run->paused ? "paused" : "running");
	hold_say(run->hold, &message);
}

static void on_paused(void *arg, bool paused)
{
	struct hold_run *run = arg;

	run->paused = paused;
	hold_run_say_paused(run);
}

/* The end */

/* Kept until the gateway has it: it may be another one by then. */
static void finish(struct hold_run *run, const char *state, const char *reason, const struct text *payload,
		   const struct text *sealed, int64_t started_us, int64_t ended_us)
{
	struct hold *hold = run->hold;

	hold_result_clear(hold);
	hold->result = (struct hold_result){.id = run->id,
					    .step = run->step,
					    .token = run->token,
					    .state = mem_text(state),
					    .reason = mem_text(reason ? reason : ""),
					    .payload = mem_copy(payload->s, payload->length),
					    .length = payload->length,
					    .sealed = sealed ? mem_copy(sealed->s, sealed->length) : NULL,
					    .sealed_length = sealed ? sealed->length : 0,
					    .folder = mem_text(run->results),
					    .started_us = started_us,
					    .ended_us = ended_us};
	hold_result_say(hold);
	if (!hold->stream || hold->ending)
		hold_result_leave(hold);
}

static void fail(struct hold_run *run, const char *state, const char *reason, const char *why,
		       int64_t started_us, int64_t ended_us)
{
	AUTO(text) struct text payload;

	text_init(&payload, PAYLOAD_BYTES_MAX);
	text_add(&payload, "{\"text\":");
	json_quote(&payload, why, strlen(why));
	text_add(&payload, "}");
	finish(run, state, reason, &payload, NULL, started_us, ended_us);
}

static void end_run(struct hold_run *run)
{
	struct hold *hold = run->hold;

	hold->run = NULL;
	run_free(run);
	hold_ground_renew(hold);
	hold_run_is_over(hold);
}

static void refuse_run(struct hold_run *run, const char *reason, const hst_error *err)
{
	int64_t now_us = clock_wall_us();

	log_warning("run %s, step %s: %s", run->run_id, run->name, err->text);
	fail(run, "failed", err->reason[0] ? err->reason : reason, err->text, now_us, now_us);
	end_run(run);
}

/* What lies in its out/ is the run's under its step. */
static const char *in_run(void *arg, const char *value)
{
	const struct hold_run *run = arg;

	return arena_printf(run->arena, "%s/out/%s", run->name, strncmp(value, "out/", 4) == 0 ? value + 4 : value);
}

/* What has to be sealed of its outputs leaves this process sealed, or not at all. */
static void succeed(struct hold_run *run, const struct flowrun_result *result)
{
	const hst_value *shown = NULL;
	AUTO(text) struct text payload, sealed;
	hst_error err = {0};
	int code = sealing_close(&run->sealing, run->package->outputs, run->name, result->outputs, &shown, &err);

	text_init(&payload, PAYLOAD_BYTES_MAX);
	text_init(&sealed, SEALED_BYTES_MAX);
	if (code == HST_OK)
		code = sealing_write(&run->sealing, &sealed, &err);
	if (code == HST_OK)
		value_write_json(&payload, fields_files_renamed(run->arena, run->package->outputs, shown, in_run, run));
	if (code == HST_OK && payload.over)
		code = hst_fail_as(&err, HST_INVALID, "OutputInvalid", "its outputs are larger than 1 MiB");
	if (code == HST_OK)
		finish(run, "succeeded", NULL, &payload, &sealed, result->started_us, result->ended_us);
	else
		fail(run, "failed", err.reason, err.text, result->started_us, result->ended_us);
}

static void on_ended(void *arg, const struct flowrun_result *result)
{
	static const char *const states[] = {[FLOWRUN_SUCCEEDED] = "succeeded",
					     [FLOWRUN_FAILED] = "failed",
					     [FLOWRUN_TIMED_OUT] = "timed_out",
					     [FLOWRUN_STOPPED] = "cancelled"};
	struct hold_run *run = arg;
	hst_error err = {0};

	crash_point(CRASH_hold_flow_ended);
	if (run->progress_waits)
		say_progress(run);
	/* Before it is said: the gateway looks there as soon as it hears. A run without its files has ended
	 * all the same. */
	if (work_hand_over(&run->hold->ground.work, run->hold->device.conf->state_dir, run->results, &err) != HST_OK)
		log_error("run %s, step %s: its files are lost: %s", run->run_id, run->name, err.text);
	crash_point(CRASH_hold_handed_over);
	if (result->end == FLOWRUN_STOPPED && run->broken)
		fail(run, "failed", run->broken->reason, run->broken->text, result->started_us, result->ended_us);
	else if (result->end == FLOWRUN_STOPPED && run->hold->why)
		fail(run, "failed", "SessionEnded", run->hold->why, result->started_us, result->ended_us);
	else if (result->end != FLOWRUN_SUCCEEDED)
		fail(run, states[result->end], result->reason, result->text, result->started_us,
			   result->ended_us);
	else
		succeed(run, result);
	crash_point(CRASH_hold_told_finished);
	end_run(run);
}

/* The beginning */

static int start(void *arg, const struct flowrun_start *what, pid_t *ret_pid, hst_error *err)
{
	struct hold_run *run = arg;
	hst_call call = session_device_call(&run->hold->device, START_MS);
	const hst_start start = {.argv = what->argv,
				 .environment = what->environment,
				 .directory = what->directory,
				 .stdin_fd = what->stdin_fd,
				 .stdout_fd = what->stdout_fd,
				 .stderr_fd = what->stderr_fd};
	int code;

	crash_point(CRASH_hold_before_start);
	code = driver_start(run->hold->device.driver, &call, run->hold->session, &start, ret_pid, err);
	crash_point(CRASH_hold_started);
	if (!code)
		run->pid = *ret_pid;
	return code;
}

static bool said_why_not(const struct hold_run *run, int code, const hst_error *err)
{
	if (code != HST_OK)
		log_warning("run %s, step %s: no screenshot: %s", run->run_id, run->name, err->text);
	return code == HST_OK;
}

static bool screenshot(void *arg, const char *path)
{
	struct hold_run *run = arg;
	hst_error err = {0};

	return said_why_not(run, hold_picture(run->hold, path, &err), &err);
}

static bool sealed_screenshot(void *arg, const char *path)
{
	struct hold_run *run = arg;
	hst_error err = {0};

	return said_why_not(run, hold_picture_sealed(run->hold, run->sealing.run, run->name, path, &err), &err);
}

static int read_inputs(struct hold_run *run, const struct message *message, const hst_value **ret,
		       hst_error *err)
{
	hst_error why = {0};

	*ret = NULL;
	if (!message->payload_length)
		return HST_OK;
	if (value_parse_json(run->arena, message->payload, message->payload_length, ret, &why) != HST_OK)
		return hst_fail_as(err, HST_INVALID, "InputInvalid", "the inputs cannot be read: %s",
				   why.text);
	return HST_OK;
}

/*
 * What came sealed is opened for this package, which was read here, and for this run of its step. Whoever carried it can have it
 * opened nowhere else, and not a second time.
 */
static int open_inputs(struct hold_run *run, const struct message *message, const hst_value **inputs, hst_error *err)
{
	const char *chain = message_text(message, "chain"), *bytes = NULL;
	AUTO_FREE char *front = mem_printf("desktop/%s", run->package->name);
	AUTO_FREE char *use = mem_printf("%lld/%lld", (long long)run->step, (long long)run->token);
	hst_arena *arena = run->arena;
	int code = HST_OK;

	if (message->sealed_length) {
		if (!run->hold->secrets)
			code = secret_arena_new(&run->hold->secrets, err);
		bytes = arena_copy(run->arena, message->sealed, message->sealed_length);
		arena = run->hold->secrets;
	}
	if (code == HST_OK)
		code = sealing_begin(&run->sealing, &run->hold->vault, arena, bytes, message->sealed_length,
				     *chain ? arena_text(run->arena, chain) : run->run_id, err);
	if (code == HST_OK)
		code = sealing_open(&run->sealing, run->package->inputs, front, use, *inputs, inputs, err);
	if (code == HST_OK)
		code = secret_arena_held(err);
	return code;
}

static int64_t timeout_of(const struct hold_run *run, const struct message *message)
{
	int64_t timeout_ms = message_integer(message, "timeout_ms");

	if (timeout_ms > 0)
		return timeout_ms;
	return run->package->timeout.ms ? run->package->timeout.ms : DEFAULT_TIMEOUT_MS;
}

/* The gateway has fetched it into a folder of its own that is called like that of the results. */
static int open_file(void *arg, const char *value, hst_error *err)
{
	const struct hold_run *run = arg;
	AUTO_CLOSE int folder = work_open_gateways(run->hold->device.conf->state_dir, WORK_INPUTS, run->results, err);

	return folder < 0 ? -1 : work_open_file(folder, value, err);
}

static int begin(struct hold_run *run, const struct message *message, hst_error *err)
{
	const bool pictures = driver_can_screenshot(run->hold->device.driver);
	const struct flowrun_role role = {.start = start,
					  .progress = on_progress,
					  .paused = on_paused,
					  .screenshot = pictures ? screenshot : NULL,
					  .sealed_screenshot = pictures ? sealed_screenshot : NULL,
					  .ended = on_ended,
					  .arg = run};
	struct flowrun_spec spec = {
		.uid = run->hold->uid, .gid = run->hold->gid, .run_id = run->run_id, .step_name = run->name};
	int code = work_check_name(WORK_RESULTS, run->results, err);

	if (!code)
		code = hold_gives_secrets(message) ? hold_signed_package(run->hold, message, &run->package, err)
						   : hold_ground_package(run->hold, message_text(message, "package"), &run->package, err);
	if (!code)
		code = read_inputs(run, message, &spec.inputs, err);
	if (!code)
		code = open_inputs(run, message, &spec.inputs, err);
	if (!code)
		code = hold_ground_make(run->hold, err);
	if (code)
		return code;
	spec.open_file = open_file;
	spec.file_arg = run;
	spec.package = run->package;
	spec.sealing = &run->sealing;
	spec.place = &run->hold->ground.place;
	spec.results = run->hold->ground.work.results;
	spec.timeout_ms = timeout_of(run, message);
	spec.grace_ms = run->package->stop_within.ms;
	return flowrun_start(run->hold->loop, &spec, &role, &run->flow, err);
}

void hold_run_launch(struct hold *hold, const struct message *message)
{
	struct hold_run *run = mem_alloc(sizeof *run);
	hst_error err = {0};

	run->hold = hold;
	run->id = message->id;
	run->step = message_integer(message, "step");
	run->token = message_integer(message, "token");
	run->run_id = mem_text(message_text(message, "run"));
	run->name = mem_text(message_text(message, "name"));
	run->results = mem_text(message_text(message, "results"));
	run->arena = arena_new_wiping();
	hold->run = run;
	crash_point(CRASH_hold_before_launch);
	if (hold->ending) {
		hst_fail_as(&err, HST_CANCELLED, "SessionEnded", "hostler was stopped on the device before the flow began");
		refuse_run(run, "SessionEnded", &err);
		return;
	}
	if (begin(run, message, &err) != HST_OK)
		refuse_run(run, "FlowFailed", &err);
}

void hold_run_say(const struct hold_run *run, struct message *message)
{
	message_set_integer(message, "step", run->step);
	message_set_integer(message, "token", run->token);
}

bool hold_run_paused(const struct hold_run *run)
{
	return run->paused;
}

bool hold_run_is(const struct hold_run *run, int64_t step, int64_t token)
{
	return run && run->step == step && run->token == token;
}

void hold_run_steer(struct hold_run *run, const char *how)
{
	static const struct steering words[] = {
		{"cancel", FLOWRUN_CANCEL, NULL, NULL},
		{"stop", FLOWRUN_SAFE_STOP, NULL, NULL},
		{"pause", FLOWRUN_PAUSE, NULL, NULL},
		{"resume", FLOWRUN_RESUME, NULL, NULL},
		{"locked", FLOWRUN_CANCEL, "SessionLockedInRun",
		 "the session was locked while the flow ran in it, so the flow was stopped"},
		{"ended", FLOWRUN_CANCEL, "SessionEnded",
		 "the session of the user ended while the flow ran in it, so the flow was stopped"},
	};

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		if (strcmp(how, words[i].word) != 0)
			continue;
		if (words[i].reason)
			run->broken = &words[i];
		flowrun_steer(run->flow, words[i].how);
	}
}

pid_t hold_run_pid(const struct hold_run *run)
{
	return run ? run->pid : 0;
}

void hold_run_reaped(struct hold_run *run, pid_t pid, int status)
{
	if (run && run->flow && run->pid == pid)
		flowrun_reaped(run->flow, pid, status);
}
