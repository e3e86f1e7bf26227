/*
 * A gateway for tests of the core: what it knows of runs, what its journal does, and what is on its way to the engine
 * and from it.
 */
#ifndef TESTS_UNIT_CORE_GATEWAY_H
#define TESTS_UNIT_CORE_GATEWAY_H

#include "base/table.h"
#include "pure/core/core.h"

enum { HELD_MAX = 64, WAY_MAX = 200 };

/* A run as a gateway knows it. */
struct held {
	int64_t step, token;
	enum state state;
	bool closing; /* it has ended and was reported */
	enum state end;
};

/* What is on its way from a gateway to the engine. */
struct word {
	struct core_event event;
	struct core_holding holding[HELD_MAX];
};

/* What is on its way from the engine to a gateway. */
struct order {
	enum core_action_kind kind; /* OFFER, ASK or DISOWN */
	int64_t step, token;
};

struct gateway {
	const char *name;
	int64_t slots, revision, journal;
	struct held held[HELD_MAX];
	size_t held_count;
	struct word out[WAY_MAX];
	size_t out_count;
	struct order in[WAY_MAX];
	size_t in_count;
	struct table never;    /* tokens that it will not take any more */
	struct table launched; /* tokens */
};

void gateway_init(struct gateway *gateway, const char *name, int64_t journal);
void gateway_clear(struct gateway *gateway);

void gateway_say(struct gateway *gateway, struct core_event event);
void gateway_say_device(struct gateway *gateway, bool fresh);
void gateway_say_stage(struct gateway *gateway, const struct held *held, enum core_event_kind kind);
void gateway_say_finished(struct gateway *gateway, const struct held *held, bool released);
void gateway_refuse(struct gateway *gateway, const struct order *offer, enum reason_class class);
void gateway_launch(struct gateway *gateway, struct held *held);
void gateway_drop(struct gateway *gateway, struct held *held); /* it knows no more of it than its journal says */
struct held *gateway_holds(struct gateway *gateway, int64_t token); /* NULL: it does not */
bool gateway_knows(const struct table *tokens, int64_t token);

/* What became of an offer; what was never launched is dropped, and never will be. */
void gateway_status(struct gateway *gateway, const struct order *question);

/* The connection breaks, with all that is on its way, and is there again. */
void gateway_reconnect(struct gateway *gateway);
/* It starts again from its journal, or, with another one, knowing nothing. */
void gateway_restart(struct gateway *gateway, int64_t journal);

#endif
