/* Whether who needs a named secret can open it now, asked of their processes (probes.c). */
#ifndef HOST_ENGINE_PROBES_H
#define HOST_ENGINE_PROBES_H

#include "engine/engine.h"

void on_probe(void *arg, struct hub_link *from, const struct message *message);
void on_probed(void *arg, struct hub_link *from, const struct message *message);
void probes_clear(struct engine *engine);

#endif
