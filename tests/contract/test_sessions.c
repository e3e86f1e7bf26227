/*
 * What holds for every strategy whatever its rules are, tried with all sessions there can be; and the page
 * about the rules.
 */
#include "staged.h"

#include "base/auto.h"
#include "base/mem.h"
#include "os/files.h"
#include "plugin/registry.h"
#include "plugin/strategy.h"

#include "../../plugins/strategy/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

static const hst_device linux_device = {
	.name = "pc-1", .system = HST_LINUX, .processors = 1, .load_milli = -1};

/* Every session there can be, by its facts. */
enum { KINDS = 5, ALL_SESSIONS = 3 * 3 * 3 * KINDS };

static hst_session session_number(size_t number)
{
	static const char *const keys[] = {"1001", "1002", ""};
	static const struct {
		bool ours, running, kept;
	} kinds[KINDS] = {{false, false, false},
			  {false, true, false},
			  {true, true, false},
			  {true, false, true},
			  {true, false, false}};
	hst_session session = {.id = "s", .user = "somebody"};

	session.key = keys[number % 3];
	session.connected = (hst_fact)(number / 3 % 3);
	session.locked = (hst_fact)(number / 9 % 3);
	session.ours = kinds[number / 27].ours;
	session.running = kinds[number / 27].running;
	session.kept = kinds[number / 27].kept;
	return session;
}

static bool is_mine(const hst_session *session)
{
	return strcmp(session->key, "1001") == 0;
}

/* What no strategy may ever do, whatever its rules are. */
static void check_never(struct staged *staged, const hst_session *sessions, size_t n, bool attended)
{
	const hst_demand demand = {.user = "bot1", .key = "1001", .attended = attended};
	hst_session turned[2] = {sessions[n - 1], sessions[0]};
	int64_t max, room;
	hst_plan plan, again;
	bool mine_runs = false;

	assert_int_equal(strategy_plan(staged->instance, &linux_device, sessions, n, &demand, &plan, NULL),
			 HST_OK);
	assert_int_equal(strategy_slots(staged->instance, &linux_device, sessions, n, &max, &room, NULL),
			 HST_OK);
	for (size_t i = 0; i < n; i++)
		mine_runs = mine_runs || (is_mine(&sessions[i]) && sessions[i].running);
	if (mine_runs)
		assert_true(plan.verdict == HST_PLAN_REFUSE &&
			    strcmp(plan.reason, "UIFlowAlreadyRunning") == 0);
	if (attended)
		assert_true(plan.verdict == HST_PLAN_USE || plan.verdict == HST_PLAN_REFUSE);
	if (plan.verdict == HST_PLAN_USE) {
		const hst_session *used = &sessions[plan.session];

		assert_true(attended && is_mine(used) && !used->ours);
		assert_true(used->connected == HST_YES && used->locked == HST_NO);
	}
	if (plan.verdict == HST_PLAN_REUSE) {
		const hst_session *used = &sessions[plan.session];

		assert_true(is_mine(used) && used->ours && used->kept && !used->running &&
			    used->locked != HST_UNKNOWN);
	}
	if (plan.verdict == HST_PLAN_CLOSE_FIRST) {
		const hst_session *closed = &sessions[plan.session];

		assert_true(!is_mine(closed) && closed->ours && closed->kept && !closed->running);
	}
	if (plan.verdict == HST_PLAN_OPEN)
		assert_true((int64_t)n < max);

	/* The order in which the driver lists sessions decides nothing. */
	assert_int_equal(strategy_plan(staged->instance, &linux_device, turned, n, &demand, &again, NULL),
			 HST_OK);
	assert_int_equal(again.verdict, plan.verdict);
	if (plan.verdict == HST_PLAN_REFUSE)
		assert_string_equal(again.reason, plan.reason);
}

static void what_no_strategy_may_do_with_any_two_sessions(void **unused)
{
	char **all = registry_names(staged_directory(), HST_STRATEGY);

	(void)unused;
	assert_non_null(all[0]);
	for (size_t i = 0; all[i]; i++) {
		struct staged staged;

		staged_load(&staged, HST_STRATEGY, all[i]);
		staged_open(&staged, NULL);
		for (size_t a = 0; a < ALL_SESSIONS; a++) {
			hst_session one = session_number(a);

			check_never(&staged, &one, 1, false);
			check_never(&staged, &one, 1, true);
			for (size_t b = 0; b < ALL_SESSIONS; b++) {
				const hst_session two[] = {one, session_number(b)};

				check_never(&staged, two, 2, false);
				check_never(&staged, two, 2, true);
			}
		}
		staged_close(&staged);
	}
	registry_names_free(all);
}

/* The table has an answer for everything, and its last row is the one that always holds. */
static void the_table_decides_every_case(void **unused)
{
	const struct row *last = &table_rows[table_row_count - 1];

	(void)unused;
	assert_true(last->there == 0 && last->not_there == 0 && last->full == FULL_ANY);
	for (size_t i = 0; i < table_row_count; i++)
		for (size_t column = 0; column < COLUMN_COUNT; column++) {
			const struct cell *cell = &table_rows[i].cells[column];

			if (i == table_row_count - 1)
				assert_true(cell->verdict != 0);
			assert_true((cell->reason != NULL) == (cell->verdict == HST_PLAN_REFUSE));
			if (cell->verdict == HST_PLAN_USE || cell->verdict == HST_PLAN_REUSE ||
			    cell->verdict == HST_PLAN_CLOSE_FIRST)
				assert_true(table_rows[i].there != 0);
		}
}

static const char *cell_words(const struct cell *cell)
{
	static const char *const verdicts[] = {
		[0] = "go on",
		[HST_PLAN_OPEN] = "open",
		[HST_PLAN_USE] = "use it",
		[HST_PLAN_REUSE] = "reuse",
		[HST_PLAN_CLOSE_FIRST] = "close first",
	};

	return cell->verdict == HST_PLAN_REFUSE ? cell->reason : verdicts[cell->verdict];
}

static char *page_line(const struct row *row)
{
	return mem_printf("| %s | %s | %s | %s | %s | %s | %s | %s |\n", row->words, row->rules,
			  cell_words(&row->cells[0]), cell_words(&row->cells[1]), cell_words(&row->cells[2]),
			  cell_words(&row->cells[3]), cell_words(&row->cells[4]), cell_words(&row->cells[5]));
}

static void the_page_shows_the_table(void **unused)
{
	static const char mark[] = "<!-- table -->\n";
	const char *top = getenv("SRCDIR");
	AUTO_FREE char *path = files_join(top ? top : ".", "docs/sessions.md");
	AUTO_FREE char *page = NULL;
	hst_error err = {0};
	size_t length;
	const char *at;

	(void)unused;
	if (files_read(path, 1 << 20, &page, &length, &err) != HST_OK)
		fail_msg("%s", err.text);
	at = strstr(page, mark);
	assert_non_null(at);
	at += strlen(mark);
	for (int heading = 0; heading < 2; heading++) {
		at = strchr(at, '\n');
		assert_non_null(at);
		at++;
	}
	for (size_t i = 0; i < table_row_count; i++) {
		AUTO_FREE char *line = page_line(&table_rows[i]);

		if (strncmp(at, line, strlen(line)) != 0)
			fail_msg("docs/sessions.md, row %zu of the table must be:\n%s", i + 1, line);
		at += strlen(line);
	}
	assert_int_equal(strncmp(at, mark, strlen(mark)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_no_strategy_may_do_with_any_two_sessions),
		cmocka_unit_test(the_table_decides_every_case),
		cmocka_unit_test(the_page_shows_the_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
