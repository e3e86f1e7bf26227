/*
 * A flow as its author wrote it, parsed: triggers, steps, templates, conditions. Immutable after parsing, and
 * pure: it holds no state of any run. Memory belongs to the flow's own arena.
 */
#ifndef HOST_PURE_FLOW_MODEL_H
#define HOST_PURE_FLOW_MODEL_H

#include "schema/problems.h"
#include "schema/section.h"

#include <hostler/types.h>
#include <hostler/value.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FLOW_STEPS_MAX = 500, FLOW_INPUTS_MAX = 100, FLOW_TOKENS_MAX = 100, FLOW_PATH_MAX = 16 };
enum { FLOW_ON_MAX = 100, FLOW_CONCURRENCY_MAX = 10000 };

/*
 * "${find.row.number}": a source (a step's name, "trigger", "run" or "flow"), then a path of names and list
 * positions.
 */
struct flow_token {
	const char *source;
	const char *path[FLOW_PATH_MAX]; /* "row", "number"; a position is its decimal text */
	size_t path_count;
	const char *text; /* as written, for messages */
};

/*
 * Literals and tokens in turn; no parts: empty text. A template of exactly one token keeps the value's type;
 * anything else makes text.
 */
struct flow_template {
	struct flow_part {
		const char *literal; /* or NULL */
		struct flow_token token;
	} *parts;
	size_t part_count;
	const char *text; /* as written */
	int line;
};

struct flow_condition; /* conditions.h */

/* What follows when nobody knows how a step ended. */
enum flow_on_lost {
	FLOW_LOST_ASK = 0, /* a late answer or a person decides */
	FLOW_LOST_FAIL,	   /* it has failed */
	FLOW_LOST_AGAIN,   /* it is done again: the author says that it may be done twice */
};

enum flow_use { FLOW_USE_CONNECTOR = 1, FLOW_USE_DESKTOP, FLOW_USE_FLOW };

struct flow_input {
	const char *name;
	struct flow_template value; /* of "secret:NAME" it has no parts */
	const char *secret;         /* NAME of "secret:NAME", or NULL */
	const char *declassify;     /* why a secure value may be readable here, or NULL */
	int line, declassify_line;
};

struct flow_step {
	const char *name;
	enum flow_use use;
	const char *use_text;              /* "connector:orders.read_row" */
	const char *target;                /* instance, package or flow */
	const char *action;                /* connectors */
	const struct flow_condition *when; /* NULL: always */
	const char *connection;            /* desktop */
	bool attended;
	bool high;                           /* priority */
	bool secure_inputs, secure_outputs;  /* all of them */
	hst_duration timeout, queue_timeout; /* 0: the default */
	enum flow_on_lost on_lost;
	struct flow_input *inputs;
	size_t input_count;
	bool broken_input; /* one could not be read, so nothing is said of what is missing */
	/* Lines of keys, 0: not given. */
	int line, use_line, when_line, connection_line, mode_line, priority_line, queue_timeout_line;
	int secure_outputs_line;
};

struct flow {
	const char *file, *name, *summary;
	const char *const *on; /* trigger instances */
	size_t on_count;
	struct flow_template label; /* no parts: none given */
	int64_t concurrency;        /* 0: no limit */
	struct flow_step *steps;
	size_t step_count;
	const char *text; /* the file, as it was accepted */
	size_t text_length;
	char digest[65]; /* of the text, hexadecimal; set by whoever read the file, "" until then */
	int line, on_line;
	hst_arena *arena;
};

/* NULL, with problems added, when anything is wrong. Keeps a copy of all it needs from the document. */
struct flow *flow_parse(struct document *document, struct problems *problems);

/* Never NULL: what could not be read is left out. For flow_check alone, so that all problems are said in one go. */
struct flow *flow_parse_for_check(struct document *document, struct problems *problems);
void flow_free(struct flow *flow);

/* "trigger", "run" and "flow": sources of tokens that are no steps. Ends with NULL. */
extern const char *const flow_reserved_sources[];

/* The position of a step by name, or -1. */
int flow_step_named(const struct flow *flow, const char *name);

#endif
