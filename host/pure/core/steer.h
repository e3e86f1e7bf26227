/*
 * What people decide about a run that has not ended: its place in the order, its end, a pause. docs/protocol.md
 * says which word is for which state; steer.c has the same as a table.
 */
#ifndef HOST_PURE_CORE_STEER_H
#define HOST_PURE_CORE_STEER_H

#include "pure/core/core.h"

enum core_verb {
	CORE_TOP = 1,  /* first in the order; of several the last one moved */
	CORE_UNTOP,    /* back to the place that priority and time give it */
	CORE_PRIORITY, /* `high` or not */
	CORE_CANCEL,   /* ended now */
	CORE_STOP,     /* ended at the next checkpoint */
	CORE_PAUSE,
	CORE_RESUME,
	CORE_VERB_COUNT
};

struct core_steering {
	enum core_verb verb;
	int64_t now_us;
	struct draw draw;
	int64_t run;
	const char *step; /* NULL: the run, or the one step of it that the word can be meant for */
	bool high;	  /* PRIORITY */
	const char *who;  /* name of the operator */
};

struct core_steered {
	struct run *run;
	struct step *step; /* NULL: the run as a whole */
};

const char *core_verb_name(enum core_verb verb);      /* "top" */
enum core_verb core_verb_named(const char *name); /* 0: unknown */

/*
 * An event like those of core_step, but whoever sent it is answered: HST_NOT_FOUND for a run that is not unfinished
 * or a step that its flow does not have, HST_INVALID when it must be said which step, HST_DENIED with the reason
 * WrongState when the word makes no sense in the state that it is in. Then nothing has changed. A word that comes
 * again succeeds and changes nothing more.
 */
int core_steer(struct core *core, const struct core_steering *steering, struct core_effects *effects,
	       struct core_steered *ret, hst_error *err);

#endif
