/* What people see when they ask why: reasons explained, candidates, happenings, what is wrong. The program
 * hostler against a host that answers what a test tells it. */
#include "../fakes/fake_desk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void a_reason_is_explained_without_a_host(void **state)
{
	struct fake_desk *desk = *state;

	fake_desk_close(desk);
	assert_int_equal(DESK_RUN(desk, "explain", "DeviceOffline"), 0);
	fake_desk_said(desk, "DeviceOffline\n  cause     The device's gateway has not been heard of");
	fake_desk_said(desk, "\n  remedy    ");
	fake_desk_said(desk, "\n  class     wait: ");
	assert_int_equal(DESK_RUN(desk, "explain", "--json", "deviceoffline"), 0);
	fake_desk_said(desk, "{\"code\":\"DeviceOffline\",\"class\":\"wait\",\"cause\":\"The device");
	assert_int_equal(DESK_RUN(desk, "--complete", "explain", "DeviceO"), 0);
	assert_memory_equal(desk->out, "DeviceOffline\t", 14);
}

static void without_a_code_all_reasons_are_listed(void **state)
{
	struct fake_desk *desk = *state;

	assert_int_equal(DESK_RUN(desk, "explain"), 0);
	fake_desk_said(desk, "WindowsIdentityIncorrect");
	assert_int_equal(DESK_RUN(desk, "explain", "--json"), 0);
	fake_desk_said(desk, "[{\"code\":\"ActionFailed\",");
	fake_desk_said(desk, "{\"code\":\"WindowsIdentityIncorrect\",");
}

static void a_sentence_from_elsewhere_leads_to_its_codes(void **state)
{
	struct fake_desk *desk = *state;

	assert_int_equal(DESK_RUN(desk, "explain", "Locked or Inactive"), 0);
	fake_desk_said(desk, "UnattendedUserSessionLocked\n");
	fake_desk_said(desk, "AttendedUserSessionNotActive\n");
	fake_desk_not_said(desk, "DeviceOffline");
	assert_int_equal(DESK_RUN(desk, "explain", "no such words"), 2);
	fake_desk_complained(desk, "lists them all");
}

static void a_code_with_a_slip_names_the_nearest(void **state)
{
	struct fake_desk *desk = *state;

	assert_int_equal(DESK_RUN(desk, "explain", "DeviceOfline"), 2);
	fake_desk_complained(desk, "did you mean \"DeviceOffline\"?");
	assert_int_equal(DESK_RUN(desk, "explain", "Nonsense"), 2);
	fake_desk_complained(desk, "lists them all");
}

#define REASON(code, text)                                                                                              \
	"\"reason\":{\"code\":\"" code "\",\"text\":\"" text "\",\"remedy\":\"Mend it.\",\"class\":\"fatal\"}"
#define STEP(state, more)                                                                                               \
	"{\"name\":\"enter\",\"use\":\"desktop:order-total\",\"state\":\"" state "\"," more                                   \
	"\"connection\":\"bot\",\"device\":\"here\",\"user\":\"bot1\",\"mode\":\"unattended\",\"priority\":\"normal\"," \
	"\"waiting_ms\":100,\"preparing_ms\":1200,\"executing_ms\":3000,"                                               \
	"\"progress\":{\"subflow\":\"Main\",\"action\":\"Press Save\"},\"outputs\":null,\"files\":[]}"
#define HAPPENED(second, step, more) "{\"at\":\"2026-11-21T23:31:5" second ".5Z\"," step more "}"
#define ENTER "\"step\":\"enter\","
#define HISTORY                                                                                                         \
	"[" HAPPENED("2", "", "\"what\":\"accepted\",\"trigger\":\"order\"") ","                                        \
	HAPPENED("3", ENTER, "\"what\":\"offered\",\"device\":\"here\"") ","                                            \
	HAPPENED("4", ENTER, "\"what\":\"progress\",\"subflow\":\"Main\",\"action\":\"Press Save\"") ","                \
	HAPPENED("5", ENTER, "\"what\":\"ended\",\"state\":\"failed\",\"reason\":\"FlowFailed\",\"text\":\"no display\"") "]"
#define RUN_OF(state, step)                                                                                             \
	"{\"id\":\"r-1\",\"number\":12,\"flow\":\"order-total\",\"state\":\"" state "\",\"reason\":null,\"label\":null,"      \
	"\"requested\":\"2026-11-21T23:31:52Z\",\"started\":null,\"ended\":null,\"steps\":[" step "],\"history\":" HISTORY "}"

static const char failed_step[] = STEP("failed", REASON("FlowFailed", "no display") ",");
static const char failed_run[] = RUN_OF("failed", STEP("failed", REASON("FlowFailed", "no display") ","));
static const char lost_run[] = RUN_OF("lost", STEP("lost", REASON("OutcomeUnknown", "the device is silent") ","));

static void a_failed_step_says_how_to_run_it_again(void **state)
{
	struct fake_desk *desk = *state;

	table_set(&desk->answers, "show", (void *)failed_run);
	assert_int_equal(DESK_RUN(desk, "show", "12"), 0);
	fake_desk_said(desk, "FlowFailed: no display\n    remedy      Mend it.\n    last did    Main: Press Save\n");
	fake_desk_said(desk, "    again       hostler resubmit 12\n");
	fake_desk_said(desk, "time        waiting 0.10 s, preparing 1.20 s, executing 3.00 s");
}

static void a_lost_step_says_how_to_resolve_it(void **state)
{
	struct fake_desk *desk = *state;

	table_set(&desk->answers, "show", (void *)lost_run);
	assert_int_equal(DESK_RUN(desk, "show", "12"), 0);
	fake_desk_said(desk, "    resolve     hostler resolve 12/enter succeeded|failed|requeue\n");
	fake_desk_not_said(desk, "resubmit");
}

static void what_happened_is_told_at_the_end(void **state)
{
	struct fake_desk *desk = *state;

	setenv("TZ", "UTC", 1);
	table_set(&desk->answers, "show", (void *)failed_run);
	assert_int_equal(DESK_RUN(desk, "show", "12"), 0);
	fake_desk_said(desk, "\n  history\n    2026-11-21 23:31:52 UTC       0.00 s                  accepted from order\n"
			     "    2026-11-21 23:31:53 UTC       1.00 s  enter           offered to here\n"
			     "    2026-11-21 23:31:55 UTC       3.00 s  enter           failed: FlowFailed: no display\n");
}

static void a_step_that_is_named_is_all_that_is_shown(void **state)
{
	struct fake_desk *desk = *state;

	table_set(&desk->answers, "show", (void *)failed_run);
	assert_int_equal(DESK_RUN(desk, "show", "12/enter"), 0);
	assert_int_equal(strncmp(desk->out, "  enter  desktop:order-total  failed\n", 37), 0);
	fake_desk_not_said(desk, "accepted");
	fake_desk_said(desk, "2.00 s  Main: Press Save\n");
	assert_int_equal(DESK_RUN(desk, "show", "12/enter", "--json"), 0);
	assert_memory_equal(desk->out, failed_step, sizeof failed_step - 1);
}

static void who_waits_is_told_the_reason_once(void **state)
{
	static const struct desk_happening happenings[] = {
		{"ended",
		 "{\"run\":\"r-1\",\"step\":\"enter\",\"what\":\"ended\",\"at_us\":3000000,\"state\":\"failed\","
		 "\"reason\":\"FlowFailed\",\"text\":\"no display\"}",
		 false},
		{"ended",
		 "{\"run\":\"r-1\",\"what\":\"ended\",\"at_us\":3100000,\"state\":\"failed\",\"reason\":\"FlowFailed\","
		 "\"text\":\"no display\"}",
		 true},
		{NULL, NULL, false},
	};
	struct fake_desk *desk = *state;
	const char *first;

	desk->accepted = "[{\"id\":\"r-1\",\"number\":12,\"flow\":\"order-total\"}]";
	desk->happenings = happenings;
	table_set(&desk->answers, "show", (void *)failed_run);
	assert_int_equal(DESK_RUN(desk, "run", "order-total", "--wait"), 1);
	first = strstr(desk->out, "no display");
	assert_non_null(first);
	assert_null(strstr(first + 1, "no display"));
	fake_desk_said(desk, "again       hostler resubmit 12");
}

/* The host speaks UTC; the fake desk's person lives there, too, but reads it like every other time. */
static void times_within_sentences_are_those_of_the_place(void **state)
{
	struct fake_desk *desk = *state;

	table_set(&desk->answers, "why",
		  "{\"kind\":\"run\",\"sentence\":\"#12 waits since 2026-11-21T23:31:52Z.\",\"code\":null,\"remedy\":null}");
	assert_int_equal(DESK_RUN(desk, "why", "12"), 0);
	fake_desk_said(desk, "#12 waits since 2026-11-21 23:31:52 UTC.");
	assert_int_equal(DESK_RUN(desk, "why", "12", "--json"), 0);
	fake_desk_said(desk, "since 2026-11-21T23:31:52Z.");
}

static const char degraded[] =
	"[{\"when\":\"instance degraded\",\"sentence\":\"worker/connector/post was given up\",\"remedy\":\"hostler reload\","
	"\"since\":\"2026-11-21T23:31:52Z\",\"notifications\":["
	"{\"alert\":\"mail\",\"use\":\"connector:post.send\",\"state\":\"cannot\",\"error\":\"post is what is wrong\"},"
	"{\"alert\":\"chat\",\"use\":\"connector:chat.say\",\"state\":\"told\",\"told\":\"2026-11-21T23:32:00Z\",\"error\":null},"
	"{\"alert\":\"sms\",\"use\":\"connector:sms.send\",\"state\":\"failing\",\"failed_attempts\":1,"
	"\"next\":\"2026-11-21T23:33:00Z\",\"error\":\"no network\"},"
	"{\"alert\":\"fax\",\"use\":\"connector:fax.send\",\"state\":\"given up\",\"failed_attempts\":8,\"error\":\"no paper\"}]}]";

static void alerts_say_what_is_wrong_and_where_word_of_it_went(void **state)
{
	struct fake_desk *desk = *state;

	table_set(&desk->answers, "alerts", "[]");
	assert_int_equal(DESK_RUN(desk, "alerts"), 0);
	assert_string_equal(desk->out, "nothing is wrong\n");
	assert_int_equal(DESK_RUN(desk, "alerts", "--json"), 0);
	assert_string_equal(desk->out, "[]\n");
	table_set(&desk->answers, "alerts", (void *)degraded);
	assert_int_equal(DESK_RUN(desk, "alerts"), 1);
	assert_string_equal(desk->out, "instance degraded: worker/connector/post was given up\n"
				       "  since 2026-11-21 23:31:52 UTC; hostler reload\n"
				       "  mail (connector:post.send): cannot be told: post is what is wrong\n"
				       "  chat (connector:chat.say): told 2026-11-21 23:32:00 UTC\n"
				       "  sms (connector:sms.send): 1 attempt failed, the next is made 2026-11-21 23:33:00 UTC: no network\n"
				       "  fax (connector:fax.send): given up after 8 attempts: no paper\n");
	assert_int_equal(DESK_RUN(desk, "alerts", "--json"), 1);
	fake_desk_said(desk, "\"when\":\"instance degraded\"");
}

static void a_broken_file_keeps_nobody_from_asking(void **state)
{
	struct fake_desk *desk = *state;
	char ini[256];

	table_set(&desk->answers, "runs", "[]");
	snprintf(ini, sizeof ini, "[host]\nstate_dir = %s/work\nlisten = nowhere\n[hos", desk->folder);
	fake_desk_file(desk, "hostler.ini", ini);
	assert_int_equal(DESK_RUN(desk, "runs"), 2);
	fake_desk_complained(desk, "hostler.ini:4: error: ");
	snprintf(ini, sizeof ini, "[host]\nstate_dir = %s/work\nrun_dir = %s/run\n", desk->folder, desk->folder);
	fake_desk_file(desk, "work/in-force.ini", ini);
	assert_int_equal(DESK_RUN(desk, "runs", "--json"), 0);
	assert_string_equal(desk->out, "[]\n");
	fake_desk_complained(desk, "hostler.ini has ");
	fake_desk_complained(desk, "going on with what is in force");
}

static void who_waits_for_a_lost_run_is_told_how_to_settle_it(void **state)
{
	static const struct desk_happening happenings[] = {
		{"lost", "{\"run\":\"r-1\",\"step\":\"enter\",\"what\":\"lost\",\"at_us\":3000000,\"text\":\"silent\"}", false},
		{"ended", "{\"run\":\"r-1\",\"what\":\"ended\",\"at_us\":3100000,\"state\":\"succeeded\"}", true},
		{NULL, NULL, false},
	};
	struct fake_desk *desk = *state;

	desk->accepted = "[{\"id\":\"r-1\",\"number\":12,\"flow\":\"order-total\"}]";
	desk->happenings = happenings;
	table_set(&desk->answers, "show", (void *)lost_run);
	DESK_RUN(desk, "run", "order-total", "--wait");
	fake_desk_said(desk, "lost: silent\n");
	fake_desk_said(desk, "to settle it: hostler resolve 12/enter succeeded|failed|requeue\n");
	DESK_RUN(desk, "run", "order-total", "--wait", "--json");
	fake_desk_complained(desk, "lost: it goes on waiting");
	fake_desk_not_said(desk, "settle");
}

/* Rule R17: it holds a slot, and somebody has to do something about it. */
static void sessions_are_told_with_whose_they_are(void **state)
{
	struct fake_desk *desk = *state;

	table_set(&desk->answers, "devices",
		  "[{\"name\":\"here\",\"state\":\"online\",\"slots\":5,\"running\":1,\"accounts\":[],\"limit\":8,"
		  "\"limit_from\":\"max_sessions\",\"strategy\":\"server-rds\",\"sessions\":["
		  "{\"id\":\":4\",\"user\":\"anna\",\"connected\":\"yes\",\"locked\":\"yes\",\"reason\":null},"
		  "{\"id\":\":5\",\"user\":\"bot1\",\"connected\":\"yes\",\"locked\":\"no\",\"ours\":true,\"running\":true,\"reason\":null},"
		  "{\"id\":\"\",\"user\":\"bot4\",\"connected\":\"yes\",\"locked\":\"no\",\"ours\":true,\"running\":true,\"reason\":null},"
		  "{\"id\":\":7\",\"user\":\"bot3\",\"connected\":\"yes\",\"locked\":\"no\",\"ours\":true,\"kept\":true,\"reason\":null},"
		  "{\"id\":\":8\",\"user\":\"bot4\",\"connected\":\"yes\",\"locked\":\"unknown\",\"doubt\":\"another hostler has opened it\",\"reason\":null},"
		  "{\"id\":\":6\",\"user\":\"bot2\",\"connected\":\"yes\",\"locked\":\"no\",\"ours\":true,"
		  "\"reason\":{\"code\":\"SessionCloseFailed\",\"text\":\"It hangs.\",\"remedy\":\"End it.\"}}]}]");
	assert_int_equal(DESK_RUN(desk, "devices"), 0);
	fake_desk_said(desk, "here has 6 sessions of 8 that may be there (max_sessions):\n"
			     "  anna: session :4: locked, a person's\n"
			     "  bot1: session :5: active, opened by hostler, a flow runs in it\n"
			     "  bot4: session being opened by hostler\n"
			     "  bot3: session :7: active, opened by hostler, kept for its next run\n"
			     "  bot4: session :8: locked or not: unknown (another hostler has opened it)\n"
			     "  bot2: session :6: active, opened by hostler, stuck\n"
			     "    SessionCloseFailed: It hangs. End it.\n");
	fake_desk_said(desk, "server-rds");
	fake_desk_said(desk, "6 of 8");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		DESK_TEST(a_reason_is_explained_without_a_host),
		DESK_TEST(without_a_code_all_reasons_are_listed),
		DESK_TEST(a_sentence_from_elsewhere_leads_to_its_codes),
		DESK_TEST(a_code_with_a_slip_names_the_nearest),
		DESK_TEST(a_failed_step_says_how_to_run_it_again),
		DESK_TEST(a_lost_step_says_how_to_resolve_it),
		DESK_TEST(what_happened_is_told_at_the_end),
		DESK_TEST(a_step_that_is_named_is_all_that_is_shown),
		DESK_TEST(who_waits_is_told_the_reason_once),
		DESK_TEST(times_within_sentences_are_those_of_the_place),
		DESK_TEST(alerts_say_what_is_wrong_and_where_word_of_it_went),
		DESK_TEST(a_broken_file_keeps_nobody_from_asking),
		DESK_TEST(who_waits_for_a_lost_run_is_told_how_to_settle_it),
		DESK_TEST(sessions_are_told_with_whose_they_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
