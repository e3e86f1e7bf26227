/*
 * A hub with a ring of known peers, links and raw sockets to it, and a clock that is moved by hand. One house
 * per test: set up with its own contexts, loop and folder.
 */
#ifndef TESTS_COMPONENT_WIRE_HOUSE_H
#define TESTS_COMPONENT_WIRE_HOUSE_H

#include "loop/loop.h"
#include "wire/frames.h"
#include "wire/hub.h"
#include "wire/link.h"
#include "wire/monitor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum { CALL_MS = 10000, PATIENCE_S = 20 };

enum { FELIX, GUEST, WORKER, GATEWAY, STRANGER, PEERS };

/* STRANGER is not in the ring at first. */
extern const char *const peer_names[PEERS];

/* Added to the steady clock: where a rule counts seconds, a test need not. */
extern int64_t later_us;

struct house {
	char directory[64], ipc[128];
	void *zmq, *peer_zmq;
	struct loop *loop;
	struct key_ring ring;
	struct key_pair keys[PEERS];
	struct hub *hub;
	struct hub_role role;
	int joined, left, asked;
	struct hub_link *last; /* who joined last */
	uint64_t last_left;    /* number */
	char heard[64];	       /* from whom the last message was */
	int turned_away, enrolled;
	char turned_name[64], turned_reason[32]; /* of the last one */
	void *raw_socket; /* that raw_receive has heard last, and what it has not handed out yet */
	struct frames raw_frames;
	struct parcel raw_parcel;
};

/* A link with what it was told. */
struct peer_side {
	struct link *link;
	int up, down, messages, replies, silence;
	enum word last;
};

/* What a monitor has told about a raw socket. */
struct raw_watch {
	int broken, connected;
};

void house_admit(struct house *house, int peer);
void house_open(struct house *house);
int setup(void **state);
int teardown(void **state);
time_t deadline_s(void);
void peer_up(void *arg);
void peer_down(void *arg);
void peer_message(void *arg, const struct message *message);
void peer_reply(void *arg, const struct message *reply);
struct key_ring peer_ring(const struct house *house, int peer);
void connect_peer(struct house *house, int who, const char *endpoint, struct peer_side *peer);
struct message ask(void);
int ask_call(struct peer_side *peer, hst_error *err);
void *raw_new(struct house *house, int who, const void *routing, size_t routing_length);
void raw_hello(void *socket, int who, int major, const char *name);
int raw_decode(const struct frames *frames, size_t first, struct message *ret, hst_error *err);
void raw_receive(struct house *house, void *socket, struct message *ret);
void raw_expect_error(struct house *house, void *socket, int code, const char *reason);
void raw_happened(void *arg, enum monitor_event event);

/* Turns the loop until something has happened; a test that waits in vain fails. */
#define TURN_UNTIL(house, condition)                                                              \
	do {                                                                                      \
		for (time_t deadline = deadline_s(); !(condition); loop_turn((house)->loop, 100)) \
			if (time(NULL) > deadline)                                                \
				fail_msg("waited in vain for %s", #condition);                    \
	} while (0)

#define WIRE_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

#endif
