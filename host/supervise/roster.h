/*
 * state_dir/roster: the roster that this house believes. The supervisor alone writes it. A newer one that an operator has signed
 * comes by way of the engine, which may not write here: it keeps it beside the gateways it has let in (admitted/rosters/EPOCH), and it is
 * taken over when it may replace the one that is believed.
 */
#ifndef HOST_SUPERVISE_ROSTER_H
#define HOST_SUPERVISE_ROSTER_H

#include "seal/roster.h"
#include "supervise/operator.h"

struct conf;

/* Makes the first one where there is none, and of what an older version has written. *ret_made: it did. */
int house_roster_first(const struct conf *conf, const uint8_t seed[SEED_BYTES], const struct operator_asked *asked, bool *ret_made,
                       hst_error *err);

/*
 * The believed one, with a line for every instance of the configuration that may seal or open. What changed by that, or by a
 * newer roster, is written. HST_NOT_FOUND: there is none.
 */
int house_roster(const struct conf *conf, const uint8_t seed[SEED_BYTES], const struct accounts *accounts, struct roster **ret,
                 hst_error *err);

#endif
