/* A store of either kind to try, and what its visitors saw. */
#ifndef TESTS_CONTRACT_STORE_HOUSE_H
#define TESTS_CONTRACT_STORE_HOUSE_H

#include "store/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct room {
	char directory[64], path[128];
	struct store *store;
};

#define OPS(room) ((room)->store->ops)

/* Visitors keep copies of what they saw. */
struct seen {
	struct store_run runs[32];
	struct store_step steps[32];
	struct store_happening happenings[32];
	char order[256]; /* "#1 2 3 #2": runs and the steps behind them */
	size_t run_count, step_count, happening_count, stop_after;
};

void opened(struct room *room);
int setup_sqlite(void **state);
int setup_memory(void **state);
int teardown(void **state);
void begin(struct room *room);
void commit(struct room *room);
struct store_run a_run(int64_t number, char id[32]);
void put_runs(struct room *room, int64_t from, int64_t to);
bool see_run(void *arg, const struct store_run *run);
bool see_step(void *arg, const struct store_step *step);
bool see_happening(void *arg, const struct store_happening *happening);
void seen_clear(struct seen *seen);
void assert_same(const struct record_shape *shape, const void *a, const void *b);
void fill(const struct record_shape *shape, void *record);
bool see_counter(void *arg, const char *name, int64_t value);
void assert_found(struct room *room, const char *said, int64_t expected);

/* Runs a test against the store on disk and the one in memory. */
#define BOTH(test)                                                     \
	cmocka_unit_test_setup_teardown(test, setup_sqlite, teardown), \
	{                                                              \
#test " (memory)", test, setup_memory, teardown, NULL  \
	}
#define DISK(test) cmocka_unit_test_setup_teardown(test, setup_sqlite, teardown)

#endif
