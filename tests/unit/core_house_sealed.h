/* What the house of the core does about envelopes: keeps them in its store, and says what is sealed in actions. */
#ifndef TESTS_UNIT_CORE_HOUSE_SEALED_H
#define TESTS_UNIT_CORE_HOUSE_SEALED_H

#include "core_house.h"

void house_keep_sealed(struct core_house *house, const struct core_sealed *sealed);
void house_restore_sealed(struct core_house *house, struct run *run);
void house_say_carried(struct core_house *house, const struct core_action *action);

/* Starts the house again with what flow_house.h declares; a device NAME is served by the gateway "g-NAME". */
void house_declares(struct core_house *house);

/* A connector's answer, or a desktop flow's outcome, that went well; `sealed` is "NAME=ENVELOPE NAME=ENVELOPE". */
void house_returned_sealed(struct core_house *house, int64_t step, const char *json, const char *sealed);
void house_finished_sealed(struct core_house *house, int64_t step, const char *json, const char *sealed);
int64_t house_fire_sealed(struct core_house *house, const char *flow, const char *json, const char *sealed);

#endif
