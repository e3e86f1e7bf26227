/*
 * A device: its gateway's admission, the session processes it has, and the flows that run in them. It heeds the
 * effects as the gateway's shell does, and every start of a flow is counted here, outside of hostler's own books.
 */
#ifndef TESTS_SIM_SIM_DEVICE_H
#define TESTS_SIM_SIM_DEVICE_H

#include "base/text.h"
#include "pure/admission/admission.h"
#include "sim_sealed.h"
#include "sim_wire.h"

enum { SIM_PROCESSES = 24, SIM_STEPS_MAX = 8192 };

/* A session process as the supervisor and the driver see it. */
struct sim_process {
	uint32_t number; /* 0: none */
	char user[16];	 /* whose session it opens or has; "": none */
	char id[16];
	bool open, launched, told_to_close, closed;
	bool cannot_lock; /* its session is kept, and it has not said yet that it could not lock it */
	bool stuck; /* its flow does not end, not even at its time-out, until it is told to */
	const char *halted; /* how its flow was told to end; constant, like `end` */
	const char *end;    /* how its flow ended, until the gateway has it on disk */
	const char *sealed; /* what it has made; constant; NULL: nothing */
	int64_t step, token;
};

struct sim_device {
	const char *name;
	struct house_chance *chance;
	uint16_t *starts; /* by step: how often its flow was started, anywhere */
	struct sim_sealed *sealed;
	struct sim_wire wire;
	struct admission *admission;
	struct admission_effects effects;
	struct sim_process processes[SIM_PROCESSES];
	uint32_t numbers;
	struct text journal, soon; /* what is on the gateway's disk, and what may still be lost */
	struct table left;	   /* "step/token" -> how the flow of a process ended that had no gateway any more */
	struct table left_sealed;  /* and what it has made */
	int64_t identity;	   /* of the journal */
	size_t wanted, ask_count, upload_count;
	char ask[32][16];
	int64_t uploads[64][2], looks[64][2];
	size_t look_count;
	int64_t limit;
	hst_retirement retirement;
	bool fresh, fetching, person;
	bool deaf;  /* it journals, and dies before it does anything */
	bool lucky; /* nothing goes wrong any more */
	char person_id[16];
	uint64_t signed_in;
};

void sim_device_init(struct sim_device *device, const char *name, struct house_chance *chance, uint16_t *starts, struct sim_sealed *sealed);
void sim_device_clear(struct sim_device *device);

/* The gateway dies and goes on by its journal, with those of its processes that have lived on. */
void sim_device_crash(struct sim_device *device);

/* Everything of hostler's on the device is gone, and is installed again. */
void sim_device_reinstall(struct sim_device *device);

void sim_device_connect(struct sim_device *device); /* a new connection to the engine */
void sim_device_hear(struct sim_device *device);    /* takes an order off the wire, if there is one */
void sim_device_turn(struct sim_device *device);    /* something happens on it */
void sim_device_watch(struct sim_device *device);   /* its sessions are listed */
void sim_device_say(struct sim_device *device);     /* its heartbeat */
void sim_device_say_again(struct sim_device *device); /* what the engine has not acknowledged for a while */

/* sim_words.c: what an effect wants said to the engine */
void sim_device_say_run(struct sim_device *device, const struct admission_effect *effect);
void sim_device_say_standing(struct sim_device *device, const struct admission_effect *effect);

/* For sim_crash.c */
void sim_device_event(struct sim_device *device, const struct admission_event *event);
void sim_device_flow_ends(struct sim_device *device, struct sim_process *process);
void sim_device_say_end(struct sim_device *device, const struct sim_process *process);

/* sim_strategy.c: a new admission for it, with the users bot1 to bot4. */
struct admission *sim_strategy_admission(struct sim_device *device);

void sim_device_print(const struct sim_device *device);
bool sim_device_quiet(const struct sim_device *device); /* no run, no session that is not kept */

#endif
