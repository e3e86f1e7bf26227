/* What people decide about a run that has not ended. */
#include "pure/core/steer.h"

#include "base/mem.h"
#include "base/text.h"
#include "pure/core/internal.h"

#include <stdlib.h>
#include <string.h>

enum { NAMES_MAX = 200 };

/* What a word does to a step. */
enum deed {
	DEED_NONE = 0, /* it makes no sense there */
	DEED_MOVE,     /* its place in the order changes */
	DEED_END,      /* it ends at once: nothing was begun */
	DEED_HALT,     /* whoever has it is told to end it, and says when it has ended */
	DEED_ASK,      /* its device is told, and says when it has come about */
	DEED_GIVE_UP,  /* nobody knows how far it came, and nobody waits for it any more */
	DEED_ALREADY,  /* it is what was asked for */
};

static const unsigned char desktop_deeds[STATE_COUNT][CORE_VERB_COUNT] = {
	[STATE_QUEUED] = {[CORE_TOP] = DEED_MOVE,
			  [CORE_UNTOP] = DEED_MOVE,
			  [CORE_PRIORITY] = DEED_MOVE,
			  [CORE_CANCEL] = DEED_END,
			  [CORE_STOP] = DEED_END},
	[STATE_OFFERED] = {[CORE_CANCEL] = DEED_HALT, [CORE_STOP] = DEED_HALT},
	[STATE_PREPARING] = {[CORE_CANCEL] = DEED_HALT, [CORE_STOP] = DEED_HALT},
	[STATE_RUNNING] = {[CORE_CANCEL] = DEED_HALT, [CORE_STOP] = DEED_HALT, [CORE_PAUSE] = DEED_ASK},
	[STATE_PAUSED] = {[CORE_CANCEL] = DEED_HALT,
			  [CORE_STOP] = DEED_HALT,
			  [CORE_PAUSE] = DEED_ALREADY,
			  [CORE_RESUME] = DEED_ASK},
	[STATE_STOPPING] = {[CORE_CANCEL] = DEED_HALT, [CORE_STOP] = DEED_ALREADY},
	[STATE_LOST] = {[CORE_CANCEL] = DEED_GIVE_UP},
};

/* A call has no checkpoints and no place in the order. */
static const unsigned char connector_deeds[STATE_COUNT][CORE_VERB_COUNT] = {
	[STATE_QUEUED] = {[CORE_CANCEL] = DEED_END, [CORE_STOP] = DEED_END},
	[STATE_RUNNING] = {[CORE_CANCEL] = DEED_HALT},
	[STATE_STOPPING] = {[CORE_CANCEL] = DEED_ALREADY},
	[STATE_LOST] = {[CORE_CANCEL] = DEED_GIVE_UP},
};

static const struct verb {
	const char *name;
	const char *done; /* what is said of it afterwards: "cancelled by NAME" */
	const char *why;  /* what it can be said to, with the remedy */
} verbs[CORE_VERB_COUNT] = {
	[CORE_TOP] = {"top", NULL, "only a step that waits for a device has a place to change"},
	[CORE_UNTOP] = {"untop", NULL, "only a step that waits for a device has a place to change"},
	[CORE_PRIORITY] = {"priority", NULL, "only a step that waits for a device has a place to change"},
	[CORE_CANCEL] = {"cancel", "cancelled", "there is nothing left to cancel"},
	[CORE_STOP] = {"stop", "stopped",
		       "only a desktop flow has checkpoints to stop at; `hostler cancel` ends a step in any state, "
		       "`hostler stop RUN` ends the run behind it"},
	[CORE_PAUSE] = {"pause", NULL, "only a desktop flow that runs can be paused"},
	[CORE_RESUME] = {"resume", NULL, "only a run that is paused can go on"},
};

const char *core_verb_name(enum core_verb verb)
{
	return verb > 0 && verb < CORE_VERB_COUNT ? verbs[verb].name : "";
}

enum core_verb core_verb_named(const char *name)
{
	for (int i = 1; name && i < CORE_VERB_COUNT; i++)
		if (strcmp(verbs[i].name, name) == 0)
			return (enum core_verb)i;
	return 0;
}

/* One word under way. */
struct steer {
	struct core *core;
	const struct core_steering *steering;
	struct core_effects *effects;
	struct run *run;
	hst_error *err;
	char *said; /* "cancelled by anna" */
};

static enum deed deed_for(const struct steer *steer, const struct step *step)
{
	bool desktop = step->flow_step->use == FLOW_USE_DESKTOP;

	return (desktop ? desktop_deeds : connector_deeds)[step->facts.state][steer->steering->verb];
}

static bool ends(const struct steer *steer)
{
	return steer->steering->verb == CORE_CANCEL || steer->steering->verb == CORE_STOP;
}

static void happened(struct steer *steer, struct step *step)
{
	const struct core_steering *steering = steer->steering;
	const char *priority = steering->verb != CORE_PRIORITY ? NULL : steering->high ? "high" : "normal";

	effects_happened(steer->core, steer->effects, steer->run, step, core_verb_name(steering->verb), "who",
			 steering->who, "priority", priority, NULL);
}

static void halt(struct step *step, const char *how, struct core_effects *effects)
{
	struct core_action *action = effects_action(effects, CORE_HALT);

	step->asked = how;
	action->step = step;
	action->how = how;
}

/* The order of a target changes, so in a strict one another may be first. */
static void move(struct steer *steer, struct step *step)
{
	const struct core_steering *steering = steer->steering;

	if (steering->verb == CORE_PRIORITY)
		step->item.high = step->facts.high = steering->high;
	else
		step->item.top = step->facts.top = steering->verb == CORE_TOP ? ++steer->core->counters.seq : 0;
	order_changed(&step->item);
	effects_step(steer->effects, step);
	happened(steer, step);
	turn_target(steer->core, desktop_target(steer->core, step));
	turn_explain(steer->core, step);
}

/*
 * While it is stopping its reason says how: Cancelled, and it is ended; none, and it may go on to its next
 * checkpoint. So that is known after a restart, too.
 */
static void stop(struct steer *steer, struct step *step)
{
	const char *how = core_verb_name(steer->steering->verb);
	bool first = step->facts.state != STATE_STOPPING, cancel = steer->steering->verb == CORE_CANCEL;
	bool offered = step->facts.state == STATE_OFFERED;

	if (!first && step->facts.reason)
		return;
	happened(steer, step);
	step->facts.state = STATE_STOPPING;
	text_replace(&step->facts.reason, cancel ? "Cancelled" : NULL);
	text_replace(&step->facts.text, steer->said);
	effects_step(steer->effects, step);
	if (first)
		effects_happened(steer->core, steer->effects, steer->run, step, "stopping", "device",
				 step->facts.device, NULL);
	halt(step, how, steer->effects);
	/* An offer that was lost on the way is never ended by a word about it. */
	if (offered && !step->unsure)
		ask_back(steer->core, step, steer->effects);
}

/* Should it be running somewhere after all, its device is told as soon as it is heard of. */
static void give_up(struct steer *steer, struct step *step)
{
	char *text = mem_printf("%s while it was lost: nobody knows how far it came", steer->said);

	happened(steer, step);
	steps_end(steer->core, step, STATE_CANCELLED, "Cancelled", text, steer->effects);
	step->disowned = step->device != NULL;
	if (step->device)
		halt(step, "cancel", steer->effects);
	free(text);
}

static void act(struct steer *steer, struct step *step, enum deed deed)
{
	switch (deed) {
	case DEED_MOVE:
		move(steer, step);
		break;
	case DEED_END:
		happened(steer, step);
		steps_end(steer->core, step, STATE_CANCELLED, "Cancelled", steer->said, steer->effects);
		break;
	case DEED_GIVE_UP:
		give_up(steer, step);
		break;
	case DEED_HALT:
		stop(steer, step);
		break;
	case DEED_ASK:
		happened(steer, step);
		halt(step, core_verb_name(steer->steering->verb), steer->effects);
		break;
	case DEED_ALREADY:
	case DEED_NONE:
		break;
	}
}

/* "find, enter" of the steps that have begun and not ended; "" for none. */
static char *active_names(const struct run *run)
{
	struct text names;

	text_init(&names, NAMES_MAX);
	for (size_t i = 0; i < run->flow->step_count; i++)
		if (run->standing[i] == FLOW_STEP_ACTIVE)
			text_addf(&names, "%s%s", names.length ? ", " : "", run->steps[i]->flow_step->name);
	return text_take(&names);
}

static int wrong_state(const struct steer *steer, const char *step, enum state state)
{
	return hst_fail_as(steer->err, HST_DENIED, "WrongState", "#%lld%s%s is %s; %s",
			   (long long)steer->run->facts.number, step ? "/" : "", step ? step : "",
			   state_name(state), verbs[steer->steering->verb].why);
}

static int offline(const struct steer *steer, const struct step *step)
{
	return hst_fail_as(steer->err, HST_RETRY, "DeviceOffline",
			   "the device %s does not answer now, so nobody can tell the flow; try again when it is back",
			   step->facts.device);
}

static bool is_offline(const struct step *step)
{
	return step->device && !step->device->online;
}

static int steer_one(struct steer *steer, struct step *step)
{
	enum deed deed = deed_for(steer, step);

	if (deed == DEED_NONE)
		return wrong_state(steer, step->flow_step->name, step->facts.state);
	if (deed == DEED_ASK && is_offline(step))
		return offline(steer, step);
	act(steer, step, deed);
	return HST_OK;
}

static int steer_named(struct steer *steer, struct step **ret)
{
	const char *name = steer->steering->step;
	const struct run *run = steer->run;
	int position = flow_step_named(run->flow, name);
	char *names;

	if (position < 0)
		return hst_fail(steer->err, HST_NOT_FOUND, "the flow %s has no step \"%s\"", run->flow->name, name);
	*ret = run->steps[position];
	if (*ret)
		return steer_one(steer, *ret);
	names = active_names(run);
	hst_fail_as(steer->err, HST_DENIED, "WrongState", "#%lld/%s has not begun; the run is at %s",
		    (long long)run->facts.number, name, *names ? names : "no step");
	free(names);
	return HST_DENIED;
}

/* The run alone was named: the one step of it that the word can be meant for. */
static int steer_only(struct steer *steer, struct step **ret)
{
	struct run *run = steer->run;
	struct step *only = NULL, *active = NULL;
	char *names;

	for (size_t i = 0; i < run->flow->step_count; i++) {
		if (run->standing[i] != FLOW_STEP_ACTIVE)
			continue;
		active = run->steps[i];
		if (deed_for(steer, active) == DEED_NONE)
			continue;
		if (only) {
			names = active_names(run);
			hst_fail(steer->err, HST_INVALID, "which step? say #%lld/STEP with one of %s",
				 (long long)run->facts.number, names);
			free(names);
			return HST_INVALID;
		}
		only = run->steps[i];
	}
	if (!active)
		return wrong_state(steer, NULL, run->facts.state);
	*ret = only ? only : active;
	return steer_one(steer, *ret);
}

/* What has begun is ended, what has not never begins. A connector's call has no checkpoint: it is waited for. */
static int steer_run(struct steer *steer)
{
	struct run *run = steer->run;
	bool cancel = steer->steering->verb == CORE_CANCEL, again;

	if (run->facts.state == STATE_QUEUED) {
		happened(steer, NULL);
		text_replace(&run->facts.reason, "Cancelled");
		text_replace(&run->facts.text, steer->said);
		runs_cancel(steer->core, run, steer->effects);
		return HST_OK;
	}
	again = run->facts.state == STATE_STOPPING && (!cancel || run->facts.reason);
	if (!again) {
		happened(steer, NULL);
		run->facts.state = STATE_STOPPING;
		text_replace(&run->facts.reason, cancel ? "Cancelled" : NULL);
		text_replace(&run->facts.text, steer->said);
		effects_run(steer->effects, run);
	}
	for (size_t i = 0; i < run->flow->step_count; i++)
		if (run->standing[i] == FLOW_STEP_ACTIVE)
			act(steer, run->steps[i], deed_for(steer, run->steps[i]));
	turn_run(steer->core, run);
	return HST_OK;
}

int core_steer(struct core *core, const struct core_steering *steering, struct core_effects *effects,
	       struct core_steered *ret, hst_error *err)
{
	struct steer steer = {.core = core, .steering = steering, .effects = effects, .err = err};
	struct step *step = NULL;
	int rc;

	core_begin(core, steering->now_us, steering->draw);
	steer.run = core_run(core, steering->run);
	if (!steer.run)
		return hst_fail(err, HST_NOT_FOUND, "no run #%lld is unfinished", (long long)steering->run);
	if (state_row(steer.run->facts.state)->ended)
		return wrong_state(&steer, NULL, steer.run->facts.state);
	if (ends(&steer))
		steer.said = mem_printf("%s%s%s", verbs[steering->verb].done, steering->who ? " by " : "",
					steering->who ? steering->who : "");
	rc = steering->step ? steer_named(&steer, &step)
	     : ends(&steer) ? steer_run(&steer)
			    : steer_only(&steer, &step);
	free(steer.said);
	if (rc < 0)
		return rc;
	turn_take(core, effects);
	*ret = (struct core_steered){steer.run, step};
	return HST_OK;
}

void steer_replace(struct core *core, struct run *run, struct core_effects *effects)
{
	char *who = mem_printf("trigger:%s", run->facts.trigger), *said = mem_printf("replaced by the next event of %s", run->facts.trigger);
	const struct core_steering steering = {.verb = CORE_CANCEL, .who = who};
	struct steer steer = {.core = core, .steering = &steering, .effects = effects, .run = run, .said = said};

	steer_run(&steer);
	free(said);
	free(who);
}

void steer_again(struct step *step, struct core_effects *effects)
{
	if (step->facts.state == STATE_STOPPING)
		halt(step, step->facts.reason ? "cancel" : "stop", effects);
	else if (step->asked)
		halt(step, step->asked, effects);
}

void steer_overdue(struct core *core, struct step *step, const char *reason, const char *text, struct core_effects *effects)
{
	step->facts.state = STATE_STOPPING;
	text_replace(&step->facts.reason, reason);
	text_replace(&step->facts.text, text);
	effects_step(effects, step);
	effects_happened(core, effects, step->run, step, "stopping", "device", step->facts.device, "reason", reason, "text", text,
			 NULL);
	halt(step, "cancel", effects);
	runs_mirror(core, step->run, effects);
}

void steer_heard(struct step *step)
{
	static const struct {
		enum state state;
		const char *how;
	} confirmed[] = {{STATE_PAUSED, "pause"}, {STATE_RUNNING, "resume"}};

	for (size_t i = 0; step->asked && i < sizeof confirmed / sizeof *confirmed; i++)
		if (step->facts.state == confirmed[i].state && strcmp(step->asked, confirmed[i].how) == 0)
			step->asked = NULL;
}

void steer_withdrawn(struct core *core, struct step *step, struct core_effects *effects)
{
	char *text = mem_text(step->facts.text);

	steps_end(core, step, STATE_CANCELLED, "Cancelled", text, effects);
	free(text);
}

/* Who asked for it is worth more to people than that it was asked for. */
void steer_judge(const struct step *step, struct core_event *event)
{
	if (step->facts.state != STATE_STOPPING || !step->facts.text || event->state == STATE_SUCCEEDED)
		return;
	if (event->state != STATE_CANCELLED && step->flow_step->use == FLOW_USE_DESKTOP)
		return;
	event->state = overdue_is(step) ? STATE_TIMED_OUT : STATE_CANCELLED;
	event->reason = overdue_is(step) ? step->facts.reason : "Cancelled";
	event->text = step->facts.text;
}
