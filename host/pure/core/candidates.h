/*
 * Why a step that waits for a device does not start: for each device of its target a reason code and one clause, true
 * now, in which the device is "it". For looking; nothing is changed.
 */
#ifndef HOST_PURE_CORE_CANDIDATES_H
#define HOST_PURE_CORE_CANDIDATES_H

#include "base/text.h"
#include "pure/core/core.h"

/* The code; NULL: nothing is in the way there. The clause is appended to `to`. The step waits. */
const char *core_candidate(const struct step *step, const struct placement_device *device, struct text *to);

/* When a device that refused for a while is asked again for this step (wall clock); 0: not by time. */
int64_t core_asked_again_us(const struct core *core, const struct step *step, const struct placement_device *device);

/* "#12/greet" */
void core_name_step(const struct step *step, struct text *to);

/* The runs that hold the device's slots: "#12/greet of bot1 and #13/greet of bot2". False: none does. */
bool core_name_runs(const struct placement_device *device, struct text *to);

/* Who of the target's waiting is the very first; NULL: nobody waits. */
const struct step *core_first(const struct placement_target *target);

#endif
