#include "seal/redact_tree.h"

#include "base/auto.h"
#include "base/mem.h"

#include <stdlib.h>

enum { BLOCK = 4096, PAIRS = 1 << 16 };

void redact_tree_init(struct redact_tree *tree)
{
	*tree = (struct redact_tree){.linked = true};
}

void redact_tree_clear(struct redact_tree *tree)
{
	for (size_t i = 0; i < tree->block_count; i++)
		secret_free(tree->bytes[i]);
	secret_free(tree->pairs);
	free(tree->bytes);
	free(tree->nodes);
	redact_tree_init(tree);
}

static uint8_t byte_of(const struct redact_tree *tree, uint32_t node)
{
	return secret_fill(tree->bytes[node / BLOCK])[node % BLOCK];
}

static uint32_t child_of(const struct redact_tree *tree, uint32_t node, uint8_t byte)
{
	uint32_t child = node ? tree->nodes[node].child : tree->first[byte];

	if (node)
		while (child && byte_of(tree, child) != byte)
			child = tree->nodes[child].sibling;
	return child;
}

/* The first node is state 0 itself. */
static int make_room(struct redact_tree *tree, size_t states_max, hst_error *err)
{
	size_t wanted = tree->count + 1 + !tree->count;

	if (wanted > states_max)
		return hst_fail(err, HST_INVALID, "there are too many and too long secrets to keep them out of what is printed");
	while (tree->block_count * BLOCK < wanted) {
		hst_secret *block = NULL;
		int code = secret_room(BLOCK, &block, err);

		if (code != HST_OK)
			return code;
		tree->bytes = mem_grow(tree->bytes, &tree->block_size, tree->block_count + 1, sizeof *tree->bytes);
		tree->bytes[tree->block_count++] = block;
	}
	tree->nodes = mem_grow(tree->nodes, &tree->size, wanted, sizeof *tree->nodes);
	tree->count += !tree->count;
	return HST_OK;
}

static int add_child(struct redact_tree *tree, uint32_t node, uint8_t byte, size_t states_max, uint32_t *ret, hst_error *err)
{
	int code = make_room(tree, states_max, err);
	uint32_t child;

	if (code != HST_OK)
		return code;
	child = (uint32_t)tree->count++;
	tree->nodes[child] = (struct redact_node){.sibling = tree->nodes[node].child, .depth = tree->nodes[node].depth + 1};
	tree->nodes[node].child = child;
	if (!node)
		tree->first[byte] = child;
	secret_fill(tree->bytes[child / BLOCK])[child % BLOCK] = byte;
	*ret = child;
	return HST_OK;
}

static unsigned pair_at(const char *bytes)
{
	return (unsigned)(unsigned char)bytes[0] << 8 | (unsigned char)bytes[1];
}

static int add_pair(struct redact_tree *tree, const char *bytes, hst_error *err)
{
	int code = tree->pairs ? HST_OK : secret_room(PAIRS / 8, &tree->pairs, err);
	unsigned pair = pair_at(bytes);

	if (code == HST_OK)
		secret_fill(tree->pairs)[pair / 8] |= (uint8_t)(1 << pair % 8);
	return code;
}

int redact_tree_add(struct redact_tree *tree, const char *bytes, size_t n, size_t states_max, hst_error *err)
{
	uint32_t node = 0;
	int added;

	if (n < 2)
		return HST_OK;
	added = add_pair(tree, bytes, err);
	if (added != HST_OK)
		return added;
	tree->linked = false;
	for (size_t i = 0; i < n; i++) {
		uint32_t child = tree->count ? child_of(tree, node, (uint8_t)bytes[i]) : 0;
		int code = child ? HST_OK : add_child(tree, node, (uint8_t)bytes[i], states_max, &child, err);

		if (code != HST_OK)
			return code;
		node = child;
	}
	tree->nodes[node].found = (uint32_t)n;
	if (n > tree->longest)
		tree->longest = (uint32_t)n;
	return HST_OK;
}

/* Level by level, since what a node falls back to is always nearer to the front. */
void redact_tree_link(struct redact_tree *tree)
{
	AUTO_FREE uint32_t *queue = NULL;
	size_t used = 0;

	if (tree->linked)
		return;
	tree->linked = true;
	queue = mem_array(tree->count, sizeof *queue);
	if (tree->count)
		queue[used++] = 0;
	for (size_t at = 0; at < used; at++) {
		uint32_t node = queue[at];

		for (uint32_t child = tree->nodes[node].child; child; child = tree->nodes[child].sibling) {
			struct redact_node *to = &tree->nodes[child];

			to->fail = node ? redact_tree_step(tree, tree->nodes[node].fail, byte_of(tree, child)) : 0;
			if (to->found != to->depth)
				to->found = tree->nodes[to->fail].found;
			queue[used++] = child;
		}
	}
}

uint32_t redact_tree_step(const struct redact_tree *tree, uint32_t state, uint8_t byte)
{
	for (;;) {
		uint32_t child = child_of(tree, state, byte);

		if (child || !state)
			return child;
		state = tree->nodes[state].fail;
	}
}

size_t redact_tree_plain(const struct redact_tree *tree, const char *bytes, size_t n)
{
	const uint8_t *pairs = secret_fill(tree->pairs);
	size_t at = 0;

	while (at + 1 < n) {
		unsigned pair = pair_at(bytes + at);

		if (pairs[pair / 8] & 1 << pair % 8)
			return at;
		at++;
	}
	return n && !tree->first[(uint8_t)bytes[n - 1]] ? n : at;
}
