/* The list of plugins, completed by what those say of themselves that no instance uses. */
#ifndef HOST_CLI_PLUGINS_H
#define HOST_CLI_PLUGINS_H

#include <hostler/value.h>

/* `plugins` is the host's answer; a new list in the arena, with version and summary, or why there are none, in every row. */
const hst_value *plugins_described(hst_arena *arena, const char *directory, const hst_value *plugins);

#endif
