/*
 * "Why does it not start?", for a run, a flow or a trigger: one true sentence, one for each candidate, and the remedy.
 * Everything is made in the engine's scratch arena.
 */
#ifndef HOST_ENGINE_WHY_H
#define HOST_ENGINE_WHY_H

#include "config/standing.h"
#include "engine/answers.h"

/* why_run.c: `run` is what answer_show gave; `step` NULL: the one that matters. */
int why_run(struct engine *engine, const hst_value *run, const char *step, hst_value *to, hst_error *err);

/* why_device.c: what is in the way of a waiting step on each device of its target: fills `to`, and returns how many. */
size_t why_candidates(struct engine *engine, const struct step *step, hst_value *to);

/* why_house.c */
void why_flow(struct engine *engine, const struct flow *flow, hst_value *to);
void why_trigger(struct engine *engine, const struct definition *trigger, hst_value *to);

/* why_looked.c: [{"at","what","outcome"}], the newest first; empty where it keeps none. */
const hst_value *why_looked(struct engine *engine, const char *trigger);

/* why_words.c */
const char *why_moment(hst_arena *arena, int64_t us);	    /* "2026-11-21T23:31:52Z" */
const char *why_moment_of(hst_arena *arena, const hst_value *iso); /* the same from an answer's time */
const char *why_remedy(hst_arena *arena, const char *code, const char *name); /* of the table, NAME filled in; or NULL */
/* "its process is degraded since …: exit status 3: about to die"; NULL: hostlerd says nothing of it. */
const char *why_process(struct engine *engine, const char *child);

#endif
