/*
 * What became of an offer? The committed offer is the permission to start, and only the gateway that got it can
 * take that back. So wherever the core cannot know, it asks, and places nothing elsewhere until it was told
 * `never`. To ask is also to ask it back: the gateway drops a run that has touched no session yet.
 */
#include "pure/core/internal.h"

#include "base/mem.h"

#include <stddef.h>
#include <stdlib.h>

enum { ASK_FIRST_MS = 5000, ASK_MOST_MS = 300000, OFFER_ANSWERED_US = 60 * 1000 * 1000 };

#define STEP_OF_TIMER(timer, member) ((struct step *)(void *)((char *)(timer)-offsetof(struct step, member)))

static void ask_due(struct core *core, struct core_timer *timer, struct core_effects *effects);

/* While its gateway is not there nobody can be asked; its first word then brings the question up again. */
static void ask(struct core *core, struct step *step, struct core_effects *effects)
{
	if (!devices_there(core, step->facts.device)) {
		core_disarm(core, &step->ask_timer);
		return;
	}
	effects_action(effects, CORE_ASK)->step = step;
	step->ask_delay_ms = step->ask_delay_ms ? 2 * step->ask_delay_ms : ASK_FIRST_MS;
	if (step->ask_delay_ms > ASK_MOST_MS)
		step->ask_delay_ms = ASK_MOST_MS;
	core_arm(core, &step->ask_timer, core->now_us + step->ask_delay_ms * 1000, ask_due);
}

static void ask_due(struct core *core, struct core_timer *timer, struct core_effects *effects)
{
	struct step *step = STEP_OF_TIMER(timer, ask_timer);

	if (step->unsure)
		ask(core, step, effects);
	else if (step->facts.state == STATE_OFFERED || step->facts.state == STATE_STOPPING)
		ask_back(core, step, effects);
}

void ask_back(struct core *core, struct step *step, struct core_effects *effects)
{
	step->unsure = true;
	step->ask_delay_ms = 0;
	ask(core, step, effects);
}

void ask_later(struct core *core, struct step *step)
{
	core_arm(core, &step->ask_timer, core->now_us + OFFER_ANSWERED_US, ask_due);
}

void ask_done(struct core *core, struct step *step)
{
	core_disarm(core, &step->ask_timer);
	step->unsure = false;
	step->ask_delay_ms = 0;
}

bool ask_forgotten(const struct core *core, const struct step *step)
{
	const struct core_device *device = devices_of(core, step->facts.device);

	return !device || device->journal == 0 || device->journal != step->facts.journal;
}

void ask_disown(const struct placement_device *device, int64_t step, int64_t token, struct core_effects *effects)
{
	struct core_action *action = effects_action(effects, CORE_DISOWN);

	action->device = arena_text(effects->arena, device->name);
	action->step_id = step;
	action->token = token;
}

static void goes_on(struct core *core, struct step *step, enum state state, struct core_effects *effects)
{
	struct core_event stage = {.kind = CORE_STAGE, .state = state};

	if (step->facts.state == STATE_LOST)
		lost_found(core, step, state, effects);
	else if (step->facts.state == STATE_OFFERED || step->facts.state == STATE_PREPARING)
		desktop_event(core, step, &stage, effects);
	else
		steer_again(step, effects);
}

/* The flow itself was heard of. That it was to be launched is no proof: its gateway may have died before it did. */
static bool has_begun(const struct step *step)
{
	return step->facts.subflow || step->facts.action || step->facts.state == STATE_PAUSED;
}

/* What has begun is not started again on a word that cannot be true. */
static void never(struct core *core, struct step *step, struct core_effects *effects)
{
	char *why;

	if (!ask_forgotten(core, step) && !has_begun(step)) {
		desktop_withdrawn(core, step, effects);
		return;
	}
	why = mem_printf(has_begun(step)		? "the gateway of %s says that the run was never started, although it "
						  "had said before what it did"
						: "the gateway of %s was set up anew since it got the run, and does not "
						  "know what became of it",
			 step->facts.device);
	desktop_release(core, step);
	lost_begin(core, step, why, effects);
	free(why);
}

static void lost(struct core *core, struct step *step, struct core_effects *effects)
{
	char *why = mem_printf("%s started the flow, and lost sight of it before it ended", step->facts.device);

	desktop_release(core, step);
	lost_begin(core, step, why, effects);
	free(why);
}

void ask_heard(struct core *core, struct step *step, const struct core_event *event, struct core_effects *effects)
{
	if (state_row(step->facts.state)->ended || event->standing == OFFER_UNKNOWN)
		return;
	/* Its outcome is on its way, and is asked for until it is here. */
	if (event->standing == OFFER_FINISHED)
		return;
	/* That it goes on is true only of the moment it was asked; the other answers are for ever. */
	if (!step->unsure && event->standing != OFFER_LOST && event->standing != OFFER_NEVER)
		return;
	ask_done(core, step);
	switch (event->standing) {
	case OFFER_PREPARING:
		goes_on(core, step, STATE_PREPARING, effects);
		break;
	case OFFER_RUNNING:
		goes_on(core, step, STATE_RUNNING, effects);
		break;
	case OFFER_PAUSED:
		goes_on(core, step, STATE_PAUSED, effects);
		break;
	case OFFER_LOST:
		lost(core, step, effects);
		break;
	case OFFER_NEVER:
		never(core, step, effects);
		break;
	case OFFER_FINISHED:
	case OFFER_UNKNOWN:
	case OFFER_STANDINGS:
		break;
	}
}
