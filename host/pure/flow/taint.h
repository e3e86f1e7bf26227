/*
 * Which values of a flow are secure, known from its text and from what is declared, before any run. A value is secure
 * that an output or a field of the event of type `secret` has, any output of a step under `secure_outputs = yes`,
 * `secret:NAME`, and an output that is declared derived, when a secure input went into it. It may reach only a secure
 * input: one of type `secret`, any of a step under `secure_inputs = yes`, one that has `declassify.NAME`, and the one
 * that `secret:NAME` is written at. Where it would be readable, in a condition, a label or any other input, is a problem.
 */
#ifndef HOST_PURE_FLOW_TAINT_H
#define HOST_PURE_FLOW_TAINT_H

#include "pure/flow/model.h"

#include <hostler/fields.h>

/* What is declared of a source of tokens or of a step's inputs; `known` false: nothing can be said about it. */
struct flow_declared {
	bool known;
	hst_fields fields;
};

/* One of each for every trigger of flow->on and every step. Borrowed. */
struct flow_declarations {
	const struct flow_declared *events, *inputs, *outputs;
};

/* Why something is secure, and where that began. */
struct flow_secure {
	enum flow_secure_why {
		FLOW_SECURE_FIELD = 1, /* a field of an event, of type secret */
		FLOW_SECURE_OUTPUT,    /* an output of type secret */
		FLOW_SECURE_OUTPUTS,   /* secure_outputs = yes */
		FLOW_SECURE_DERIVED,   /* an output made from a secure input: `from` */
		FLOW_SECURE_NAMED,     /* secret:NAME */
		FLOW_SECURE_TYPE,      /* an input of type secret */
		FLOW_SECURE_INPUTS,    /* secure_inputs = yes */
	} why;
	const char *owner; /* the trigger or step */
	int line;          /* of the step; 0: a trigger */
	const char *name;  /* field, output or secret; DERIVED: the output; else NULL */
	const char *input; /* DERIVED */
	const struct flow_secure *from;
};

struct flow_taint {
	const struct flow *flow;
	struct flow_declarations declared;
	struct flow_taint_step {
		const struct flow_secure **inputs;  /* as they are written: what each of them holds; NULL: nothing secure */
		const struct flow_secure **outputs; /* as they are declared; NULL: plain */
		const struct flow_secure *all;      /* under secure_outputs = yes: the undeclared too; else NULL */
	} *steps;
	hst_arena *arena;
};

/* Lives in the arena; borrows the flow and what is declared. */
struct flow_taint *flow_taint(hst_arena *arena, const struct flow *flow,
                              const struct flow_declarations *declarations);

/* Why an output of a step, or with "trigger" a field of the event, is secure; NULL: it is not, as far as is known. */
const struct flow_secure *flow_taint_of(const struct flow_taint *taint, const char *source, const char *name);

/* Adds a problem for every value that is not where it may be, and for every declassify that declassifies nothing. */
void flow_taint_check(const struct flow_taint *taint, struct problems *problems);

#endif
