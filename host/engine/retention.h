/*
 * Retention (DESIGN §11): what is old enough is removed in idle time, in slices that take some milliseconds: rows and values in
 * the store, files of runs on the disk. Nothing of a run that has not ended is ever touched. Times are given, not asked for.
 */
#ifndef HOST_ENGINE_RETENTION_H
#define HOST_ENGINE_RETENTION_H

#include "store/store.h"

struct retention_terms {
	int64_t keep_runs_ms, keep_values_ms, keep_files_ms;
};

struct retention;

struct retention *retention_new(struct store *store, const char *files_dir);
void retention_free(struct retention *retention); /* NULL is fine */

/* Outside of a batch. True: there may be more to do; false: everything was looked at once. */
bool retention_slice(struct retention *retention, const struct retention_terms *terms, int64_t now_us);

struct engine;
void retention_start(struct engine *engine); /* in idle time, from now on */

#endif
