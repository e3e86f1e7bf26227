#include "schema/facts.h"

#include <string.h>

enum { LOAD_MOST_MILLI = 1000 * 1000, MEMORY_MOST_MILLI = 1000 };

const char *fact_name(hst_fact fact)
{
	if (fact == HST_YES)
		return "yes";
	return fact == HST_NO ? "no" : "unknown";
}

hst_fact fact_named(const char *name)
{
	if (strcmp(name, "yes") == 0)
		return HST_YES;
	return strcmp(name, "no") == 0 ? HST_NO : HST_UNKNOWN;
}

const char *system_name(hst_system system)
{
	if (system == HST_CLIENT)
		return "client";
	return system == HST_SERVER ? "server" : "linux";
}

hst_system system_named(const char *name)
{
	if (strcmp(name, "client") == 0)
		return HST_CLIENT;
	return strcmp(name, "server") == 0 ? HST_SERVER : HST_LINUX;
}

const char *rds_name(hst_rds rds)
{
	if (rds == HST_RDS_YES)
		return "yes";
	return rds == HST_RDS_NO ? "no" : NULL;
}

hst_rds rds_named(const char *name)
{
	if (strcmp(name, "yes") == 0)
		return HST_RDS_YES;
	return strcmp(name, "no") == 0 ? HST_RDS_NO : HST_RDS_UNKNOWN;
}

const char *containment_name(hst_containment containment)
{
	if (containment == HST_CONTAINMENT_CGROUP)
		return "cgroup";
	return containment == HST_CONTAINMENT_PROCESSES ? "processes" : NULL;
}

hst_containment containment_named(const char *name)
{
	if (strcmp(name, "cgroup") == 0)
		return HST_CONTAINMENT_CGROUP;
	return strcmp(name, "processes") == 0 ? HST_CONTAINMENT_PROCESSES : HST_CONTAINMENT_UNKNOWN;
}

int64_t fact_load(int64_t milli)
{
	if (milli < 0)
		return -1;
	return milli < LOAD_MOST_MILLI ? milli : LOAD_MOST_MILLI;
}

/* There is no machine whose memory is all free: 0 is a member that nobody has filled in. */
int64_t fact_memory(int64_t milli)
{
	if (milli <= 0)
		return -1;
	return milli < MEMORY_MOST_MILLI ? milli : MEMORY_MOST_MILLI;
}
