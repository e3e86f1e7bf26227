/* Batches that a thread of the store puts and commits: as whole as others, and nobody sees less than what was begun. */
#include "store_house.h"

#include <poll.h>
#include <stdatomic.h>
#include <time.h>

struct apart {
	int64_t from, to;
	bool nameless;	 /* the last run breaks a rule of the tables */
	atomic_bool may; /* it does not go on before */
};

static int put_batch(void *arg, struct store *store, hst_error *err)
{
	struct apart *apart = arg;
	int code = store->ops->begin(store, err);

	while (!atomic_load(&apart->may))
		nanosleep(&(struct timespec){.tv_nsec = 1000}, NULL);
	for (int64_t number = apart->from; !code && number <= apart->to; number++) {
		char id[32];
		struct store_run run = a_run(number, id);

		if (apart->nameless && number == apart->to)
			run.id = NULL;
		code = store->ops->put_run(store, &run, err);
	}
	return code;
}

static int commit_end(struct room *room, hst_error *err)
{
	bool over = false;
	int code = OPS(room)->commit_end(room->store, true, &over, err);

	assert_true(over);
	return code;
}

static void a_batch_apart_is_there_once_it_is_over(void **state)
{
	struct room *room = *state;
	struct apart apart = {.from = 2, .to = 9, .may = true};

	put_runs(room, 1, 1);
	OPS(room)->commit_begin(room->store, put_batch, &apart);
	assert_int_equal(commit_end(room, NULL), HST_OK);
	assert_found(room, "last", 9);
	put_runs(room, 10, 10);
	assert_found(room, "last", 10);
}

static void its_descriptor_says_that_it_is_over(void **state)
{
	struct room *room = *state;
	struct apart apart = {.from = 1, .to = 3};
	int fd = OPS(room)->commit_begin(room->store, put_batch, &apart);
	struct pollfd watched = {.fd = fd, .events = POLLIN};
	bool over = true;

	assert_true(fd >= 0);
	assert_int_equal(poll(&watched, 1, 0), 0);
	assert_int_equal(OPS(room)->commit_end(room->store, false, &over, NULL), HST_OK);
	assert_false(over);
	atomic_store(&apart.may, true);
	assert_int_equal(poll(&watched, 1, 20000), 1);
	assert_int_equal(OPS(room)->commit_end(room->store, false, &over, NULL), HST_OK);
	assert_true(over);
	assert_int_equal(poll(&watched, 1, 0), 0);
	apart = (struct apart){.from = 4, .to = 4, .may = true};
	assert_int_equal(OPS(room)->commit_begin(room->store, put_batch, &apart), fd);
	assert_int_equal(commit_end(room, NULL), HST_OK);
}

static void who_asks_meanwhile_sees_it(void **state)
{
	struct room *room = *state;

	for (int64_t number = 1; number <= 100; number += 2) {
		struct apart apart = {.from = number, .to = number, .may = true};

		OPS(room)->commit_begin(room->store, put_batch, &apart);
		if (number % 4 == 1)
			assert_found(room, "last", number);
		put_runs(room, number + 1, number + 1);
		assert_int_equal(commit_end(room, NULL), HST_OK);
		assert_found(room, "last", number + 1);
	}
}

static void a_put_that_fails_leaves_nothing(void **state)
{
	struct room *room = *state;
	struct apart apart = {.from = 2, .to = 5, .nameless = true, .may = true};
	hst_error err = {0};

	put_runs(room, 1, 1);
	OPS(room)->commit_begin(room->store, put_batch, &apart);
	assert_int_equal(commit_end(room, &err), HST_INVALID);
	assert_non_null(strstr(err.text, "run.id"));
	assert_found(room, "last", 1);
	put_runs(room, 2, 3);
	assert_found(room, "last", 3);
}

static void the_store_is_not_closed_before_it_is_over(void **state)
{
	struct room *room = *state;
	struct apart apart = {.from = 1, .to = 2000, .may = true};

	OPS(room)->commit_begin(room->store, put_batch, &apart);
	OPS(room)->free(room->store);
	opened(room);
	assert_found(room, "last", 2000);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		BOTH(a_batch_apart_is_there_once_it_is_over),
		BOTH(who_asks_meanwhile_sees_it),
		DISK(its_descriptor_says_that_it_is_over),
		DISK(a_put_that_fails_leaves_nothing),
		DISK(the_store_is_not_closed_before_it_is_over),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
