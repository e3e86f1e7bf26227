/* What the files of the core share among themselves. Nobody else includes this. */
#ifndef HOST_PURE_CORE_INTERNAL_H
#define HOST_PURE_CORE_INTERNAL_H

#include "pure/core/core.h"

enum { DEVICE_SILENCE_US = 15 * 1000 * 1000, RETRY_FIRST_MS = 5000, RETRY_MOST_MS = 300000 };

struct core_device {
	struct placement_device *placed;
	struct core_timer silence;
};

struct core {
	struct core_policy policy;
	struct placement placement;
	struct core_counters counters;
	struct table flows;    /* digest -> struct flow, owned */
	struct table lineages; /* name -> struct core_lineage */
	struct table devices;  /* name -> struct core_device */
	struct table runs;     /* number -> struct run */
	struct table steps;    /* id -> struct step */
	struct heap timers;
	struct run **ended;    /* waiting for core_settle */
	size_t ended_count, ended_size;
	hst_arena *scratch;    /* values of one event */
	int64_t now_us;
	struct draw draw;
	uint64_t draws;        /* taken from this event's draw */
};

/* core.c */
void core_arm(struct core *core, struct core_timer *timer, int64_t at_us,
              void (*due)(struct core *, struct core_timer *, struct core_effects *));
void core_disarm(struct core *core, struct core_timer *timer);
uint64_t core_draw(struct core *core); /* 64 bits that follow from the event's draw */
const char *core_key(int64_t number, char to[24]); /* a table's key */

/* effects.c */
void effects_run(struct core_effects *effects, struct run *run);
void effects_step(struct core_effects *effects, struct step *step);
struct core_action *effects_action(struct core_effects *effects, enum core_action_kind kind);
/* `names` and values in turn, ends with NULL; a NULL value is left out. */
void effects_happened(struct core *core, struct core_effects *effects, struct run *run, struct step *step, const char *what, ...)
	__attribute__((sentinel));
void text_replace(char **at, const char *text);

/* runs.c */
void runs_fire(struct core *core, const struct core_event *event, struct core_effects *effects);
void runs_advance(struct core *core, struct run *run, struct core_effects *effects);
struct run *runs_new(struct core *core, const struct flow *flow);
/* What the step's inputs come to now; in the scratch arena. */
int runs_inputs(struct core *core, struct run *run, const struct flow_step *flow_step, const hst_value **ret, hst_error *err);
void runs_ended(struct core *core, struct run *run);  /* to be forgotten once the effects were performed */
void runs_forget(struct core *core, struct run *run); /* unless it still holds a slot */
void runs_free(struct run *run);

/* steps.c */
struct step *steps_new(struct core *core, struct run *run, size_t position);
void steps_start(struct core *core, struct run *run, size_t position, struct core_effects *effects);
void steps_skip(struct core *core, struct run *run, size_t position, struct core_effects *effects);
/* Ends a step and lets its run go on. `reason` and `text` NULL: it went well. */
void steps_end(struct core *core, struct step *step, enum state state, const char *reason, const char *text,
               struct core_effects *effects);
void steps_free(struct core *core, struct step *step);

/* desktop.c: steps that wait for a device and run there */
void desktop_queue(struct core *core, struct step *step, struct core_effects *effects);
void desktop_wait(struct core *core, struct step *step); /* into the order, with its timers */
void desktop_event(struct core *core, struct step *step, const struct core_event *event, struct core_effects *effects);
void desktop_offer_again(struct core *core, struct step *step, struct core_effects *effects);
void desktop_lost(struct core *core, struct step *step, const char *why, struct core_effects *effects);
void desktop_release(struct core *core, struct step *step, struct core_effects *effects);
void desktop_place_on(struct core *core, struct placement_device *device, struct core_effects *effects);
void desktop_place_for(struct core *core, struct placement_target *target, struct core_effects *effects);
struct placement_target *desktop_target(const struct core *core, const struct step *step);

/* devices.c */
void devices_event(struct core *core, const struct core_event *event, struct core_effects *effects);

#endif
