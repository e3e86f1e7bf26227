/* The beginning of a run: its folder, its log, its process. */
#include "desktop/flowrun_life.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/mem.h"
#include "desktop/flowrun_environment.h"
#include "desktop/flowrun_given.h"
#include "schema/fields.h"
#include "schema/value.h"
#include "seal/sealing.h"
#include "seal/secret_arena.h"

#include <string.h>
#include <sys/prctl.h>

enum { GRACE_MS = 30000, CANCEL_MS = 5000, DRAIN_MS = 500, PICTURE_MS = 100 };

static int start_process(struct flowrun *run, hst_error *err)
{
	const struct flow_place *place = run->spec.place;

	run->start.directory = place->work;
	run->start.stdin_fd = place->input[0];
	run->start.stdout_fd = run->start.stderr_fd = place->output[1];
	return flow_start_limited(run, &run->start, err);
}

/* What refuses the run is its end; the caller hears of it as of any other. */
static int launch(struct flowrun *run, hst_error *err)
{
	struct flow_place *place = run->spec.place;
	int code = flow_place_ready(place, err);

	if (code)
		return code;
	run->started_us = clock_wall_us();
	if (start_process(run, &run->refused) != HST_OK) {
		if (!run->refused.reason[0])
			snprintf(run->refused.reason, sizeof run->refused.reason, "FlowFailed");
		if (!run->refused.text[0])
			snprintf(run->refused.text, sizeof run->refused.text,
				 "The flow could not be started.");
	} else {
		place->used = true;
		flow_streams_watch(run, take_fd(&place->input[1]), take_fd(&place->output[0]));
		flow_clock_start(run);
		flow_quota_watch(run);
	}
	flow_place_unready(place);
	run->phase = PHASE_RUNNING;
	if (run->pid <= 0)
		flow_finish_soon(run);
	return HST_OK;
}

bool flow_is_secure(const struct flowrun *run, const char *output)
{
	const hst_field *field = fields_find(run->spec.package->outputs, output);

	if (!field || !run->spec.sealing)
		return field && field_type(field) == HST_TYPE_SECRET;
	return sealing_must(run->spec.sealing, field, output);
}

hst_arena *flow_memory(struct flowrun *run)
{
	hst_arena *arena = NULL;

	if (run->secret && !run->refused.text[0] && secret_arena_new(&arena, &run->refused) == HST_OK)
		return arena;
	return arena_new_wiping();
}

static bool makes_secrets(const struct flowrun *run)
{
	hst_fields outputs = run->spec.package->outputs;

	for (size_t i = 0; i < outputs.n; i++)
		if (flow_is_secure(run, field_name(&outputs.at[i])))
			return true;
	return false;
}

/* Where hostler-event puts a large value before it says so: of a flow that was killed in between it stays. */
static void leave_out_secrets(struct flowrun *run)
{
	hst_fields outputs = run->spec.package->outputs;

	for (size_t i = 0; i < outputs.n; i++) {
		const char *name = field_name(&outputs.at[i]);
		const char *file = arena_printf(run->arena, "out/%s.json", name);

		if (flow_is_secure(run, name))
			value_append(run->output_files, value_make_text(run->arena, file, strlen(file)));
	}
}

static bool was_given_secrets(const struct flowrun_spec *spec, const hst_value *inputs)
{
	hst_fields fields = spec->package->inputs;

	if (spec->hidden || (spec->sealing && spec->sealing->took))
		return true;
	for (size_t i = 0; i < fields.n; i++)
		if (field_type(&fields.at[i]) == HST_TYPE_SECRET &&
		    value_get(inputs, field_name(&fields.at[i])))
			return true;
	return false;
}

/* A flow has its secrets from the first moment on; what it makes it may show before it says so. */
static void prepare_pictures(struct flowrun *run)
{
	const struct package *package = run->spec.package;
	enum screenshots wanted = package->screenshots;
	bool secret = was_given_secrets(&run->spec, run->inputs) || makes_secrets(run);

	if (secret && run->role.screenshot && !run->role.sealed_screenshot && wanted != SCREENSHOTS_NONE) {
		flow_log_note(&run->log, "no screenshots are taken, because the flow was given a secret");
		wanted = SCREENSHOTS_NONE;
	}
	flow_pictures_init(&run->pictures, run->loop, run->spec.picture_ms, wanted, run->spec.results,
			   secret ? run->role.sealed_screenshot : run->role.screenshot, run->role.arg);
	run->pictures.ending = secret ? FLOW_PICTURE_SEALED : FLOW_PICTURE;
}

static void prepare(struct flowrun *run)
{
	const struct flowrun_spec *spec = &run->spec;

	flow_log_open(&run->log, spec->results);
	if (makes_secrets(run) || spec->hidden)
		flow_log_hold(&run->log);
	leave_out_secrets(run);
	flow_streams_init(run);
	if (run->refused.text[0]) {
		snprintf(run->refused.reason, sizeof run->refused.reason, "SecretUnusable");
	} else if (fields_check(run->arena, spec->package->inputs, "input", spec->inputs, false, &run->inputs,
			 &run->refused) != HST_OK) {
		snprintf(run->refused.reason, sizeof run->refused.reason, "InputInvalid");
		run->inputs = NULL;
	} else if (flow_given(spec->place, run->arena, spec, run->inputs, &run->inputs, &run->refused) != HST_OK) {
		if (!run->refused.reason[0])
			snprintf(run->refused.reason, sizeof run->refused.reason, "InputInvalid");
		run->inputs = NULL;
	}
	if (flow_redact_init(&run->redact, spec, run->inputs, &run->refused) != HST_OK) {
		snprintf(run->refused.reason, sizeof run->refused.reason, "SecretUnusable");
		run->inputs = NULL;
	}
	if (run->inputs)
		flow_streams_input(run);
	if (run->inputs && run->secret && secret_arena_held(&run->refused) != HST_OK) {
		snprintf(run->refused.reason, sizeof run->refused.reason, "SecretUnusable");
		run->inputs = NULL;
	}
	run->events.unshown = run->outputs.unshown = was_given_secrets(spec, run->inputs) || makes_secrets(run);
	prepare_pictures(run);
	if (run->refused.text[0])
		return;
	run->start.argv = flow_arguments(run->arena, spec->package, spec->place);
	run->start.environment = flow_environment(run->arena, spec, spec->place, run->inputs);
}

static struct flowrun *run_new(struct loop *loop, const struct flowrun_spec *spec,
			       const struct flowrun_role *role)
{
	struct flowrun *run = mem_alloc(sizeof *run);

	run->loop = loop;
	run->spec = *spec;
	run->role = *role;
	if (run->spec.grace_ms <= 0)
		run->spec.grace_ms = GRACE_MS;
	if (run->spec.cancel_ms <= 0)
		run->spec.cancel_ms = CANCEL_MS;
	if (run->spec.drain_ms <= 0)
		run->spec.drain_ms = DRAIN_MS;
	if (run->spec.picture_ms <= 0)
		run->spec.picture_ms = PICTURE_MS;
	run->secret = was_given_secrets(spec, spec->inputs) || makes_secrets(run);
	run->arena = flow_memory(run);
	run->given = flow_memory(run);
	run->said = arena_alloc(run->arena, FLOW_LINE_MAX);
	run->input_fd = run->output_fd = run->log.fd = -1;
	run->output_files = value_make_list(run->arena);
	flow_outputs_init(&run->outputs, run->given, spec->package->outputs);
	return run;
}

struct flowrun *flowrun_prepare(struct loop *loop, const struct flowrun_spec *spec, const struct flowrun_role *role)
{
	struct flowrun *run = run_new(loop, spec, role);

	prepare(run);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	return run;
}

int flowrun_begin(struct flowrun *run, hst_error *err)
{
	if (!run->refused.text[0])
		return launch(run, err);
	run->started_us = clock_wall_us();
	flow_finish_soon(run);
	return HST_OK;
}

int flowrun_start(struct loop *loop, const struct flowrun_spec *spec, const struct flowrun_role *role,
		  struct flowrun **ret, hst_error *err)
{
	struct flowrun *run = flowrun_prepare(loop, spec, role);
	int code = flowrun_begin(run, err);

	if (code)
		flowrun_free(run);
	else
		*ret = run;
	return code;
}
