/* The trigger "file": that each file makes one event, whatever goes wrong. */
#include "folder_house.h"

#include "base/arena.h"
#include "plugin/trigger.h"

#include <stdio.h>
#include <string.h>

static void what_is_put_back_is_taken_again(void **unused)
{
	(void)unused;
	start(NULL);
	must_look();
	drop("again.csv", "same");
	must_look();
	assert_int_equal(rename(at("done/again.csv"), at("again.csv")), 0);
	must_look();
	assert_int_equal(events_of("again.csv"), 2);
	start(NULL);
	assert_int_equal(rename(at("done/again.csv"), at("again.csv")), 0);
	must_look();
	now_us += 2 * SECOND;
	must_look();
	assert_int_equal(events_of("again.csv"), 3);
	assert_int_equal(emitted.again, 0);
}

static void a_host_that_is_away_loses_nothing_and_doubles_nothing(void **unused)
{
	(void)unused;
	start(NULL);
	must_look();
	emitted.away = true;
	drop("a.csv", "a");
	assert_int_equal(look(), HST_RETRY);
	assert_true(is_there("a.csv"));
	emitted.away = false;
	emitted.lost = true; /* it is stored, and the answer does not come */
	assert_int_equal(look(), HST_RETRY);
	assert_int_equal(emitted.n, 1);
	assert_true(is_there("a.csv"));
	drop("b.csv", "b");
	emitted.lost = false;
	must_look();
	assert_int_equal(events_of("a.csv"), 1);
	assert_int_equal(events_of("b.csv"), 1);
	assert_int_equal(emitted.again, 1);
	assert_true(is_there("done/a.csv") && is_there("done/b.csv"));
}

static void a_process_that_dies_between_the_event_and_the_move_leaves_no_double(void **unused)
{
	(void)unused;
	start(NULL);
	must_look();
	drop("a.csv", "a");
	emitted.lost = true;
	assert_int_equal(look(), HST_RETRY);
	emitted.lost = false;
	start(NULL);
	must_look();
	assert_int_equal(emitted.n, 1);
	assert_true(is_there("done/a.csv"));
	/* And one that was written to meanwhile is another file. */
	drop("b.csv", "b");
	emitted.lost = true;
	assert_int_equal(look(), HST_RETRY);
	emitted.lost = false;
	drop("b.csv", "b, and more");
	start(NULL);
	must_look();
	now_us += 2 * SECOND;
	must_look();
	assert_int_equal(events_of("b.csv"), 2);
}

static void one_trigger_alone_takes_files_out_of_a_folder(void **unused)
{
	struct staged first;

	(void)unused;
	start(NULL);
	must_look();
	first = staged;
	staged = (struct staged){0};
	start(NULL);
	drop("a.csv", "a");
	assert_int_equal(look(), HST_RETRY);
	plugin_close(first.instance);
	arena_free(first.arena);
	must_look();
	now_us += 2 * SECOND;
	must_look();
	assert_int_equal(emitted.n, 1);
}

static uint32_t drawn = 12345;

static unsigned draw(unsigned below)
{
	drawn = drawn * 1664525 + 1013904223;
	return (drawn >> 16) % below;
}

/* Whatever comes in whatever order: each file that was dropped is one event, and all are moved. */
static void each_file_is_one_event_whatever_goes_wrong(void **unused)
{
	enum { FILES = 1500 };
	char name[32];

	(void)unused;
	start(NULL);
	for (int i = 0, file = 0; file < FILES; i++) {
		emitted.away = draw(4) == 0;
		emitted.lost = draw(4) == 0;
		for (unsigned n = draw(90); n-- > 0 && file < FILES; file++) {
			snprintf(name, sizeof name, "f%d", file);
			drop(name, draw(5) ? name : "");
		}
		if (draw(3) == 0)
			start(NULL);
		look();
		now_us += (int64_t)draw(3) * SECOND;
	}
	emitted.away = emitted.lost = false;
	for (int i = 0; i < 20; i++) {
		look();
		now_us += 3 * SECOND;
	}
	for (int file = 0; file < FILES; file++) {
		snprintf(name, sizeof name, "f%d", file);
		if (events_of(name) != 1)
			fail_msg("%s made %zu events", name, events_of(name));
		snprintf(name, sizeof name, "done/f%d", file);
		assert_true(is_there(name));
	}
}

static void thousands_at_once_go_in_batches(void **unused)
{
	enum { FILES = 1900 };
	char name[32];
	size_t before;

	(void)unused;
	for (int file = 0; file < FILES; file++) {
		snprintf(name, sizeof name, "f%d", file);
		drop(name, "x");
	}
	start(NULL);
	must_look();
	now_us += 2 * SECOND;
	for (before = (size_t)-1; emitted.n != before;) {
		before = emitted.n;
		assert_int_equal(look(), HST_OK);
		assert_true(emitted.n - before <= 64);
		assert_true(emitted.at_us <= now_us || emitted.n == FILES);
	}
	assert_int_equal(emitted.n, FILES);
	assert_true(emitted.calls < FILES / 64 + 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FOLDER_TEST(what_is_put_back_is_taken_again),
		FOLDER_TEST(a_host_that_is_away_loses_nothing_and_doubles_nothing),
		FOLDER_TEST(a_process_that_dies_between_the_event_and_the_move_leaves_no_double),
		FOLDER_TEST(one_trigger_alone_takes_files_out_of_a_folder),
		FOLDER_TEST(each_file_is_one_event_whatever_goes_wrong),
		FOLDER_TEST(thousands_at_once_go_in_batches),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
