/*
 * Loading a plugin file with libltdl; nothing else in the house knows libltdl. Plugins stay loaded until the
 * program ends.
 */
#ifndef HOST_PLUGIN_LOAD_H
#define HOST_PLUGIN_LOAD_H

#include <hostler/plugin.h>

/*
 * `path` is absolute and ends in "NAME.so". Refuses what others could exchange (plugin/writers.h), a missing or
 * wrong symbol, a wrong ABI, and whatever plugin/verify.h finds; the error names the file, the member and the
 * rule.
 */
int plugin_load(const char *path, const hst_plugin **ret, hst_error *err);

#endif
