/* What a roster says to whoever opens envelopes. */
#ifndef HOST_SEAL_ENVELOPE_HOUSE_H
#define HOST_SEAL_ENVELOPE_HOUSE_H

#include "seal/envelope_open.h"
#include "seal/roster.h"

/* The roster stays, and is one that was verified. */
void envelope_house_init(struct envelope_house *ret, const struct roster *roster);

#endif
