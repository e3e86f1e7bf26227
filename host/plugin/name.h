/*
 * The names that plugins, their fields and their actions may have: ^[a-z][a-z0-9_]{0,max-1}$, plugins also
 * with '-'.
 */
#ifndef HOST_PLUGIN_NAME_H
#define HOST_PLUGIN_NAME_H

#include <stdbool.h>
#include <stddef.h>

enum { NAME_PLUGIN_MAX = 32, NAME_ACTION_MAX = 32, NAME_FIELD_MAX = 48 };

bool name_fits(const char *name, size_t max, bool dashes); /* NULL does not fit */

#endif
