/*
 * The other end of an invitation: connects with its one-time pair and, once the host has shown that it is the right
 * one, says `enrol`. What breaks meanwhile is tried again until the host has answered; who has waited long enough frees it.
 */
#ifndef HOST_WIRE_ENROL_H
#define HOST_WIRE_ENROL_H

#include "loop/loop.h"
#include "wire/invitation.h"

struct enrol;

/*
 * Called once, after which nothing more happens: HST_OK, or what the host said. Reasons of its own: HostKeyDiffers,
 * InvitationRefused (used, expired or taken back: the host does not say which to somebody whose key it does not know).
 */
typedef void (*enrol_over)(void *arg, int code, const hst_error *err);

/* `own` is the public key the gateway will have; NULL: only whether the host is there and admits the invitation. `joins` is its
 * line of the roster; NULL: none. */
int enrol_new(struct loop *loop, void *zmq, const struct invitation *invitation, const uint8_t *own, const char *joins, enrol_over over,
	      void *arg, struct enrol **ret, hst_error *err);
void enrol_free(struct enrol *enrol); /* also from `over`; NULL is fine */

/* Why nothing has come of it so far. */
void enrol_why(const struct enrol *enrol, hst_error *err);

#endif
