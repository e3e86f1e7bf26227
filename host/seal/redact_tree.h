/*
 * Many texts that are looked for at once (the automaton of Aho and Corasick). After each byte of what is read, a state says
 * how much of its end may be the beginning of a text, and how much is one. The texts' bytes are in locked memory.
 */
#ifndef HOST_SEAL_REDACT_TREE_H
#define HOST_SEAL_REDACT_TREE_H

#include "seal/secret.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct redact_node {
	uint32_t child, sibling; /* 0: none */
	uint32_t fail;		 /* the longest end of what was read that is in the tree too */
	uint32_t depth;		 /* bytes read of a text */
	uint32_t found;		 /* bytes of the longest text that ends here; 0: none */
};

/* State 0: nothing was read. */
struct redact_tree {
	struct redact_node *nodes;
	size_t count, size;
	hst_secret **bytes; /* that lead to each node, so many to a block */
	size_t block_count, block_size;
	uint32_t first[256]; /* children of state 0 */
	hst_secret *pairs;   /* a bit for each two bytes that a text begins with */
	uint32_t longest;
	bool linked;
};

void redact_tree_init(struct redact_tree *tree);
void redact_tree_clear(struct redact_tree *tree); /* wipes */

/* At least two bytes, or nothing is added. After a failure the tree is good for nothing but redact_tree_clear. */
int redact_tree_add(struct redact_tree *tree, const char *bytes, size_t n, size_t states_max, hst_error *err);

/* Must be called after texts were added, before redact_tree_step and redact_tree_plain. */
void redact_tree_link(struct redact_tree *tree);
uint32_t redact_tree_step(const struct redact_tree *tree, uint32_t state, uint8_t byte);

/* How many bytes from the front begin no text: in state 0 they can be left out. */
size_t redact_tree_plain(const struct redact_tree *tree, const char *bytes, size_t n);

#endif
