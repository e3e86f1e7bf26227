/* A batch is on the disk before anybody hears of it, or nobody does. A hub and a link, the store under the test's hand. */
#include "engine/engine.h"
#include "wire/hub_parts.h"
#include "wire/link_parts.h"
#include "wire_house.h"

#include "base/clock.h"
#include "base/mem.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MANY = 5000 };

struct desk {
	struct store store; /* first */
	struct house *house;
	struct engine engine;
	struct peer_side felix;
	int committed, put;
	unsigned heard; /* by Felix, when the batch began */
	bool fails;
};

static int desk_begin(struct store *store, hst_error *err)
{
	(void)store;
	(void)err;
	return HST_OK;
}

static int desk_commit(struct store *store, const struct store_work *meanwhile, hst_error *err)
{
	struct desk *desk = (struct desk *)store;
	zmq_pollitem_t felix = {.socket = desk->felix.link->socket, .events = ZMQ_POLLIN};
	int heard = 0;

	/* The batch is put, and nothing of it is said, however long it takes. */
	meanwhile->work(meanwhile->arg);
	hub_flush(desk->house->hub);
	while (!desk->fails && (heard = zmq_poll(&felix, 1, 50)) < 0)
		assert_int_equal(zmq_errno(), EINTR);
	assert_int_equal(heard, 0);
	assert_int_equal(desk->felix.messages, desk->heard);
	desk->committed++;
	return desk->fails ? hst_fail(err, HST_RETRY, "the disk is full") : HST_OK;
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

static int desk_setup(void **state)
{
	static const struct core_policy policy;
	struct desk *desk = calloc(1, sizeof *desk);
	struct engine *engine = &desk->engine;
	void *house;

	setup(&house);
	desk->house = house;
	desk->store.ops = &desk_ops;
	engine->store = &desk->store;
	engine->loop = desk->house->loop;
	engine->hub = desk->house->hub;
	engine->scratch = arena_new();
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
	core_effects_clear(&engine->effects);
	core_free(engine->core);
	table_clear(&engine->links);
	arena_free(engine->scratch);
	text_clear(&engine->said);
	free(engine->followers);
	free(desk);
	return teardown(&house);
}

/* All of a turn in one commit, and the words about it in the order in which it happened. */
static void a_turn_is_one_commit(void **state)
{
	struct desk *desk = *state;

	happen(desk, 1, 40);
	TURN_UNTIL(desk->house, desk->felix.messages == 40);
	assert_int_equal(desk->committed, 1);
	assert_int_equal(desk->put, 40);
	desk->heard = 40;
	happen(desk, 41, 42);
	TURN_UNTIL(desk->house, desk->felix.messages == 42);
	assert_int_equal(desk->committed, 2);
	desk->heard = 42;
	happen(desk, 43, MANY); /* more than is sent as one */
	TURN_UNTIL(desk->house, desk->felix.messages == MANY);
	assert_int_equal(desk->committed, 3);
}

static void without_its_commit_the_engine_ends(void **state)
{
	struct desk *desk = *state;
	int status = 0;
	pid_t child;

	happen(desk, 1, 40);
	desk->fails = true;
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
		DESK_TEST(a_turn_is_one_commit),
		DESK_TEST(without_its_commit_the_engine_ends),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
