/* The names of the types. */
#include "schema/types.h"

#include <string.h>

static const char *const names[HST_TYPE_COUNT] = {
	[HST_TYPE_NONE] = "none",     [HST_TYPE_TEXT] = "text",		[HST_TYPE_INTEGER] = "integer",
	[HST_TYPE_NUMBER] = "number", [HST_TYPE_BOOLEAN] = "boolean",	[HST_TYPE_CHOICE] = "choice",
	[HST_TYPE_DATE] = "date",     [HST_TYPE_DURATION] = "duration", [HST_TYPE_LIST] = "list",
	[HST_TYPE_TABLE] = "table",   [HST_TYPE_FILE] = "file",		[HST_TYPE_SECRET] = "secret",
	[HST_TYPE_JSON] = "json",     [HST_TYPE_FILES] = "files",
};

const char *type_name(hst_type type)
{
	return (unsigned)type < HST_TYPE_COUNT ? names[type] : names[HST_TYPE_NONE];
}

bool type_is_file(hst_type type)
{
	return type == HST_TYPE_FILE || type == HST_TYPE_FILES;
}

hst_type type_named(const char *name)
{
	for (hst_type type = HST_TYPE_NONE + 1; type < HST_TYPE_COUNT; type++)
		if (strcmp(name, names[type]) == 0)
			return type;
	return HST_TYPE_NONE;
}
