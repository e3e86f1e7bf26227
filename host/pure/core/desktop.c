/*
 * Desktop steps: the life of a desktop run between queue and result. docs/protocol.md has the drawing of it;
 * the verbs on its arrows are the functions here.
 */
#include "pure/core/internal.h"

#include "base/mem.h"
#include "base/text.h"
#include "pure/core/candidates.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define STEP_OF_TIMER(timer, member) ((struct step *)(void *)((char *)(timer)-offsetof(struct step, member)))

enum { EXPLANATION_MAX = 4000 };

struct placement_target *desktop_target(const struct core *core, const struct step *step)
{
	return step->facts.target ? placement_target(&core->placement, step->facts.target) : NULL;
}

/*
 * One sentence with the obstacle of every device of the target, which is what a person needs who asks why, with or
 * without their codes. The reason is that of the first device.
 */
static void obstacles(const struct step *step, const struct placement_target *target, bool codes,
		      const char **ret_reason, struct text *to)
{
	*ret_reason = "GroupIsEmpty";
	if (target->fault) {
		*ret_reason = "BalancerUnusable";
		text_add(to, target->fault);
		return;
	}
	if (target->device_count == 0)
		text_add(to, "the cluster has no members");
	for (size_t i = 0; i < target->device_count; i++) {
		const struct placement_device *device = target->devices[i];
		const char *reason;
		struct text clause;

		text_init(&clause, EXPLANATION_MAX);
		reason = core_candidate(step, device, &clause);
		if (i == 0)
			*ret_reason = reason;
		if (reason && codes)
			text_addf(to, "%s%s: %s (%s)", i ? "; " : "", device->name, reason, clause.s);
		else
			text_addf(to, "%s%s: %s", i ? "; " : "", device->name, clause.s);
		text_clear(&clause);
	}
}

void core_explain(struct core *core, struct step *step)
{
	struct placement_target *target = desktop_target(core, step);
	const char *reason;
	struct text text;

	if (step->facts.state != STATE_QUEUED || !target || !step->item.lane)
		return;
	text_init(&text, EXPLANATION_MAX);
	/* Of a single device the code is the reason itself. */
	obstacles(step, target, target->device_count > 1, &reason, &text);
	text_replace(&step->facts.reason, reason);
	text_replace(&step->facts.text, text.s);
	text_clear(&text);
}

static void queue_expired(struct core *core, struct step *step, struct core_effects *effects)
{
	const char *reason;
	struct text text;

	text_init(&text, EXPLANATION_MAX);
	text_add(&text, "the queue time-out passed; ");
	obstacles(step, desktop_target(core, step), true, &reason, &text);
	steps_end(core, step, STATE_EXPIRED, "NoCandidateMachine", text.s, effects);
	text_clear(&text);
}

static int64_t queue_timeout_ms(struct core *core, const struct step *step)
{
	if (step->flow_step->queue_timeout.ms > 0)
		return step->flow_step->queue_timeout.ms;
	return core->policy.queue_timeout_ms(core->policy.arg, step->facts.target);
}

/* It ends what waits; an offer is the device's until that has given it back. */
static void queue_timer_due(struct core *core, struct core_timer *timer, struct core_effects *effects)
{
	struct step *step = STEP_OF_TIMER(timer, queue_timer);

	if (step->facts.state == STATE_QUEUED)
		queue_expired(core, step, effects);
	else if (step->facts.state == STATE_OFFERED && !step->unsure)
		ask_back(core, step, effects);
}

void desktop_await(struct core *core, struct step *step)
{
	int64_t since_us = held_since(core, step->run, step->facts.requested_us);

	/* What nobody may start does not wait for too long. */
	if (core_holds_run(core, step->run))
		core_disarm(core, &step->queue_timer);
	else
		core_arm(core, &step->queue_timer, since_us + queue_timeout_ms(core, step) * 1000, queue_timer_due);
}

/* Into the order, in the place that its seq gives it. */
static void desktop_wait(struct core *core, struct step *step, struct core_effects *effects)
{
	struct placement_target *target = step->connection->target;

	step->facts.state = STATE_QUEUED;
	step->item.top = step->facts.top;
	step->item.seq = step->facts.seq;
	step->item.high = step->facts.high;
	step->item.gate = held_gate(core, step->run);
	if (!step->item.gate)
		step->item.gate = connections_gate(core, step, effects);
	order_add(&target->order, step->folded_user, step->facts.attended, &step->item);
	desktop_await(core, step);
	turn_target(core, target);
	turn_explain(core, step);
}

void desktop_leave(struct core *core, struct step *step)
{
	struct placement_target *target = step->item.lane ? placement_of_lane(step->item.lane) : NULL;

	order_remove(&step->item);
	/* Whoever it held up may be next. */
	if (target && target->order.strict)
		turn_target(core, target);
}

/* Where the step's connection leads as it is configured now; where that is news, it is a happening. False: the step has
 * ended, because it leads nowhere. */
static bool desktop_resolve(struct core *core, struct step *step, struct core_effects *effects)
{
	const struct core_connection *connection = connections_lead(core, step);

	if (!connection) {
		steps_end(core, step, STATE_FAILED, "DefinitionGone",
			  "the configuration no longer has this step's connection or its target", effects);
		return false;
	}
	/* Names are the same when they are in the same place. */
	if (step->facts.target != connection->target_name || step->facts.user != connection->user) {
		step->facts.target = connection->target_name;
		step->facts.user = connection->user;
		effects_step(effects, step);
		effects_happened(core, effects, step->run, step, "queued", "target", step->facts.target, "user",
				 step->facts.user, NULL);
	}
	step->folded_user = connection->folded_user;
	return true;
}

void desktop_queue(struct core *core, struct step *step, struct core_effects *effects)
{
	step->facts.connection = core_word(core, step->flow_step->connection);
	if (!desktop_resolve(core, step, effects))
		return;
	step->facts.seq = ++core->counters.seq;
	desktop_wait(core, step, effects);
}

void desktop_again(struct core *core, struct step *step, struct core_effects *effects)
{
	if (!desktop_resolve(core, step, effects))
		return;
	effects_step(effects, step);
	desktop_wait(core, step, effects);
}

static bool desktop_package(struct core *core, struct step *step, const char **ret_digest,
			    int64_t *ret_timeout_ms, struct core_effects *effects)
{
	if (core->policy.package(core->policy.arg, step->flow_step->target, ret_digest, ret_timeout_ms))
		return true;
	desktop_release(core, step);
	steps_end(core, step, STATE_FAILED, "DefinitionGone",
		  "the configuration no longer has this desktop flow", effects);
	return false;
}

static void offer_say(struct core *core, struct step *step, const char *digest, int64_t timeout_ms, struct core_effects *effects)
{
	struct core_action *action;

	action = effects_action(effects, CORE_OFFER);
	action->step = step;
	action->inputs = step->facts.inputs;
	action->inputs_length = step->facts.inputs_length;
	action->timeout_ms = step->limit_ms = step->flow_step->timeout.ms > 0 ? step->flow_step->timeout.ms : timeout_ms;
	action->package = digest;
	runs_carry(core, step, action, effects);
}

static void desktop_offer(struct core *core, struct order_item *item, struct placement_device *device,
			  struct core_effects *effects)
{
	struct step *step = (struct step *)(void *)item;
	struct placement_target *target = placement_of_lane(item->lane);
	struct share *share;
	const char *digest;
	int64_t timeout_ms = 0;

	if (!desktop_package(core, step, &digest, &timeout_ms, effects))
		return;
	share = placement_take(item, device);
	placed_take(target, device->name, share, effects);
	if (target->order.strict)
		turn_target(core, target);
	step->device = device;
	step->facts.state = STATE_OFFERED;
	step->facts.token = ++core->counters.token;
	step->facts.placed_us = core->now_us;
	step->facts.journal = devices_of(core, device->name)->journal;
	step->facts.device = core_word(core, device->name);
	text_replace(&step->facts.reason, NULL);
	text_replace(&step->facts.text, NULL);
	effects_step(effects, step);
	effects_happened(core, effects, step->run, step, "offered", "device", device->name, NULL);
	connections_begin(core, step);
	ask_later(core, step);
	offer_say(core, step, digest, timeout_ms, effects);
}

void desktop_place_on(struct core *core, struct placement_device *device, struct core_effects *effects)
{
	struct placement_device *chosen;
	struct order_item *item;

	while ((item = placement_next_on(&core->placement, device, core_draw(core), &chosen)))
		desktop_offer(core, item, chosen, effects);
}

void desktop_place_for(struct core *core, struct placement_target *target, struct core_effects *effects)
{
	struct placement_device *chosen;
	struct order_item *item;

	while ((item = placement_next_for(&core->placement, target, core_draw(core), &chosen)))
		desktop_offer(core, item, chosen, effects);
}

void desktop_occupy(struct core *core, struct step *step)
{
	struct placement_device *device =
		step->facts.device ? placement_device(&core->placement, step->facts.device) : NULL;

	if (step->device || !device || !step->folded_user || table_get(&device->busy, step->folded_user))
		return;
	step->device = device;
	placement_occupy(device, step->folded_user, &step->item);
}

void desktop_release(struct core *core, struct step *step)
{
	struct placement_device *device = step->device;

	if (!device)
		return;
	connections_left(core, step);
	step->device = NULL;
	placement_release(device, step->folded_user);
	if (state_row(step->run->facts.state)->ended)
		runs_ended(core, step->run);
	turn_device(core, device);
}

/* In its old place, unless it has waited for too long already. */
static void wait_again(struct core *core, struct step *step, struct core_effects *effects)
{
	ask_done(core, step);
	lost_over(core, step);
	step->facts.device = NULL;
	desktop_again(core, step, effects);
	if (state_row(step->facts.state)->ended)
		return;
	runs_mirror(core, step->run, effects);
	if (step->queue_timer.at_us && step->queue_timer.at_us <= core->now_us)
		queue_expired(core, step, effects);
}

void desktop_withdrawn(struct core *core, struct step *step, struct core_effects *effects)
{
	effects_happened(core, effects, step->run, step, "withdrawn", "device", step->facts.device, NULL);
	step->facts.placed_us = step->facts.started_us = 0;
	placed_back(core, step, effects);
	desktop_release(core, step);
	if (step->facts.state == STATE_STOPPING || step->run->facts.state == STATE_STOPPING)
		steer_withdrawn(core, step, effects);
	else
		wait_again(core, step, effects);
}

static void refuse_on(struct core *core, struct core_device *device, struct step *step,
		      const struct core_event *event)
{
	if (event->class == REASON_RETRY)
		retries_refused(core, device, step);
	else
		placement_refuse(device->placed, step->folded_user, step->facts.attended,
				 devices_revision(device, event->revision), step->facts.reason,
				 step->facts.text);
}

/* It keeps its seq and with it its place; the device that refused is not asked again until something has
 * changed. */
static void desktop_refused(struct core *core, struct step *step, const struct core_event *event,
			    struct core_effects *effects)
{
	struct core_device *device = devices_of(core, step->facts.device);
	bool lost = step->facts.state == STATE_LOST && step->facts.started_us == 0 && !ask_forgotten(core, step);
	const bool of_sign_in = !step->facts.attended && reason_is_of_sign_in(event->reason);

	if (step->facts.state == STATE_STOPPING) {
		placed_back(core, step, effects);
		desktop_release(core, step);
		steer_withdrawn(core, step, effects);
		return;
	}
	if (step->facts.state != STATE_OFFERED && step->facts.state != STATE_PREPARING && !lost)
		return;
	text_replace(&step->facts.reason, event->reason);
	text_replace(&step->facts.text, event->text);
	effects_happened(core, effects, step->run, step, "refused", "device", step->facts.device, "reason",
			 step->facts.reason, "text", step->facts.text, NULL);
	if (of_sign_in)
		connections_failed(core, step, step->facts.reason, step->facts.text, event->serial, effects);
	placed_back(core, step, effects);
	desktop_release(core, step);
	if (event->class == REASON_FATAL) {
		steps_end(core, step, STATE_FAILED, event->reason, event->text, effects);
		return;
	}
	/* A failed sign-in is in the way of the whole connection, not of this device alone. */
	if (!of_sign_in && device)
		refuse_on(core, device, step, event);
	step->facts.placed_us = 0;
	wait_again(core, step, effects);
}

/* It may have been said before the run was lost, so it proves nothing; but it is worth a question. */
static void heard_while_lost(struct core *core, struct step *step, struct core_effects *effects)
{
	if (!step->unsure)
		ask_back(core, step, effects);
}

static void desktop_stage(struct core *core, struct step *step, enum state state,
			  struct core_effects *effects)
{
	if (step->facts.state == STATE_LOST)
		heard_while_lost(core, step, effects);
	if (!state_follows(step->facts.state, state))
		return;
	if (!step->unsure)
		ask_done(core, step);
	step->facts.state = state;
	step->heard_us = core->now_us;
	steer_heard(step);
	overdue_watch(core, step);
	if ((state == STATE_RUNNING || state == STATE_PAUSED) && step->facts.started_us == 0)
		step->facts.started_us = core->now_us;
	if (state == STATE_RUNNING) {
		if (step->device)
			retries_went_well(core, devices_of(core, step->facts.device), step);
		connections_proven(core, step);
	}
	effects_step(effects, step);
	effects_happened(core, effects, step->run, step, state_name(state), "device", step->facts.device,
			 NULL);
	runs_mirror(core, step->run, effects);
}

static void desktop_progress(struct core *core, struct step *step, const struct core_event *event,
			     struct core_effects *effects)
{
	if (state_row(step->facts.state)->ended)
		return;
	if (step->facts.state == STATE_LOST)
		heard_while_lost(core, step, effects);
	step->heard_us = core->now_us;
	text_replace(&step->facts.subflow, event->subflow);
	text_replace(&step->facts.action, event->action);
	effects_step(effects, step);
	effects_happened(core, effects, step->run, step, "progress", "subflow", step->facts.subflow, "action",
			 step->facts.action, NULL);
}

/* When a flow began whose start was never heard of: its length by the device's clock, counted back from now.
 */
static int64_t began_us(const struct core *core, const struct step *step, const struct core_event *event)
{
	bool measured = event->started_us > 0 && event->ended_us > event->started_us;
	int64_t began = core->now_us - (measured ? event->ended_us - event->started_us : 0);

	return began > step->facts.placed_us ? began : step->facts.placed_us;
}

static void desktop_finished(struct core *core, struct step *step, const struct core_event *event,
			     struct core_effects *effects)
{
	struct core_event end = *event;

	/* It began in a session, though its start was never heard of. */
	if (event->started_us > 0)
		connections_proven(core, step);
	if (event->released)
		desktop_release(core, step);
	if (state_row(step->facts.state)->ended)
		return;
	if (step->facts.started_us == 0)
		step->facts.started_us = began_us(core, step, event);
	end.state = state_row(event->state)->ended ? event->state : STATE_FAILED;
	steps_take_outputs(core, step, &end, effects);
	if (end.state != STATE_SUCCEEDED && !(end.reason && *end.reason))
		end.reason = "FlowFailed";
	steps_end_as(core, step, &end, effects);
}

/* Its session is gone. Without an outcome nobody will ever say more of it. */
static void desktop_released(struct core *core, struct step *step, struct core_effects *effects)
{
	bool open = !state_row(step->facts.state)->ended && step->facts.state != STATE_LOST;

	desktop_release(core, step);
	if (open)
		lost_begin(core, step,
			   "the device has closed the run's session, and its outcome was never heard of", effects);
}

void desktop_event(struct core *core, struct step *step, const struct core_event *event,
		   struct core_effects *effects)
{
	switch (event->kind) {
	case CORE_TAKEN:
	case CORE_STAGE:
		desktop_stage(core, step, event->state, effects);
		break;
	case CORE_REFUSED:
		desktop_refused(core, step, event, effects);
		break;
	case CORE_PROGRESS:
		desktop_progress(core, step, event, effects);
		break;
	case CORE_ASKED:
		person_asked(core, step, (enum core_verb)event->verb, effects);
		break;
	case CORE_FINISHED:
		desktop_finished(core, step, event, effects);
		break;
	case CORE_RELEASED:
		desktop_released(core, step, effects);
		break;
	case CORE_STANDING:
		ask_heard(core, step, event, effects);
		break;
	case CORE_FIRED:
	case CORE_DEVICE:
	case CORE_RETURNED:
	case CORE_CRASHED:
	case CORE_UNCALLED:
	case CORE_UNBLOCKED:
	case CORE_PASSED:
	case CORE_TRYING:
	case CORE_TRIED:
	case CORE_CONFIGURED:
	case CORE_TIME:
		break;
	}
}
