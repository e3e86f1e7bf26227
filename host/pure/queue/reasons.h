/*
 * Why something waits, was refused or failed: one table, which is also docs/reasons.md and `hostler explain`. A code is
 * a contract; its texts may be improved.
 */
#ifndef HOST_PURE_QUEUE_REASONS_H
#define HOST_PURE_QUEUE_REASONS_H

#include <stdbool.h>
#include <stddef.h>

/* What the engine does with a refusal (rule R23). */
enum reason_class {
	REASON_WAIT = 1, /* something on the device is in the way: asked again when the device's revision has moved */
	REASON_RETRY,    /* transient: asked again after 5 s, doubling to 5 min */
	REASON_FATAL,    /* fails the step */
};

struct reason {
	const char *code;
	enum reason_class class;
	const char *cause;  /* one sentence */
	const char *remedy; /* one sentence */
	const char *known_as; /* the sentence people know from Power Automate, or NULL */
};

const struct reason *reason_named(const char *code); /* NULL: unknown */
bool reason_is_of_sign_in(const char *code); /* credentials failed: the connection is blocked (rule R29) */
const struct reason *reasons(size_t *ret_n);         /* the table, sorted by code */
const char *reason_class_name(enum reason_class class); /* "wait" */
enum reason_class reason_class_named(const char *name); /* REASON_FATAL for an unknown word */

#endif
