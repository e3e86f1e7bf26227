/*
 * Before the programs are replaced: no call begins and no press is taken, and once nothing is with a worker the engine can
 * be ended without anybody wondering how far something came. What has to wait is called by the next engine.
 */
#include "engine/engine.h"

#include "base/clock.h"
#include "os/inherited.h"

enum { ENDING_MS = 10000 };

void rest_begin(struct engine *engine)
{
	engine->resting = true;
}

void rest_end(struct engine *engine)
{
	engine->resting = engine->rested = false;
	TABLE_EACH(&engine->links, entry)
	{
		struct hub_link *link = entry->value;

		if (!link->role)
			workers_next(engine, link);
	}
}

bool rest_refuses(struct engine *engine, struct hub_link *from, uint64_t id)
{
	if (engine->resting)
		engine_refuse(engine, from, id, HST_RETRY, "HostResting", "the programs of the host are just being replaced; try again");
	return engine->resting;
}

bool rest_is_ending(const struct engine *engine)
{
	return clock_steady_us() - engine->began_us < ENDING_MS * INT64_C(1000);
}

void rest_look(void *arg)
{
	struct engine *engine = arg;

	if (!engine->resting || engine->rested || engine->requests.n || engine->left)
		return;
	engine->rested = true;
	inherited_line("rested", NULL);
}
