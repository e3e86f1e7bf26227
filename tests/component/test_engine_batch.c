/* When what a batch says leaves: after its commit, whoever waits for that. A hub and a link, the store under the test's hand. */
#include "engine/engine.h"
#include "wire_house.h"

#include "base/clock.h"
#include "base/mem.h"

#include <signal.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

struct desk {
	struct store store; /* first */
	struct house *house;
	struct engine engine;
	struct peer_side felix;
	int fd, begun, committed, put;
	bool over, waited, fails;
	int (*puts)(void *arg, struct store *store, hst_error *err);
	void *arg;
};

static int desk_begin(struct store *store, hst_error *err)
{
	(void)store;
	(void)err;
	return HST_OK;
}

static int desk_commit(struct store *store, hst_error *err)
{
	(void)err;
	((struct desk *)store)->committed++;
	return HST_OK;
}

static int desk_commit_begin(struct store *store, int (*put)(void *arg, struct store *store, hst_error *err), void *arg)
{
	struct desk *desk = (struct desk *)store;

	desk->begun++;
	desk->puts = put;
	desk->arg = arg;
	return desk->fd;
}

static int desk_commit_end(struct store *store, bool wait, bool *ret_over, hst_error *err)
{
	struct desk *desk = (struct desk *)store;
	eventfd_t told;

	desk->waited |= wait;
	*ret_over = desk->over || wait;
	if (!*ret_over)
		return HST_OK;
	desk->over = false;
	eventfd_read(desk->fd, &told);
	if (desk->fails)
		return hst_fail(err, HST_RETRY, "the disk is full");
	return desk->puts(desk->arg, store, err);
}

static int desk_put_happening(struct store *store, const struct store_happening *happening, hst_error *err)
{
	struct desk *desk = (struct desk *)store;

	(void)err;
	assert_int_equal(happening->at_us, ++desk->put);
	return HST_OK;
}

static const struct store_ops desk_ops = {
	.begin = desk_begin,
	.commit = desk_commit,
	.commit_begin = desk_commit_begin,
	.commit_end = desk_commit_end,
	.put_happening = desk_put_happening,
};

/* Happenings of the house, numbered through all batches; Felix follows everything. */
static void happen(struct desk *desk, int64_t from, int64_t to)
{
	struct core_effects *effects = &desk->engine.effects;

	for (int64_t at_us = from; at_us <= to; at_us++) {
		effects->happenings =
			mem_grow(effects->happenings, &effects->happening_size, effects->happening_count + 1, sizeof *effects->happenings);
		effects->happenings[effects->happening_count++] = (struct core_happening){.at_us = at_us, .what = "drained"};
	}
}

static void desk_over(struct desk *desk)
{
	desk->over = true;
	eventfd_write(desk->fd, 1);
}

static int desk_setup(void **state)
{
	static const struct core_policy policy;
	struct desk *desk = calloc(1, sizeof *desk);
	struct engine *engine = &desk->engine;
	void *house;

	setup(&house);
	desk->house = house;
	desk->store.ops = &desk_ops;
	desk->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	engine->store = &desk->store;
	engine->loop = desk->house->loop;
	engine->hub = desk->house->hub;
	engine->scratch = arena_new();
	engine->kept_arena = arena_new();
	text_init(&engine->said, PAYLOAD_BYTES_MAX);
	core_effects_init(&engine->effects);
	engine->core = core_new(&policy);
	connect_peer(desk->house, FELIX, desk->house->ipc, &desk->felix);
	TURN_UNTIL(desk->house, desk->felix.up == 1);
	table_set_number(&engine->links, desk->house->last->number, desk->house->last);
	engine_follow(engine, desk->house->last->number, 0, false);
	loop_after(engine->loop, engine_after, engine);
	*state = desk;
	return 0;
}

static int desk_teardown(void **state)
{
	struct desk *desk = *state;
	struct engine *engine = &desk->engine;
	void *house = desk->house;

	link_free(desk->felix.link);
	if (engine->committed_fd)
		loop_fd(engine->loop, engine->committed_fd, 0, NULL, NULL);
	core_effects_clear(&engine->effects);
	core_free(engine->core);
	table_clear(&engine->links);
	arena_free(engine->scratch);
	arena_free(engine->kept_arena);
	text_clear(&engine->said);
	free(engine->kept);
	free(engine->followers);
	close(desk->fd);
	free(desk);
	return teardown(&house);
}

static void a_small_batch_is_committed_at_once(void **state)
{
	struct desk *desk = *state;

	happen(desk, 1, 3);
	TURN_UNTIL(desk->house, desk->felix.messages == 3);
	assert_int_equal(desk->committed, 1);
	assert_int_equal(desk->put, 3);
	assert_int_equal(desk->begun, 0);
}

/* Somebody else is turned away meanwhile, which needs several ways there and back: so it is not for want of time that Felix hears nothing. */
static void a_large_batch_says_nothing_before_it_is_over(void **state)
{
	struct desk *desk = *state;
	struct peer_side stranger;

	happen(desk, 1, 40);
	TURN_UNTIL(desk->house, desk->begun == 1);
	connect_peer(desk->house, STRANGER, desk->house->ipc, &stranger);
	TURN_UNTIL(desk->house, stranger.down == 1);
	assert_int_equal(desk->felix.messages, 0);
	assert_false(desk->waited);
	desk_over(desk);
	TURN_UNTIL(desk->house, desk->felix.messages == 40);
	assert_int_equal(desk->committed, 0);
	link_free(stranger.link);
}

static void what_comes_meanwhile_is_the_next_batch(void **state)
{
	struct desk *desk = *state;

	happen(desk, 1, 40);
	TURN_UNTIL(desk->house, desk->begun == 1);
	for (int64_t at_us = 41; at_us <= 80; at_us += 2) {
		happen(desk, at_us, at_us + 1);
		loop_turn(desk->house->loop, 0);
	}
	assert_int_equal(desk->begun, 1);
	desk_over(desk);
	TURN_UNTIL(desk->house, desk->felix.messages == 40);
	assert_int_equal(desk->begun, 2);
	assert_int_equal(desk->put, 40);
	desk_over(desk);
	TURN_UNTIL(desk->house, desk->felix.messages == 80);
	assert_int_equal(desk->put, 80);
}

static void who_must_know_waits_for_all_of_it(void **state)
{
	struct desk *desk = *state;

	happen(desk, 1, 40);
	TURN_UNTIL(desk->house, desk->begun == 1);
	happen(desk, 41, 80);
	engine_settle(&desk->engine);
	assert_true(desk->waited);
	assert_int_equal(desk->put, 80);
	assert_false(desk->engine.committing);
	TURN_UNTIL(desk->house, desk->felix.messages == 80);
}

/* A disk that is slow for long does not let a batch grow for ever. */
static void a_batch_that_has_grown_is_waited_for(void **state)
{
	struct desk *desk = *state;

	happen(desk, 1, 40);
	TURN_UNTIL(desk->house, desk->begun == 1);
	happen(desk, 41, 20000);
	loop_turn(desk->house->loop, 0);
	assert_true(desk->waited);
	assert_int_equal(desk->begun, 2);
}

static void without_its_commit_the_engine_ends(void **state)
{
	struct desk *desk = *state;
	int status = 0;
	pid_t child;

	happen(desk, 1, 40);
	TURN_UNTIL(desk->house, desk->begun == 1);
	desk->fails = desk->over = true;
	child = fork();
	if (child == 0) {
		signal(SIGABRT, SIG_DFL);
		engine_after(&desk->engine);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

#define DESK_TEST(test) cmocka_unit_test_setup_teardown(test, desk_setup, desk_teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		DESK_TEST(a_small_batch_is_committed_at_once),
		DESK_TEST(a_large_batch_says_nothing_before_it_is_over),
		DESK_TEST(what_comes_meanwhile_is_the_next_batch),
		DESK_TEST(who_must_know_waits_for_all_of_it),
		DESK_TEST(a_batch_that_has_grown_is_waited_for),
		DESK_TEST(without_its_commit_the_engine_ends),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
