/* A run, or a step of it: what it does, what it waits for, or how it ended, in one sentence. */
#include "engine/why.h"

#include "base/clock.h"
#include "schema/types.h"
#include "schema/value.h"

#include <string.h>

struct asked {
	struct engine *engine;
	hst_arena *arena;
	const hst_value *run, *step;   /* as answer_show has them; step NULL: the run itself */
	struct run *live;              /* NULL: it has ended and is forgotten */
	const struct step *live_step;  /* NULL: the same, or not begun */
	const char *name;              /* "#12/greet"; commands take it without the '#', which a shell would mistake */
	hst_value *to, *candidates;
};

static const char *text_of(const hst_value *record, const char *name)
{
	const hst_value *value = value_get(record, name);

	return value_kind(value) == HST_VALUE_TEXT ? value_text(value) : "";
}

static const hst_value *about(const struct asked *asked)
{
	return asked->step ? asked->step : asked->run;
}

static bool is_desktop(const struct asked *asked)
{
	return strncmp(text_of(asked->step, "use"), "desktop:", 8) == 0;
}

/* "at 2026-…Z (3 min 20 s ago)" without its "at"; the second half only of what goes on. */
static const char *ago(const struct asked *asked, const char *member)
{
	const hst_value *iso = value_get(about(asked), member);
	hst_time at;

	if (value_kind(iso) != HST_VALUE_TEXT || type_read_date(value_text(iso), &at, NULL) != HST_OK)
		return "an unknown time";
	return arena_printf(asked->arena, "%s (%s)", why_moment(asked->arena, at.us),
	                    type_span(asked->arena, (clock_wall_us() - at.us) / 1000));
}

static const char *progress_of(const struct asked *asked)
{
	const hst_value *progress = value_get(asked->step, "progress");
	const char *subflow = text_of(progress, "subflow"), *action = text_of(progress, "action");

	if (!*subflow && !*action)
		return "";
	return arena_printf(asked->arena, "; it last did %s%s%s", subflow, *subflow && *action ? ": " : "", action);
}

/* A silent device may well go on. */
static const char *silence_of(const struct asked *asked)
{
	const struct placement_device *device =
		placement_device(core_placement(asked->engine->core), text_of(asked->step, "device"));

	if (!device || device->online || !device->known)
		return "";
	return arena_printf(asked->arena, "; nothing has been heard of the device since %s",
	                    why_moment(asked->arena, device->heard_us));
}

/* "on here as bot1" */
static const char *place_of(const struct asked *asked)
{
	return arena_printf(asked->arena, "on %s as %s", text_of(asked->step, "device"), text_of(asked->step, "user"));
}

static void suggest(struct asked *asked, const char *remedy)
{
	value_set_text(asked->to, "remedy", remedy);
}

/* The runs that are under way and in its way: all of the flow for its concurrency, or those that its trigger started. */
static hst_value *holders_of(const struct asked *asked, const char **ret_names)
{
	hst_value *list = value_make_list(asked->arena);

	*ret_names = NULL;
	TABLE_EACH(core_runs(asked->engine->core), entry) {
		const struct run *other = entry->value;
		hst_value *record;

		if (other->lineage != asked->live->lineage || state_row(other->facts.state)->ended ||
		    other->facts.state == STATE_QUEUED || other->facts.state == STATE_LOST ||
		    (asked->live->behind && (!other->facts.trigger || strcmp(other->facts.trigger, asked->live->facts.trigger) != 0)))
			continue;
		record = value_make_record(asked->arena);
		value_set_text(record, "id", other->facts.id);
		value_set_integer(record, "number", other->facts.number);
		value_set_text(record, "state", state_name(other->facts.state));
		value_append(list, record);
		*ret_names = *ret_names ? arena_printf(asked->arena, "%s, #%lld", *ret_names, (long long)other->facts.number)
		                        : arena_printf(asked->arena, "#%lld", (long long)other->facts.number);
	}
	return list;
}

static const char *run_queued(struct asked *asked)
{
	const struct flow *flow = asked->live ? asked->live->lineage->current : NULL;
	const char *names;
	hst_value *holders;

	if (!asked->live)
		return arena_printf(asked->arena, "%s waits", asked->name);
	holders = holders_of(asked, &names);
	value_set(asked->to, "holders", holders);
	if (asked->live->behind)
		return arena_printf(asked->arena, "%s waits until what %s started before it has ended: %s", asked->name,
				    asked->live->facts.trigger, names ? names : "that is so, and it starts at once");
	return arena_printf(asked->arena, "%s waits because the flow %s has as many runs under way as its concurrency of %lld allows: %s",
	                    asked->name, asked->live->flow->name, (long long)(flow ? flow : asked->live->flow)->concurrency,
	                    names ? names : "none, so it starts at once");
}

/* In the order, with what is in its way on each device. */
static const char *step_queued(struct asked *asked)
{
	const struct step *step = asked->live_step;
	const char *target = text_of(asked->step, "target");
	size_t n;

	if (!step || !step->item.lane)
		return arena_printf(asked->arena, "%s waits for its next try", asked->name);
	n = why_candidates(asked->engine, step, asked->candidates);
	value_set_integer(asked->to, "position", order_place(&step->item));
	value_set_integer(asked->to, "waiting", (int64_t)step->item.lane->target->count);
	answer_set_time(asked->arena, asked->to, "expires", step->queue_timer.at_us);
	if (n == 0) {
		suggest(asked, why_remedy(asked->arena, "GroupIsEmpty", NULL));
		return arena_printf(asked->arena, "%s waits for %s, which has no members", asked->name, target);
	}
	if (n == 1)
		suggest(asked, text_of(value_at(asked->candidates, 0), "remedy"));
	if (n == 1)
		return arena_printf(asked->arena, "%s waits as %s for %s", asked->name, step->facts.user,
		                    text_of(value_at(asked->candidates, 0), "sentence"));
	return arena_printf(asked->arena, "%s waits as %s for %s: none of its %zu devices can take it now", asked->name,
	                    step->facts.user, target, n);
}

static const char *step_offered(struct asked *asked)
{
	return arena_printf(asked->arena, "%s was offered to %s, and its gateway has not answered yet%s", asked->name,
	                    text_of(asked->step, "device"), silence_of(asked));
}

static const char *step_preparing(struct asked *asked)
{
	return arena_printf(asked->arena, "%s is made ready: its session %s is being opened%s", asked->name, place_of(asked),
	                    silence_of(asked));
}

/* A call that no worker has taken waits in its pool. */
static const char *waits_for_worker(const struct asked *asked)
{
	const char *instance = asked->live_step ? asked->live_step->flow_step->target : NULL;
	const struct engine_pool *pool = instance ? table_get(&asked->engine->pools, instance) : NULL;
	const char *process;

	for (const struct engine_call *call = pool ? pool->first : NULL; call; call = call->next) {
		if (call->step != asked->live_step->facts.id || call->token != asked->live_step->facts.token)
			continue;
		process = why_process(asked->engine, arena_printf(asked->arena, "worker/connector/%s", instance));
		return arena_printf(asked->arena, "%s waits for a free process of the connector %s%s%s", asked->name, instance,
		                    process ? "; " : "", process ? process : "");
	}
	return NULL;
}

static const char *step_running(struct asked *asked)
{
	const char *waits;

	if (is_desktop(asked))
		return arena_printf(asked->arena, "%s runs %s since %s%s%s", asked->name, place_of(asked), ago(asked, "started"),
		                    progress_of(asked), silence_of(asked));
	waits = waits_for_worker(asked);
	return waits ? waits
	             : arena_printf(asked->arena, "%s calls %s since %s", asked->name, text_of(asked->step, "use"),
	                            ago(asked, "started"));
}

static const char *step_paused(struct asked *asked)
{
	suggest(asked, arena_printf(asked->arena, "`hostler resume %s` lets it go on.", asked->name + 1));
	return arena_printf(asked->arena, "%s is paused %s; its device stays taken%s", asked->name, place_of(asked),
	                    progress_of(asked));
}

static const char *step_stopping(struct asked *asked)
{
	if (*text_of(value_get(asked->step, "reason"), "code"))
		return arena_printf(asked->arena, "%s is being ended now: what does not end by itself is killed after 30 s%s",
		                    asked->name, silence_of(asked));
	suggest(asked, arena_printf(asked->arena, "`hostler cancel %s` ends it now.", asked->name + 1));
	return arena_printf(asked->arena, "%s was told to stop and goes on to its next checkpoint%s%s", asked->name,
	                    progress_of(asked), silence_of(asked));
}

static const char *step_lost(struct asked *asked)
{
	const hst_value *by = value_get(asked->step, "resolve_by");

	if (by)
		value_set(asked->to, "resolve_by", by);
	suggest(asked, arena_printf(asked->arena,
	                            "Look at the application for what was done, then say `hostler resolve %s "
	                            "succeeded|failed|requeue`; a late answer of the device settles it, too.",
	                            asked->name + 1));
	return arena_printf(asked->arena, "Nobody knows how %s went%s%s: %s%s%s", asked->name, is_desktop(asked) ? " " : "",
	                    is_desktop(asked) ? place_of(asked) : "", text_of(value_get(asked->step, "reason"), "text"),
	                    is_desktop(asked) ? progress_of(asked) : "",
	                    by ? arena_printf(asked->arena, "; unless that is settled, it fails at %s", why_moment_of(asked->arena, by))
	                       : "");
}

static const char *const endings[STATE_COUNT] = {
	[STATE_SUCCEEDED] = "succeeded", [STATE_FAILED] = "failed",
	[STATE_CANCELLED] = "was cancelled", [STATE_TIMED_OUT] = "was ended by its time-out",
	[STATE_EXPIRED] = "expired", [STATE_SKIPPED] = "was skipped",
};

static const char *ended(struct asked *asked)
{
	const hst_value *reason = value_get(about(asked), "reason");
	const char *code = text_of(reason, "code"), *text = text_of(reason, "text");
	enum state state = state_named(text_of(about(asked), "state"));
	int64_t number = 0;

	value_integer(value_get(asked->run, "number"), &number);
	if (!state_row(state)->good) {
		suggest(asked, why_remedy(asked->arena, code, NULL));
		value_set_text(asked->to, "again", arena_printf(asked->arena, "hostler resubmit %lld", (long long)number));
	}
	return arena_printf(asked->arena, "%s %s at %s%s%s%s%s", asked->name, endings[state],
	                    why_moment_of(asked->arena, value_get(about(asked), "ended")), *code ? " with " : "", code,
	                    *text ? ": " : "", text);
}

static const char *run_under_way(struct asked *asked)
{
	return arena_printf(asked->arena, "%s is %s since %s", asked->name, text_of(asked->run, "state"),
	                    ago(asked, "started"));
}

static const struct {
	const char *(*of_run)(struct asked *asked);
	const char *(*of_step)(struct asked *asked);
} sayings[STATE_COUNT] = {
	[STATE_QUEUED] = {run_queued, step_queued},
	[STATE_OFFERED] = {NULL, step_offered},
	[STATE_PREPARING] = {NULL, step_preparing},
	[STATE_RUNNING] = {run_under_way, step_running},
	[STATE_PAUSED] = {run_under_way, step_paused},
	[STATE_STOPPING] = {run_under_way, step_stopping},
	[STATE_LOST] = {run_under_way, step_lost},
};

/* The step that matters: the one it is at, or the one that made it fail. NULL: none. */
static const hst_value *step_that_matters(const hst_value *run)
{
	const hst_value *steps = value_get(run, "steps"), *found = NULL;
	bool succeeded = strcmp(text_of(run, "state"), state_name(STATE_SUCCEEDED)) == 0;

	for (size_t i = 0; i < value_count(steps) && !succeeded; i++) {
		const hst_value *step = value_at(steps, i);
		const struct state_row *row = state_row(state_named(text_of(step, "state")));

		if (!row->ended || !row->good)
			found = step;
	}
	return found;
}

static const hst_value *step_named(const hst_value *run, const char *name)
{
	const hst_value *steps = value_get(run, "steps");

	for (size_t i = 0; i < value_count(steps); i++)
		if (strcmp(text_of(value_at(steps, i), "name"), name) == 0)
			return value_at(steps, i);
	return NULL;
}

static bool is_held(const struct asked *asked)
{
	return strcmp(text_of(value_get(about(asked), "reason"), "code"), "RestoreHeld") == 0;
}

static const char *held(struct asked *asked)
{
	suggest(asked, why_remedy(asked->arena, "RestoreHeld", NULL));
	return arena_printf(asked->arena, "%s is held: %s", asked->name, text_of(value_get(about(asked), "reason"), "text"));
}

static const char *say(struct asked *asked)
{
	enum state state = state_named(text_of(about(asked), "state"));

	if (is_held(asked))
		return held(asked);
	if (state_row(state)->ended)
		return ended(asked);
	if (asked->step && sayings[state].of_step)
		return sayings[state].of_step(asked);
	return sayings[state].of_run ? sayings[state].of_run(asked) : asked->name;
}

/* Its turn has not come. */
static int not_begun(struct asked *asked, const char *step, hst_error *err)
{
	const hst_value *present = step_that_matters(asked->run);

	if (!asked->live || flow_step_named(asked->live->flow, step) < 0)
		return hst_fail(err, HST_NOT_FOUND, "%s has no step \"%s\" that has begun", asked->name, step);
	value_set_text(asked->to, "step", step);
	value_set(asked->to, "state", value_make_null(asked->arena));
	value_set_text(asked->to, "sentence",
	               present ? arena_printf(asked->arena, "%s/%s has not begun: the run is at %s, which is %s", asked->name,
	                                      step, text_of(present, "name"), text_of(present, "state"))
	                       : arena_printf(asked->arena, "%s/%s has not begun: the run is %s", asked->name, step,
	                                      text_of(asked->run, "state")));
	return HST_OK;
}

int why_run(struct engine *engine, const hst_value *run, const char *step, hst_value *to, hst_error *err)
{
	struct asked asked = {.engine = engine, .arena = engine->scratch, .run = run, .to = to,
	                      .candidates = value_make_list(engine->scratch)};
	const hst_value *reason;
	int64_t number = 0;
	int position;

	value_integer(value_get(run, "number"), &number);
	asked.live = core_run(engine->core, number);
	asked.name = arena_printf(asked.arena, "#%lld", (long long)number);
	value_set_text(to, "kind", "run");
	value_set_text(to, "subject", asked.name);
	value_set_text(to, "id", text_of(run, "id"));
	value_set_integer(to, "number", number);
	value_set_text(to, "flow", text_of(run, "flow"));
	value_set_text(to, "remedy", NULL);
	value_set(to, "candidates", asked.candidates);
	asked.step = step ? step_named(run, step) : step_that_matters(run);
	if (step && !asked.step)
		return not_begun(&asked, step, err);
	if (asked.step) {
		position = asked.live ? flow_step_named(asked.live->flow, text_of(asked.step, "name")) : -1;
		asked.live_step = position >= 0 ? asked.live->steps[position] : NULL;
		asked.name = arena_printf(asked.arena, "%s/%s", asked.name, text_of(asked.step, "name"));
		value_set_text(to, "subject", asked.name);
	}
	reason = value_get(about(&asked), "reason");
	value_set_text(to, "step", asked.step ? text_of(asked.step, "name") : NULL);
	value_set_text(to, "state", text_of(about(&asked), "state"));
	value_set_text(to, "sentence", say(&asked));
	value_set(to, "code", value_get(reason, "code") ? value_get(reason, "code") : value_make_null(asked.arena));
	value_set(to, "progress", value_get(asked.step, "progress") ? value_get(asked.step, "progress")
	                                                            : value_make_null(asked.arena));
	return HST_OK;
}
