/*
 * Two readings of one configuration file, held against each other: what differs, and what may not differ while the house
 * runs. Sections are compared as they are written; what follows from a default is a change of the section that has it.
 */
#ifndef HOST_CONFIG_CONF_CHANGES_H
#define HOST_CONFIG_CONF_CHANGES_H

#include "config/conf.h"

/*
 * Adds a problem for every key that only a restart can change (conf_key.fixed), and for [host] or [gateway] where it
 * came or went. Each names the key, its line in `now`, and the remedy.
 */
void conf_check_fixed(const struct conf *before, const struct conf *now, struct problems *problems);

enum conf_change { CONF_ADDED, CONF_CHANGED, CONF_REMOVED };

/* Every section that differs, in the order of the files; `name` is NULL for one without a name. */
void conf_changes(const struct conf *before, const struct conf *now,
		  void (*visit)(void *arg, enum conf_change change, const char *kind, const char *name), void *arg);

/* "added", "changed", "removed" */
const char *conf_change_name(enum conf_change change);

/*
 * What an instance is made from, as text: its plugin's file as it is now, the keys of its section, and of the secrets
 * and files (keys that end in _file) they name what is there now. Two texts that are equal make the same process. The caller frees.
 */
char *conf_made_of(const struct conf *conf, hst_plugin_kind kind, const char *name);

#endif
