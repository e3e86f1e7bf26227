/*
 * One device of a rehearsal: the admission of a gateway with the strategy of the configuration, over a driver sim in this process,
 * which may be here because it touches nothing. What it does takes no time but that of the rehearsal's clock.
 */
#ifndef HOST_CLI_REHEARSE_DEVICE_H
#define HOST_CLI_REHEARSE_DEVICE_H

#include "cli/rehearse.h"
#include "policy/strategies.h"
#include "pure/admission/admission.h"

struct rehearsal;

enum { REHEARSE_PLAYS_MAX = 64 };

/* A flow that runs in a session. */
struct rehearse_play {
	uint32_t number; /* of its hold; 0: none */
	int64_t step, token, started_us;
	const char *session; /* of the arena */
	bool ends;	     /* its end is on its way */
};

struct rehearse_device {
	struct rehearsal *rehearsal;
	const struct conf_device *conf;
	struct policy_strategy *strategy;
	struct admission *admission;
	struct admission_effects effects;
	struct plugin_instance *driver;
	hst_host host;
	hst_call call;
	hst_arena *scratch; /* of its calls, until it looks again */
	int64_t spent_us; /* what the driver has let pass in the op that is under way */
	uint32_t numbers; /* of holds */
	bool said;	  /* the core has heard of it */
	struct rehearse_play plays[REHEARSE_PLAYS_MAX];
	char **accounts;
	size_t account_count;
};

/* HST_INVALID: the script is wrong; else strategy or driver could not be had. */
int rehearse_device_open(struct rehearse_device *device, struct rehearsal *rehearsal, const struct conf_device *conf, hst_error *err);
void rehearse_device_close(struct rehearse_device *device);

/* Something that was due has come. */
void rehearse_device_event(struct rehearse_device *device, const struct admission_event *event);

/* The core hears how it stands, as it does from time to time. */
void rehearse_device_beat(struct rehearse_device *device);

/* Looks who is there now, and whether flows still have their sessions. HST_INVALID: the script cannot be read. */
int rehearse_device_look(struct rehearse_device *device, hst_error *err);

/* The flow of this hold has run its time. */
void rehearse_device_flow_ends(struct rehearse_device *device, uint32_t number);

#endif
