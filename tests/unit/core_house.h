/*
 * What tests of the core share: a core with devices, clusters, connections and flows, its effects as lines of
 * text, and a store that keeps what was to be kept, so that the engine can be restarted at any moment.
 *
 * Devices a, b and c, and s in strict order; clusters pool = a, b; line = a, b in strict order; empty. A
 * connection "USER-NAME" is that user on the device or cluster NAME. Connector actions and packages are all
 * there. Whatever is named in `gone` is not.
 */
#ifndef TESTS_UNIT_CORE_HOUSE_H
#define TESTS_UNIT_CORE_HOUSE_H

#include "base/text.h"
#include "pure/core/held.h"
#include "pure/core/resolve.h"
#include "pure/core/standing.h"
#include "pure/core/steer.h"

#define SECOND_US INT64_C(1000000)

/* As the store has them. */
struct kept_run {
	struct run_facts facts;
	char *flow;
};

struct kept_step {
	struct step_facts facts;
	int64_t run;
};

struct core_house {
	struct core *core;
	struct core_effects effects;
	void (*configure)(struct core *core);
	struct core_policy policy;
	struct table texts;	  /* flow -> its text */
	struct table connections; /* name -> struct { target, user } */
	struct table gone;
	struct table runs, steps; /* the store, in the order of their numbers */
	struct table sealed;	  /* of the store: "RUN STEP NAME" -> an envelope, which tests take as text */
	struct table standings;	  /* of the store: "KIND NAME" -> JSON */
	struct core_counters counters;
	struct text said;  /* the actions of the last event, one a line */
	struct text carried; /* what is sealed in them */
	struct text trace; /* all effects of all events, if `tracing` */
	void (*told)(void *arg, const struct core_action *action); /* each one, once it is committed; NULL: nobody */
	void *told_arg;
	bool tracing;
	int64_t now_us, queue_timeout_ms;
	int64_t journal; /* of every gateway */
	uint64_t draws;
};

void core_house_init(struct core_house *house, void (*configure)(struct core *core)); /* NULL: as above */
void core_house_clear(
	struct core_house *house); /* fails the test if an ended run is still known to the core */
void core_house_flow(struct core_house *house, const char *text);
/* One desktop step "do" of package "type" with this connection; `more` is further keys of the step. */
void core_house_desktop_flow(struct core_house *house, const char *name, const char *connection,
			     const char *more);

/* Ends the engine and starts it again from the store. */
void core_house_restart(struct core_house *house);

/* The same with the store as `hostler restore` leaves it: everything that is unfinished is held, and tokens are of another
 * generation. */
void core_house_put_back(struct core_house *house);
size_t core_house_release(struct core_house *house); /* by the operator anna */

/* The configuration is read again: devices and clusters of `configure`, and every flow that is not in `gone`. */
void core_house_reload(struct core_house *house, void (*configure)(struct core *core));

/* Every event happens a millisecond after the one before. */
void core_house_event(struct core_house *house, struct core_event *event);
int core_house_steer(struct core_house *house, const struct core_steering *steering, hst_error *err);
/* By the operator anna. */
void house_steer(struct core_house *house, enum core_verb verb, int64_t run); /* fails the test if refused */
void house_steer_refused(struct core_house *house, enum core_verb verb, int64_t run, int code,
			 const char *part); /* of what is said */
bool house_stand(struct core_house *house, enum core_stand_verb verb, const char *name);
int64_t house_fire(struct core_house *house,
		   const char *flow); /* by hand, with the event {}; the number of the run */
int64_t house_fire_with(struct core_house *house, const char *flow, const char *json);
void house_device(struct core_house *house, const char *device, int64_t slots, int64_t revision);
/* The first word after a connection; the gateway holds `n` of (step, token). */
void house_fresh(struct core_house *house, const char *device, int64_t slots, int64_t revision,
		 const struct core_holding *holding, size_t n);
void house_time(struct core_house *house,
		int64_t after_us); /* so much later; what is due meanwhile happens on time */
void house_returned(struct core_house *house, int64_t step, enum state state, const char *reason,
		    const char *json);

/* About a step, with the token it has now. */
void house_taken(struct core_house *house, int64_t step, enum state state);
void house_stage(struct core_house *house, int64_t step, enum state state);
void house_refused(struct core_house *house, int64_t step, enum reason_class class, const char *reason,
		   int64_t revision);
void house_finished(struct core_house *house, int64_t step, enum state state, const char *reason,
		    const char *json, bool released);
void house_released(struct core_house *house, int64_t step);
void house_standing(struct core_house *house, int64_t step, enum offer_standing standing); /* the answer to a question */
/* A person, anna, says how the run's lost step ended. */
int house_resolve(struct core_house *house, int64_t run, enum core_resolution how, const char *outputs);
void house_crashed(struct core_house *house, int64_t step); /* the process that had its call */

/* Fails the test unless the last event wanted exactly this done: "offer 1/1 a bot1\ncall 2 x.y {}\n". */
void house_said(struct core_house *house, const char *expected);
/*
 * The same of what was sealed in them, inputs and directions: "text = 'a ' <ENVELOPE:row.x> (NAME)\n" and
 * "password to connector/post: connector/post.send.text\n".
 */
void house_carried(struct core_house *house, const char *expected);
int64_t house_token(const struct core_house *house, int64_t step); /* as stored */

/* Fails the test unless it is stored so; `reason` NULL: it has none. */
void house_run_is(struct core_house *house, int64_t run, enum state state, const char *reason);
void house_step_is(struct core_house *house, int64_t step, enum state state, const char *reason);
const struct run_facts *house_run(const struct core_house *house, int64_t run);
const struct step_facts *house_step(const struct core_house *house, int64_t step);
/* Fails the test unless the text, asked for now if it waits, has this part. */
void house_step_says(struct core_house *house, int64_t step, const char *part);
/* Nothing unfinished, nothing ended that is still remembered. */
void house_is_empty(struct core_house *house);

#endif
