/* A rehearsal from the inside, shared by rehearse_run.c (the core, the clock, what is due), rehearse_device.c and rehearse_record.c. */
#ifndef HOST_CLI_REHEARSE_RUN_H
#define HOST_CLI_REHEARSE_RUN_H

#include "cli/rehearse_device.h"
#include "cli/rehearse_examples.h"

enum due_kind { DUE_ADMISSION = 1, DUE_CORE, DUE_FLOW_END };

/* What comes at a time of the rehearsal's clock. Texts are of its arena. */
struct due {
	int64_t at_us;
	uint64_t order; /* of two at the same time */
	enum due_kind kind;
	struct rehearse_device *device;
	struct admission_event admission; /* ADMISSION; FLOW_END: its number */
	struct core_event core;		  /* CORE */
};

/* What was seen of a step. */
struct seen_step {
	const struct flow_step *step;
	int64_t id;
	enum state state;
	const char *device, *user, *reason, *text, *session;
	bool attended;
	int64_t begun_us, started_us, ended_us;
	hst_value *waits; /* a list of {after_ms, reason, text} */
	const char *waited_for; /* the last of their texts; NULL: it does not wait */
	const char *misfit; /* what is wrong with its inputs; NULL: nothing */
	const struct core_direction *directions; /* of its outputs, in the arena */
	size_t direction_count;
};

struct rehearsal {
	const struct rehearsing *rehearsing;
	hst_arena *arena; /* of the command */
	struct core *core;
	struct core_effects effects;
	struct rehearse_device *devices;
	size_t device_count;
	struct due *due;
	size_t due_count, due_size;
	uint64_t order, draws;
	int64_t began_us, now_us;
	const struct flow *flow;
	struct examples examples;
	struct seen_step *steps; /* by position */
	int64_t run;
	enum state state;
	const char *reason, *text, *label;
};

/* So long from now. What the event points to is copied where it is a text. */
void rehearsal_later(struct rehearsal *rehearsal, int64_t in_us, struct rehearse_device *device, const struct admission_event *event);
void rehearsal_ends_later(struct rehearsal *rehearsal, int64_t in_us, struct rehearse_device *device, uint32_t number);

/* The core hears of it now; what it wants done is put among what is due. */
void rehearsal_core(struct rehearsal *rehearsal, struct core_event *event);

/* NULL: the run has no such step. */
struct seen_step *rehearsal_step(struct rehearsal *rehearsal, int64_t id);

/* Examples of what the step puts out, into an event about its end; `json` has the room. What cannot be made fails the step. */
void rehearsal_outputs(struct rehearsal *rehearsal, const struct seen_step *seen, struct core_event *event, struct text *json);

/* rehearse_record.c. What rehearse_run gives. */
const hst_value *rehearsal_record(const struct rehearsal *rehearsal, const char *trigger, const hst_value *event);

#endif
