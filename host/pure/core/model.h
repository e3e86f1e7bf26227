/*
 * Runs and steps as the core holds them while they are unfinished. The engine reads them (to store, to show);
 * only the core changes them.
 */
#ifndef HOST_PURE_CORE_MODEL_H
#define HOST_PURE_CORE_MODEL_H

#include "base/arena.h"
#include "base/heap.h"
#include "base/id.h"
#include "pure/core/states.h"
#include "pure/flow/machine.h"
#include "pure/flow/model.h"
#include "pure/queue/placement.h"
#include "pure/queue/reasons.h"

struct core;
struct core_effects;

/* Something that becomes due. Embedded; `at_us` 0: not armed. */
struct core_timer {
	int64_t at_us;
	size_t position;
	void (*due)(struct core *core, struct core_timer *timer, struct core_effects *effects);
};

/*
 * What is kept of a run in the store; texts are copied by whoever takes facts. Those that cannot be changed are names, of
 * which the core has one copy each.
 */
struct run_facts {
	int64_t number;
	char id[ID_SIZE];
	char *label;
	const char *trigger, *who;
	enum state state;
	char *reason, *text;
	int64_t requested_us, started_us, ended_us;
	int64_t origin; /* number of the first run of a chain of resubmits; 0: this is no resubmit */
	char chain[ID_SIZE]; /* id of that first run, or its own: what envelopes of the chain are bound to */
	char *event; /* JSON */
	size_t event_length;
	struct flow_envelope *sealed; /* fields of the event */
	size_t sealed_count;
};

struct run {
	struct run_facts facts;
	const struct flow *flow;
	struct core_lineage *lineage; /* all flows of this name, for `concurrency` */
	struct step **steps;	      /* by position in the flow; NULL: not begun; behind the run, like the next */
	enum flow_standing *standing; /* by position */
	bool dirty;
	bool ready;   /* in the core's list of runs that may have a next step */
	bool leaving; /* in the core's list of runs to be forgotten */
	bool sealed;  /* it has envelopes */
	bool counted; /* among the runs of its flow that are under way, for `concurrency` */
	bool behind;  /* it begins when no other run of its flow that its trigger started is under way */
	struct run *next_waiting;
};

struct step_facts {
	int64_t id, position;
	enum state state;
	char *reason, *text;
	const char *connection, *target, *device, *user;
	bool attended, high;
	int64_t seq, token, attempt;
	int64_t requested_us, placed_us, started_us, ended_us;
	int64_t journal; /* identity of the gateway's journal it was offered to; 0: not said */
	int64_t top;	 /* which of the moves to the top was its; 0: none */
	int64_t lost_us; /* since when nobody knows its outcome; 0: it is not lost */
	char *subflow, *action;
	char *inputs, *outputs; /* JSON */
	size_t inputs_length, outputs_length;
	struct flow_envelope *sealed; /* outputs */
	size_t sealed_count;
};

struct step {
	struct order_item item;
	struct step_facts facts;
	struct run *run;
	const struct flow_step *flow_step;
	const char *folded_user;
	struct core_connection *connection; /* of a desktop step; NULL: not looked for so far */
	struct placement_device *device; /* where its slot is taken; NULL: nowhere */
	struct core_timer queue_timer;	 /* the queue time-out */
	struct core_timer ask_timer;	 /* when its device is asked (again) what became of it */
	struct core_timer overdue_timer; /* its run time-out should long have ended it */
	int64_t overdue_us;		 /* of what the core has counted (internal.h) */
	int64_t limit_ms;		 /* its run time-out, as it was offered; 0: not known */
	struct core_timer lost_timer;	 /* until when it waits for a late answer or a person */
	int64_t heard_us;		 /* when its device last said how it goes on; 0: not since the engine began */
	int64_t ask_delay_ms;		 /* how long the last question was waited for; 0: none was put */
	int64_t crashes;		 /* processes that have ended during its call */
	bool unsure;			 /* its device is to be asked as soon as it is there */
	bool disowned;			 /* it was decided without its device: should that still run it, it stops */
	int64_t serial;			 /* of the password that it was last offered with; 0: none, or not known any more */
	bool signing_in;		 /* its connection waits for how its sign-in goes */
	const char *asked; /* what its device was told and has not confirmed: the `how` of `stop`, or NULL */
	bool displaced;			 /* out of the order until what is configured now is known */
	bool dirty;
};

/* A connection whose sign-in failed: nothing is tried with it until a person says so (rule R29). */
struct core_block {
	int64_t at_us;
	int64_t serial; /* of the password it failed with; 0: not known */
	char *user, *device, *reason, *text;
};

/* Numbers of the host that are never reused; the engine stores them with every batch. */
struct core_counters {
	int64_t run, step, seq, token;
};

/* All versions of a flow, by its name. */
struct core_lineage {
	const struct flow *current; /* NULL: only old runs know it */
	int64_t active;
	struct run *first_waiting, *last_waiting; /* over the flow's concurrency */
};

#endif
