/*
 * Files on their way between this process and the engine, part by part: those that the inputs of a call name come before it,
 * those that its outputs name go before it is answered, and those of events before they are emitted.
 */
#ifndef HOST_WORKER_MOVING_H
#define HOST_WORKER_MOVING_H

#include "worker/services.h"

/* Every file that values of these fields name lies in the private folder then. HST_INVALID: one cannot be had. */
int moving_fetch(struct services *services, int64_t step, int64_t token, hst_fields fields, const hst_value *values, hst_error *err);

/*
 * Files that were made here and that the values name go to the engine: of the call, or, with step 0, into the set `token`; others that
 * were given to the call are handed on by their names. HST_INVALID: they name what this call does not have. *ret_n is raised by how
 * many went.
 */
int moving_put(struct services *services, int64_t step, int64_t token, hst_fields fields, const hst_value *values, size_t *ret_n, hst_error *err);

/* Those of the set are the engine's now. */
void moving_done(struct services *services);

#endif
