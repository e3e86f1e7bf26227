/*
 * A process that is told the roster: it begins with what its keys say (wire/keys.h), and takes a newer one from the word `roster` when
 * that may replace it. Why one is not taken is in its log, for whoever looks after the house.
 */
#ifndef HOST_WIRE_BELIEVED_H
#define HOST_WIRE_BELIEVED_H

#include "seal/pinned.h"
#include "wire/keys.h"
#include "wire/message.h"

/* What cannot be read is logged; the process then believes nobody. */
void believed_begin(struct pinned *pinned, const struct key_ring *ring);

/* The word `roster`. True: another one is believed now. */
bool believed_heard(struct pinned *pinned, const struct message *roster);

/* The word with the one that is believed, which is there; the caller frees *ret_text when the message was sent. */
void believed_message(const struct roster *roster, struct message *message, char **ret_text);

#endif
