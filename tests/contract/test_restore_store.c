/* A store that was read from a backup becomes the next generation of its host. */
#include "store_house.h"

#include "base/arena.h"
#include "cli/restore_store.h"
#include "schema/value.h"
#include "store/copy.h"

static void close_store(struct room *room)
{
	OPS(room)->free(room->store);
	room->store = NULL;
}

static void put_counters(struct room *room, int64_t run, int64_t token)
{
	begin(room);
	OPS(room)->put_counter(room->store, "run", run, NULL);
	OPS(room)->put_counter(room->store, "step", run, NULL);
	OPS(room)->put_counter(room->store, "token", token, NULL);
	commit(room);
}

/* What the store says of its restore; -1: nothing. */
static int64_t said(hst_arena *arena, const struct store_look *look, const char *member)
{
	const hst_value *value = NULL;
	int64_t number = -1;

	if (look->restored && value_parse_json(arena, look->restored, strlen(look->restored), &value, NULL) == HST_OK)
		value_integer(value_get(value, member), &number);
	return number;
}

/* Restores the room's store over `present` at this time, and looks at what came of it. Caller frees look->restored. */
static struct restore_next restored(hst_arena *arena, struct room *room, const char *present, int64_t now_us, struct store_look *ret)
{
	struct restore_next next = {
		.arena = arena, .made_us = now_us - 10, .now_us = now_us, .present = present, .unfinished = value_make_list(arena)};
	hst_error err = {0};

	if (restore_store(room->path, &next, &err) != HST_OK)
		fail_msg("%s", err.text);
	assert_int_equal(store_look(room->path, true, ret, NULL), HST_OK);
	return next;
}

static void what_is_unfinished_is_held_and_no_number_is_used_twice(void **state)
{
	struct room *room = *state, present = {0};
	hst_arena *arena = arena_new();
	struct store_look look;
	struct restore_next next;

	snprintf(present.path, sizeof present.path, "%.100s.v1", room->path);
	opened(&present);
	put_counters(&present, 70, 5000);
	close_store(&present);
	put_runs(room, 1, 3);
	put_counters(room, 3, 40);
	close_store(room);
	next = restored(arena, room, present.path, 1000, &look);
	assert_int_equal(next.generation, 2);
	assert_int_equal(value_count(next.unfinished), 3);
	assert_int_equal(said(arena, &look, "generation"), 2);
	assert_int_equal(said(arena, &look, "run"), 3);
	assert_int_equal(said(arena, &look, "made_us"), 990);
	assert_int_equal(said(arena, &look, "released_us"), 0);
	assert_int_equal(look.run, 70);
	assert_int_equal(look.step, 70);
	/* The clock is behind: what is known of the former life counts. */
	assert_int_equal(look.token, 5001);
	free(look.restored);
	/* The same backup again, and this time nothing is left of the life before. */
	next = restored(arena, room, "/nowhere/at/all", 900000, &look);
	assert_int_equal(next.generation, 3);
	assert_int_equal(look.token, 900000);
	assert_int_equal(look.run, 70);
	free(look.restored);
	arena_free(arena);
	opened(room);
}

static void where_nothing_ever_ran_nothing_is_held(void **state)
{
	struct room *room = *state;
	hst_arena *arena = arena_new();
	struct store_look look;
	struct restore_next next;

	close_store(room);
	next = restored(arena, room, "/nowhere/at/all", 1000, &look);
	assert_int_equal(value_count(next.unfinished), 0);
	assert_int_equal(said(arena, &look, "run"), 0);
	free(look.restored);
	arena_free(arena);
	opened(room);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		DISK(what_is_unfinished_is_held_and_no_number_is_used_twice),
		DISK(where_nothing_ever_ran_nothing_is_held),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
