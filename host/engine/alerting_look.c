/* Everything that can be seen to be wrong now, as facts for pure/alerts. */
#include "engine/alerting.h"

#include "base/auto.h"
#include "config/standing.h"
#include "engine/why.h"
#include "pure/queue/presence.h"
#include "schema/types.h"
#include "schema/value.h"

#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

enum {
	RUNS_LOOKED = 20000, /* of the oldest; where more wait that long, those behind them are seen when these have gone */
	SETTLED_S = 60,      /* a trigger that was started again fails until it has been ready for so long */
	SPOKEN_S = 90,       /* until then every trigger that fails has said so to a new engine */
};

/* One look. Texts are in the engine's scratch arena. */
struct look {
	struct alerting *alerting;
	struct engine *engine;
	hst_arena *arena;
	int64_t now_us;
	int64_t waiting_us, quiet_us; /* what was asked for before, or has said nothing since, is told of */
	struct table waiting;         /* flow -> struct waiting */
	unsigned unseen;
};

/* The runs of a flow that wait for too long. */
struct waiting {
	int64_t count;
	const struct run *run; /* the oldest */
	struct step *step;     /* NULL: it waits for the flow's concurrency */
	int64_t since_us;
};

/* It will be over its limit then. */
static void foresee(const struct look *look, int64_t at_us)
{
	int64_t *next_us = &look->alerting->next_us;

	if (at_us > look->now_us && (!*next_us || at_us < *next_us))
		*next_us = at_us;
}

static int64_t limit_us(const struct look *look, enum alert_kind kind)
{
	return alerts_limit(look->alerting->alerts, kind) * 1000;
}

static void stands(const struct look *look, const struct alert_fact *fact)
{
	alerts_stands(look->alerting->alerts, fact);
	if (alert_kind_row(fact->kind)->unit == ALERT_LONGER)
		foresee(look, fact->since_us + limit_us(look, fact->kind) + 1000);
}

const char *alerting_flows_on(struct engine *engine, const char *trigger)
{
	const char *names = NULL;

	TABLE_EACH(&engine->definitions->flows, entry) {
		const struct flow *flow = entry->value;

		for (size_t i = 0; i < flow->on_count; i++)
			if (strcmp(flow->on[i], trigger) == 0)
				names = names ? arena_printf(engine->scratch, "%s, %s", names, flow->name) : flow->name;
	}
	return names;
}

static const char *run_name(const struct look *look, const struct run *run)
{
	return arena_printf(look->arena, "#%lld", (long long)run->facts.number);
}

static const char *step_name(const struct look *look, const struct step *step)
{
	return arena_printf(look->arena, "%s/%s", run_name(look, step->run), step->flow_step->name);
}

static void add_waiting(struct look *look, const struct run *run, struct step *step, int64_t since_us)
{
	struct waiting *waiting = table_get(&look->waiting, run->flow->name);

	if (since_us > look->waiting_us) {
		foresee(look, since_us + limit_us(look, ALERT_WAITING) + 1000);
		return;
	}
	if (!waiting) {
		waiting = arena_alloc(look->arena, sizeof *waiting);
		table_set(&look->waiting, run->flow->name, waiting);
	}
	if (!waiting->count++ || since_us < waiting->since_us) {
		waiting->run = run;
		waiting->step = step;
		waiting->since_us = since_us;
	}
}

/* It has said nothing for too long. One that this engine has not heard of since it began is as it was before. */
static void look_at_working(struct look *look, const struct step *step)
{
	const char *name = step_name(look, step), *where = step->facts.subflow && *step->facts.subflow ? step->facts.subflow : NULL;
	const struct alert_cause *before = alerts_cause(look->alerting->alerts, ALERT_QUIET, name);
	int64_t since_us = step->heard_us;

	if (!since_us)
		since_us = before ? before->since_us : look->alerting->began_us;
	if (since_us > look->quiet_us) {
		foresee(look, since_us + limit_us(look, ALERT_QUIET) + 1000);
		return;
	}
	stands(look, &(struct alert_fact){
			     .kind = ALERT_QUIET,
			     .subject = name,
			     .flow = step->run->flow->name,
			     .run = run_name(look, step->run),
			     .device = step->facts.device,
			     .since_us = since_us,
			     .count = 1,
			     .text = arena_printf(look->arena, "step %s of %s on %s has said nothing since %s%s%s%s%s", name, step->run->flow->name,
						  step->facts.device ? step->facts.device : "its device", why_moment(look->arena, since_us),
						  where ? "; it was at " : "", where ? where : "", where ? ": " : "",
						  where && step->facts.action ? step->facts.action : ""),
			     .remedy = arena_printf(look->arena, "hostler log %s, then hostler stop or cancel", name + 1),
		     });
}

static void look_at_run(struct look *look, const struct run *run)
{
	if (run->facts.state == STATE_QUEUED)
		add_waiting(look, run, NULL, run->facts.requested_us);
	for (size_t i = 0; i < run->flow->step_count; i++) {
		struct step *step = run->standing[i] == FLOW_STEP_ACTIVE ? run->steps[i] : NULL;

		if (!step || step->flow_step->use != FLOW_USE_DESKTOP)
			continue;
		if (step->facts.state == STATE_QUEUED)
			add_waiting(look, run, step, step->facts.requested_us);
		else if (step->facts.state == STATE_OFFERED || step->facts.state == STATE_PREPARING ||
			 step->facts.state == STATE_RUNNING || step->facts.state == STATE_STOPPING)
			look_at_working(look, step);
	}
}

/* From the oldest on, up to the first that is too young. */
static void look_at_runs(struct look *look)
{
	int64_t youngest_us = look->waiting_us > look->quiet_us ? look->waiting_us : look->quiet_us;
	size_t at = 0, looked = 0;
	const struct table_entry *entry;

	while ((entry = table_next(core_runs(look->engine->core), &at))) {
		const struct run *run = entry->value;

		if (run->facts.requested_us > youngest_us) {
			foresee(look, run->facts.requested_us + (look->now_us - youngest_us) + 1000);
			break;
		}
		if (++looked > RUNS_LOOKED) {
			look->unseen |= 1u << ALERT_WAITING | 1u << ALERT_QUIET;
			break;
		}
		look_at_run(look, run);
	}
}

static const char *why_waiting(const struct look *look, const struct waiting *waiting)
{
	const char *reason = waiting->run->facts.reason, *text = waiting->run->facts.text;

	if (waiting->step) {
		core_explain(look->engine->core, waiting->step);
		reason = waiting->step->facts.reason;
		text = waiting->step->facts.text;
	}
	return arena_printf(look->arena, "%s%s%s", reason ? reason : "", reason && text ? ": " : "", text ? text : "");
}

static void say_waiting(struct look *look)
{
	TABLE_EACH(&look->waiting, entry) {
		const struct waiting *waiting = entry->value;
		const char *number = run_name(look, waiting->run), *why = why_waiting(look, waiting);

		stands(look, &(struct alert_fact){
				     .kind = ALERT_WAITING,
				     .subject = entry->key,
				     .flow = entry->key,
				     .run = number,
				     .device = waiting->step ? waiting->step->facts.target : NULL,
				     .since_us = waiting->since_us,
				     .count = waiting->count,
				     .text = arena_printf(look->arena, "%lld run%s of %s wait%s, the oldest, %s, since %s%s%s", (long long)waiting->count,
							  waiting->count == 1 ? "" : "s", entry->key, waiting->count == 1 ? "s" : "", number,
							  why_moment(look->arena, waiting->since_us), *why ? ": " : "", why),
				     .remedy = arena_printf(look->arena, "hostler why %s", number + 1),
			     });
	}
}

static void look_at_lost(struct look *look)
{
	TABLE_EACH(&look->alerting->lost, entry) {
		const struct step *step = core_step_of(look->engine->core, (int64_t)(uintptr_t)entry->value);
		const char *name;

		if (!step || step->facts.state != STATE_LOST) {
			table_remove_number(&look->alerting->lost, (uint64_t)(uintptr_t)entry->value);
			continue;
		}
		name = step_name(look, step);
		stands(look, &(struct alert_fact){
				     .kind = ALERT_LOST,
				     .subject = name,
				     .flow = step->run->flow->name,
				     .run = run_name(look, step->run),
				     .device = step->facts.device,
				     .since_us = step->facts.lost_us ? step->facts.lost_us : look->now_us,
				     .count = 1,
				     .text = arena_printf(look->arena, "nobody knows how %s of %s went on%s%s%s%s", name, step->run->flow->name,
							  step->facts.device ? " on " : "", step->facts.device ? step->facts.device : "",
							  step->facts.text ? ": " : "", step->facts.text ? step->facts.text : ""),
				     .remedy = arena_printf(look->arena, "hostler resolve %s succeeded|failed|requeue", name + 1),
			     });
	}
}

static void device_is_away(struct look *look, const char *name, const struct presence *presence)
{
	int64_t since_us = presence->seen_us > look->alerting->began_us ? presence->seen_us : look->alerting->began_us;
	AUTO(text) struct text why;

	text_init(&why, 1000);
	presence_say(presence, &why);
	stands(look, &(struct alert_fact){
			     .kind = ALERT_OFFLINE,
			     .subject = name,
			     .device = name,
			     .since_us = since_us,
			     .count = 1,
			     .text = arena_printf(look->arena, "device %s: %s%s%s", name, presence_word(presence), why.length ? ": " : "", why.s),
			     .remedy = "hostler devices",
		     });
}

/* What somebody took out of service or removed is not missed. */
static void look_at_devices(struct look *look)
{
	TABLE_EACH(&core_placement(look->engine->core)->devices, entry) {
		struct presence presence;

		presences_of(look->engine, entry->key, &presence);
		if (!presence.online && !presence.drained && presence.standing != PRESENCE_REVOKED)
			device_is_away(look, entry->key, &presence);
	}
}

static const char *how_it_ended(const struct look *look, const struct standing *child)
{
	const char *complaint = standing_complaint(look->arena, child);

	return arena_printf(look->arena, "%s%s%s%s", child->ended ? ": it ended with " : "", child->ended ? child->ended : "",
			    complaint ? ": " : "", complaint ? complaint : "");
}

static const char *trigger_of(const struct standing *child)
{
	static const char front[] = "worker/trigger/";

	return strncmp(child->name, front, sizeof front - 1) == 0 ? child->name + sizeof front - 1 : NULL;
}

/* It is started again and again; ready for a moment is not well. */
static bool is_failing(const struct look *look, const struct standing *child, const char *trigger)
{
	if (child->restarts == 0)
		return false;
	if (strcmp(child->state, "backoff") == 0)
		return true;
	return look->now_us - child->since_us < SETTLED_S * INT64_C(1000000) &&
	       alerts_cause(look->alerting->alerts, ALERT_TRIGGER, trigger);
}

/* Nothing of one that was not started again: what it says of its configuration is enough. */
static const char *how_often(const struct look *look, const struct standing *child)
{
	return child->restarts ? arena_printf(look->arena, " after it was started again %lld time%s", (long long)child->restarts,
					      child->restarts == 1 ? "" : "s") : "";
}

/* Of an instance with several processes the others go on. */
static bool is_alone(const struct look *look, const struct standing *child)
{
	static const char front[] = "worker/connector/";
	const struct conf_instance *instance = NULL;

	if (strncmp(child->name, front, sizeof front - 1) == 0)
		instance = conf_instance(look->engine->definitions->conf, HST_CONNECTOR, child->name + sizeof front - 1);
	return instance && instance->workers == 1;
}

static void look_at_process(struct look *look, const struct standing *child)
{
	const char *trigger = trigger_of(child), *flows = trigger ? alerting_flows_on(look->engine, trigger) : NULL;

	if (strcmp(child->state, "degraded") == 0)
		stands(look, &(struct alert_fact){
				     .kind = ALERT_DEGRADED,
				     .subject = child->name,
				     .flow = flows,
				     .process = is_alone(look, child) ? child->name : NULL,
				     .since_us = child->since_us,
				     .count = child->restarts,
				     .text = arena_printf(look->arena, "%s was given up%s%s", child->name, how_often(look, child),
							  how_it_ended(look, child)),
				     .remedy = "Mend what it says, then `hostler reload`",
			     });
	else if (trigger && is_failing(look, child, trigger))
		stands(look, &(struct alert_fact){
				     .kind = ALERT_TRIGGER,
				     .subject = trigger,
				     .flow = flows,
				     .since_us = child->since_us,
				     .count = child->restarts,
				     .text = arena_printf(look->arena, "the process of trigger %s is not there%s%s", trigger, how_often(look, child),
							  how_it_ended(look, child)),
				     .remedy = arena_printf(look->arena, "hostler why trigger:%s", trigger),
			     });
}

static void look_at_processes(struct look *look)
{
	const struct standing *children;
	size_t n = 0;

	if (standing_read(look->arena, look->engine->definitions->conf->state_dir, &children, &n, NULL) != HST_OK) {
		look->unseen |= 1u << ALERT_DEGRADED | 1u << ALERT_TRIGGER;
		return;
	}
	for (size_t i = 0; i < n; i++)
		look_at_process(look, &children[i]);
}

/* Those whose plugin cannot be loaded have no process that could fail; others say themselves that they get nowhere. */
static void look_at_triggers(struct look *look)
{
	TABLE_EACH(&look->engine->definitions->instances[HST_TRIGGER], entry) {
		const struct definition *trigger = entry->value;
		const struct alerting_failing *failing = alerting_fails(look->engine, entry->key);
		const char *why = trigger->fault ? trigger->fault : failing ? failing->text : NULL;

		if (why)
			stands(look, &(struct alert_fact){
					     .kind = ALERT_TRIGGER,
					     .subject = entry->key,
					     .flow = alerting_flows_on(look->engine, entry->key),
					     .since_us = trigger->fault ? look->alerting->began_us : failing->since_us,
					     .count = 1,
					     .text = arena_printf(look->arena, "trigger %s cannot fire: %s", entry->key, why),
					     .remedy = trigger->fault ? "Mend what it says, then `hostler reload`"
								      : "Mend what it says; it is tried again at least once a minute",
				     });
	}
	if (look->now_us - look->alerting->began_us < SPOKEN_S * INT64_C(1000000))
		look->unseen |= 1u << ALERT_TRIGGER;
}

static void look_at_connections(struct look *look)
{
	const struct conf *conf = look->engine->definitions->conf;

	for (size_t i = 0; i < conf->connection_count; i++) {
		const char *name = conf->connections[i].name;
		const struct core_block *block = core_blocked(look->engine->core, name);

		if (!block)
			continue;
		stands(look, &(struct alert_fact){
				     .kind = ALERT_BLOCKED,
				     .subject = name,
				     .device = block->device,
				     .since_us = block->at_us,
				     .count = 1,
				     .text = arena_printf(look->arena, "connection %s is blocked since a sign-in of %s on %s failed with %s%s%s", name,
							  block->user ? block->user : "its user", block->device ? block->device : "a device",
							  block->reason, block->text ? ": " : "", block->text ? block->text : ""),
				     .remedy = arena_printf(look->arena, "seal the right password, or hostler connection unblock %s", name),
			     });
	}
}

static void look_at_disk(struct look *look)
{
	const char *path = look->engine->definitions->conf->state_dir;
	struct statvfs disk;
	int64_t free_bytes;

	if (statvfs(path, &disk) < 0) {
		look->unseen |= 1u << ALERT_DISK;
		return;
	}
	free_bytes = (int64_t)(disk.f_bavail * disk.f_frsize);
	stands(look, &(struct alert_fact){
			     .kind = ALERT_DISK,
			     .subject = path,
			     .since_us = look->now_us,
			     .count = 1,
			     .free_bytes = free_bytes,
			     .text = arena_printf(look->arena, "%lld MiB are free at %s", (long long)(free_bytes >> 20), path),
			     .remedy = "Make room: without any the host takes nothing more",
		     });
}

void alerting_look(struct alerting *alerting, int64_t now_us)
{
	struct look look = {.alerting = alerting, .engine = alerting->engine, .arena = alerting->engine->scratch, .now_us = now_us};

	alerting->next_us = 0;
	look.waiting_us = now_us - limit_us(&look, ALERT_WAITING);
	look.quiet_us = now_us - limit_us(&look, ALERT_QUIET);
	table_init(&look.waiting);
	alerts_look(alerting->alerts);
	look_at_runs(&look);
	say_waiting(&look);
	look_at_lost(&look);
	look_at_devices(&look);
	look_at_processes(&look);
	look_at_triggers(&look);
	look_at_connections(&look);
	look_at_disk(&look);
	alerts_looked(alerting->alerts, now_us, look.unseen);
	table_clear(&look.waiting);
}
