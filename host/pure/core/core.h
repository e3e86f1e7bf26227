/*
 * The pure core: flows and queue behind core_step(core, event, effects). No system call, no clock, no
 * randomness but the event's, no iteration in hash or pointer order: the same events give the same effects,
 * which is what lets a simulator run the very same code.
 *
 * Effects are data. The engine first commits what became dirty and what happened, the whole batch in one
 * transaction, and only then performs the actions; core_settle afterwards forgets what has ended.
 */
#ifndef HOST_PURE_CORE_CORE_H
#define HOST_PURE_CORE_CORE_H

#include <hostler/host.h>

#include "base/text.h"
#include "pure/core/model.h"
#include "pure/core/sealed.h"

struct core_policy {
	struct placement_policy placement;
	/* Lookups in what is configured now; false: it is gone (DefinitionGone). Texts live until the next
	 * reload, and where a connection leads is asked once until then. */
	bool (*connection)(void *arg, const char *name, const char **ret_target, const char **ret_user);
	bool (*package)(void *arg, const char *name, const char **ret_digest, int64_t *ret_timeout_ms);
	bool (*action)(void *arg, const char *connector, const char *action, int64_t *ret_timeout_ms,
		       bool *ret_idempotent);
	int64_t (*queue_timeout_ms)(void *arg, const char *target);
	int64_t (*lost_after_ms)(void *arg);	 /* silence of a device after which its runs are lost */
	int64_t (*resolve_within_ms)(void *arg); /* how long a lost step waits for a person */
	/* The inputs declared for what the step uses, so that numbers can become text where text is declared.
	 * May be NULL. */
	bool (*inputs)(void *arg, const struct flow_step *step, hst_fields *ret);
	/* What tells which values are secure: the outputs declared for what the step uses, the event declared for a trigger.
	 * And the gateway that serves a device now, NULL: none does. Each may be NULL. */
	bool (*outputs)(void *arg, const struct flow_step *step, hst_fields *ret);
	bool (*event)(void *arg, const char *trigger, hst_fields *ret);
	const char *(*gateway)(void *arg, const char *device);
	/* The serial of a connection's password as an offer would have it now; 0: it has none. May be NULL. */
	int64_t (*serial)(void *arg, const char *connection);
	void *arg;
};

enum core_event_kind {
	CORE_FIRED = 1, /* a trigger's event, a press, or a run by hand */
	CORE_PASSED,	/* a trigger made no event of an occasion: `trigger`, `reason`, `text` */
	CORE_DEVICE,	/* a gateway says how a device stands */
	/*
	 * A gateway's words about a run. They count only for the step's present offer, and a stage only where
	 * it follows from the state the step is in (states.h); so what is late, doubled or senseless changes
	 * nothing.
	 */
	CORE_TAKEN,   /* the gateway took the offer; `state` is preparing or running */
	CORE_REFUSED, /* the gateway refused the offer */
	CORE_STAGE,   /* `state` */
	CORE_PROGRESS,
	CORE_ASKED, /* the person at the device has done this with their attended run: `verb`, a core_verb */
	CORE_FINISHED, /* `state` has ended; `payload` is the outputs, or `text` says why not */
	CORE_RELEASED, /* the session of a finished run is closed or kept: its slot is free; without an end:
			  OutcomeUnknown */
	CORE_STANDING, /* the gateway was asked what became of an offer: `standing` */
	CORE_RETURNED, /* a connector's action is done, well (`state` succeeded) or not */
	CORE_CRASHED,  /* the process that had a connector's call has ended; `text` */
	CORE_UNCALLED, /* a connector's call was not begun, and the engine ends: the next one begins it */
	CORE_UNBLOCKED, /* somebody says that `connection` is in order (rule R29) */
	CORE_TRYING,   /* a sign-in with `connection` is under way, apart from runs; CORE_TRIED follows */
	CORE_TRIED,    /* what came of it: `state` succeeded, or `reason` and `text`; `device`, `serial` */
	CORE_CONFIGURED, /* after core_retire: everything that is configured now was added */
	CORE_TIME,     /* nothing but time has passed */
};

/* Everything is borrowed for the call. Members that a kind does not name are left empty. */
struct core_event {
	enum core_event_kind kind;
	int64_t now_us;	  /* wall clock */
	struct draw draw; /* 128 random bits of this event */

	int64_t step, token; /* everything but FIRED, DEVICE and TIME */
	enum state state;
	enum offer_standing standing;
	const char *reason, *text;
	enum reason_class class;      /* REFUSED */
	int64_t serial;		      /* REFUSED, TRIED: of the password its connection was tried with; 0: not known */
	bool released;		      /* FINISHED: the slot is free already */
	int64_t started_us, ended_us; /* FINISHED: of the desktop flow itself, by the device's clock */
	const char *payload;	      /* FIRED: the event; FINISHED, RETURNED: the outputs; JSON */
	size_t payload_length;
	const struct flow_envelope *sealed; /* FIRED: of fields of the event; FINISHED, RETURNED: of outputs */
	size_t sealed_count;
	const char *subflow, *action; /* PROGRESS */
	int verb;		      /* ASKED */

	const char *trigger; /* FIRED: the instance; NULL: by hand */
	const char *flow;    /* FIRED: this flow alone; NULL: every flow with this trigger */
	hst_overlap overlap; /* FIRED: what becomes of it while a run that the trigger started goes on */
	const char *who;     /* FIRED: name of the operator, or NULL */
	const struct flow *as; /* FIRED: a run is begun again, with this flow and no other; NULL: it is not */
	int64_t origin;	       /* with `as`: number of the first run of the chain; 0: this is the first */
	const char *chain;     /* with `origin`: its id */
	const struct step_facts *kept; /* with `as`: steps of this flow that are taken over as they ended */
	size_t kept_count;
	uint64_t tag;	     /* FIRED: repeated in the action ACCEPTED; 0: none wanted */

	const char *connection; /* UNBLOCKED, TRYING, TRIED */

	const char *device; /* DEVICE, TRIED */
	bool online;
	hst_system system;
	int64_t slots, revision, load_milli, memory_milli;
	int64_t journal; /* identity of the gateway's journal */
	/*
	 * DEVICE: first word after a (re)connection: `holding` lists every run the gateway knows. What the
	 * device refused before is asked again.
	 */
	bool fresh;
	const struct core_holding {
		int64_t step, token;
	} * holding;
	size_t holding_count;
};

enum core_action_kind {
	CORE_CALL = 1, /* a connector: step, inputs */
	CORE_OFFER,    /* a device: step, inputs */
	CORE_HALT,     /* whoever has the step is told: step, how */
	CORE_ASK,      /* a device: what became of step's offer; what has touched no session yet is given back */
	CORE_DISOWN,   /* a device has a run that is no longer wanted there: device, step_id, token */
	CORE_ACCEPTED, /* tag, runs */
};

struct core_action {
	enum core_action_kind kind;
	struct step *step;
	const char *inputs; /* JSON, the step's */
	size_t inputs_length;
	/* CALL, OFFER: the inputs that are sealed, and to whom the outputs are to be. In the effects' arena. */
	const struct flow_composed *sealed;
	size_t sealed_count;
	const struct core_direction *directions;
	size_t direction_count;
	int64_t timeout_ms;
	const char *package; /* OFFER: digest, the policy's */
	const char *how;     /* HALT: constant text, cancel stop pause or resume */
	const char *device;  /* DISOWN; in the effects' arena */
	int64_t step_id, token;
	uint64_t tag;
	struct run **runs; /* ACCEPTED: in the effects' arena */
	size_t run_count;
};

struct core_happening {
	int64_t at_us;
	struct run *run;    /* NULL: the house */
	struct step *step;  /* NULL: the run itself */
	const char *what;   /* constant text */
	const char *detail; /* JSON in the effects' arena, or NULL */
};

/* What stands until somebody takes it back, whatever is restarted meanwhile. */
struct core_standing {
	const char *kind;  /* constant text: "blocked", "disabled", "drained", "placed" */
	const char *name;  /* in the effects' arena, like the value */
	const char *value; /* JSON; NULL: it no longer stands */
	size_t value_length;
	const struct share *share; /* "placed": whose count it is */
};

struct core_effects {
	hst_arena *arena;
	struct text line; /* being written */
	struct run **runs;  /* dirty: to be put into the store as they are now */
	size_t run_count, run_size;
	struct step **steps;
	size_t step_count, step_size;
	struct core_happening *happenings;
	size_t happening_count, happening_size;
	struct core_standing *standings; /* to be put into the store */
	size_t standing_count, standing_size;
	struct core_sealed *sealed; /* to be put into the store, behind the runs and steps */
	size_t sealed_count, sealed_size;
	struct core_action *actions;
	size_t action_count, action_size;
};

struct core *core_new(const struct core_policy *policy);
void core_free(struct core *core);

/* What is configured: before the first event. A flow is taken over, and the one that is kept is returned: the same text
 * twice is one flow. The newest of a name answers its triggers. */
void core_add_device(struct core *core, const char *name, bool strict);
/* `balancer`: the instance that chooses among its members. */
void core_add_cluster(struct core *core, const char *name, const char *balancer, char *const *members, size_t n, bool strict);
const struct flow *core_add_flow(struct core *core, struct flow *flow_take, bool current);

/*
 * What is configured has changed. Between two batches: core_retire, then everything that is configured now is added,
 * then the event CONFIGURED. Devices, clusters and flows that are the same keep how they stand; of those that have gone
 * runs go on to their end, and what waits for them ends with DefinitionGone.
 */
void core_retire(struct core *core);
const struct flow *core_flow_of_digest(const struct core *core, const char *digest); /* NULL: not added */

/*
 * What the engine knows of a device's gateway: whether it was removed, whether it has ever spoken for the device (also
 * before this engine was started), and why it is not there (queue/presence.h), NULL: it is. A device that is not
 * configured is passed over.
 */
void core_note_device(struct core *core, const char *name, bool revoked, bool known, const char *note);

/* Why the cluster's balancer cannot choose: nothing of it is placed until that is NULL again. Before its next event. */
void core_note_cluster(struct core *core, const char *name, const char *fault);

/* After a restart: what was unfinished, oldest first, each run followed by its steps; then core_restored
 * once. */
struct run *core_restore_run(struct core *core, const struct run_facts *facts, const struct flow *flow);
void core_restore_step(struct core *core, struct run *run, const struct step_facts *facts);
/* What stood before, each with its value as it was last wanted kept; before core_restored. HST_INVALID: this version
 * cannot read it, and it is left out. */
int core_restore_standing(struct core *core, const char *kind, const char *name, const char *value, size_t length,
			  hst_error *err);
void core_restored(struct core *core, int64_t now_us, struct core_effects *effects);

void core_step(struct core *core, const struct core_event *event, struct core_effects *effects);

/* Rule R29: why nothing is tried with a connection; NULL: nothing is in its way. */
const struct core_block *core_blocked(const struct core *core, const char *connection);
/* A sign-in with it is under way, or has gone well since the start or the last failure. */
bool core_signing_in(const struct core *core, const char *connection);
bool core_proven(const struct core *core, const char *connection);

/* When CORE_TIME is wanted next (wall clock); 0: not at all. */
int64_t core_wake_us(const struct core *core);

/* After the effects were performed: forgets ended runs and empties the effects. */
void core_settle(struct core *core, struct core_effects *effects);

void core_effects_init(struct core_effects *effects);
void core_effects_clear(struct core_effects *effects);

/* For looking: NULL, not there (it may be in the store). */
struct run *core_run(const struct core *core, int64_t number);
const struct table *core_runs(const struct core *core); /* number -> struct run, in the order of their numbers */
struct step *core_step_of(const struct core *core, int64_t id);
int64_t core_flow_active(const struct core *core, const char *flow); /* its runs under way */
struct placement *core_placement(struct core *core);
struct core_counters *core_counters(struct core *core);

/* Why a queued step does not start: sets its reason and text afresh. */
void core_explain(struct core *core, struct step *step);

#endif
