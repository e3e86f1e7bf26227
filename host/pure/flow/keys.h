/*
 * The keys a flow's file may have, as data: the parser, its messages and docs/flow-language.md are held to
 * this one table. Keys of the language that this version does not have are in it too, so that they are named
 * as what they are.
 */
#ifndef HOST_PURE_FLOW_KEYS_H
#define HOST_PURE_FLOW_KEYS_H

#include <stddef.h>

enum { FLOW_SECTION_KEYS_MAX = 40 };

struct flow_key {
	const char *section; /* "flow" or "step" */
	const char *name;    /* one that ends in '.' is the front of a name: "input." */
	const char *value;   /* what may stand there, in a few words */
	const char *doc;     /* one line, no full stop */
	enum flow_key_kind {
		FLOW_KEY_OPTIONAL = 0,
		FLOW_KEY_REQUIRED,
		FLOW_KEY_LATER /* not in this version */
	} kind;
};

/* All keys, those of [flow] first, in the order documents show them. */
const struct flow_key *flow_keys(size_t *ret_n);

/* The key a name stands for, fronts included, or NULL. */
const struct flow_key *flow_key_named(const char *section, const char *name);

/* The names that may stand in a section of this version, ended by NULL, for section_refuse_rest. */
void flow_key_names(const char *section, const char *ret[FLOW_SECTION_KEYS_MAX]);

#endif
