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
#include "pure/admission/admission.h"
#include "schema/fields.h"
#include "schema/value.h"
#include "seal/secret_arena.h"

#include <stdlib.h>
#include <string.h>

enum { DEFAULT_TIMEOUT_MS = 24 * 3600 * 1000, START_MS = 30000 };

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
	struct hold_progress progress;
	bool paused;
	const struct admission_breach *broken; /* what happened to its session; NULL: nothing */
	struct admission_breach found;         /* what `broken` is, in the run's arena */

	int code; /* it cannot begin, and why */
	hst_error why_not;
};

static void run_free(struct hold_run *run)
{
	hold_progress_clear(&run->progress);
	hold_standing_rest(run->hold);
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

static void on_progress(void *arg, const char *subflow, const char *action)
{
	struct hold_run *run = arg;

	hold_progress_heard(&run->progress, subflow, action);
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
	hold_person_state(run->hold, paused ? "paused" : "running");
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

static void fail(struct hold_run *run, const char *state, const char *reason, const char *why, int64_t started_us, int64_t ended_us)
{
	AUTO(text) struct text payload;

	text_init(&payload, PAYLOAD_BYTES_MAX);
	text_add(&payload, "{\"text\":");
	json_quote(&payload, why, strlen(why));
	text_add(&payload, "}");
	finish(run, state, reason, &payload, NULL, started_us, ended_us);
	hold_person_ended(run->hold, state, reason, why);
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
	hold_standing_lost(run->hold);
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
	if (code != HST_OK) {
		fail(run, "failed", err.reason, err.text, result->started_us, result->ended_us);
		return;
	}
	finish(run, "succeeded", NULL, &payload, &sealed, result->started_us, result->ended_us);
	hold_person_ended(run->hold, "succeeded", NULL, NULL);
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
	hold_progress_say(&run->progress);
	/* Before it is said: the gateway looks there as soon as it hears. A run without its files has ended all the same. */
	if (work_hand_over(&run->hold->ground.work, run->hold->device.conf->state_dir, run->results, &err) != HST_OK)
		log_error("run %s, step %s: its files are lost: %s", run->run_id, run->name, err.text);
	crash_point(CRASH_hold_handed_over);
	hold_standing_ask(run->hold, result->end == FLOWRUN_FAILED);
	if (result->end == FLOWRUN_FAILED && run->broken)
		run->found.text = arena_printf(run->arena, "%s. The flow ended with: %s", run->found.text, result->text);
	if ((result->end == FLOWRUN_STOPPED || result->end == FLOWRUN_FAILED) && run->broken)
		fail(run, "failed", run->broken->reason, run->broken->text, result->started_us, result->ended_us);
	else if (result->end == FLOWRUN_STOPPED && run->hold->why)
		fail(run, "failed", "SessionEnded", run->hold->why, result->started_us, result->ended_us);
	else if (result->end == FLOWRUN_STOPPED && hold_person_has_stopped(run->hold))
		fail(run, states[result->end], result->reason, "The person at the device has stopped it.", result->started_us, result->ended_us);
	else if (result->end != FLOWRUN_SUCCEEDED)
		fail(run, states[result->end], result->reason, result->text, result->started_us, result->ended_us);
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
	const hst_start start = {.argv = what->argv, .environment = what->environment, .directory = what->directory,
				 .stdin_fd = what->stdin_fd, .stdout_fd = what->stdout_fd, .stderr_fd = what->stderr_fd};
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

/*
 * What came sealed is opened for this package, which was read here, and for this run of its step. Whoever carried it can have it
 * opened nowhere else, and not a second time.
 */
static int read_inputs(struct hold_run *run, const struct message *message, const hst_value **inputs, hst_error *err)
{
	const char *chain = message_text(message, "chain"), *bytes = NULL;
	AUTO_FREE char *front = mem_printf("desktop/%s", run->package->name);
	AUTO_FREE char *use = mem_printf("%lld/%lld", (long long)run->step, (long long)run->token);
	hst_arena *arena = run->arena;
	hst_error why = {0};
	int code = HST_OK;

	if (message->payload_length && value_parse_json(arena, message->payload, message->payload_length, inputs, &why) != HST_OK)
		return hst_fail_as(err, HST_INVALID, "InputInvalid", "the inputs cannot be read: %s", why.text);
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
	const int64_t asked_ms = message_integer(message, "timeout_ms"), own_ms = run->package->timeout.ms;

	return asked_ms > 0 ? asked_ms : own_ms ? own_ms : DEFAULT_TIMEOUT_MS;
}

/* The gateway has fetched it into a folder of its own that is called like that of the results. */
static int open_file(void *arg, const char *value, hst_error *err)
{
	const struct hold_run *run = arg;
	AUTO_CLOSE int folder = work_open_gateways(run->hold->device.conf->state_dir, WORK_INPUTS, run->results, err);

	return folder < 0 ? -1 : work_open_file(folder, value, err);
}

/* Everything that can be done before there is a process. */
static int prepare(struct hold_run *run, const struct message *message, hst_error *err)
{
	const bool pictures = driver_can_screenshot(run->hold->device.driver);
	const struct flowrun_role role = {.start = start,
					  .progress = on_progress, .paused = on_paused,
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
	run->flow = flowrun_prepare(run->hold->loop, &spec, &role);
	return HST_OK;
}

static struct hold_run *run_new(struct hold *hold, const struct message *message)
{
	struct hold_run *run = mem_alloc(sizeof *run);

	*run = (struct hold_run){.hold = hold, .id = message->id, .arena = arena_new_wiping(), .progress = {.hold = hold, .run = run}};
	run->step = message_integer(message, "step");
	run->token = message_integer(message, "token");
	run->run_id = mem_text(message_text(message, "run"));
	run->name = mem_text(message_text(message, "name"));
	run->results = mem_text(message_text(message, "results"));
	return run;
}

/* It has not begun in the session that was kept, and may in another one. */
static bool give_back(struct hold_run *run)
{
	struct hold *hold = run->hold;
	const uint64_t id = run->id;

	if (!hold->ran || hold->ending || !hold_standing_lost(hold))
		return false;
	hold->run = NULL;
	run_free(run);
	hold_ground_drop(hold);
	hold_standing_refuse(hold, id);
	return true;
}

static void begin(struct hold_run *run)
{
	struct hold *hold = run->hold;

	if (give_back(run))
		return;
	hold->run = run;
	if (hold->ending)
		run->code = hst_fail_as(&run->why_not, HST_CANCELLED, "SessionEnded",
					"hostler was stopped on the device before the flow began");
	else if (run->code == HST_OK)
		run->code = flowrun_begin(run->flow, &run->why_not);
	if (run->code == HST_OK)
		hold_standing_watch(hold);
	else if (!give_back(run))
		refuse_run(run, "FlowFailed", &run->why_not);
}

void hold_run_launch(struct hold *hold, const struct message *message)
{
	struct hold_run *run = run_new(hold, message);

	hold_run_undo(hold);
	hold_person_launch(hold, message);
	crash_point(CRASH_hold_before_launch);
	if (!hold->ending)
		run->code = prepare(run, message, &run->why_not);
	if (!message_boolean(message, "wait")) {
		begin(run);
		return;
	}
	hold->ready = run;
	crash_point(CRASH_hold_made_ready);
}

void hold_run_begin(struct hold *hold)
{
	begin(take(hold->ready));
}

void hold_run_undo(struct hold *hold)
{
	if (!hold->ready)
		return;
	run_free(take(hold->ready));
	hold_ground_drop(hold);
}

void hold_run_unheard(struct hold *hold)
{
	if (!hold->ready)
		return;
	hold_never_clear(hold);
	hold->never = (struct hold_never){.step = hold->ready->step, .folder = mem_text(hold->ready->results)};
	hold_run_undo(hold);
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
	static const struct {
		const char *word;
		enum flowrun_how how;
	} words[] = {{"cancel", FLOWRUN_CANCEL}, {"stop", FLOWRUN_SAFE_STOP}, {"pause", FLOWRUN_PAUSE}, {"resume", FLOWRUN_RESUME}};
	const struct admission_breach *breach = admission_breach_of(how);

	if (breach)
		hold_run_break(run, breach->reason, breach->text);
	for (size_t i = 0; !breach && i < sizeof words / sizeof words[0]; i++)
		if (strcmp(how, words[i].word) == 0)
			flowrun_steer(run->flow, words[i].how);
	hold_person_steered(run->hold, how);
}

void hold_run_break(struct hold_run *run, const char *reason, const char *text)
{
	if (run->broken)
		return;
	run->found = (struct admission_breach){.reason = arena_text(run->arena, reason), .text = arena_text(run->arena, text)};
	run->broken = &run->found;
	flowrun_steer(run->flow, FLOWRUN_CANCEL);
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
