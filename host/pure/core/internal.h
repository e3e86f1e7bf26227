/* What the files of the core share among themselves. Nobody else includes this. */
#ifndef HOST_PURE_CORE_INTERNAL_H
#define HOST_PURE_CORE_INTERNAL_H

#include "pure/core/core.h"
#include "pure/core/held.h"
#include "pure/core/steer.h"

enum { DEVICE_SILENCE_US = 15 * 1000 * 1000, RETRY_FIRST_MS = 5000, RETRY_MOST_MS = 300000,
       COUNTED_MOST_US = 60 * 1000 * 1000 };

struct core_device {
	struct placement_device *placed;
	struct core_timer silence, lost; /* offline; then its runs are lost */
	int64_t journal;		 /* identity of its gateway's journal; 0: not said */
	bool heard;			 /* its gateway spoke lately */
	int64_t said_revision; /* the last that its gateway named */
	int64_t base;	       /* what is added to those, so that they grow across restarts of the gateway */
	struct table retries;  /* "user/mode" -> struct core_retry */
};

/* A user and mode that a device is not asked for until a while has passed. */
struct core_retry {
	struct core_timer timer;
	struct placement_device *device;
	char *user;
	bool attended;
	int64_t delay_ms; /* of the last refusal; the next one doubles it */
};

/* Where people and passwords meet: target, user and password by one name. Rule R29 is about these. */
struct core_connection {
	struct order_gate gate;	 /* what its steps wait behind */
	struct core_block block; /* no reason: not blocked */
	bool proven;		 /* a sign-in went well, and none has failed since */
	int64_t serial;		 /* of the password that it went well with; 0: none, or not known */
	int64_t signing_in;	 /* steps that are offered or preparing */
	int64_t as_of;		 /* core->configured when the rest was looked for; 0: never */
	struct placement_target *target; /* NULL: it leads nowhere */
	const char *target_name, *user, *folded_user;
};

/* The flows that a trigger starts, in the order of their lineages. */
struct core_listeners {
	struct core_lineage **at;
	size_t n, size;
};

/* Pointers first in, first out. */
struct core_queue {
	void **at;
	size_t first, n, size;
};

struct core {
	struct core_policy policy;
	struct placement placement;
	struct core_counters counters;
	struct table words;    /* names that many runs have in common: kept once, as long as the core */
	struct text json;      /* being written */
	int64_t configured;    /* grows with every change of what is configured */
	struct table listeners; /* trigger -> struct core_listeners, as of `listening_since` */
	int64_t listening_since;
	struct table flows;    /* digest -> struct flow, owned */
	struct table lineages; /* name -> struct core_lineage */
	struct table devices;  /* name -> struct core_device */
	struct table connections; /* name -> struct core_connection */
	struct table secured;	  /* a flow, as a number -> what of it is secure; walked only to be freed */
	struct table disabled;	  /* "flow:NAME", "trigger:NAME" -> struct core_stand */
	struct table drained;	  /* "device:NAME", "cluster:NAME", "host" -> struct core_stand */
	struct core_hold hold;	  /* after a restore */
	struct order_gate hold_gate; /* what is held waits behind it */
	struct table runs;     /* number -> struct run */
	struct table steps;    /* id -> struct step */
	struct heap timers;
	struct run **ended; /* waiting for core_settle */
	size_t ended_count, ended_size;
	struct core_queue runs_ready, devices_stirred, targets_stirred, steps_queued; /* turn.c */
	hst_arena *scratch;	    /* values of one event */
	struct core_parsed *parsed; /* what was read into it */
	int64_t now_us;
	int64_t counted_us; /* grows with now_us, and by a minute at most from one event to the next */
	struct draw draw;
	uint64_t draws; /* taken from this event's draw */
};

/* listeners.c: those that an event starts, each of them once */
const struct core_listeners *listeners_of(struct core *core, const char *trigger); /* NULL: none */
void listeners_clear(struct core *core);

/* connections.c: how the sign-ins of steps go. A step that is let go without a word has `left`. */
const struct order_gate *connections_gate(struct core *core, struct step *step, struct core_effects *effects);
/* Where the step's connection leads as it is configured now. NULL: nowhere. */
const struct core_connection *connections_lead(struct core *core, struct step *step);
void connections_begin(struct core *core, struct step *step);
void connections_proven(struct core *core, struct step *step);
void connections_failed(struct core *core, struct step *step, const char *reason, const char *text, int64_t serial,
			struct core_effects *effects);
void connections_left(struct core *core, struct step *step);
void connections_trying(struct core *core, const char *connection);
void connections_tried(struct core *core, const struct core_event *event, struct core_effects *effects);
void connections_unblock(struct core *core, const char *connection, struct core_effects *effects);
void connections_restore(struct core *core, const char *connection, const hst_value *block);
void connections_free(struct core_connection *connection);

/* core.c */
const char *core_word(struct core *core, const char *text); /* the core's own copy of a name; NULL stays NULL */
const char *core_fold_user(struct core *core, const char *user);
void core_arm(struct core *core, struct core_timer *timer, int64_t at_us,
	      void (*due)(struct core *, struct core_timer *, struct core_effects *));
void core_disarm(struct core *core, struct core_timer *timer);
void core_begin(struct core *core, int64_t now_us, struct draw draw); /* of every event, first */
uint64_t core_draw(struct core *core);		   /* 64 bits that follow from the event's draw */
void core_forget_values(struct core *core);	   /* empties the scratch arena */

/*
 * turn.c: what an event has stirred up is put down here and done afterwards, one after the other and not one
 * within the other. So the depth of calls does not grow with the number of those who wait, tables are not
 * changed while they are walked, and a place that becomes free is given away only when everything that the
 * event has ended or begun is known.
 */
void turn_run(struct core *core, struct run *run);		      /* it may have a next step */
void turn_device(struct core *core, struct placement_device *device); /* it may take more than before */
void turn_target(
	struct core *core,
	struct placement_target *target); /* something in its order may start that could not before */
void turn_explain(struct core *core, struct step *step); /* if it still waits at the end of the turn */
void turn_take(struct core *core, struct core_effects *effects);
void turn_clear(struct core *core);

/* effects.c */
void effects_run(struct core_effects *effects, struct run *run);
void effects_step(struct core_effects *effects, struct step *step);
struct core_action *effects_action(struct core_effects *effects, enum core_action_kind kind);
/* `names` and values in turn, ends with NULL; a NULL value is left out. */
void effects_happened(struct core *core, struct core_effects *effects, struct run *run, struct step *step,
		      const char *what, ...) __attribute__((sentinel));
struct core_standing *effects_standing(struct core_effects *effects, const char *kind,
				       const char *name); /* without a value so far */
void effects_sealed(struct core_effects *effects, const struct run *run, int64_t step,
		    const struct flow_envelope *envelope);
/* `value` NULL: it stands no more. */
void effects_stands(struct core_effects *effects, const char *kind, const char *name, const hst_value *value);
/* A copy of at most `max` bytes, cut behind a whole character; NULL stays NULL. */
char *text_within(const char *text, size_t max);
void text_replace(char **at, const char *text); /* within TEXT_MAX, as everything that comes from outside */

/* runs.c */
void runs_fire(struct core *core, const struct core_event *event, struct core_effects *effects);
void runs_advance(struct core *core, struct run *run, struct core_effects *effects);
struct run *runs_new(struct core *core, const struct flow *flow);
void runs_count(struct run *run, bool counts); /* whether it counts for the flow's concurrency */
void runs_wait(struct run *run); /* behind those that wait for the flow's concurrency */
void runs_go_on(struct core *core, struct core_lineage *lineage,
		struct core_effects *effects); /* as many of them as it allows */
/* What is sealed of a step's inputs, and where its outputs go, put into the action that begins it. */
void runs_carry(struct core *core, struct step *step, struct core_action *action, struct core_effects *effects);
/* What the step's inputs come to now; in the scratch arena. */
int runs_inputs(struct core *core, struct run *run, const struct flow_step *flow_step, const hst_value **ret,
		hst_error *err);
void runs_cancel(struct core *core, struct run *run,
		 struct core_effects *effects);	      /* one that waits for the flow's concurrency */
/* Its state by what its steps are at: paused, or lost when nothing else is under way. */
void runs_mirror(struct core *core, struct run *run, struct core_effects *effects);
void runs_ended(struct core *core, struct run *run);  /* to be forgotten once the effects were performed */
void runs_forget(struct core *core, struct run *run); /* unless it still holds a slot */
void runs_free(struct run *run);

/*
 * overlap.c: events of a trigger while a run that it started goes on, of each flow by itself. The first is false where
 * the event makes no run, which is then told.
 */
bool overlap_takes(struct core *core, const struct core_lineage *lineage, const struct core_event *event, bool *ret_behind,
		   struct core_effects *effects);
bool overlap_waits(const struct core *core, const struct run *run); /* another one is in its way */
void overlap_restore(struct run *run);
void overlap_passed(struct core *core, const struct core_event *event, struct core_effects *effects);

/* resubmit.c: the steps of the event that a run takes over */
void resubmit_keep(struct core *core, struct run *run, const struct core_event *event, struct core_effects *effects);

/* secured.c: what of a flow is secure, as things are configured now */
bool secured_any(struct core *core, const struct flow *flow);
bool secured_value(struct core *core, const struct flow *flow, const char *source, const char *name);
size_t secured_directions(struct core *core, const struct step *step, hst_arena *arena,
			  const struct core_direction **ret);
void secured_forget(struct core *core); /* of all flows */

/*
 * sealed.c: the envelopes of runs. Those that take return NULL, or the name of what is secure and came readable: it is
 * not kept, of outputs nothing is.
 */
const char *sealed_take_event(struct core *core, struct run *run, const struct core_event *event,
			      struct core_effects *effects);
const char *sealed_take_outputs(struct core *core, struct step *step, const struct core_event *event,
				struct core_effects *effects);
/* Which of the outputs that somebody gives by hand may not be given so; NULL: none. */
const char *sealed_readable(struct core *core, const struct step *step, const char *outputs, size_t length);
const struct flow_envelope *sealed_of(const struct run *run, const char *source, const char *output);
/* The outputs of another run's step, but for what is secure by now and has no envelope. */
void sealed_keep(struct core *core, struct step *step, const struct step_facts *facts, struct core_effects *effects);
/* All that was kept of a run is there: what has lost its envelope counts as absent. */
void sealed_restored(struct core *core, struct run *run);
void sealed_clear(struct flow_envelope *sealed, size_t n);

/* steps.c */
struct step *steps_new(struct run *run, size_t position);
void steps_start(struct core *core, struct run *run, size_t position, struct core_effects *effects);
void steps_skip(struct core *core, struct run *run, size_t position, struct core_effects *effects);
void steps_returned(struct core *core, struct step *step, const struct core_event *event,
		    struct core_effects *effects);
void steps_call(struct core *core, struct step *step, struct core_effects *effects);
void steps_uncalled(struct step *step, const struct core_event *event, struct core_effects *effects);
void steps_crashed(struct core *core, struct step *step, const struct core_event *event,
		   struct core_effects *effects);
/* Where an output that ought to be sealed is not, `end` becomes a failure. */
void steps_take_outputs(struct core *core, struct step *step, struct core_event *end, struct core_effects *effects);
/* Ends a step and lets its run go on. `reason` and `text` NULL: it went well. */
void steps_end(struct core *core, struct step *step, enum state state, const char *reason, const char *text,
	       struct core_effects *effects);
/* The same by what was heard of it; a step that was told to stop has ended as it was told. */
void steps_end_as(struct core *core, struct step *step, struct core_event *end, struct core_effects *effects);
void steps_free(struct core *core, struct step *step);

/* desktop.c: steps that wait for a device and run there */
void desktop_queue(struct core *core, struct step *step, struct core_effects *effects);
void desktop_again(struct core *core, struct step *step,
		   struct core_effects *effects);	  /* where its connection leads now, in its old place */
void desktop_leave(struct core *core, struct step *step); /* the order, if it is in one */
void desktop_event(struct core *core, struct step *step, const struct core_event *event,
		   struct core_effects *effects);
/* Its offer came to nothing: it waits again in its place, if there is time left for that. */
void desktop_withdrawn(struct core *core, struct step *step, struct core_effects *effects);
void desktop_await(struct core *core, struct step *step); /* arms the queue time-out */
void desktop_occupy(struct core *core, struct step *step); /* takes its slot again, if its user is free there */
void desktop_release(struct core *core, struct step *step);
void desktop_place_on(struct core *core, struct placement_device *device, struct core_effects *effects);
void desktop_place_for(struct core *core, struct placement_target *target, struct core_effects *effects);
struct placement_target *desktop_target(const struct core *core,
					const struct step *step); /* NULL: not configured */

/* overdue.c: runs that their session did not end at their run time-out */
void overdue_watch(struct core *core, struct step *step); /* its state has changed, or it is known again */
bool overdue_is(const struct step *step);		  /* it was told to end because of that */

/* placed.c: what a cluster has placed on its members, kept in the store */
void placed_take(const struct placement_target *target, const char *device, struct share *share,
		 struct core_effects *effects);
/* The step's offer came to nothing: it is no run that its device had. While the step names both. */
void placed_back(struct core *core, const struct step *step, struct core_effects *effects);
void placed_restore(struct core *core, const char *name, const hst_value *kept);

/* standing.c: what is out of service */
bool standing_disabled(const struct core *core, const char *kind, const char *name); /* "flow", "hello" */
void standing_settle(struct core *core); /* devices as it stands now, after it or what is configured has changed */
void standing_restore_disabled(struct core *core, const char *name, const hst_value *value);
void standing_restore_drained(struct core *core, const char *name, const hst_value *value);
void standing_clear(struct core *core);

/* held.c: what waits for somebody to release it after a restore. Those that say whether do nothing when it does not. */
const struct order_gate *held_gate(struct core *core, const struct run *run); /* NULL: it is not held */
bool held_call(struct core *core, struct step *step, struct core_effects *effects);
bool held_run(struct core *core, struct run *run, struct core_effects *effects);
/* From when a time-out that began at `since_us` counts: not from before the restore or the release. */
int64_t held_since(const struct core *core, const struct run *run, int64_t since_us);
void held_restore(struct core *core, const char *name, const hst_value *value);
void held_restored(struct core *core, struct core_effects *effects); /* all runs are there */
void held_clear(struct core *core);

/* person.c */
void person_asked(struct core *core, struct step *step, enum core_verb verb, struct core_effects *effects);

/* steer.c: steps that were told to stop */
void steer_again(struct step *step, struct core_effects *effects);    /* what its device may not have heard */
void steer_replace(struct core *core, struct run *run, struct core_effects *effects); /* the run, by the next of its trigger */
/* It is ended as if somebody had cancelled it, for this reason. */
void steer_overdue(struct core *core, struct step *step, const char *reason, const char *text,
		   struct core_effects *effects);
void steer_heard(struct step *step);				      /* its state is a new one */
void steer_withdrawn(struct core *core, struct step *step,
		     struct core_effects *effects);		      /* it never began, and never will */
void steer_judge(const struct step *step, struct core_event *event); /* how it ended, as it was meant */

/*
 * ask.c: only the gateway's own word withdraws an offer. It is asked when the core cannot know what became of one,
 * and again, ever more seldom, until it has said so.
 */
void ask_back(struct core *core, struct step *step, struct core_effects *effects);
void ask_later(struct core *core, struct step *step); /* unless the offer is answered within a minute */
void ask_done(struct core *core, struct step *step);  /* nothing is to be asked any more */
void ask_heard(struct core *core, struct step *step, const struct core_event *event, struct core_effects *effects);
/* What another journal than the one it was offered to says of an offer means nothing. */
bool ask_forgotten(const struct core *core, const struct step *step);
void ask_disown(const struct placement_device *device, int64_t step, int64_t token, struct core_effects *effects);

/* lost.c: steps whose outcome nobody knows */
void lost_begin(struct core *core, struct step *step, const char *why, struct core_effects *effects);
void lost_found(struct core *core, struct step *step, enum state state, struct core_effects *effects);
void lost_over(struct core *core, struct step *step); /* whatever comes next, it is no longer lost */
void lost_again(struct core *core, struct step *step, struct core_effects *effects); /* a new attempt */
void lost_await(struct core *core, struct step *step); /* arms the end of waiting for a person */
void lost_with(struct core *core, const struct placement_device *device, const char *why,
	       struct core_effects *effects); /* all that are placed there */

/* devices.c */
void devices_event(struct core *core, const struct core_event *event, struct core_effects *effects);
struct core_device *devices_of(const struct core *core, const char *name); /* NULL: not configured */
bool devices_there(const struct core *core, const char *name);		   /* its gateway spoke lately */
void devices_restored(struct core *core); /* from now on their silence counts */
int64_t devices_revision(const struct core_device *device, int64_t said); /* as placement counts them */
void devices_free(struct core_device *device);
void devices_sweep(struct core *core); /* those that are no longer configured and where nothing runs any more */

/* reload.c: what is configured has changed */
void reload_take(struct core *core, struct core_effects *effects);

/* retries.c: refusals of class retry */
void retries_refused(struct core *core, struct core_device *device, const struct step *step);
void retries_went_well(struct core *core, struct core_device *device, const struct step *step);
void retries_clear(struct core *core, struct core_device *device); /* it may be asked for everything again */
void retry_free(struct core_retry *retry);

#endif
