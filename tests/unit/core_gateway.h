/* A gateway for tests of the core: what it knows of runs, and what is on its way to the engine and from it.
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
};

/* What is on its way from a gateway to the engine. */
struct word {
	struct core_event event;
	struct core_holding holding[HELD_MAX];
};

struct gateway {
	const char *name;
	int64_t slots, revision;
	struct held held[HELD_MAX];
	size_t held_count;
	struct word out[WAY_MAX];
	size_t out_count;
	struct held in[WAY_MAX]; /* offers on their way to it */
	size_t in_count;
	struct table refused; /* tokens that it will not take any more */
};

void gateway_say(struct gateway *gateway, struct core_event event);
void gateway_say_device(struct gateway *gateway, bool fresh);
void gateway_say_stage(struct gateway *gateway, const struct held *held, enum core_event_kind kind);
void gateway_refuse(struct gateway *gateway, const struct held *offer, enum reason_class class);
bool gateway_has_refused(const struct gateway *gateway, int64_t token);

/* The connection breaks, with all that is on its way, and is there again. */
void gateway_reconnect(struct gateway *gateway);

#endif
