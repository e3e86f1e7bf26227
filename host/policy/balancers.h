/* The balancers of the clusters, in this process: they only decide. */
#ifndef HOST_POLICY_BALANCERS_H
#define HOST_POLICY_BALANCERS_H

#include "definitions/definitions.h"
#include "plugin/instance.h"
#include "pure/core/core.h"

/* Those of the clusters; as long as the definitions they were opened with. */
struct balancers {
	struct table by_name; /* instance -> struct plugin_instance */
	struct table faults;  /* instance -> text: why it is not there */
	hst_host host;
};

/*
 * Every balancer that a cluster of these definitions names, opened. They look at the definitions' options. Of one that
 * cannot be had its fault is kept instead.
 */
struct balancers *balancers_open(const struct definitions *definitions);
void balancers_close(struct balancers *balancers); /* NULL is fine */
const char *balancers_fault(const struct balancers *balancers, const char *instance); /* NULL: there is none */

/* Tells the core which clusters have nobody to choose. After they were added and before the next event. */
void balancers_note(const struct balancers *balancers, const struct conf *conf, struct core *core);

#endif
