/*
 * The options of one instance: keys of its section read by the plugin's table, checked, defaults filled in. Options
 * called root, path, file, directory, program or *_dir are made absolute, relative to the file that says them. A secret is the
 * text "secret:NAME": only the worker of the instance can open it.
 */
#ifndef HOST_DEFINITIONS_OPTIONS_H
#define HOST_DEFINITIONS_OPTIONS_H

#include "config/conf.h"

#include <hostler/value.h>

#include <stdbool.h>

/* NULL, with problems added. `instance->section` NULL: defaults alone. */
const hst_value *definitions_options(hst_arena *arena, const struct conf_instance *instance, hst_fields options,
                              struct problems *problems);

/* Whether one of them is a secret, so that the plugin can do nothing where it cannot be opened. */
bool definitions_has_secret(hst_fields options, const hst_value *given);

/* Where a complaint of the plugin's own belongs: to the key it begins with, else to the section. */
int definitions_line(const struct conf_instance *instance, const char *text);

#endif
