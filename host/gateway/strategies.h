/* The session strategy of a device: opened with its options, and what admission asks of it. */
#ifndef HOST_GATEWAY_STRATEGIES_H
#define HOST_GATEWAY_STRATEGIES_H

#include "config/conf.h"
#include "plugin/instance.h"
#include "pure/admission/admission.h"

/* Rule R10a: on Linux, as on a server, several users may have sessions at once. A client names win10 itself. */
#define STRATEGY_BY_SYSTEM "server-rds"

struct gateway_strategy {
	struct plugin_instance *instance;
	hst_host host;
};

/* Looks at `conf` and at what is in `arena` as long as it is open. */
int strategies_open(const struct conf *conf, const struct conf_device *device, hst_arena *arena,
                    struct gateway_strategy **ret, hst_error *err);
void strategies_close(struct gateway_strategy *strategy); /* NULL is fine */

/* NULL: of a device that is no longer configured. Nothing begins there, and nothing is kept. */
struct admission_policy strategies_policy(struct gateway_strategy *strategy);

#endif
