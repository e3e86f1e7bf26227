/*
 * Sealed values of one call, press or desktop run: those that came are opened where they are used, and what has to be sealed of what
 * is made leaves as an envelope, never as a value. Which values are sealed follows from the items of the message, never from its JSON.
 */
#ifndef HOST_SEAL_SEALING_H
#define HOST_SEAL_SEALING_H

#include "seal/items.h"
#include "seal/vault.h"

#include <hostler/fields.h>
#include <hostler/value.h>

#include <stdbool.h>

/* The item of a message that says to whom outputs are to be sealed: no input has that name. */
#define SEALING_DIRECTIONS "*"

struct sealing {
	struct vault *vault;
	hst_arena *arena; /* of the call or run; what is opened ends with it */
	const void *bytes; /* the sealed part of the message */
	size_t length;
	const char *run;
	struct directions directions;
	bool took; /* there were sealed inputs */
	const hst_secret **opened; /* them, and the parts they were joined from: what must not be printed */
	size_t opened_count, opened_size;
	struct item *made; /* what the answer gets */
	size_t made_count;
};

/* The message's sealed part, all of it in the form it must have. HST_DENIED, SecretUnusable: it is not. */
int sealing_begin(struct sealing *sealing, struct vault *vault, hst_arena *arena, const void *bytes, size_t length, const char *run,
                  hst_error *err);

/*
 * Opens each sealed input for the sink FRONT.INPUT and the use USE/INPUT, and puts it in the place of what stands for it. What does
 * not fit its input is InputInvalid, said without the value.
 */
int sealing_open(struct sealing *sealing, hst_fields fields, const char *front, const char *use, const hst_value *inputs,
                 const hst_value **ret, hst_error *err);

/* Whether this input came sealed. */
bool sealing_has(const struct sealing *sealing, const char *input);

/* For whoever needs not open them: each sealed input becomes a text that is different for each envelope. */
int sealing_stand_in(struct sealing *sealing, hst_fields fields, const hst_value *inputs, const hst_value **ret, hst_error *err);

/* Whether this output, if there is one, has to be sealed. */
bool sealing_must(const struct sealing *sealing, const hst_field *field, const char *output);

/*
 * Seals what has to be: secrets, what is derived from sealed inputs, what directions name. Texts of sealing_stand_in become the
 * envelopes they stand for. What is shown of each is {"sealed":FRONT.OUTPUT}.
 */
int sealing_close(struct sealing *sealing, hst_fields fields, const char *front, const hst_value *values, const hst_value **ret,
                  hst_error *err);

/* The sealed part of the answer; empty when there is nothing in it. */
int sealing_write(struct sealing *sealing, struct text *to, hst_error *err);

#endif
