/*
 * The options of one instance: keys of its section read by the plugin's table, checked, defaults filled in. Options
 * called root, path, file, directory, program or *_dir are made absolute, relative to the file that says them.
 */
#ifndef HOST_DEFINITIONS_OPTIONS_H
#define HOST_DEFINITIONS_OPTIONS_H

#include "config/conf.h"

#include <hostler/value.h>

/* NULL, with problems added. `instance->section` NULL: defaults alone. */
const hst_value *definitions_options(hst_arena *arena, const struct conf_instance *instance, hst_fields options,
                              struct problems *problems);

/* Where a complaint of the plugin's own belongs: to the key it begins with, else to the section. */
int definitions_line(const struct conf_instance *instance, const char *text);

#endif
