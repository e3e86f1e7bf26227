/* What people see when they ask why: reasons explained, candidates, happenings, what is wrong. The program
 * hostler against a host that answers what a test tells it. */
#include "../fakes/fake_desk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int open_desk(void **state)
{
	static struct fake_desk desk;

	fake_desk_start(&desk);
	fake_desk_open(&desk);
	*state = &desk;
	return 0;
}

static int close_desk(void **state)
{
	fake_desk_end(*state);
	return 0;
}

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
	assert_string_equal(desk->out, "DeviceOffline\n");
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_desk, close_desk)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_reason_is_explained_without_a_host),
		TEST(without_a_code_all_reasons_are_listed),
		TEST(a_sentence_from_elsewhere_leads_to_its_codes),
		TEST(a_code_with_a_slip_names_the_nearest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
