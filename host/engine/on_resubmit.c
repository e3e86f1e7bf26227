/* A run that has ended is begun again: its event or an edited one, today's flow or the one of then, all of it or a part. */
#include "engine/envelopes.h"
#include "engine/event_files.h"
#include "engine/steer.h"

#include "base/auto.h"
#include "schema/fields.h"
#include "schema/value.h"

#include <stdio.h>
#include <string.h>

/* One of the run before, of any of its steps. */
struct kept_envelope {
	struct kept_envelope *next;
	int64_t step;
	struct flow_envelope envelope;
};

/* What the store knows of the run before; in the scratch arena. */
struct resubmit {
	struct steer steer;
	int64_t number, origin, ended_us;
	const char *flow_name, *digest, *trigger, *state;
	const char *event;
	size_t event_length;
	struct flow_envelope *sealed; /* fields of the event */
	size_t sealed_count;
	const struct flow_envelope *typed; /* and those that came to be put in the place of some */
	size_t typed_count;
	struct kept_envelope *envelopes; /* of all of the run */
	char chain[ID_SIZE]; /* id of the run `origin` */
	const struct flow *flow; /* of the new run */
	struct step_facts *kept;
	size_t kept_count;
	bool values_removed; /* by retention */
	size_t from; /* steps before this position are kept */
	char id[ID_SIZE];
	struct staging_event files;
};

static bool see_run(void *arg, const struct store_run *run)
{
	struct resubmit *resubmit = arg;
	hst_arena *arena = resubmit->steer.engine->scratch;

	resubmit->number = run->number;
	snprintf(resubmit->id, sizeof resubmit->id, "%s", run->id);
	resubmit->origin = run->origin ? run->origin : run->number;
	resubmit->ended_us = run->ended_us;
	resubmit->flow_name = arena_text(arena, run->flow);
	resubmit->digest = arena_text(arena, run->flow_digest);
	resubmit->trigger = arena_text(arena, run->trigger);
	resubmit->state = arena_text(arena, run->state);
	resubmit->event = arena_copy(arena, run->event.bytes ? run->event.bytes : "", run->event.length);
	resubmit->event_length = run->event.length;
	resubmit->values_removed = run->ended_us && !run->event.bytes;
	return true;
}

static bool see_sealed(void *arg, const struct store_sealed *record)
{
	struct resubmit *resubmit = arg;
	hst_arena *arena = resubmit->steer.engine->scratch;
	struct kept_envelope *kept = arena_array(arena, 1, sizeof *kept);

	*kept = (struct kept_envelope){.next = resubmit->envelopes, .step = record->step,
	                               .envelope = {.name = arena_text(arena, record->name),
	                                            .bytes = arena_copy(arena, record->bytes.bytes, record->bytes.length),
	                                            .length = record->bytes.length}};
	resubmit->envelopes = kept;
	return true;
}

static struct flow_envelope *sealed_of(const struct resubmit *resubmit, int64_t step, size_t *ret_count)
{
	struct flow_envelope *all;
	size_t n = 0;

	for (const struct kept_envelope *kept = resubmit->envelopes; kept; kept = kept->next)
		n += kept->step == step;
	all = arena_array(resubmit->steer.engine->scratch, n, sizeof *all);
	*ret_count = 0;
	for (const struct kept_envelope *kept = resubmit->envelopes; kept; kept = kept->next)
		if (kept->step == step)
			all[(*ret_count)++] = kept->envelope;
	return all;
}

static int read_run(struct resubmit *resubmit)
{
	const struct steer *steer = &resubmit->steer;
	const struct store_ops *ops = steer->engine->store->ops;
	const char *said = steer_text(steer, "run");
	int64_t number;
	int rc;

	if (!said)
		return hst_fail(steer->err, HST_INVALID, "which run? say its number, its id, or last");
	rc = ops->find_run(steer->engine->store, said, &number, steer->err);
	if (rc >= 0)
		rc = ops->run(steer->engine->store, number, see_run, resubmit, steer->err);
	if (rc >= 0)
		rc = ops->sealed(steer->engine->store, number, -1, see_sealed, resubmit, steer->err);
	if (rc >= 0)
		resubmit->sealed = sealed_of(resubmit, 0, &resubmit->sealed_count);
	if (rc >= 0)
		engine_run_id(steer->engine, resubmit->origin, resubmit->chain);
	if (rc >= 0 && !resubmit->ended_us)
		rc = hst_fail_as(steer->err, HST_DENIED, "WrongState",
		                 "#%lld is %s; only a run that has ended is begun again: wait for it, or `hostler cancel %lld`",
		                 (long long)number, resubmit->state, (long long)number);
	if (rc >= 0 && resubmit->values_removed)
		rc = hst_fail_as(steer->err, HST_DENIED, "ValuesRemoved",
		                 "the event of #%lld was removed because of its age ([store] keep_values): `hostler run %s` begins anew",
		                 (long long)number, resubmit->flow_name);
	return rc;
}

static int find_flow(struct resubmit *resubmit)
{
	const struct steer *steer = &resubmit->steer;
	const char *name = steer_text(steer, "flow");

	if (value_boolean(value_get(steer->said, "as_it_was"))) {
		resubmit->flow = engine_flow_of_then(steer->engine, resubmit->flow_name, resubmit->digest, steer->err);
		return resubmit->flow ? stand_check_flow(steer->engine, resubmit->flow_name, steer->err) : HST_NOT_FOUND;
	}
	name = name ? name : resubmit->flow_name;
	resubmit->flow = table_get(&steer->engine->definitions->flows, name);
	if (!resubmit->flow)
		return hst_fail(steer->err, HST_NOT_FOUND,
		                "the configuration has no flow \"%.80s\"; `hostler resubmit %lld --as-it-was` runs it as it was", name,
		                (long long)resubmit->number);
	/* An event of another flow begins a chain of its own. */
	if (strcmp(name, resubmit->flow_name) != 0)
		resubmit->origin = 0;
	return stand_check_flow(steer->engine, name, steer->err);
}

/* What is given instead is as readable as it came. */
static void forget_sealed(struct resubmit *resubmit, const char *name)
{
	size_t kept = 0;

	for (size_t i = 0; i < resubmit->sealed_count; i++)
		if (strcmp(resubmit->sealed[i].name, name) != 0)
			resubmit->sealed[kept++] = resubmit->sealed[i];
	resubmit->sealed_count = kept;
}

/* What was typed anew takes the place of what the event had; in the scratch arena. */
static void take_typed(struct resubmit *resubmit)
{
	struct flow_envelope *all =
		arena_array(resubmit->steer.engine->scratch, resubmit->sealed_count + resubmit->typed_count, sizeof *all);

	for (size_t i = 0; i < resubmit->typed_count; i++)
		forget_sealed(resubmit, resubmit->typed[i].name);
	for (size_t i = 0; i < resubmit->sealed_count; i++)
		all[i] = resubmit->sealed[i];
	for (size_t i = 0; i < resubmit->typed_count; i++)
		all[resubmit->sealed_count++] = resubmit->typed[i];
	resubmit->sealed = all;
}

/* What was given replaces what the event had, and the whole is checked as the trigger would have made it. */
static int edit_event(struct resubmit *resubmit)
{
	const struct steer *steer = &resubmit->steer;
	struct engine *engine = steer->engine;
	const hst_value *inputs = value_get(steer->said, "inputs"), *before = NULL, *checked;
	hst_value *edited = value_make_record(engine->scratch);
	AUTO(text) struct text json;
	int rc;

	text_init(&json, PAYLOAD_BYTES_MAX);
	if (value_count(inputs) == 0 && !resubmit->typed_count && strcmp(resubmit->flow->name, resubmit->flow_name) == 0)
		return HST_OK;
	rc = value_parse_json(engine->scratch, resubmit->event, resubmit->event_length, &before, steer->err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < value_count(before); i++)
		value_set(edited, value_name_at(before, i), value_at(before, i));
	for (size_t i = 0; i < value_count(inputs); i++) {
		value_set(edited, value_name_at(inputs, i), value_at(inputs, i));
		forget_sealed(resubmit, value_name_at(inputs, i));
	}
	take_typed(resubmit);
	rc = event_by_hand(engine, resubmit->flow, edited, resubmit->sealed, resubmit->sealed_count, &checked, steer->err);
	if (rc < 0)
		return rc;
	value_write_json(&json, checked);
	if (json.over)
		return hst_fail_as(steer->err, HST_INVALID, "InputInvalid", "the event is larger than 1 MiB");
	resubmit->event = arena_copy(engine->scratch, json.s, json.length);
	resubmit->event_length = json.length;
	return HST_OK;
}

static char *bytes_of(hst_arena *arena, struct store_bytes bytes)
{
	return bytes.bytes ? arena_copy(arena, bytes.bytes, bytes.length) : NULL;
}

static bool see_step(void *arg, const struct store_step *step)
{
	struct resubmit *resubmit = arg;
	hst_arena *arena = resubmit->steer.engine->scratch;
	int position = flow_step_named(resubmit->flow, step->name);
	enum state state = state_named(step->state);
	struct flow_envelope *sealed;
	size_t sealed_count;

	if (position < 0 || (size_t)position >= resubmit->from || !state_row(state)->good ||
	    resubmit->kept_count == resubmit->from)
		return true;
	sealed = sealed_of(resubmit, step->id, &sealed_count);
	resubmit->kept[resubmit->kept_count++] = (struct step_facts){
		.sealed = sealed, .sealed_count = sealed_count,
		.position = position, .state = state, .reason = arena_text(arena, step->reason), .text = arena_text(arena, step->text),
		.connection = arena_text(arena, step->connection), .target = arena_text(arena, step->target),
		.device = arena_text(arena, step->device), .user = arena_text(arena, step->user),
		.attended = step->mode && strcmp(step->mode, "attended") == 0,
		.high = step->priority && strcmp(step->priority, "high") == 0, .attempt = step->attempt,
		.requested_us = step->requested_us, .placed_us = step->placed_us, .started_us = step->started_us,
		.ended_us = step->ended_us, .inputs = bytes_of(arena, step->inputs), .inputs_length = step->inputs.length,
		.outputs = bytes_of(arena, step->outputs), .outputs_length = step->outputs.length};
	return true;
}

static bool is_kept(const struct resubmit *resubmit, size_t position)
{
	for (size_t i = 0; i < resubmit->kept_count; i++)
		if (resubmit->kept[i].position == (int64_t)position)
			return true;
	return false;
}

static int keep_steps(struct resubmit *resubmit)
{
	const struct steer *steer = &resubmit->steer;
	const char *from = steer_text(steer, "from");
	int position, rc;

	if (!from)
		return HST_OK;
	position = flow_step_named(resubmit->flow, from);
	if (position < 0)
		return hst_fail(steer->err, HST_NOT_FOUND, "the flow %s has no step \"%.80s\"", resubmit->flow->name, from);
	resubmit->from = (size_t)position;
	resubmit->kept = arena_array(steer->engine->scratch, resubmit->from + 1, sizeof *resubmit->kept);
	rc = steer->engine->store->ops->steps(steer->engine->store, resubmit->number, see_step, resubmit, steer->err);
	for (size_t i = 0; rc >= 0 && i < resubmit->from; i++)
		if (!is_kept(resubmit, i))
			rc = hst_fail_as(steer->err, HST_DENIED, "WrongState",
			                 "%s comes before %s and did not end well in #%lld; say --from %s", resubmit->flow->steps[i].name,
			                 from, (long long)resubmit->number, resubmit->flow->steps[i].name);
	return rc;
}

int resubmit_look(struct engine *engine, const hst_value *said, const struct flow **ret_flow, const struct flow_envelope **ret_sealed,
		  size_t *ret_count, hst_error *err)
{
	struct resubmit resubmit = {.steer = {.engine = engine, .said = said, .err = err}};
	int rc = read_run(&resubmit);

	if (rc >= 0)
		rc = find_flow(&resubmit);
	if (rc < 0)
		return rc;
	*ret_flow = resubmit.flow;
	*ret_sealed = resubmit.sealed;
	*ret_count = resubmit.sealed_count;
	return HST_OK;
}

/* Those of the event, and those that outputs of kept steps name. */
static int find_files(struct resubmit *resubmit, const struct hub_link *from, const struct message *message)
{
	struct engine *engine = resubmit->steer.engine;
	const char **steps = arena_array(engine->scratch, resubmit->kept_count + 1, sizeof *steps);
	const hst_value *values = NULL;
	int rc = resubmit->event_length
			 ? value_parse_json(engine->scratch, resubmit->event, resubmit->event_length, &values, resubmit->steer.err)
			 : HST_OK;

	if (rc >= 0)
		rc = event_files_again(engine, from, message_integer(message, "files"), resubmit->flow, values, resubmit->id,
		                       value_get(resubmit->steer.said, "inputs"), &resubmit->files, resubmit->steer.err);
	resubmit->files.kept_of = resubmit->id;
	for (size_t i = 0; rc >= 0 && i < resubmit->kept_count; i++) {
		steps[i] = resubmit->flow->steps[resubmit->kept[i].position].name;
		resubmit->files.step_count++;
	}
	resubmit->files.steps = steps;
	return rc;
}

void on_resubmit(void *arg, struct hub_link *from, const struct message *message)
{
	struct engine *engine = arg;
	hst_error err = {{0}, {0}};
	struct resubmit resubmit = {.steer = {.engine = engine, .who = engine_operator(from), .err = &err}};
	struct core_event event = {.kind = CORE_FIRED, .who = resubmit.steer.who};
	int rc;

	if (rest_refuses(engine, from, message->id))
		return;
	rc = value_parse_json(engine->scratch, message->payload, message->payload_length, &resubmit.steer.said, &err);
	if (rc >= 0)
		rc = envelopes_read(engine->scratch, message, &resubmit.typed, &resubmit.typed_count, &err);
	if (rc >= 0)
		rc = read_run(&resubmit);
	if (rc >= 0)
		rc = find_flow(&resubmit);
	if (rc >= 0)
		rc = edit_event(&resubmit);
	if (rc >= 0)
		rc = keep_steps(&resubmit);
	if (rc >= 0)
		rc = find_files(&resubmit, from, message);
	if (rc < 0) {
		engine_refuse(engine, from, message->id, rc, err.reason, "%s", err.text);
		return;
	}
	event.as = resubmit.flow;
	event.trigger = resubmit.trigger;
	event.origin = resubmit.origin;
	event.chain = resubmit.chain;
	event.kept = resubmit.kept;
	event.kept_count = resubmit.kept_count;
	event.sealed = resubmit.sealed;
	event.sealed_count = resubmit.sealed_count;
	event.payload = resubmit.event;
	event.payload_length = resubmit.event_length;
	event.tag = workers_request(engine, from, message->id)->id;
	engine_event(engine, &event);
	event_files_place(engine, &resubmit.files);
}
