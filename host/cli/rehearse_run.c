#include "cli/rehearse_run.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/mem.h"
#include "cli/print.h"
#include "config/ini.h"
#include "pure/core/standing.h"
#include "schema/fields.h"
#include "schema/value.h"

#include <stdlib.h>
#include <string.h>

/* People are looked at every second at first, and later less often: nobody's script says what happens within one. */
#define SECOND_US INT64_C(1000000)
enum { LOOKS_OFTEN_S = 600, LOOKS_SELDOM_S = 10, BEATS_S = 5, CALL_MS = 1 };
enum { TURNS_MAX = 1000000 };

/* 2026-01-01, a Thursday. */
static const int64_t begin_us = INT64_C(1767225600) * 1000000;

static struct due *add_due(struct rehearsal *rehearsal, int64_t in_us, enum due_kind kind, struct rehearse_device *device)
{
	struct due *due;

	rehearsal->due = mem_grow(rehearsal->due, &rehearsal->due_size, rehearsal->due_count + 1, sizeof *rehearsal->due);
	due = &rehearsal->due[rehearsal->due_count++];
	*due = (struct due){.at_us = rehearsal->now_us + in_us, .order = rehearsal->order++, .kind = kind, .device = device};
	return due;
}

void rehearsal_later(struct rehearsal *rehearsal, int64_t in_us, struct rehearse_device *device, const struct admission_event *event)
{
	struct due *due = add_due(rehearsal, in_us, DUE_ADMISSION, device);
	struct admission_event *kept = &due->admission;
	hst_arena *arena = rehearsal->arena;

	*kept = *event;
	kept->user = arena_text(arena, event->user);
	kept->key = arena_text(arena, event->key);
	kept->text = arena_text(arena, event->text);
	kept->session = arena_text(arena, event->session);
	kept->reason = arena_text(arena, event->reason);
	kept->package = arena_text(arena, event->package);
	kept->payload = event->payload ? arena_copy(arena, event->payload, event->payload_length) : NULL;
}

void rehearsal_ends_later(struct rehearsal *rehearsal, int64_t in_us, struct rehearse_device *device, uint32_t number)
{
	add_due(rehearsal, in_us, DUE_FLOW_END, device)->admission.number = number;
}

struct seen_step *rehearsal_step(struct rehearsal *rehearsal, int64_t id)
{
	for (size_t i = 0; i < rehearsal->flow->step_count; i++)
		if (rehearsal->steps[i].id == id && id)
			return &rehearsal->steps[i];
	return NULL;
}

static struct rehearse_device *device_named(struct rehearsal *rehearsal, const char *name)
{
	for (size_t i = 0; name && i < rehearsal->device_count; i++)
		if (strcmp(rehearsal->devices[i].conf->name, name) == 0)
			return &rehearsal->devices[i];
	return NULL;
}

void rehearsal_outputs(struct rehearsal *rehearsal, const struct seen_step *seen, struct core_event *event, struct text *json)
{
	const struct core_policy *policy = &rehearsal->rehearsing->policy;
	struct flow_envelope *sealed = NULL;
	const hst_value *outputs = NULL;
	hst_fields fields = {0};
	hst_error err = {0};

	if (policy->outputs(policy->arg, seen->step, &fields) &&
	    examples_record(&rehearsal->examples, seen->step->name, fields, NULL, seen->directions, seen->direction_count, &outputs, &sealed,
			    &event->sealed_count, &err) != HST_OK) {
		event->state = STATE_FAILED;
		event->reason = "OutputInvalid";
		event->text = arena_printf(rehearsal->arena, "no example can be made of what it puts out: %s", err.text);
		return;
	}
	event->sealed = sealed;
	if (outputs)
		value_write_json(json, outputs);
	else
		text_add(json, "{}");
	event->payload = json->s;
	event->payload_length = json->length;
}

/* What the core wants done */

static const struct core_direction *keep_directions(struct rehearsal *rehearsal, const struct core_action *action)
{
	struct core_direction *kept = arena_array(rehearsal->arena, action->direction_count + 1, sizeof *kept);

	for (size_t i = 0; i < action->direction_count; i++)
		kept[i].output = arena_text(rehearsal->arena, action->directions[i].output);
	return kept;
}

/* Whoever does the step would hold its inputs against what is declared; what is sealed is looked at by nobody here. */
static bool inputs_fit(struct rehearsal *rehearsal, const struct core_action *action, hst_error *err)
{
	const struct core_policy *policy = &rehearsal->rehearsing->policy;
	hst_value *readable = value_make_record(rehearsal->arena);
	const hst_value *inputs = NULL, *checked = NULL;
	hst_fields fields = {0};

	if (!policy->inputs(policy->arg, action->step->flow_step, &fields) ||
	    value_parse_json(rehearsal->arena, action->inputs, action->inputs_length, &inputs, err) != HST_OK)
		return true;
	for (size_t i = 0; i < value_count(inputs); i++) {
		bool sealed = false;

		for (size_t k = 0; k < action->sealed_count; k++)
			sealed = sealed || strcmp(action->sealed[k].input, value_name_at(inputs, i)) == 0;
		if (!sealed)
			value_set(readable, value_name_at(inputs, i), value_at(inputs, i));
	}
	return fields_check(rehearsal->arena, fields, "input", readable, true, &checked, err) == HST_OK;
}

static void call(struct rehearsal *rehearsal, const struct core_action *action, struct seen_step *seen)
{
	struct due *due = add_due(rehearsal, CALL_MS * 1000, DUE_CORE, NULL);
	struct core_event event = {.kind = CORE_RETURNED, .step = action->step->facts.id, .token = action->step->facts.token,
				   .state = STATE_SUCCEEDED};
	AUTO(text) struct text json;

	text_init(&json, VALUE_BYTES_MAX);
	if (seen->misfit) {
		event.state = STATE_FAILED;
		event.reason = "InputInvalid";
		event.text = seen->misfit;
	} else {
		rehearsal_outputs(rehearsal, seen, &event, &json);
		event.payload = json.length ? arena_copy(rehearsal->arena, json.s, json.length) : NULL;
	}
	due->core = event;
}

static void offer(struct rehearsal *rehearsal, const struct core_action *action)
{
	const struct step_facts *facts = &action->step->facts;
	const struct run_facts *run = &action->step->run->facts;
	struct rehearse_device *device = device_named(rehearsal, facts->device);
	struct admission_event event = {.kind = ADMISSION_OFFER};

	if (!device)
		return;
	event.offer = admission_run_new(&(struct admission_run){.step = facts->id, .token = facts->token, .number = run->number,
								.run_id = run->id, .chain = "", .name = action->step->flow_step->name,
								.user = facts->user, .attended = facts->attended,
								.package = action->package, .timeout_ms = action->timeout_ms,
								.inputs = action->inputs, .inputs_length = action->inputs_length,
								.sealed = ""});
	rehearsal_later(rehearsal, 0, device, &event);
}

/* `how` is constant. */
static void tell(struct rehearsal *rehearsal, const char *device, enum admission_event_kind kind, int64_t step, int64_t token, const char *how)
{
	const struct admission_event event = {.kind = kind, .step = step, .token = token, .how = how, .id = 1};

	if (device_named(rehearsal, device))
		rehearsal_later(rehearsal, 0, device_named(rehearsal, device), &event);
}

static void perform(struct rehearsal *rehearsal, const struct core_action *action)
{
	struct step *step = action->step;
	struct seen_step *seen = step ? rehearsal_step(rehearsal, step->facts.id) : NULL;
	hst_error err = {0};

	if (seen && (action->kind == CORE_CALL || action->kind == CORE_OFFER)) {
		seen->directions = keep_directions(rehearsal, action);
		seen->direction_count = action->direction_count;
		seen->misfit = inputs_fit(rehearsal, action, &err) ? NULL : arena_text(rehearsal->arena, err.text);
	}
	if (action->kind == CORE_CALL && seen)
		call(rehearsal, action, seen);
	else if (action->kind == CORE_OFFER)
		offer(rehearsal, action);
	else if (action->kind == CORE_ASK)
		tell(rehearsal, step->facts.device, ADMISSION_STATUS, step->facts.id, step->facts.token, NULL);
	else if (action->kind == CORE_DISOWN)
		tell(rehearsal, action->device, ADMISSION_STOP, action->step_id, action->token, "cancel");
	else if (action->kind == CORE_HALT && step->flow_step->use == FLOW_USE_DESKTOP)
		tell(rehearsal, step->facts.device, ADMISSION_STOP, step->facts.id, step->facts.token, action->how);
	else if (action->kind == CORE_ACCEPTED && action->run_count)
		rehearsal->run = action->runs[0]->facts.number;
}

/* What is seen */

static void see_step(struct rehearsal *rehearsal, const struct step *step)
{
	const struct step_facts *facts = &step->facts;
	struct seen_step *seen = &rehearsal->steps[facts->position];
	hst_arena *arena = rehearsal->arena;

	if (!seen->id)
		seen->begun_us = rehearsal->now_us;
	seen->id = facts->id;
	if (facts->state == STATE_RUNNING && seen->state != STATE_RUNNING)
		seen->started_us = rehearsal->now_us;
	if (state_row(facts->state)->ended && !seen->ended_us)
		seen->ended_us = rehearsal->now_us;
	seen->state = facts->state;
	seen->attended = facts->attended;
	seen->device = facts->device ? arena_text(arena, facts->device) : seen->device;
	seen->user = facts->user ? arena_text(arena, facts->user) : seen->user;
	seen->reason = arena_text(arena, facts->reason);
	seen->text = arena_text(arena, facts->text);
}

static void see(struct rehearsal *rehearsal)
{
	const struct core_effects *effects = &rehearsal->effects;

	for (size_t i = 0; i < effects->step_count; i++)
		see_step(rehearsal, effects->steps[i]);
	for (size_t i = 0; i < effects->run_count; i++) {
		const struct run_facts *facts = &effects->runs[i]->facts;

		rehearsal->state = facts->state;
		rehearsal->reason = arena_text(rehearsal->arena, facts->reason);
		rehearsal->text = arena_text(rehearsal->arena, facts->text);
		rehearsal->label = arena_text(rehearsal->arena, facts->label);
	}
}

/* The same bits in every rehearsal, so that it says the same twice. */
static struct draw draw(struct rehearsal *rehearsal)
{
	uint64_t mixed = ++rehearsal->draws * UINT64_C(0x9e3779b97f4a7c15);

	mixed ^= mixed >> 29;
	return (struct draw){mixed * UINT64_C(0xbf58476d1ce4e5b9), mixed};
}

void rehearsal_core(struct rehearsal *rehearsal, struct core_event *event)
{
	event->now_us = rehearsal->now_us;
	event->draw = draw(rehearsal);
	core_step(rehearsal->core, event, &rehearsal->effects);
	see(rehearsal);
	for (size_t i = 0; i < rehearsal->effects.action_count; i++)
		perform(rehearsal, &rehearsal->effects.actions[i]);
	core_settle(rehearsal->core, &rehearsal->effects);
}

/* Everything of this moment has happened: who waits now waits for something, and says for what. */
static void see_who_waits(struct rehearsal *rehearsal)
{
	for (size_t i = 0; i < rehearsal->flow->step_count; i++) {
		struct seen_step *seen = &rehearsal->steps[i];
		struct step *step = seen->id && seen->state == STATE_QUEUED ? core_step_of(rehearsal->core, seen->id) : NULL;
		const char *text;
		hst_value *wait;

		if (!step || step->facts.state != STATE_QUEUED)
			continue;
		core_explain(rehearsal->core, step);
		text = step->facts.text ? print_times_within(rehearsal->arena, step->facts.text) : "";
		if (seen->waited_for && strcmp(seen->waited_for, text) == 0)
			continue;
		seen->waited_for = arena_text(rehearsal->arena, text);
		seen->waits = seen->waits ? seen->waits : value_make_list(rehearsal->arena);
		wait = value_make_record(rehearsal->arena);
		value_set_integer(wait, "after_ms", (rehearsal->now_us - rehearsal->began_us) / 1000);
		value_set_text(wait, "reason", step->facts.reason);
		value_set_text(wait, "text", text);
		value_append(seen->waits, wait);
	}
}

/* The play */

static bool first_due(const struct rehearsal *rehearsal, size_t *ret)
{
	size_t first = 0;

	for (size_t i = 1; i < rehearsal->due_count; i++) {
		const struct due *due = &rehearsal->due[i], *other = &rehearsal->due[first];

		if (due->at_us < other->at_us || (due->at_us == other->at_us && due->order < other->order))
			first = i;
	}
	*ret = first;
	return rehearsal->due_count > 0;
}

static void let_come(struct rehearsal *rehearsal, size_t at)
{
	struct due due = rehearsal->due[at];

	memmove(&rehearsal->due[at], &rehearsal->due[at + 1], (--rehearsal->due_count - at) * sizeof *rehearsal->due);
	if (due.kind == DUE_ADMISSION)
		rehearse_device_event(due.device, &due.admission);
	else if (due.kind == DUE_FLOW_END)
		rehearse_device_flow_ends(due.device, due.admission.number);
	else
		rehearsal_core(rehearsal, &due.core);
}

static bool over(const struct rehearsal *rehearsal)
{
	return rehearsal->run && state_row(rehearsal->state)->ended && rehearsal->due_count == 0;
}

/* When people are looked at next; 0: nobody's script is played. */
static int64_t next_look(const struct rehearsal *rehearsal)
{
	const int64_t past_s = (rehearsal->now_us - rehearsal->began_us) / SECOND_US;
	const int64_t each_s = past_s < LOOKS_OFTEN_S ? 1 : LOOKS_SELDOM_S;

	return rehearsal->rehearsing->people ? rehearsal->began_us + (past_s / each_s + 1) * each_s * SECOND_US : 0;
}

/* A device that says nothing for a while counts as offline. */
static int64_t next_beat(const struct rehearsal *rehearsal)
{
	return rehearsal->began_us + ((rehearsal->now_us - rehearsal->began_us) / (BEATS_S * SECOND_US) + 1) * BEATS_S * SECOND_US;
}

/* Every device says how it stands, once it was looked at. */
static int look_around(struct rehearsal *rehearsal, bool at_people, hst_error *err)
{
	int code = HST_OK;

	for (size_t i = 0; code == HST_OK && i < rehearsal->device_count; i++) {
		if (at_people)
			code = rehearse_device_look(&rehearsal->devices[i], err);
		rehearse_device_beat(&rehearsal->devices[i]);
	}
	return code;
}

/* On to the next thing that happens at all, which takes no time. HST_BROKEN: nothing does. */
static int turn(struct rehearsal *rehearsal, hst_error *err)
{
	const int64_t wake_us = core_wake_us(rehearsal->core), look_us = next_look(rehearsal), beat_us = next_beat(rehearsal);
	struct core_event time = {.kind = CORE_TIME};
	size_t first;
	const bool due = first_due(rehearsal, &first);
	int64_t at_us = due ? rehearsal->due[first].at_us : INT64_MAX;

	if (!due || at_us > rehearsal->now_us)
		see_who_waits(rehearsal);
	if (wake_us && wake_us < at_us)
		at_us = wake_us;
	if (at_us == INT64_MAX && !look_us)
		return hst_fail(err, HST_BROKEN, "nothing happens any more, and the run is not over");
	/* What is due at the same time comes behind. */
	if ((look_us && look_us <= at_us) || beat_us <= at_us) {
		rehearsal->now_us = look_us && look_us < beat_us ? look_us : beat_us;
		return look_around(rehearsal, rehearsal->now_us == look_us, err);
	}
	rehearsal->now_us = at_us > rehearsal->now_us ? at_us : rehearsal->now_us;
	if (due && rehearsal->due[first].at_us <= rehearsal->now_us)
		let_come(rehearsal, first);
	else
		rehearsal_core(rehearsal, &time);
	return HST_OK;
}

static int play(struct rehearsal *rehearsal, struct core_event *fired, hst_error *err)
{
	int code = HST_OK;
	size_t first;

	/* Devices are there before anything starts. */
	while (first_due(rehearsal, &first) && rehearsal->due[first].at_us <= rehearsal->now_us)
		let_come(rehearsal, first);
	rehearsal_core(rehearsal, fired);
	for (int turns = 0; code == HST_OK && !over(rehearsal); turns++)
		code = turns < TURNS_MAX ? turn(rehearsal, err) : hst_fail(err, HST_BROKEN, "it does not come to an end");
	return code;
}

static int make_house(struct rehearsal *rehearsal, hst_error *err)
{
	const struct rehearsing *rehearsing = rehearsal->rehearsing;
	const struct conf *conf = rehearsing->definitions->conf;
	int code = HST_OK;

	for (size_t i = 0; i < conf->device_count; i++) {
		core_add_device(rehearsal->core, conf->devices[i].name, conf->devices[i].strict_order);
		core_note_device(rehearsal->core, conf->devices[i].name, false, true, NULL);
	}
	for (size_t i = 0; i < conf->cluster_count; i++)
		core_add_cluster(rehearsal->core, conf->clusters[i].name, conf->clusters[i].balancer, conf->clusters[i].members,
				 conf->clusters[i].member_count, conf->clusters[i].strict_order);
	balancers_note(rehearsing->balancers, conf, rehearsal->core);
	rehearsal->devices = arena_array(rehearsal->arena, conf->device_count + 1, sizeof *rehearsal->devices);
	for (size_t i = 0; code == HST_OK && i < conf->device_count; i++)
		code = rehearse_device_open(&rehearsal->devices[rehearsal->device_count++], rehearsal, &conf->devices[i], err);
	return code;
}

static int fire(struct rehearsal *rehearsal, const char *trigger, const hst_value **ret, hst_error *err)
{
	const struct core_policy *policy = &rehearsal->rehearsing->policy;
	struct core_event fired = {.kind = CORE_FIRED, .trigger = trigger, .flow = rehearsal->flow->name, .tag = 1};
	struct flow_envelope *sealed = NULL;
	const hst_value *event = NULL;
	hst_fields fields = {0};
	AUTO(text) struct text json;
	int code = HST_OK;

	text_init(&json, VALUE_BYTES_MAX);
	if (trigger)
		policy->event(policy->arg, trigger, &fields);
	code = examples_record(&rehearsal->examples, "trigger", fields, rehearsal->rehearsing->given, NULL, 0, &event, &sealed,
			       &fired.sealed_count, err);
	if (code != HST_OK)
		return code;
	value_write_json(&json, event);
	fired.payload = json.s;
	fired.payload_length = json.length;
	fired.sealed = sealed;
	code = play(rehearsal, &fired, err);
	if (code == HST_OK)
		*ret = rehearsal_record(rehearsal, trigger, event);
	return code;
}

/* The core takes a flow over, and each rehearsal has a core of its own. */
static struct flow *copy_of(const struct flow *flow)
{
	AUTO(problems) struct problems problems;
	struct document *document;
	struct flow *copy;

	problems_init(&problems);
	document = ini_read_text(flow->file, flow->text, flow->text_length, &problems);
	copy = document ? flow_parse(document, &problems) : NULL;
	document_free(document);
	if (copy)
		memcpy(copy->digest, flow->digest, sizeof copy->digest);
	return copy;
}

int rehearse_run(const struct rehearsing *rehearsing, const struct flow *flow, const char *trigger, const hst_value **ret, hst_error *err)
{
	struct rehearsal rehearsal = {.rehearsing = rehearsing, .arena = rehearsing->cli->arena, .began_us = begin_us, .now_us = begin_us,
				      .state = STATE_QUEUED};
	struct flow *own = copy_of(flow);
	int code;

	if (!own)
		return hst_fail(err, HST_BROKEN, "%s cannot be read twice", flow->file);

	rehearsal.core = core_new(&rehearsing->policy);
	core_effects_init(&rehearsal.effects);
	rehearsal.flow = core_add_flow(rehearsal.core, own, true);
	rehearsal.examples = (struct examples){rehearsal.arena, rehearsal.flow, &rehearsing->policy};
	rehearsal.steps = arena_array(rehearsal.arena, flow->step_count + 1, sizeof *rehearsal.steps);
	for (size_t i = 0; i < flow->step_count; i++)
		rehearsal.steps[i].step = &rehearsal.flow->steps[i];
	code = make_house(&rehearsal, err);
	if (code == HST_OK)
		code = fire(&rehearsal, trigger, ret, err);
	for (size_t i = 0; i < rehearsal.device_count; i++)
		rehearse_device_close(&rehearsal.devices[i]);
	for (size_t i = 0; i < rehearsal.due_count; i++)
		admission_run_free(rehearsal.due[i].admission.offer);
	free(rehearsal.due);
	core_effects_clear(&rehearsal.effects);
	core_free(rehearsal.core);
	return code;
}
