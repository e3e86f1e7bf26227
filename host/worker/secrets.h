/* Named secrets among the options of the instance, and whether this process can hold any at all. */
#ifndef HOST_WORKER_SECRETS_H
#define HOST_WORKER_SECRETS_H

#include "config/conf.h"
#include "seal/vault.h"

#include <hostler/plugin.h>

/*
 * Opens every secret:NAME among the options, each for the sink INSTANCE.OPTION. Values of secrets lie in locked memory, which ends
 * with the arena. NULL, with a problem for each that cannot be opened or does not fit its option.
 */
const hst_value *secrets_of_options(struct vault *vault, hst_arena *arena, const struct conf_instance *instance, hst_fields options,
                                    const hst_value *given, struct problems *problems);

/* Whether options, inputs, outputs or events of the plugin are secrets by its own words. */
bool secrets_are_handled(const hst_plugin *plugin);

/* That a secret of any size could be held now. HST_DENIED says what to set. */
int secrets_find_room(hst_error *err);

#endif
