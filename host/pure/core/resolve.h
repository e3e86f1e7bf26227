/*
 * What a person says of a lost step: how it ended, or that it is to be done again. An event like those of core_step,
 * but whoever sent it is answered.
 */
#ifndef HOST_PURE_CORE_RESOLVE_H
#define HOST_PURE_CORE_RESOLVE_H

#include "pure/core/steer.h"

enum core_resolution {
	CORE_RESOLVE_SUCCEEDED = 1,
	CORE_RESOLVE_FAILED,
	CORE_RESOLVE_REQUEUE, /* it is done again: a desktop flow in its old place, a connector's call at once */
	CORE_RESOLUTIONS
};

struct core_resolving {
	enum core_resolution how;
	int64_t now_us;
	struct draw draw;
	int64_t run;
	const char *step;    /* NULL: the one that is lost */
	const char *outputs; /* SUCCEEDED: JSON, checked by the caller */
	size_t outputs_length;
	const char *who; /* name of the operator */
};

const char *core_resolution_name(enum core_resolution how); /* "requeue" */
enum core_resolution core_resolution_named(const char *name); /* 0: unknown */

/* The lost step that is meant. HST_NOT_FOUND: the run is not unfinished, or its flow has no such step; HST_INVALID: it
 * must be said which step; HST_DENIED with the reason WrongState: it is not lost. */
int core_resolve_find(const struct core *core, int64_t run, const char *step, struct step **ret, hst_error *err);

int core_resolve(struct core *core, const struct core_resolving *resolving, struct core_effects *effects,
		 struct core_steered *ret, hst_error *err);

#endif
