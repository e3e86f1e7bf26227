/* A rehearsal as a record, when all of it is over. */
#include "cli/rehearse_run.h"

#include "cli/print.h"
#include "schema/value.h"

static void say_reason(hst_value *to, const char *reason, const char *text)
{
	value_set_text(to, "reason", reason);
	value_set_text(to, "text", text);
}

static const hst_value *say_step(const struct rehearsal *rehearsal, size_t position)
{
	const struct seen_step *seen = &rehearsal->steps[position];
	const struct flow_step *step = &rehearsal->flow->steps[position];
	hst_value *record = value_make_record(rehearsal->arena);

	value_set_text(record, "name", step->name);
	value_set_text(record, "use", step->use_text);
	value_set_text(record, "file", rehearsal->flow->file);
	value_set_integer(record, "line", step->line);
	value_set_text(record, "state", seen->id ? state_name(seen->state) : NULL);
	if (!seen->id)
		return record;
	say_reason(record, seen->reason, seen->text ? print_times_within(rehearsal->arena, seen->text) : NULL);
	value_set_integer(record, "after_ms", (seen->begun_us - rehearsal->began_us) / 1000);
	if (seen->ended_us)
		value_set_integer(record, "ended_ms", (seen->ended_us - rehearsal->began_us) / 1000);
	if (step->use != FLOW_USE_DESKTOP)
		return record;
	value_set_text(record, "mode", seen->attended ? "attended" : "unattended");
	value_set_text(record, "device", seen->device);
	value_set_text(record, "user", seen->user);
	value_set_text(record, "session", seen->session);
	if (seen->started_us)
		value_set_integer(record, "started_ms", (seen->started_us - rehearsal->began_us) / 1000);
	if (seen->waits)
		value_set(record, "waits", seen->waits);
	return record;
}

const hst_value *rehearsal_record(const struct rehearsal *rehearsal, const char *trigger, const hst_value *event)
{
	hst_value *record = value_make_record(rehearsal->arena), *steps = value_make_list(rehearsal->arena);

	value_set_text(record, "flow", rehearsal->flow->name);
	value_set_text(record, "trigger", trigger);
	value_set(record, "event", event);
	value_set(record, "looked_at", examples_looked_at(&rehearsal->examples, "trigger", event));
	value_set_text(record, "label", rehearsal->label);
	value_set_text(record, "state", state_name(rehearsal->state));
	say_reason(record, rehearsal->reason, rehearsal->text ? print_times_within(rehearsal->arena, rehearsal->text) : NULL);
	value_set_integer(record, "took_ms", (rehearsal->now_us - rehearsal->began_us) / 1000);
	for (size_t i = 0; i < rehearsal->flow->step_count; i++)
		value_append(steps, say_step(rehearsal, i));
	value_set(record, "steps", steps);
	return record;
}
