/*
 * The bench's client of a running hostler: one operator with one connection, who presses buttons and waits
 * until their runs have ended. Each name is pressed again once a run of it is over, or, with
 * --rate, one after the other at that pace whatever happens. The answer is one JSON object on stdout, with
 * the words of floor_client.c.
 *
 * client.c presses and measures, client_runs.c knows presses and runs, client_answers.c asks afterwards.
 */
#ifndef BENCH_CLIENT_H
#define BENCH_CLIENT_H

#include "loop/loop.h"
#include "samples.h"
#include "schema/value.h"
#include "wire/link.h"

enum { REPLY_MS = 60000 };

struct settings {
	const char *endpoint, *key;
	bool by_hand; /* names are flows, run without their buttons */
	bool started; /* the runs' only step has an output at_us: the time its process began */
	double seconds, warm;
	int64_t rate;
	int64_t steps;	  /* of a run; what is told is the time of one */
	size_t queue;	  /* only so many presses, until all are accepted */
	size_t in_flight; /* presses of a name that are under way, unless they come at a rate */
};

/* What is pressed. */
struct button {
	struct client *client;
	const char *name;
	size_t open;
};

/* One press and its run. */
struct run {
	struct client *client;
	struct button *button;
	int64_t number, pressed_us;
	bool counted; /* it ended, or was pressed, within the time that counts */
};

struct client {
	const struct settings *settings;
	struct loop *loop;
	struct link *link;
	struct button *buttons;
	size_t button_count, next;
	struct run **runs; /* every press */
	size_t run_count, run_size;
	struct run **by_number; /* those that were accepted; the first has the number first_number */
	size_t by_number_size;
	int64_t first_number;
	bool up, pressing;
	size_t open;	 /* presses that have not come to their end */
	size_t accepted; /* of all presses */
	int64_t heard_us, warm_us, from_us, until_us; /* it counts from one to the other */
	size_t warm_runs; /* which have to end before */
	size_t counted;
	struct samples done, began;
};

void fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* client_runs.c. A refusal, or a run that does not succeed, ends the program: such a figure would be worth
 * nothing. */
void press(struct button *button);
void press_next(struct client *client); /* the next one that is not at work */
void on_happened(void *arg, const struct message *message);

/* client_answers.c: one thing at a time, before and after the measurement. */
const hst_value *parse(hst_arena *arena, const struct message *message);
int64_t integer_of(const hst_value *record, const char *name); /* -1: it is none */
void follow_ends(struct client *client); /* of all runs, from now on */
void check_all(struct client *client); /* the host's own word that every run succeeded */
void read_began(struct client *client);

#endif
