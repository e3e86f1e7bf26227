/*
 * Unfinished runs that this version cannot carry on, because it cannot read what they were accepted with. They are not
 * forgotten: they end, and say why.
 */
#ifndef HOST_ENGINE_ABANDONED_H
#define HOST_ENGINE_ABANDONED_H

#include "store/store.h"

struct abandoned {
	struct store_run *runs;
	struct store_step *steps;
	size_t run_count, run_size, step_count, step_size;
};

/* Both copy. A run is followed by its steps. */
void abandon_run(struct abandoned *abandoned, const struct store_run *run, const char *why);
void abandon_step(struct abandoned *abandoned, const struct store_step *step);

/* In a transaction of its own: they have failed with DefinitionGone. */
int abandoned_store(const struct abandoned *abandoned, struct store *store, int64_t now_us, hst_error *err);
void abandoned_clear(struct abandoned *abandoned);

#endif
