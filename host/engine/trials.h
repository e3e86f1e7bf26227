/* Sign-ins that a person asks for, to see whether a connection works (trials.c). */
#ifndef HOST_ENGINE_TRIALS_H
#define HOST_ENGINE_TRIALS_H

#include "engine/engine.h"

void on_trial(void *arg, struct hub_link *from, const struct message *message);
void on_tried(void *arg, struct hub_link *from, const struct message *message);
void trials_left(struct engine *engine, const struct hub_link *link); /* a gateway may be gone that has one */
void trials_clear(struct engine *engine);

#endif
