/* The session strategy of a device: opened with its options, and what admission asks of it. */
#ifndef HOST_POLICY_STRATEGIES_H
#define HOST_POLICY_STRATEGIES_H

#include "config/conf.h"
#include "plugin/instance.h"
#include "pure/admission/admission.h"

/* One that the configuration names, or the two that go by the system (rule R10a). */
struct policy_strategy {
	struct plugin_instance *instance; /* on servers and Linux, and where it is named */
	struct plugin_instance *client;	  /* on clients; NULL: it is named */
	hst_host host, client_host;
};

/* Looks at `conf` and at what is in `arena` as long as it is open. */
int strategies_open(const struct conf *conf, const struct conf_device *device, hst_arena *arena,
                    struct policy_strategy **ret, hst_error *err);
void strategies_close(struct policy_strategy *strategy); /* NULL is fine */

/* What is in force on a device of this system: the name of the instance, or of the plugin that the system calls for. */
const char *strategies_in_force(const struct conf_device *device, bool known, hst_system system); /* NULL: not known yet */

/* NULL: of a device that is no longer configured. Nothing begins there, and nothing is kept. */
struct admission_policy strategies_policy(struct policy_strategy *strategy);

#endif
