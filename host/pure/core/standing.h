/*
 * What operators take out of service and put back (rule R20): flows and triggers start nothing while they are
 * disabled; devices are given nothing new while they, a cluster they are in, or the host are drained. It stands
 * across restarts, whether the configuration still has the name or not.
 *
 * Names say their kind: "flow:NAME", "trigger:NAME"; "device:NAME", "cluster:NAME", "host".
 */
#ifndef HOST_PURE_CORE_STANDING_H
#define HOST_PURE_CORE_STANDING_H

#include "pure/core/core.h"

struct core_stand {
	int64_t since_us;
	char *who; /* who said so; NULL: nobody knows */
};

/* NULL: it is not. */
const struct core_stand *core_disabled(const struct core *core, const char *name);
bool core_all_enabled(const struct core *core); /* nothing is disabled */
const struct core_stand *core_drained(const struct core *core, const char *name);

/* What it is that drains a device: the name of it, and since when; NULL: nothing. */
const struct core_stand *core_device_drained(const struct core *core, const char *device, const char **ret_name);

enum core_stand_verb { CORE_DISABLE = 1, CORE_ENABLE, CORE_DRAIN, CORE_UNDRAIN };

/* Something happened to the house and to no run: it goes into the history and to who follows. `who` NULL: nobody did it. */
void core_note(struct core *core, int64_t now_us, const char *what, const char *name, const char *who,
	       struct core_effects *effects);

/* An event. False: so it stood already. The name is not looked up. */
bool core_stand(struct core *core, int64_t now_us, struct draw draw, enum core_stand_verb verb, const char *name,
		const char *who, struct core_effects *effects);

#endif
