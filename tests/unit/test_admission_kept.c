/* Rule R10: what may become of a session that hostler keeps. */
#include "admission_house.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static char *const both[] = {(char *)"bot1", (char *)"bot2"}, *const bot2[] = {(char *)"bot2"};

static void configure(struct admission_house *house, char *const *accounts, size_t n, bool new_driver)
{
	admission_house_event(house, &(struct admission_event){.kind = ADMISSION_CONFIGURED,
							       .accounts = accounts,
							       .account_count = n,
							       .policy = &house->policy,
							       .new_driver = new_driver});
}

/* Session "s" of bot1 is kept by process 1, and 2 is warm. */
static void keep_one(struct admission_house *house, const char *login)
{
	admission_house_init(house);
	admission_house_ready(house);
	house->retirement = HST_LOCK;
	house->login = login;
	house_offer(house, 1, 1, "bot1");
	house_opened(house, 1, "s");
	house_hold_ready(house);
	house_ended(house, 1, "succeeded");
	house_said_line(house, "lock 1");
	house_run(house, ADMISSION_UPLOADED, 1, 1);
}

static void is_kept(const struct admission_house *house, bool kept)
{
	const struct admission_hold *hold = admission_hold_of(house->admission, 1);

	assert_int_equal(hold && hold->state == ADMISSION_HOLD_IDLE, kept);
}

/* The password was rotated: that the new one is good has to be shown, and who had the old one is out. */
static void what_was_opened_with_another_password_is_opened_anew(void **state)
{
	struct admission_house house;

	(void)state;
	keep_one(&house, "first");
	house_offer(&house, 2, 2, "bot1");
	house_said_line(&house, "launch 1 2/2");
	house_ended(&house, 1, "succeeded");
	house_run(&house, ADMISSION_UPLOADED, 2, 2);
	is_kept(&house, true);
	house.login = "second";
	house_offer(&house, 3, 3, "bot1");
	house_said(&house, "journal started 3 3\ntaken 3/3 preparing\nclose 1\n");
	house_hold(&house, ADMISSION_CLOSED, 1);
	house_said_line(&house, "open 2 bot1");
	house_opened(&house, 2, "t");
	house_said_line(&house, "launch 2 3/3");
	admission_house_clear(&house);
}

static void what_cannot_be_locked_is_not_kept(void **state)
{
	struct admission_house house;

	(void)state;
	keep_one(&house, NULL);
	house_hold(&house, ADMISSION_LOCK_FAILED, 1);
	house_said_line(&house, "close 1");
	admission_house_clear(&house);
	/* The next run was faster. */
	keep_one(&house, NULL);
	house_offer(&house, 2, 2, "bot1");
	house_said_line(&house, "launch 1 2/2");
	house_hold(&house, ADMISSION_LOCK_FAILED, 1);
	house_said(&house, "");
	house_ended(&house, 1, "succeeded");
	house_said_line(&house, "close 1");
	admission_house_clear(&house);
}

static void a_reload_ends_what_it_no_longer_allows(void **state)
{
	struct admission_house house;

	(void)state;
	keep_one(&house, NULL);
	configure(&house, both, 2, false);
	is_kept(&house, true);
	house.retirement = HST_SIGN_OUT;
	configure(&house, both, 2, false);
	house_said_line(&house, "close 1");
	admission_house_clear(&house);
	/* Its user may have no runs here any more. */
	keep_one(&house, NULL);
	configure(&house, bot2, 1, false);
	house_said_line(&house, "close 1");
	admission_house_clear(&house);
	/* Another driver does not know its session. */
	keep_one(&house, NULL);
	configure(&house, both, 2, true);
	house_said_line(&house, "close 1");
	admission_house_clear(&house);
}

static void it_outlives_the_gateway(void **state)
{
	static const char *const logins[] = {"first", "second"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct admission_house house;

		keep_one(&house, "first");
		house.policy.handed_over = true;
		admission_house_resume(&house);
		house_adopted(&house, 1, ADMISSION_ADOPTED_IDLE, "s", "bot1", 0, 0);
		/* The gateway may have died before the session was locked. */
		house_said_line(&house, "lock 1");
		house_hold(&house, ADMISSION_GATHERED, 0);
		is_kept(&house, true);
		house_watch(&house);
		house.login = logins[i];
		house_package(&house, "d1", NULL);
		house_offer(&house, 4, 4, "bot1");
		house_identity(&house, "bot1", "bot1");
		house_said_line(&house, i == 0 ? "launch 1 4/4" : "close 1");
		admission_house_clear(&house);
	}
}

static void a_person_of_the_same_user_comes_before_what_is_kept(void **state)
{
	struct admission_house house;

	(void)state;
	keep_one(&house, NULL);
	house_sees(&house, "console", "bot1", HST_YES, HST_NO, false);
	house_watch(&house);
	is_kept(&house, true);
	house_offer(&house, 2, 2, "bot2");
	house_said_line(&house, "open 2 bot2");
	admission_house_clear(&house);
}

/* It is found out in the run, while it is kept, or only when the next run was launched into it. */
static void a_session_that_has_ended_is_not_kept(void **state)
{
	struct admission_house house;

	(void)state;
	keep_one(&house, NULL);
	house_hold(&house, ADMISSION_LOCK_FAILED, 1);
	house_said_line(&house, "close 1");
	house_hold(&house, ADMISSION_CLOSED, 1);
	house_offer(&house, 2, 2, "bot1");
	house_said_line(&house, "open 2 bot1");
	admission_house_clear(&house);
	keep_one(&house, NULL);
	house_offer(&house, 2, 2, "bot1");
	house_said_line(&house, "launch 1 2/2");
	house_hold(&house, ADMISSION_LOCK_FAILED, 1);
	house_open_failed(&house, 1, HST_RETRY, "SessionEnded");
	house_said(&house, "journal never 2 2\nclose 1\ndiscard 2/2\nstanding 2/2 never\ndevice 3@1\n");
	is_kept(&house, false);
	house_hold(&house, ADMISSION_CLOSED, 1);
	house_offer(&house, 2, 3, "bot1");
	house_said_line(&house, "open 2 bot1");
	house_opened(&house, 2, "t");
	house_said_line(&house, "launch 2 2/3");
	admission_house_clear(&house);
}

static size_t sessions_of_people;

static bool count_people(void *arg, const hst_session *session, bool stuck)
{
	(void)arg;
	assert_false(stuck);
	sessions_of_people += !session->ours;
	return true;
}

/* What is let go of is there as before, and a person's: it is in the way as any of theirs. */
static void a_session_that_was_taken_over_is_a_persons(void **state)
{
	struct admission_event taken = {.kind = ADMISSION_LOCK_FAILED, .number = 1, .reason = "SessionTaken", .text = "somebody came"};
	struct admission_house house;

	(void)state;
	keep_one(&house, NULL);
	house_sees(&house, "s", "bot1", HST_YES, HST_NO, true);
	house_watch(&house);
	admission_house_event(&house, &taken);
	house_said_line(&house, "close 1");
	is_kept(&house, false);
	house_hold(&house, ADMISSION_CLOSED, 1);
	admission_sessions(house.admission, count_people, NULL);
	assert_int_equal(sessions_of_people, 1);
	assert_int_equal(house_stuck(&house), 0);
	admission_house_clear(&house);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_opened_with_another_password_is_opened_anew),
		cmocka_unit_test(what_cannot_be_locked_is_not_kept),
		cmocka_unit_test(a_session_that_has_ended_is_not_kept),
		cmocka_unit_test(a_session_that_was_taken_over_is_a_persons),
		cmocka_unit_test(a_reload_ends_what_it_no_longer_allows),
		cmocka_unit_test(it_outlives_the_gateway),
		cmocka_unit_test(a_person_of_the_same_user_comes_before_what_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
