/* The words for the kinds of plugins; apart from manifest.c, so that who needs the words alone is spared its
 * JSON. */
#include "schema/manifest.h"

#include <string.h>

static const char *const names[HST_KIND_COUNT] = {
	[HST_TRIGGER] = "trigger",   [HST_CONNECTOR] = "connector", [HST_BALANCER] = "balancer",
	[HST_STRATEGY] = "strategy", [HST_DRIVER] = "driver",
};

const char *manifest_kind_name(hst_plugin_kind kind)
{
	return (unsigned)kind < HST_KIND_COUNT && names[kind] ? names[kind] : "plugin";
}

hst_plugin_kind manifest_kind_named(const char *name)
{
	for (hst_plugin_kind kind = HST_TRIGGER; kind < HST_KIND_COUNT; kind++)
		if (strcmp(names[kind], name) == 0)
			return kind;
	return 0;
}
