/* A trial: the way of a run up to the open session, and back. */
#include "admission_house.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void trial(struct admission_house *house, int64_t number, const char *user)
{
	const struct admission_run run = {.token = -number, .number = number, .run_id = "", .name = "bot", .user = user, .package = "", .trial = true, .bare = true};

	admission_house_event(house, &(struct admission_event){.kind = ADMISSION_OFFER, .offer = admission_run_new(&run)});
}

static void it_signs_in_and_out_and_no_journal_knows_of_it(void **state)
{
	struct admission_house house;

	(void)state;
	admission_house_init(&house);
	house_watch(&house);
	house_hold_ready(&house);
	trial(&house, 9, "bot1");
	house_said(&house, "ask bot1\n");
	house_identity(&house, "bot1", "bot1");
	house_said(&house, "open 1 bot1\nwant\ndevice 3@1\n");
	assert_int_equal(house_runs(&house), 0);
	house_opened(&house, 1, "x:1");
	house_said(&house, "close 1\n");
	house_hold(&house, ADMISSION_CLOSED, 1);
	house_said_line(&house, "tried 9");
	house_hold(&house, ADMISSION_HOLD_ENDED, 1);
	assert_null(admission_hold_of(house.admission, 1));
	assert_int_equal(house.journal.length, 0);
	admission_house_clear(&house);
}

static void a_wrong_password_is_told_and_leaves_nothing(void **state)
{
	struct admission_house house;

	(void)state;
	admission_house_init(&house);
	admission_house_ready(&house);
	trial(&house, 1, "bot1");
	house_open_failed(&house, 1, -3, "SessionCreationInvalidCredentials");
	house_said_line(&house, "tried 1 SessionCreationInvalidCredentials");
	house_said_line(&house, "close 1");
	/* It can be tried again, and a run is offered as ever. */
	house_hold(&house, ADMISSION_HOLD_ENDED, 1);
	house_hold_ready(&house);
	house_offer(&house, 7, 3, "bot1");
	house_said_line(&house, "taken 7/3 preparing");
	admission_house_clear(&house);
}

/* Rule R9. */
static void it_meets_no_run_of_its_user_and_none_meets_it(void **state)
{
	struct admission_house house;

	(void)state;
	admission_house_init(&house);
	admission_house_ready(&house);
	house_offer(&house, 7, 3, "bot1");
	house_opened(&house, 1, "s");
	trial(&house, 1, "bot1");
	house_said(&house, "tried 1 UIFlowAlreadyRunning\n");
	house_hold_ready(&house);
	trial(&house, 2, "bot2");
	house_offer(&house, 8, 4, "bot2");
	house_said_line(&house, "journal refused 8 4");
	house_opened(&house, 2, "t");
	house_hold(&house, ADMISSION_CLOSED, 2);
	house_said_line(&house, "tried 2");
	admission_house_clear(&house);
}

static void it_takes_no_session_that_is_there(void **state)
{
	static const hst_plan plans[] = {{.verdict = HST_PLAN_REUSE, .session = 0}, {.verdict = HST_PLAN_CLOSE_FIRST, .session = 0},
					 {.verdict = HST_PLAN_REFUSE, .reason = "UnattendedUserSessionLocked", .blocker = HST_NO_SESSION}};
	struct admission_house house;

	(void)state;
	admission_house_init(&house);
	admission_house_ready(&house);
	for (int64_t i = 0; i < 3; i++) {
		house.plan = &plans[i];
		trial(&house, i + 1, "bot1");
		house_said(&house, i < 2 ? (i ? "tried 2 SessionExistsForTheUserWhenUnattended\n" : "tried 1 SessionExistsForTheUserWhenUnattended\n")
					 : "tried 3 UnattendedUserSessionLocked\n");
	}
	admission_house_clear(&house);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_signs_in_and_out_and_no_journal_knows_of_it),
		cmocka_unit_test(a_wrong_password_is_told_and_leaves_nothing),
		cmocka_unit_test(it_meets_no_run_of_its_user_and_none_meets_it),
		cmocka_unit_test(it_takes_no_session_that_is_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
