/*
 * Desktop steps: the life of a desktop run between queue and result. docs/protocol.md has the drawing of it; the verbs
 * on its arrows are the functions here.
 */
#include "pure/core/internal.h"

#include "base/mem.h"
#include "base/text.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define STEP_OF_TIMER(timer, member) ((struct step *)(void *)((char *)(timer)-offsetof(struct step, member)))

struct placement_target *desktop_target(const struct core *core, const struct step *step)
{
	return placement_target(&core->placement, step->facts.target);
}

/* One sentence with the obstacle of every device of the target, which is what a person needs who asks why. */
static void obstacles(const struct step *step, const struct placement_target *target, const char **ret_reason, struct text *to)
{
	*ret_reason = "GroupIsEmpty";
	for (size_t i = 0; i < target->device_count; i++) {
		const struct placement_device *device = target->devices[i];
		const char *sentence, *reason = step->item.lane ? placement_obstacle(device, step->item.lane, &sentence) : NULL;
		const struct reason *row = reason_named(reason);

		if (!reason)
			reason = "StrictOrder", sentence = "an earlier run is first";
		if (i == 0)
			*ret_reason = reason;
		text_addf(to, "%s%s: %s (%s)", i ? "; " : "", device->name, reason,
		          sentence && *sentence ? sentence : row ? row->cause : "no further details");
	}
}

void core_explain(struct core *core, struct step *step)
{
	struct placement_target *target = desktop_target(core, step);
	const char *reason;
	struct text text;

	if (step->facts.state != STATE_QUEUED || !target || !step->item.lane)
		return;
	text_init(&text, 2000);
	obstacles(step, target, &reason, &text);
	text_replace(&step->facts.reason, reason);
	text_replace(&step->facts.text, text.s);
	text_clear(&text);
}

static void queue_expired(struct core *core, struct core_timer *timer, struct core_effects *effects)
{
	struct step *step = STEP_OF_TIMER(timer, queue_timer);
	struct placement_target *target = desktop_target(core, step);
	const char *reason;
	struct text text;

	text_init(&text, 2000);
	text_add(&text, "the queue time-out passed; ");
	if (target && step->item.lane)
		obstacles(step, target, &reason, &text);
	else
		text_add(&text, step->facts.text ? step->facts.text : "no device was asked");
	steps_end(core, step, STATE_EXPIRED, "NoCandidateMachine", text.s, effects);
	text_clear(&text);
}

static int64_t queue_timeout_ms(struct core *core, const struct step *step)
{
	if (step->flow_step->queue_timeout.ms > 0)
		return step->flow_step->queue_timeout.ms;
	return core->policy.queue_timeout_ms(core->policy.arg, step->facts.target);
}

void desktop_wait(struct core *core, struct step *step)
{
	step->facts.state = STATE_QUEUED;
	step->item.seq = step->facts.seq;
	step->item.high = step->facts.high;
	order_add(&desktop_target(core, step)->order, step->folded_user, step->facts.attended, &step->item);
	core_arm(core, &step->queue_timer, step->facts.requested_us + queue_timeout_ms(core, step) * 1000, queue_expired);
}

void desktop_queue(struct core *core, struct step *step, struct core_effects *effects)
{
	const char *target, *user;

	text_replace(&step->facts.connection, step->flow_step->connection);
	if (!core->policy.connection(core->policy.arg, step->flow_step->connection, &target, &user) ||
	    !placement_target(&core->placement, target)) {
		steps_end(core, step, STATE_FAILED, "DefinitionGone", "the configuration no longer has this step's connection or its target",
		          effects);
		return;
	}
	text_replace(&step->facts.target, target);
	text_replace(&step->facts.user, user);
	step->folded_user = order_fold_user(user);
	step->facts.seq = ++core->counters.seq;
	effects_step(effects, step);
	effects_happened(core, effects, step->run, step, "queued", "target", target, "user", user, NULL);
	desktop_wait(core, step);
	desktop_place_for(core, desktop_target(core, step), effects);
	if (step->facts.state == STATE_QUEUED)
		core_explain(core, step);
}

/* Only while the offer is on its way may it be sent again; with the same token that is harmless. */
void desktop_offer_again(struct core *core, struct step *step, struct core_effects *effects)
{
	struct core_action *action;
	const char *digest;
	int64_t timeout_ms = 0;

	if (!core->policy.package(core->policy.arg, step->flow_step->target, &digest, &timeout_ms)) {
		desktop_release(core, step, effects);
		steps_end(core, step, STATE_FAILED, "DefinitionGone", "the configuration no longer has this desktop flow", effects);
		return;
	}
	action = effects_action(effects, CORE_OFFER);
	action->step = step;
	action->inputs = arena_copy(effects->arena, step->facts.inputs, step->facts.inputs_length);
	action->inputs_length = step->facts.inputs_length;
	action->timeout_ms = step->flow_step->timeout.ms > 0 ? step->flow_step->timeout.ms : timeout_ms;
	action->package = arena_text(effects->arena, digest);
}

static void desktop_offer(struct core *core, struct order_item *item, struct placement_device *device,
                          struct core_effects *effects)
{
	struct step *step = (struct step *)(void *)item;

	placement_take(&core->placement, item, device);
	core_disarm(core, &step->queue_timer);
	step->device = device;
	step->facts.state = STATE_OFFERED;
	step->facts.token = ++core->counters.token;
	step->facts.placed_us = core->now_us;
	text_replace(&step->facts.device, device->name);
	text_replace(&step->facts.reason, NULL);
	text_replace(&step->facts.text, NULL);
	effects_step(effects, step);
	effects_happened(core, effects, step->run, step, "offered", "device", device->name, NULL);
	desktop_offer_again(core, step, effects);
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

void desktop_release(struct core *core, struct step *step, struct core_effects *effects)
{
	struct placement_device *device = step->device;

	if (!device)
		return;
	step->device = NULL;
	placement_release(device, step->folded_user);
	if (state_row(step->run->facts.state)->ended)
		runs_ended(core, step->run);
	desktop_place_on(core, device, effects);
}

static void retry_due(struct core *core, struct core_timer *timer, struct core_effects *effects)
{
	struct step *step = STEP_OF_TIMER(timer, retry_timer);

	desktop_wait(core, step);
	desktop_place_for(core, desktop_target(core, step), effects);
}

static void desktop_refused(struct core *core, struct step *step, const struct core_event *event, struct core_effects *effects)
{
	struct placement_device *device = step->device;

	if (step->facts.state != STATE_OFFERED && step->facts.state != STATE_PREPARING)
		return;
	effects_happened(core, effects, step->run, step, "refused", "device", step->facts.device, "reason", event->reason, "text",
	                 event->text, NULL);
	if (event->class == REASON_FATAL) {
		steps_end(core, step, STATE_FAILED, event->reason, event->text, effects);
		desktop_release(core, step, effects);
		return;
	}
	step->device = NULL;
	placement_release(device, step->folded_user);
	step->facts.state = STATE_QUEUED;
	text_replace(&step->facts.reason, event->reason);
	text_replace(&step->facts.text, event->text);
	text_replace(&step->facts.device, NULL);
	effects_step(effects, step);
	if (event->class == REASON_RETRY) {
		step->retry_delay_ms = step->retry_delay_ms ? step->retry_delay_ms * 2 : RETRY_FIRST_MS;
		if (step->retry_delay_ms > RETRY_MOST_MS)
			step->retry_delay_ms = RETRY_MOST_MS;
		core_arm(core, &step->retry_timer, core->now_us + step->retry_delay_ms * 1000, retry_due);
		core_arm(core, &step->queue_timer, step->facts.requested_us + queue_timeout_ms(core, step) * 1000, queue_expired);
	} else {
		placement_refuse(device, step->folded_user, step->facts.attended, event->revision, event->reason, event->text);
		desktop_wait(core, step);
		desktop_place_for(core, desktop_target(core, step), effects);
	}
	desktop_place_on(core, device, effects);
}

static void desktop_stage(struct core *core, struct step *step, enum state state, struct core_effects *effects)
{
	if (state_row(step->facts.state)->ended || step->facts.state == state || step->facts.state == STATE_QUEUED)
		return;
	step->facts.state = state;
	if (state == STATE_RUNNING && step->facts.started_us == 0)
		step->facts.started_us = core->now_us;
	effects_step(effects, step);
	effects_happened(core, effects, step->run, step, state_name(state), "device", step->facts.device, NULL);
}

static void desktop_progress(struct core *core, struct step *step, const struct core_event *event, struct core_effects *effects)
{
	if (state_row(step->facts.state)->ended)
		return;
	text_replace(&step->facts.subflow, event->subflow);
	text_replace(&step->facts.action, event->action);
	effects_step(effects, step);
	effects_happened(core, effects, step->run, step, "progress", "subflow", event->subflow, "action", event->action, NULL);
}

static void desktop_finished(struct core *core, struct step *step, const struct core_event *event, struct core_effects *effects)
{
	if (!state_row(step->facts.state)->ended) {
		if (event->payload_length > 0) {
			free(step->facts.outputs);
			step->facts.outputs = mem_copy(event->payload, event->payload_length);
			step->facts.outputs_length = event->payload_length;
		}
		if (step->facts.started_us == 0)
			step->facts.started_us = core->now_us;
		steps_end(core, step, event->state, event->reason, event->text, effects);
	}
	if (event->released)
		desktop_release(core, step, effects);
}

/* Nobody can say how far it came. Without a person to ask in this version it ends as failed. */
void desktop_lost(struct core *core, struct step *step, const char *why, struct core_effects *effects)
{
	effects_happened(core, effects, step->run, step, "lost", "text", why, NULL);
	if (!state_row(step->facts.state)->ended)
		steps_end(core, step, STATE_FAILED, "OutcomeUnknown", why, effects);
	desktop_release(core, step, effects);
}

void desktop_event(struct core *core, struct step *step, const struct core_event *event, struct core_effects *effects)
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
	case CORE_FINISHED:
		desktop_finished(core, step, event, effects);
		break;
	case CORE_RELEASED:
		desktop_release(core, step, effects);
		break;
	case CORE_FIRED:
	case CORE_DEVICE:
	case CORE_RETURNED:
	case CORE_TIME:
		break;
	}
}
