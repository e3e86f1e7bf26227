/* When it is looked for what is wrong, what is heard of without looking, and what of it outlives the engine. */
#include "engine/alerting.h"

#include "base/auto.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "definitions/alerts.h"
#include "schema/value.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A look may take one part in COST_SHARE of the engine's time, however much waits. */
enum { LOOK_MS = 5000, SOON_MS = 200, COST_SHARE = 50 };

/* The word of the store under which causes are kept. */
#define KEPT "alert"

static void look_due(void *arg);

static void arm(struct alerting *alerting, int64_t in_ms)
{
	int64_t least_ms = alerting->cost_us * COST_SHARE / 1000, at_us;

	in_ms = in_ms > least_ms ? in_ms : least_ms;
	at_us = clock_steady_us() + in_ms * 1000;
	if (alerting->look && alerting->look_at_us <= at_us)
		return;
	loop_cancel(alerting->engine->loop, &alerting->look);
	alerting->look_at_us = at_us;
	alerting->look = loop_in(alerting->engine->loop, in_ms, look_due, alerting);
}

void alerting_soon(struct alerting *alerting)
{
	if (alerting->began_us)
		arm(alerting, SOON_MS);
}

void alerting_keep(struct alerting *alerting)
{
	struct engine *engine = alerting->engine;
	AUTO(text) struct text name, value;
	hst_error err = {{0}, {0}};

	text_init(&name, 1000);
	text_init(&value, 1 << 20);
	while (alerts_unkept(alerting->alerts, &name, &value)) {
		struct store_bytes bytes = {.bytes = value.length ? value.s : NULL, .length = value.length};

		engine_begin(engine);
		if (engine->store->ops->put_standing(engine->store, KEPT, name.s, bytes, &err) < 0)
			log_error("the alert about %s could not be kept: %s", name.s, err.text);
	}
}

static void look_due(void *arg)
{
	struct alerting *alerting = arg;
	int64_t before_us = clock_steady_us(), now_us = clock_wall_us(), in_ms = LOOK_MS;

	alerting->look = NULL;
	alerting_look(alerting, now_us);
	alerting->cost_us = clock_steady_us() - before_us;
	alerting_tell(alerting, now_us);
	alerting_keep(alerting);
	if (alerting->next_us && alerting->next_us < now_us + LOOK_MS * INT64_C(1000))
		in_ms = (alerting->next_us - now_us) / 1000 + 1;
	arm(alerting, in_ms > SOON_MS ? in_ms : SOON_MS);
}

static void free_sections(struct alerting *alerting)
{
	for (size_t i = 0; i < alerting->section_count; i++)
		free(alerting->processes[i]);
	free(alerting->processes);
	free(alerting->sections);
}

static void read_sections(struct alerting *alerting)
{
	const struct definitions *definitions = alerting->engine->definitions;
	size_t n = definitions->alert_count;
	struct alert_section *sections = mem_array(n + 1, sizeof *sections);
	char **processes = mem_array(n + 1, sizeof *processes);

	for (size_t i = 0; i < n; i++) {
		const struct alert_definition *alert = &definitions->alerts[i];

		processes[i] = mem_printf("worker/connector/%s", alert->step->target);
		sections[i] = (struct alert_section){.name = alert->conf->name, .conditions = alert->conditions,
		                                     .condition_count = alert->condition_count, .flows = alert->conf->flows,
		                                     .flow_count = alert->conf->flow_count, .process = processes[i],
		                                     .repeat_ms = alert->conf->repeat.ms, .closing = alert->conf->closing};
	}
	alerts_configure(alerting->alerts, sections, n);
	free_sections(alerting);
	alerting->sections = sections;
	alerting->processes = processes;
	alerting->section_count = n;
}

void alerting_open(struct engine *engine)
{
	struct alerting *alerting = mem_alloc(sizeof *alerting);

	engine->alerting = alerting;
	alerting->engine = engine;
	alerting->alerts = alerts_new();
	table_init(&alerting->lost);
	table_init(&alerting->failing);
	if (gethostname(alerting->host, sizeof alerting->host - 1) < 0)
		alerting->host[0] = '\0';
	read_sections(alerting);
}

/* By its id, which is the value too: the step itself may be gone when it is looked for. */
static void remember_lost(struct alerting *alerting, const struct step *step)
{
	table_set_number(&alerting->lost, (uint64_t)step->facts.id, (void *)(uintptr_t)step->facts.id);
}

/* Whatever was lost before this engine began. */
static void find_lost(struct alerting *alerting)
{
	TABLE_EACH(core_runs(alerting->engine->core), entry) {
		const struct run *run = entry->value;

		for (size_t i = 0; i < run->flow->step_count; i++)
			if (run->steps[i] && run->steps[i]->facts.state == STATE_LOST)
				remember_lost(alerting, run->steps[i]);
	}
}

void alerting_start(struct engine *engine)
{
	engine->alerting->began_us = clock_wall_us();
	find_lost(engine->alerting);
	arm(engine->alerting, SOON_MS);
}

/* What nobody can end any more is over: there is no such flow or trigger. */
static void end_gone(struct alerting *alerting, int64_t now_us)
{
	const struct definitions *definitions = alerting->engine->definitions;
	const struct alert_cause *cause;
	size_t at = 0;

	while ((cause = alerts_wrong(alerting->alerts, &at, now_us)))
		if ((cause->kind == ALERT_FAILED && !table_get(&definitions->flows, cause->subject)) ||
		    (cause->kind == ALERT_MISSED && !definitions_instance(definitions, HST_TRIGGER, cause->subject)))
			alerts_over(alerting->alerts, cause->kind, cause->subject, now_us);
}

void alerting_configured(struct engine *engine)
{
	read_sections(engine->alerting);
	end_gone(engine->alerting, clock_wall_us());
	alerting_soon(engine->alerting);
}

static void failing_free(struct alerting_failing *failing)
{
	if (failing)
		free(failing->text);
	free(failing);
}

void alerting_failing(struct engine *engine, const char *trigger, int64_t since_us, const char *text, size_t length)
{
	struct alerting *alerting = engine->alerting;
	struct alerting_failing *failing = NULL;

	if (!since_us && !alerting_fails(engine, trigger))
		return;
	failing_free(table_remove(&alerting->failing, trigger));
	if (since_us) {
		failing = mem_alloc(sizeof *failing);
		*failing = (struct alerting_failing){.since_us = since_us, .text = mem_copy(text ? text : "", length)};
		table_set(&alerting->failing, trigger, failing);
	}
	alerting_soon(alerting);
}

const struct alerting_failing *alerting_fails(const struct engine *engine, const char *trigger)
{
	return table_get(&engine->alerting->failing, trigger);
}

void alerting_close(struct engine *engine)
{
	struct alerting *alerting = engine->alerting;

	if (!alerting)
		return;
	if (engine->store)
		alerting_keep(alerting);
	loop_cancel(engine->loop, &alerting->look);
	alerts_free(alerting->alerts);
	free_sections(alerting);
	table_clear(&alerting->lost);
	TABLE_EACH(&alerting->failing, entry)
		failing_free(entry->value);
	table_clear(&alerting->failing);
	free(alerting);
	engine->alerting = NULL;
}

bool alerting_restore(struct engine *engine, const char *kind, const char *name, const char *value, size_t length)
{
	if (strcmp(kind, KEPT) != 0)
		return false;
	alerts_restore(engine->alerting->alerts, engine->scratch, name, value, length);
	return true;
}

static void hear_failed(struct alerting *alerting, const struct run *run, int64_t now_us)
{
	hst_arena *arena = alerting->engine->scratch;
	const char *flow = run->flow->name, *reason = run->facts.reason ? run->facts.reason : "", *text = run->facts.text;
	const struct alert_cause *before = alerts_cause(alerting->alerts, ALERT_FAILED, flow);
	int64_t count = before ? before->count + 1 : 1;
	const char *number = arena_printf(arena, "#%lld", (long long)run->facts.number);
	const char *what = arena_printf(arena, "%s%s%s", reason, text && *text ? ": " : "", text ? text : "");

	alerts_happened(alerting->alerts,
	                &(struct alert_fact){
				.kind = ALERT_FAILED,
				.subject = flow,
				.flow = flow,
				.run = number,
				.since_us = now_us,
				.count = 1,
				.text = count == 1 ? arena_printf(arena, "run %s of %s has failed: %s", number, flow, what)
						   : arena_printf(arena, "%lld runs of %s have failed, the last one %s: %s",
								  (long long)count, flow, number, what),
				.remedy = arena_printf(arena, "hostler show %lld", (long long)run->facts.number),
			},
	                now_us);
	alerting_soon(alerting);
}

static void hear_ended(struct alerting *alerting, const struct run *run, int64_t now_us)
{
	switch (run->facts.state) {
	case STATE_FAILED:
	case STATE_TIMED_OUT:
	case STATE_EXPIRED:
		hear_failed(alerting, run, now_us);
		break;
	case STATE_SUCCEEDED:
		if (!alerts_any(alerting->alerts, ALERT_FAILED) || !alerts_cause(alerting->alerts, ALERT_FAILED, run->flow->name))
			break;
		alerts_over(alerting->alerts, ALERT_FAILED, run->flow->name, now_us);
		alerting_soon(alerting);
		break;
	default:
		break;
	}
}

/* Thousands of them come in a second, and most are of no concern: the first letter tells. */
void alerting_hear(struct engine *engine)
{
	struct alerting *alerting = engine->alerting;

	for (size_t i = 0; alerting && i < engine->effects.happening_count; i++) {
		const struct core_happening *happening = &engine->effects.happenings[i];

		switch (happening->what[0]) {
		case 'e':
			if (happening->run && !happening->step && strcmp(happening->what, "ended") == 0)
				hear_ended(alerting, happening->run, happening->at_us);
			break;
		case 'l':
			if (happening->step && strcmp(happening->what, "lost") == 0) {
				remember_lost(alerting, happening->step);
				alerting_soon(alerting);
			}
			break;
		case 'b':
			if (strcmp(happening->what, "blocked") == 0)
				alerting_soon(alerting);
			break;
		default:
			break;
		}
	}
}

void alerting_missed(struct engine *engine, const char *trigger, const char *text)
{
	int64_t now_us = clock_wall_us();

	alerts_happened(engine->alerting->alerts,
	                &(struct alert_fact){
				.kind = ALERT_MISSED,
				.subject = trigger,
				.flow = alerting_flows_on(engine, trigger),
				.since_us = now_us,
				.count = 1,
				.text = arena_printf(engine->scratch, "trigger %s missed a time: %s", trigger, text),
				.remedy = "`hostler events` has them all; what is made up for is a matter of the trigger's `missed`",
			},
	                now_us);
	alerting_soon(engine->alerting);
}

void alerting_fired(struct engine *engine, const char *trigger)
{
	struct alerting *alerting = engine->alerting;

	if (!alerts_any(alerting->alerts, ALERT_MISSED) || !alerts_cause(alerting->alerts, ALERT_MISSED, trigger))
		return;
	alerts_over(alerting->alerts, ALERT_MISSED, trigger, clock_wall_us());
	alerting_soon(alerting);
}
