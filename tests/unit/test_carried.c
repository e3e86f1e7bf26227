/* What one hostlerd hands on to the next: nothing is lost on the way, and nothing but that is taken. */
#include "base/auto.h"
#include "base/mem.h"
#include "supervise/carried.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define ODD "a b%20\n\tc=\x7f\xc3\xa9-"

static void fill(struct carried *carried)
{
	struct carried_child *child;

	*carried = (struct carried){.house = {.lock_fd = 3, .life_reading_fd = 4, .life_writing_fd = 5, .channel_fd = -1,
					      .gateway = 2, .serial = 7, .announced = 1, .said = mem_text(ODD)}};
	*carried_add_process(carried) = (struct carried_process){
		.pid = 100, .ready_fd = 6, .output_fd = -1, .name = mem_text("engine"), .said = mem_text("ali"), .tail = mem_text("")};
	*carried_add_process(carried) =
		(struct carried_process){.pid = 101, .ready_fd = 7, .output_fd = 8, .keeps_orphans = 1, .name = mem_text("session/hold/x")};
	*carried_add_session(carried) =
		(struct carried_session){.pid = 101, .number = 1u << 30, .gateway = 2, .handover_fd = 9, .device = mem_text("x")};
	child = carried_add_child(carried);
	*child = (struct carried_child){.pid = 100, .state = 2, .stop_ms = 10000, .deaths_us = {1, 2, 3, 4, INT64_MAX},
					.after = -1, .name = mem_text("engine"), .last_words = mem_text("exit status 3\noh")};
	*carried_add_child(carried) =
		(struct carried_child){.part = 1, .leaving = 1, .after = 0, .name = mem_text("worker/trigger/start")};
	*carried_add_orphan(carried) = (struct carried_orphan){.pid = 4711, .ended = 1};
}

static char *written(void)
{
	struct carried carried;
	struct text text;

	fill(&carried);
	text_init(&text, CARRIED_BYTES_MAX);
	carried_write(&carried, &text);
	carried_clear(&carried);
	return text_take(&text);
}

static void nothing_is_lost_on_the_way(void **state)
{
	AUTO_FREE char *text = written();
	AUTO(text) struct text again;
	struct carried carried;

	(void)state;
	assert_int_equal(carried_read(text, strlen(text), &carried, NULL), HST_OK);
	assert_string_equal(carried.house.said, ODD);
	assert_int_equal(carried.process_count, 2);
	assert_string_equal(carried.processes[0].said, "ali");
	assert_string_equal(carried.processes[0].tail, "");
	assert_null(carried.processes[0].line);
	assert_int_equal(carried.sessions[0].number, 1u << 30);
	assert_int_equal(carried.children[0].deaths_us[4], INT64_MAX);
	assert_int_equal(carried.children[0].after, -1);
	assert_int_equal(carried.children[1].after, 0);
	assert_int_equal(carried.orphans[0].pid, 4711);
	assert_ptr_equal(carried_process_of(&carried, 101), &carried.processes[1]);
	assert_null(carried_process_of(&carried, 102));
	text_init(&again, CARRIED_BYTES_MAX);
	carried_write(&carried, &again);
	assert_string_equal(again.s, text);
	carried_clear(&carried);
}

static void what_is_cut_short_anywhere_is_refused(void **state)
{
	AUTO_FREE char *text = written();
	size_t length = strlen(text);
	struct carried carried;

	(void)state;
	for (size_t n = 0; n < length; n++)
		assert_int_equal(carried_read(text, n, &carried, NULL), HST_INVALID);
}

static void what_is_not_of_the_form_is_refused(void **state)
{
	static const struct {
		const char *there, *instead;
	} changes[] = {
		{"hostlerd 1\n", "hostlerd 2\n"},       {"hostlerd 1\n", "hostlerd 0\n"},    {"hostlerd 1\n", "hostler 1\n"},
		{"process 100 ", "process 1 "},         {"process 100 ", "process 0x64 "},   {"process 100 ", "proces 100 "},
		{"process 101 ", "process 102 "},       {"=engine", "engine"},               {"=engine", "=engine%"},
		{"=engine", "=eng%0Gine"},              {"=engine", "=eng%00ine"},           {"=engine", "=engine 1"},
		{"\nchild 100 0 2 ", "\nchild 100 9 2 "}, {"\nchild 100 0 2 ", "\nchild 100 0 7 "}, {"\nend\n", "\nend\nend\n"},
		{"orphan 4711 1", "orphan 4711 2"},     {"orphan 4711 1", "orphan 4711"},    {"orphan 4711 1", "orphan 4711 1 1"},
		{"\nhouse 3 ", "\nhouse 2 "},           {"\nhouse 3 ", "\nhouse -2 "},
	};
	AUTO_FREE char *text = written();

	(void)state;
	for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
		const char *at = strstr(text, changes[i].there);
		AUTO_FREE char *changed = NULL;
		struct carried carried;
		hst_error err = {0};

		assert_non_null(at);
		changed = mem_printf("%.*s%s%s", (int)(at - text), text, changes[i].instead, at + strlen(changes[i].there));
		if (carried_read(changed, strlen(changed), &carried, &err) != HST_INVALID)
			fail_msg("\"%s\" instead of \"%s\" was taken", changes[i].instead, changes[i].there);
		assert_int_not_equal(err.text[0], 0);
	}
}

static void a_newer_form_is_named(void **state)
{
	static const char newer[] = "hostlerd 99\nhouse what\nend\n";
	struct carried carried;
	hst_error err = {0};

	(void)state;
	assert_int_equal(carried_read(newer, strlen(newer), &carried, &err), HST_INVALID);
	assert_non_null(strstr(err.text, "version 99"));
}

static void descriptors_go_along_only_when_they_are_to(void **state)
{
	struct carried carried = {.house = {.lock_fd = -1, .life_reading_fd = -1, .life_writing_fd = -1, .channel_fd = -1}};
	int ends[2];

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	carried.house.life_reading_fd = ends[0];
	*carried_add_session(&carried) = (struct carried_session){.handover_fd = ends[1]};
	assert_int_equal(carried_pass(&carried, true, NULL), HST_OK);
	assert_int_equal(fcntl(ends[0], F_GETFD) | fcntl(ends[1], F_GETFD), 0);
	assert_int_equal(carried_pass(&carried, false, NULL), HST_OK);
	assert_int_equal(fcntl(ends[0], F_GETFD) & fcntl(ends[1], F_GETFD), FD_CLOEXEC);
	close(ends[0]);
	close(ends[1]);
	assert_int_equal(carried_pass(&carried, true, NULL), HST_INVALID);
	carried_clear(&carried);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_lost_on_the_way),
		cmocka_unit_test(what_is_cut_short_anywhere_is_refused),
		cmocka_unit_test(what_is_not_of_the_form_is_refused),
		cmocka_unit_test(a_newer_form_is_named),
		cmocka_unit_test(descriptors_go_along_only_when_they_are_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
