/* How far a folder was gone through, over restarts and new numbers; and what is kept of the mails that were looked at. */
#include "../../plugins/trigger/email/cursor.h"
#include "../../plugins/trigger/looked.h"
#include "../../plugins/trigger/email/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#define DAY_US (86400 * INT64_C(1000000))
#define NOW_US (20000 * DAY_US)

static void wants(const struct email_cursor *cursor, uint32_t from, uint32_t to, bool unseen, int64_t since_us)
{
	uint32_t got_from, got_to;
	int64_t got_since_us;
	bool got_unseen;

	email_cursor_next(cursor, &got_from, &got_to, &got_unseen, &got_since_us);
	assert_int_equal(got_from, from);
	assert_int_equal(got_to, to);
	assert_int_equal(got_unseen, unseen);
	assert_int_equal(got_since_us, since_us);
}

static void what_was_there_before_counts_as_start_says(void **unused)
{
	struct email_cursor cursor;

	(void)unused;
	email_cursor_begin(&cursor, EMAIL_START_NOW, 7, 41, NOW_US);
	wants(&cursor, 41, 0, false, 0);
	email_cursor_begin(&cursor, EMAIL_START_ALL, 7, 41, NOW_US);
	wants(&cursor, 1, 0, false, 0);
	email_cursor_begin(&cursor, EMAIL_START_UNSEEN, 7, 41, NOW_US);
	wants(&cursor, 1, 40, true, 0);
	cursor.uid = 12;
	wants(&cursor, 13, 40, true, 0);
	assert_true(email_cursor_exhausted(&cursor, NOW_US));
	wants(&cursor, 41, 0, false, 0);
	assert_false(email_cursor_exhausted(&cursor, NOW_US));
}

static void an_empty_folder_begins_at_its_first_mail(void **unused)
{
	struct email_cursor cursor;

	(void)unused;
	email_cursor_begin(&cursor, EMAIL_START_NOW, 7, 1, NOW_US);
	wants(&cursor, 1, 0, false, 0);
}

static void new_numbers_bring_back_the_last_days_alone(void **unused)
{
	struct email_cursor cursor;

	(void)unused;
	email_cursor_begin(&cursor, EMAIL_START_NOW, 7, 41, NOW_US - 100 * DAY_US);
	cursor.touches[cursor.touches_n++] = 40;
	email_cursor_exhausted(&cursor, NOW_US);
	email_cursor_renumbered(&cursor, 8, 1001);
	assert_int_equal(cursor.validity, 8);
	assert_int_equal(cursor.touches_n, 0);
	wants(&cursor, 1, 1000, false, NOW_US - 8 * DAY_US);
	assert_false(email_cursor_counts(&cursor, 5, NOW_US - 8 * DAY_US));
	assert_true(email_cursor_counts(&cursor, 5, NOW_US - 6 * DAY_US));
	assert_true(email_cursor_counts(&cursor, 5, 0));
	/* Whatever comes from now on is new, however old it says it is. */
	assert_true(email_cursor_counts(&cursor, 1001, NOW_US - 8 * DAY_US));
	assert_true(email_cursor_exhausted(&cursor, NOW_US));
	wants(&cursor, 1001, 0, false, 0);
	assert_true(email_cursor_counts(&cursor, 5, NOW_US - 8 * DAY_US));
}

static void nothing_of_before_the_first_start_comes_back(void **unused)
{
	struct email_cursor cursor;

	(void)unused;
	email_cursor_begin(&cursor, EMAIL_START_NOW, 7, 41, NOW_US);
	email_cursor_renumbered(&cursor, 8, 41);
	assert_false(email_cursor_counts(&cursor, 5, NOW_US - 1));
	assert_true(email_cursor_counts(&cursor, 5, NOW_US));
	email_cursor_begin(&cursor, EMAIL_START_ALL, 7, 41, NOW_US);
	email_cursor_renumbered(&cursor, 8, 41);
	assert_true(email_cursor_counts(&cursor, 5, NOW_US - DAY_US));
}

static void what_is_kept_is_read_again(void **unused)
{
	struct email_cursor cursor, again;
	char text[EMAIL_CURSOR_BYTES];
	size_t length;

	(void)unused;
	email_cursor_begin(&cursor, EMAIL_START_UNSEEN, UINT32_MAX, UINT32_MAX, NOW_US);
	for (uint32_t i = 0; i < EMAIL_TOUCHES_MAX; i++)
		cursor.touches[cursor.touches_n++] = UINT32_MAX - i;
	length = email_cursor_write(&cursor, "robot@imap.test/INBOX of it", text, sizeof text);
	assert_int_equal(length, strlen(text));
	assert_true(email_cursor_read(text, "robot@imap.test/INBOX of it", &again));
	assert_memory_equal(&again, &cursor, sizeof cursor);
	assert_false(email_cursor_read(text, "robot@imap.test/INBOX", &again));
	assert_false(email_cursor_read(text, "robot@imap.test/INBOX of it all", &again));
}

static void what_is_no_cursor_is_none(void **unused)
{
	static const char *const wrong[] = {"", "2 1 1 1 0 0 0 0 0 of a", "1 1 1 1 0 0 0 0 51 of a", "1 1 1 1 3 0 0 0 0 of a", "1 1 1 1 0 0 0 0 2 5 of a",
					    "1 1 1 x 0 0 0 0 0 of a", "1", "1 1 1 1 0 0 0 0 0", "1 1 1 1 0 0 0 0 -1 of a"};
	struct email_cursor cursor;

	(void)unused;
	assert_true(email_cursor_read("1 1 1 1 0 0 0 0 0 of a", "a", &cursor));
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		assert_false(email_cursor_read(wrong[i], "a", &cursor));
}

static void the_last_fifty_looks_are_kept(void **unused)
{
	static struct looked looked, again;
	static char text[LOOKED_BYTES];
	char what[40];

	(void)unused;
	assert_null(looked_back(&looked, 0));
	for (int i = 0; i < 73; i++) {
		snprintf(what, sizeof what, "mail\t%d\nof many", i);
		looked_add(&looked, i, what, i % 2 ? "taken over" : "turned away by subject: it is \"another\" one");
	}
	assert_true(looked_write(&looked, text, sizeof text) < sizeof text);
	looked_read(&again, text);
	for (size_t i = 0; i < LOOKED_MAX; i++) {
		snprintf(what, sizeof what, "mail %d of many", (int)(72 - i));
		assert_string_equal(looked_back(&again, i)->what, what);
		assert_int_equal(looked_back(&again, i)->at_us, 72 - (int)i);
	}
	assert_null(looked_back(&again, LOOKED_MAX));
}

static void the_longest_looks_fit(void **unused)
{
	static struct looked looked, again;
	static char text[LOOKED_BYTES], long_text[1000];

	(void)unused;
	memset(long_text, 'x', sizeof long_text - 1);
	for (int i = 0; i < LOOKED_MAX; i++)
		looked_add(&looked, INT64_MAX, long_text, long_text);
	looked_write(&looked, text, sizeof text);
	looked_read(&again, text);
	assert_int_equal(again.n, LOOKED_MAX);
	looked_read(&again, "1\tno end");
	assert_int_equal(again.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_there_before_counts_as_start_says),
		cmocka_unit_test(an_empty_folder_begins_at_its_first_mail),
		cmocka_unit_test(new_numbers_bring_back_the_last_days_alone),
		cmocka_unit_test(nothing_of_before_the_first_start_comes_back),
		cmocka_unit_test(what_is_kept_is_read_again),
		cmocka_unit_test(what_is_no_cursor_is_none),
		cmocka_unit_test(the_last_fifty_looks_are_kept),
		cmocka_unit_test(the_longest_looks_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
