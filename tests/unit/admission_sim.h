/*
 * What surrounds the admission in its random test: session processes, the watch, the host. It heeds the effects, and
 * checks at every step what must hold.
 */
#ifndef TESTS_UNIT_ADMISSION_SIM_H
#define TESTS_UNIT_ADMISSION_SIM_H

#include "admission_house.h"
#include "base/table.h"
#include "flow_house.h"

enum { PROCESSES = 64, LIMIT = 4, PEOPLE = 3 };

/* A person and their session, which nobody but they may do anything to. */
struct person {
	const char *user;
	char id[16]; /* another one each time they sign in; "": they are not there */
	hst_fact connected, locked;
};

/* A session process as the supervisor and the driver see it. */
struct process {
	uint32_t number; /* 0: none */
	char user[16];	 /* whose session it opens or has; "": none */
	bool open, launched, told_to_close, closed;
	bool attached;	 /* `id` is the session of a person */
	bool lock_fails; /* it was told to lock, and cannot */
	const char *end; /* of a flow that is over, until the gateway has it */
	int64_t step, token;
	char id[16];
};

struct sim {
	struct admission_house house;
	struct house_chance chance;
	struct process processes[PROCESSES];
	size_t wanted;
	int64_t offers;
	struct table launched; /* "step/token" */
	struct table answered; /* "step/token": refused or finished */
	struct table left;     /* "step/token": its process ended without a gateway, and left the outcome */
	struct table never;    /* "step/token": the host was told that it never ran */
	struct table journal;  /* records, their first three words */
	char ask[32][16];
	size_t ask_count;
	int64_t uploads[256][2];
	size_t upload_count;
	int64_t finished[256][2];
	size_t finished_count;
	int64_t looks[256][2];
	size_t look_count;
	bool fetching;
	struct person people[PEOPLE];
	char listed[PEOPLE][16]; /* their ids when they were last looked at: what was seen stays, also when they have gone since */
	uint32_t came; /* so many times one of them has signed in */
	bool deaf; /* the gateway is about to die: effects are journalled, and not done */
	size_t launches, attended;
	int64_t revision, slots;
};

uint32_t sim_below(struct sim *sim, uint32_t bound);
struct process *sim_process_of(struct sim *sim, uint32_t number);
void sim_heed(struct sim *sim); /* the effects of the last event */
void sim_event(struct sim *sim, struct admission_event *event);
void sim_offer(struct sim *sim, int64_t step, int64_t token);
void sim_people(struct sim *sim); /* one of them does something */
bool sim_is_there(const struct sim *sim, const char *id); /* active and unlocked */
void sim_nobody(struct sim *sim); /* all of them go */
void sim_watch(struct sim *sim, bool stale); /* stale: closed sessions are still listed */

#endif
