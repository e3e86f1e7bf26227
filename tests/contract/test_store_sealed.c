/* Envelopes of runs are kept as they came, with the values of their run and no longer than those. */
#include "store_house.h"

#include "base/text.h"

/* An envelope of this text, as far as a store looks into it. */
static int put(struct room *room, int64_t run, int64_t step, const char *name, const char *magic, const char *text, hst_error *err)
{
	char bytes[64];
	size_t length = (size_t)snprintf(bytes, sizeof bytes, "%s%s", magic, text);

	bytes[length] = '\0';
	return OPS(room)->put_sealed(room->store,
				     &(struct store_sealed){.run = run, .step = step, .name = name, .bytes = {bytes, length + 1}}, err);
}

static void put_one(struct room *room, int64_t run, int64_t step, const char *name, const char *text)
{
	assert_int_equal(put(room, run, step, name, "HSE1", text, NULL), HST_OK);
}

/* With what a text would lose: a byte 0 is the last of each. */
static bool see_sealed(void *arg, const struct store_sealed *sealed)
{
	struct text *to = arg;

	assert_memory_equal(sealed->bytes.bytes, "HSE1", 4);
	assert_int_equal(sealed->bytes.bytes[sealed->bytes.length - 1], '\0');
	assert_int_equal(strlen(sealed->bytes.bytes), sealed->bytes.length - 1);
	text_addf(to, "%lld/%lld/%s=%s ", (long long)sealed->run, (long long)sealed->step, sealed->name, sealed->bytes.bytes + 4);
	return true;
}

static bool see_first(void *arg, const struct store_sealed *sealed)
{
	see_sealed(arg, sealed);
	return false;
}

static void assert_sealed(struct room *room, int64_t run, int64_t step, const char *expected)
{
	struct text seen;

	text_init(&seen, 1000);
	assert_int_equal(OPS(room)->sealed(room->store, run, step, see_sealed, &seen, NULL), HST_OK);
	assert_string_equal(seen.s, expected);
	text_clear(&seen);
}

static void envelopes_come_back_by_step_and_name(void **state)
{
	struct room *room = *state;
	struct text seen;

	begin(room);
	put_one(room, 1, 7, "find.token", "t");
	put_one(room, 1, 0, "trigger.pin", "p");
	put_one(room, 1, 7, "find.password", "w");
	put_one(room, 2, 7, "find.password", "other");
	assert_sealed(room, 1, 7, "1/7/find.password=w 1/7/find.token=t ");
	commit(room);
	assert_sealed(room, 1, 7, "1/7/find.password=w 1/7/find.token=t ");
	assert_sealed(room, 1, 0, "1/0/trigger.pin=p ");
	assert_sealed(room, 1, -1, "1/0/trigger.pin=p 1/7/find.password=w 1/7/find.token=t ");
	assert_sealed(room, 1, 8, "");
	assert_sealed(room, 3, -1, "");
	text_init(&seen, 1000);
	assert_int_equal(OPS(room)->sealed(room->store, 1, -1, see_first, &seen, NULL), HST_OK);
	assert_string_equal(seen.s, "1/0/trigger.pin=p ");
	text_clear(&seen);
}

static void one_that_is_put_again_is_replaced(void **state)
{
	struct room *room = *state;

	for (int i = 0; i < 2; i++) {
		begin(room);
		put_one(room, 1, 7, "find.password", i ? "and the second" : "first");
		commit(room);
	}
	assert_sealed(room, 1, -1, "1/7/find.password=and the second ");
}

static void what_is_no_envelope_is_not_kept(void **state)
{
	static const char *const magics[] = {"HSC1", "HSD1", "hse1", "", "{\"password\":\"x\"}"};
	struct room *room = *state;
	hst_error err;

	assert_int_equal(put(room, 1, 0, "trigger.pin", "HSE1", "p", &err), HST_INVALID);
	for (size_t i = 0; i < sizeof magics / sizeof *magics; i++) {
		begin(room);
		assert_int_equal(put(room, 1, 0, "trigger.pin", magics[i], "", &err), HST_INVALID);
		OPS(room)->commit(room->store, NULL, NULL);
	}
	assert_sealed(room, 1, -1, "");
}

static void put_run(struct room *room, int64_t number, int64_t ended_us)
{
	char id[32];
	struct store_run run = a_run(number, id);

	run.ended_us = ended_us;
	assert_int_equal(store_put_run(room->store, &run, NULL), HST_OK);
	put_one(room, number, 0, "trigger.pin", "p");
	put_one(room, number, number * 10, "find.password", "w");
}

static void prune(struct room *room, int64_t rows, int64_t values)
{
	struct store_prune what = {.rows_before_us = rows, .values_before_us = values, .limit = 50};
	struct store_pruned pruned;

	begin(room);
	assert_int_equal(OPS(room)->prune(room->store, &what, &pruned, NULL), HST_OK);
	commit(room);
}

static void envelopes_go_with_the_values_of_their_run(void **state)
{
	struct room *room = *state;

	begin(room);
	put_run(room, 1, 100);
	put_run(room, 2, 200);
	put_run(room, 3, 0);
	commit(room);
	prune(room, 0, 150);
	assert_sealed(room, 1, -1, "");
	assert_sealed(room, 2, -1, "2/0/trigger.pin=p 2/20/find.password=w ");
	prune(room, 250, 150);
	assert_sealed(room, 2, -1, "");
	prune(room, INT64_MAX, INT64_MAX);
	assert_sealed(room, 3, -1, "3/0/trigger.pin=p 3/30/find.password=w ");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		BOTH(envelopes_come_back_by_step_and_name),
		BOTH(one_that_is_put_again_is_replaced),
		BOTH(what_is_no_envelope_is_not_kept),
		BOTH(envelopes_go_with_the_values_of_their_run),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
