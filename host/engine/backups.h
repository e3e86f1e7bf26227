/*
 * A copy of the store for `hostler backup`, made in slices between the batches. The command line takes it from the store's
 * folder, which only the engine and root can enter. One at a time; one that nobody asks about any more is removed.
 */
#ifndef HOST_ENGINE_BACKUPS_H
#define HOST_ENGINE_BACKUPS_H

#include "engine/engine.h"

/* `manage` backup_begin, backup_state, backup_end. */
int backups_begin(struct engine *engine, hst_value *answer, hst_error *err); /* HST_RETRY: one is being made */
int backups_state(struct engine *engine, hst_value *answer, hst_error *err); /* HST_NOT_FOUND: none is */
int backups_end(struct engine *engine, hst_value *answer, hst_error *err);

void backups_open(struct engine *engine);  /* what an earlier engine left is removed */
void backups_close(struct engine *engine); /* before the store */

#endif
