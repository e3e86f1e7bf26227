/*
 * Sealed values between messages and the core. Items that come become envelopes of the core's events; what the core wants
 * to be put together for a call or an offer becomes items. All of it is carried as it is: nothing here can open an
 * envelope.
 */
#ifndef HOST_ENGINE_ENVELOPES_H
#define HOST_ENGINE_ENVELOPES_H

#include "engine/engine.h"

#define ENVELOPES_DIRECTIONS "*" /* the item that says to whom what is made is to be sealed: no input or field has that name */

/* The envelopes that came with a message, in the arena and pointing into the message. HST_INVALID: something else came. */
int envelopes_read(hst_arena *arena, const struct message *message, const struct flow_envelope **ret, size_t *ret_count,
		hst_error *err);

/* Those of the event at this position of an `emit`, which they are called POSITION.FIELD there; in the arena. */
size_t envelopes_of_position(hst_arena *arena, const struct flow_envelope *sealed, size_t n, size_t position, const struct flow_envelope **ret);

/* What is left to be checked of an event of which some fields are sealed: the fields, and what was given for them. */
hst_fields envelopes_left(hst_arena *arena, hst_fields fields, const struct flow_envelope *sealed, size_t n);
const hst_value *envelopes_without(hst_arena *arena, const hst_value *given, const struct flow_envelope *sealed, size_t n);

/*
 * Into engine->sealed, which a message then gets: what a step is given and how its outputs are to be sealed; empty when that is
 * nothing. HST_DENIED, SecretUnusable: a secret that it names cannot be used. HST_INVALID, InputInvalid: it is too much for one
 * message.
 */
int envelopes_of_action(struct engine *engine, const struct core_action *action, hst_error *err);

/* The password of a connection, and its serial; nothing, and the serial as it is, where it has none. */
int envelopes_of_connection(struct engine *engine, const char *connection, int64_t *ret_serial, hst_error *err);

/* The same for a press: what was typed for it, and how the trigger is to seal what it makes secret itself. */
int envelopes_of_press(struct engine *engine, const struct message *press, const char *trigger, hst_error *err);

/* How the secret fields of an event are to be sealed, alone: for who asks before the event is made. */
int envelopes_of_directions(struct engine *engine, const struct core_direction *directions, size_t n, hst_error *err);

/* HST_INVALID, InputInvalid: a secret of these fields was given as anybody can read it. */
int envelopes_refuse_readable(hst_fields fields, const hst_value *given, hst_error *err);
/* The same: what is sealed is none of these fields, or no secret. */
int envelopes_refuse_sealed(hst_fields fields, const struct flow_envelope *sealed, size_t n, hst_error *err);

/* The step of a call or offer that could not be made fails, once the batch that is being performed is over. */
void envelopes_failed(struct engine *engine, const struct core_action *action, const hst_error *err);

void envelopes_clear(struct engine *engine);

#endif
