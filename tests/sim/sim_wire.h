/*
 * The way between the engine and one gateway: words in both directions that may be late, doubled, out of order or,
 * when the connection breaks, gone.
 */
#ifndef TESTS_SIM_SIM_WIRE_H
#define TESTS_SIM_SIM_WIRE_H

#include "flow_house.h"
#include "pure/core/core.h"

enum { SIM_HOLDING_MAX = 64, SIM_WAY_MAX = 256, SIM_SEALED_MAX = 32 };

/* What a gateway says. */
struct sim_word {
	struct core_event event; /* its texts are constant */
	const char *sealed; /* of an outcome; constant; NULL: nothing */
	struct core_holding holding[SIM_HOLDING_MAX];
};

/* What the engine says. */
struct sim_order {
	enum sim_order_kind { SIM_OFFER = 1, SIM_STATUS, SIM_STOP, SIM_HEARD } kind;
	int64_t step, token;
	char user[16];
	const char *how; /* constant */
	char sealed[SIM_SEALED_MAX]; /* of an offer */
};

struct sim_wire {
	bool up;
	struct sim_word words[SIM_WAY_MAX];
	size_t word_count;
	struct sim_order orders[SIM_WAY_MAX];
	size_t order_count;
};

/* Gone at once where there is no connection, or no room. */
void sim_wire_say(struct sim_wire *wire, const struct sim_word *word);
void sim_wire_order(struct sim_wire *wire, const struct sim_order *order);

/* False: there is none. What was taken may stay on its way and come once more; now and then a later one overtakes. */
bool sim_wire_next_word(struct sim_wire *wire, struct house_chance *chance, struct sim_word *ret);
bool sim_wire_next_order(struct sim_wire *wire, struct house_chance *chance, struct sim_order *ret);

void sim_wire_break(struct sim_wire *wire); /* with all that is on its way */

#endif
