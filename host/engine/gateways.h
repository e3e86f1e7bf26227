/* Which gateway has which device, and what is said to it. */
#ifndef HOST_ENGINE_GATEWAYS_H
#define HOST_ENGINE_GATEWAYS_H

#include "engine/engine.h"

/* Whether what this peer says of the device counts. */
bool gateway_serves(struct engine *engine, const struct hub_link *link, const char *device);

/* The same of the device that has this step. An ended step may be forgotten: then it is moot, and false. */
bool gateway_may(struct engine *engine, const struct hub_link *from, int64_t step);

/* The gateway that last spoke for the device; NULL: it is not there now. */
struct hub_link *gateway_of(struct engine *engine, const char *device);

void gateways_offer(struct engine *engine, const struct core_action *action);
void gateways_ask(struct engine *engine, const struct core_action *action);
void gateways_halt(struct engine *engine, const struct core_action *action);
void gateways_disown(struct engine *engine, const struct core_action *action);

#endif
