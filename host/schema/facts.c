#include "schema/facts.h"

#include <string.h>

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
