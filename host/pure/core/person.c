/*
 * What the person at a device has asked of the attended run in their session: pause, resume, stop. The device has done it
 * already, so nothing is said to it; here it is written down as theirs.
 */
#include "pure/core/internal.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

static bool makes_sense(enum core_verb verb, enum state state)
{
	switch (verb) {
	case CORE_PAUSE:
		return state == STATE_RUNNING;
	case CORE_RESUME:
		/* Where the flow had not come to its checkpoint yet, it has never been paused. */
		return state == STATE_PAUSED || state == STATE_RUNNING;
	case CORE_STOP:
		return state == STATE_RUNNING || state == STATE_PAUSED;
	default:
		return false;
	}
}

static void stops(struct core *core, struct step *step, const char *who, struct core_effects *effects)
{
	char *said = mem_printf("stopped by %s", who);

	step->facts.state = STATE_STOPPING;
	text_replace(&step->facts.reason, NULL);
	text_replace(&step->facts.text, said);
	free(said);
	effects_step(effects, step);
	effects_happened(core, effects, step->run, step, "stopping", "device", step->facts.device, NULL);
	runs_mirror(core, step->run, effects);
}

void person_asked(struct core *core, struct step *step, enum core_verb verb, struct core_effects *effects)
{
	char *who;

	if (!step->facts.attended || !makes_sense(verb, step->facts.state))
		return;
	/* No operator has a name with a blank in it. */
	who = mem_printf("%s at %s", step->facts.user, step->facts.device);
	effects_happened(core, effects, step->run, step, core_verb_name(verb), "who", who, NULL);
	if (verb == CORE_STOP)
		stops(core, step, who, effects);
	free(who);
}
