/*
 * The secret fields of events that a trigger emits by itself. They leave sealed, to those whom the flows give them to, which the
 * engine is asked for once an emit; each envelope is an item of the message, called POSITION.FIELD.
 */
#ifndef HOST_WORKER_EMITTING_H
#define HOST_WORKER_EMITTING_H

#include "seal/sealing.h"
#include "worker/services.h"

struct emitting {
	struct services *services;
	hst_arena *arena; /* of the emit; it wipes */
	struct sealing sealing;
	bool directed; /* the engine was asked */
	struct item items[ITEMS_MAX];
	size_t item_count;
};

void emitting_init(struct emitting *emitting, struct services *services, hst_arena *arena);

/* What of the event at this position is secret is sealed, and shown as that. */
int emitting_seal(struct emitting *emitting, size_t position, const hst_value *values, const hst_value **ret, hst_error *err);

/* The sealed part of the message; empty when there is nothing in it. */
int emitting_write(struct emitting *emitting, struct text *to, hst_error *err);

#endif
