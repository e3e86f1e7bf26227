/*
 * Fields of an event as the section of a trigger declares them, one option each, the same for a button's inputs and a posted
 * event's fields:
 *
 *	input.NAME = TYPE [from MIN] [to MAX] [required] [default VALUE]
 *	input.NAME = choice A, B, C [required] [default B]
 *	label.NAME = what a form shows
 */
#ifndef PLUGINS_TRIGGER_DECLARED_H
#define PLUGINS_TRIGGER_DECLARED_H

#include <hostler/plugin.h>

#include <time.h>

/* What both say of the option that declares a field, in place of PREFIX. */
#define DECLARED_DOC "TYPE [from MIN] [to MAX] [required] [default VALUE], or: choice A, B, C [required] [default B]"

struct declared {
	const char *prefix;		  /* "input": of the options */
	const hst_value *fields, *labels; /* the options */
	const hst_field *own;		  /* what the trigger itself sets; no declared field may be called so */
	size_t own_n;
};

/* Fields in the call's arena, in the order of the section, the trigger's own behind them. Errors begin with the option. */
int declared_read(hst_call *call, const struct declared *declared, hst_fields *ret, hst_error *err);

/* Zeroed before. Moments of one second differ only in what stands behind it. */
struct declared_clock {
	time_t second;
	char date[32];
};

/*
 * What was given, checked against these fields, together with the trigger's own two: who it was, by the key that they proved, and
 * when. HST_INVALID: somebody says these himself.
 */
int declared_event(hst_call *call, struct declared_clock *clock, const hst_field own[2], const hst_value *given, const hst_value **ret,
		   hst_error *err);

#endif
