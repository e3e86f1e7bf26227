/* The words for what drivers report, on the wire and in answers: one table for whoever writes and whoever reads them. */
#ifndef HOST_SCHEMA_FACTS_H
#define HOST_SCHEMA_FACTS_H

#include <hostler/session.h>

const char *fact_name(hst_fact fact); /* "yes" "no" "unknown" */
hst_fact fact_named(const char *name); /* any other word is unknown */
const char *system_name(hst_system system); /* "client" "server" "linux" */
const char *rds_name(hst_rds rds); /* "yes" "no"; NULL: not known */
hst_rds rds_named(const char *name); /* any other word is not known */
hst_system system_named(const char *name); /* any other word is linux */

const char *containment_name(hst_containment containment); /* "cgroup" "processes"; NULL: unknown */
hst_containment containment_named(const char *name); /* any other word is unknown */

/* Within bounds, whatever a driver or gateway says; what makes no sense is -1, unknown. */
int64_t fact_load(int64_t milli);   /* load average per processor */
int64_t fact_memory(int64_t milli); /* memory that is taken */

#endif
