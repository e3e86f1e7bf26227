#include "sim_wire.h"

#include <string.h>

void sim_wire_say(struct sim_wire *wire, const struct sim_word *word)
{
	if (wire->up && wire->word_count < SIM_WAY_MAX)
		wire->words[wire->word_count++] = *word;
}

void sim_wire_order(struct sim_wire *wire, const struct sim_order *order)
{
	if (wire->up && wire->order_count < SIM_WAY_MAX)
		wire->orders[wire->order_count++] = *order;
}

/* Which one comes next, and whether it stays to come again. */
static size_t choose(struct house_chance *chance, size_t n, bool *ret_stays)
{
	*ret_stays = house_chance_below(chance, 12) == 0;
	return n > 1 && house_chance_below(chance, 20) == 0 ? house_chance_below(chance, (uint32_t)n) : 0;
}

bool sim_wire_next_word(struct sim_wire *wire, struct house_chance *chance, struct sim_word *ret)
{
	bool stays;
	size_t at;

	if (wire->word_count == 0)
		return false;
	at = choose(chance, wire->word_count, &stays);
	*ret = wire->words[at];
	ret->event.holding = NULL;
	if (!stays)
		memmove(&wire->words[at], &wire->words[at + 1], (--wire->word_count - at) * sizeof *wire->words);
	return true;
}

bool sim_wire_next_order(struct sim_wire *wire, struct house_chance *chance, struct sim_order *ret)
{
	bool stays;
	size_t at;

	if (wire->order_count == 0)
		return false;
	at = choose(chance, wire->order_count, &stays);
	*ret = wire->orders[at];
	if (!stays)
		memmove(&wire->orders[at], &wire->orders[at + 1], (--wire->order_count - at) * sizeof *wire->orders);
	return true;
}

void sim_wire_break(struct sim_wire *wire)
{
	wire->up = false;
	wire->word_count = wire->order_count = 0;
}
