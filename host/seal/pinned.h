/*
 * The roster that a process believes, and how another takes its place. A process begins with the one it was started with, or, on a
 * machine that was invited and has seen none yet, with the pin of its invitation: of which cluster the first one must be, and whose
 * signature it must have. Whoever begins with neither believes nobody.
 */
#ifndef HOST_SEAL_PINNED_H
#define HOST_SEAL_PINNED_H

#include "seal/roster.h"

enum { PIN_TEXT = 70 };

struct pin {
	uint8_t cluster[ROSTER_CLUSTER_BYTES];
	uint8_t sign[SEAL_KEY_BYTES]; /* of the operator who has invited */
};

struct pinned {
	struct roster *roster; /* NULL: none yet */
	struct pin pin;
	bool has_pin;
};

/* "CLUSTER SIGN", each as the roster writes it. */
void pinned_pin_text(const struct pin *pin, char to[PIN_TEXT]);
int pinned_pin_read(const char *text, struct pin *ret, hst_error *err);

/* Texts as a process is given them; each may be NULL. What cannot be read is an error, and then nobody is believed. */
int pinned_begin(struct pinned *pinned, const char *roster, const char *pin, hst_error *err);
void pinned_clear(struct pinned *pinned);

/*
 * HST_OK: it is what was believed already, or is believed from now on and *ret_changed is true. Else *pinned is as it was. Reasons:
 * those of roster_verify_next, and RosterUnknown: nothing says whom to believe.
 */
int pinned_take(struct pinned *pinned, const char *bytes, size_t length, bool *ret_changed, hst_error *err);

#endif
