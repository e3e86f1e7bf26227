/*
 * What tests of flows share: flows out of text, a house with a few triggers, connectors and packages, and a
 * scope of JSON.
 */
#ifndef TESTS_UNIT_FLOW_HOUSE_H
#define TESTS_UNIT_FLOW_HOUSE_H

#include "pure/flow/check.h"
#include "pure/flow/tokens.h"

/* The flow in `text`, called test.ini in messages; NULL with problems added. */
struct flow *house_flow(const char *text, struct problems *problems);

/* Fails the test, showing every problem, if there is one. */
void house_no_problems(struct problems *problems);

/* All problems, sorted, one a line; the caller frees. */
char *house_problem_lines(struct problems *problems);

/* Fails the test unless these are the problems; `expected` has one a line, or is "". Clears them. */
void house_problems_are(struct problems *problems, const char *expected);

/*
 * The whole file below the top of the source tree ($SRCDIR, else where the test was started); the caller
 * frees.
 */
char *house_file(const char *path);

/* The path of something below the top of the source tree; the caller frees. */
char *house_path(const char *path);

/*
 * Triggers inbox, pay, order, nightly and broken (refused); connectors orders, post, web, vault, text and broken; packages
 * enter-invoice, order-total, sign and broken; connections finance-bot, desk, demo and broken.
 */
extern const struct flow_world house_world;

/* A scope whose sources are the members of a JSON record. */
struct house_scope {
	hst_arena *arena;
	const hst_value *sources;
	struct flow_scope scope;
};

void house_scope_init(struct house_scope *scope, const char *json);
void house_scope_clear(struct house_scope *scope);

/* A random sequence that is printed by its seed: $HOSTLER_TEST_SEED, else one from the clock. */
struct house_chance {
	uint64_t state;
};

void house_chance_init(struct house_chance *chance, const char *what);
uint32_t house_chance_below(struct house_chance *chance, uint32_t bound);

/*
 * A copy of one of the seeds with a few bytes changed, left out, doubled or put in from `words`; the caller
 * frees.
 */
char *house_mutated(struct house_chance *chance, const char *const *seeds, size_t n, const char *const *words,
                    size_t word_count);

#endif
