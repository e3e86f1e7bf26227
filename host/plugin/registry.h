/*
 * Where plugins lie: DIRECTORY/KIND/NAME.so, DIRECTORY being `[host] plugins`. What is not there is looked for among those
 * that were installed (files_plugin_directory), so a folder of one's own needs no copies. Names are ^[a-z][a-z0-9_-]{0,31}$.
 */
#ifndef HOST_PLUGIN_REGISTRY_H
#define HOST_PLUGIN_REGISTRY_H

#include <hostler/plugin.h>

/* Absolute path, caller frees. HST_NOT_FOUND names the directories and the nearest plugin of that kind. */
int registry_path(const char *directory, hst_plugin_kind kind, const char *name, char **ret, hst_error *err);

/* Names of all plugins of a kind, each once, sorted, ends with NULL; release with registry_names_free. */
char **registry_names(const char *directory, hst_plugin_kind kind);
void registry_names_free(char **names);

#endif
