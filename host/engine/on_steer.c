/* What operators decide about runs and about the house. Each word is answered when what it did is on disk. */
#include "engine/steer.h"

#include "base/auto.h"
#include "base/clock.h"
#include "base/log.h"
#include "os/crash.h"
#include "pure/core/held.h"
#include "pure/core/resolve.h"
#include "schema/fields.h"
#include "schema/value.h"

#include <sodium.h>
#include <string.h>

const char *engine_operator(const struct hub_link *link)
{
	return strncmp(link->name, "operator/", 9) == 0 ? link->name + 9 : link->name;
}

const char *steer_text(const struct steer *steer, const char *name)
{
	const hst_value *value = value_get(steer->said, name);

	return value_kind(value) == HST_VALUE_TEXT && *value_text(value) ? value_text(value) : NULL;
}

static bool see_ended(void *arg, const struct store_run *run)
{
	*(const char **)arg = state_name(state_named(run->state));
	return true;
}

/* The core knows nothing of it any more. */
static int run_ended(const struct steer *steer, int64_t number)
{
	const char *state = "gone";
	int rc = steer->engine->store->ops->run(steer->engine->store, number, see_ended, &state, steer->err);

	if (rc < 0)
		return rc;
	return hst_fail_as(steer->err, HST_DENIED, "WrongState", "#%lld has ended already: %s", (long long)number,
	                   state);
}

static int read_priority(const struct steer *steer, bool *ret)
{
	const char *priority = steer_text(steer, "priority");

	*ret = priority && strcmp(priority, "high") == 0;
	if (*ret || (priority && strcmp(priority, "normal") == 0))
		return HST_OK;
	return hst_fail(steer->err, HST_INVALID, "a priority is high or normal");
}

/* Its place among the waiting of its target, counted from 1. */
static void set_place(hst_value *answer, const struct step *step)
{
	if (!step->item.lane)
		return;
	value_set_integer(answer, "position", order_place(&step->item));
	value_set_text(answer, "target", step->facts.target);
	value_set_text(answer, "priority", step->facts.high ? "high" : "normal");
}

static void set_steered(struct steer *steer, const struct core_steered *steered)
{
	value_set_text(steer->answer, "id", steered->run->facts.id);
	value_set_integer(steer->answer, "number", steered->run->facts.number);
	value_set_text(steer->answer, "step", steered->step ? steered->step->flow_step->name : NULL);
	value_set_text(steer->answer, "state",
	               state_name(steered->step ? steered->step->facts.state : steered->run->facts.state));
	if (steered->step)
		set_place(steer->answer, steered->step);
}

static int steer_run(struct steer *steer)
{
	struct engine *engine = steer->engine;
	struct core_steering steering = {.verb = core_verb_named(steer->what), .now_us = clock_wall_us(),
	                                 .step = steer_text(steer, "step"), .who = steer->who};
	const char *run = steer_text(steer, "run");
	struct core_steered steered;
	int rc;

	if (!run)
		return hst_fail(steer->err, HST_INVALID, "which run? say its number, its id, or last");
	rc = engine->store->ops->find_run(engine->store, run, &steering.run, steer->err);
	if (rc >= 0 && steering.verb == CORE_PRIORITY)
		rc = read_priority(steer, &steering.high);
	if (rc >= 0 && !core_run(engine->core, steering.run))
		rc = run_ended(steer, steering.run);
	if (rc < 0)
		return rc;
	randombytes_buf(&steering.draw, sizeof steering.draw);
	rc = core_steer(engine->core, &steering, &engine->effects, &steered, steer->err);
	if (rc < 0)
		return rc;
	set_steered(steer, &steered);
	return HST_OK;
}

/* As the step's own device or process would have given them. */
static int read_outputs(const struct steer *steer, const struct step *step, struct text *json)
{
	const struct engine *engine = steer->engine;
	const hst_value *given = value_get(steer->said, "outputs"), *outputs;
	hst_fields fields = {0};
	int rc;

	if (!policy_outputs(engine->definitions, step->flow_step, &fields) && value_count(given) > 0)
		return hst_fail_as(steer->err, HST_NOT_FOUND, "DefinitionGone",
		                   "the configuration no longer has %s, so its outputs cannot be checked",
		                   step->flow_step->use_text);
	rc = fields_check(engine->scratch, fields, "output", given, false, &outputs, steer->err);
	if (rc >= 0)
		value_write_json(json, outputs);
	return rc;
}

static int steer_resolve(struct steer *steer)
{
	struct engine *engine = steer->engine;
	struct core_resolving resolving = {.how = core_resolution_named(steer_text(steer, "as")),
	                                   .now_us = clock_wall_us(), .step = steer_text(steer, "step"), .who = steer->who};
	const char *run = steer_text(steer, "run");
	struct core_steered steered;
	AUTO(text) struct text outputs;
	struct step *step;
	int rc;

	text_init(&outputs, PAYLOAD_BYTES_MAX);
	if (!run || !resolving.how)
		return hst_fail(steer->err, HST_INVALID, "say which run, and succeeded, failed or requeue");
	rc = engine->store->ops->find_run(engine->store, run, &resolving.run, steer->err);
	if (rc >= 0 && !core_run(engine->core, resolving.run))
		rc = run_ended(steer, resolving.run);
	if (rc >= 0)
		rc = core_resolve_find(engine->core, resolving.run, resolving.step, &step, steer->err);
	if (rc >= 0 && resolving.how == CORE_RESOLVE_SUCCEEDED)
		rc = read_outputs(steer, step, &outputs);
	else if (rc >= 0 && value_count(value_get(steer->said, "outputs")) > 0)
		rc = hst_fail(steer->err, HST_INVALID, "outputs are of a step that succeeded");
	if (rc < 0)
		return rc;
	resolving.outputs = outputs.s;
	resolving.outputs_length = outputs.length;
	randombytes_buf(&resolving.draw, sizeof resolving.draw);
	rc = core_resolve(engine->core, &resolving, &engine->effects, &steered, steer->err);
	if (rc >= 0)
		set_steered(steer, &steered);
	return rc;
}

/* Rule R29. */
static int steer_unblock(struct steer *steer)
{
	struct engine *engine = steer->engine;
	const char *name = steer_text(steer, "connection");
	struct core_event event = {.kind = CORE_UNBLOCKED, .connection = name};

	if (!name || (!conf_connection(engine->definitions->conf, name) && !core_blocked(engine->core, name)))
		return hst_fail(steer->err, HST_NOT_FOUND, "there is no connection \"%.80s\"; `hostler connection list` has them",
		                name ? name : "");
	value_set_text(steer->answer, "connection", name);
	value_set_boolean(steer->answer, "was_blocked", core_blocked(engine->core, name) != NULL);
	engine_event(engine, &event);
	log_info("connection %s was unblocked by %s", name, steer->who);
	return HST_OK;
}

/* After a restore: what was unfinished goes on. */
static int steer_release(struct steer *steer)
{
	struct engine *engine = steer->engine;
	bool holds = core_holds(engine->core);
	struct draw draw;
	size_t n;

	if (!core_hold(engine->core))
		return hst_fail_as(steer->err, HST_DENIED, "WrongState", "this host was never restored: nothing waits to be released");
	randombytes_buf(&draw, sizeof draw);
	n = core_release(engine->core, clock_wall_us(), draw, steer->who, &engine->effects);
	value_set_integer(steer->answer, "runs", (int64_t)n);
	value_set_boolean(steer->answer, "changed", holds);
	if (holds)
		log_info("%s released %zu runs that were held since the restore", steer->who, n);
	return HST_OK;
}

static const struct {
	const char *what;
	steer_word *word;
} words[] = {
	{"disable", steer_stand}, {"enable", steer_stand}, {"drain", steer_drain}, {"undrain", steer_drain}, {"unblock", steer_unblock},
	{"resolve", steer_resolve}, {"release", steer_release},
};

static steer_word *word_of(const char *what)
{
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcmp(words[i].what, what) == 0)
			return words[i].word;
	return core_verb_named(what) ? steer_run : NULL;
}

void on_steer(void *arg, struct hub_link *from, const struct message *message)
{
	struct engine *engine = arg;
	hst_error err = {{0}, {0}};
	struct steer steer = {.engine = engine, .what = message_text(message, "what"), .who = engine_operator(from),
	                      .answer = value_make_record(engine->scratch), .err = &err};
	steer_word *word = word_of(steer.what);
	int rc = value_parse_json(engine->scratch, message->payload, message->payload_length, &steer.said, &err);

	crash_point(CRASH_engine_heard_steer);
	if (rc >= 0 && !word)
		rc = hst_fail(&err, HST_NOT_FOUND, "there is no word \"%s\" to steer with in this version", steer.what);
	if (rc >= 0)
		rc = word(&steer);
	if (rc < 0)
		engine_refuse(engine, from, message->id, rc, err.reason, "%s", err.text);
	else
		engine_answer(engine, from, message->id, steer.answer);
}
