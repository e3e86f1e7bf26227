/* What is configured of a device changes while it is in use. */
#include "admission_house.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static char *const bot1[] = {(char *)"bot1"}, *const bot2[] = {(char *)"bot2"};

static void configure(struct admission_house *house, char *const *accounts, bool new_driver, bool leaving)
{
	admission_house_event(house, &(struct admission_event){.kind = ADMISSION_CONFIGURED,
							       .accounts = accounts,
							       .account_count = accounts ? 1 : 0,
							       .policy = &house->policy,
							       .new_driver = new_driver,
							       .leaving = leaving});
}

static void init(struct admission_house *house)
{
	admission_house_init(house);
	admission_house_ready(house);
}

static void accounts_hold_from_the_next_offer_on(void **state)
{
	struct admission_house house;

	(void)state;
	init(&house);
	house_offer(&house, 1, 1, "bot1");
	house_said_line(&house, "open 1 bot1");
	house_hold_ready(&house);
	configure(&house, bot2, false, false);
	house_opened(&house, 1, "s1");
	assert_int_equal(admission_run_of(house.admission, 1, 1)->state, ADMISSION_RUNNING);
	house_offer(&house, 2, 2, "bot3");
	house_said_line(&house, "refused 2/2 WindowsIdentityIncorrect fatal@2: user bot3 is not among the accounts of d");
	house_offer(&house, 3, 3, "bot2");
	house_said_line(&house, "open 2 bot2");
	admission_house_clear(&house);
}

static void a_new_strategy_raises_the_revision_and_says_the_room(void **state)
{
	struct admission_house house;
	int64_t before;

	(void)state;
	init(&house);
	before = admission_device(house.admission).revision;
	assert_int_equal(admission_device(house.admission).slots, 4);
	house.limit = 7;
	configure(&house, bot1, false, false);
	house_said(&house, "device 7@2\n");
	assert_int_equal(admission_device(house.admission).slots, 7);
	assert_true(admission_device(house.admission).revision > before);
	admission_house_clear(&house);
}

static void a_new_driver_gets_a_new_spare_and_says_who_users_are(void **state)
{
	struct admission_house house;

	(void)state;
	init(&house);
	configure(&house, bot1, true, false);
	house_said_line(&house, "close 1");
	house_said_line(&house, "want");
	house_hold(&house, ADMISSION_CLOSED, 1);
	house_hold(&house, ADMISSION_HOLD_ENDED, 1);
	house_hold_ready(&house);
	assert_int_equal(house_spares(&house), 1);
	house_offer(&house, 1, 1, "bot1");
	house_said_line(&house, "ask bot1");
	house_identity(&house, "bot1", "bot1");
	house_said_line(&house, "open 2 bot1");
	admission_house_clear(&house);
}

static void one_that_leaves_lets_its_run_end_and_keeps_nothing(void **state)
{
	struct admission_house house;

	(void)state;
	init(&house);
	house.retirement = HST_KEEP;
	house_offer(&house, 1, 1, "bot1");
	house_opened(&house, 1, "s1");
	house_hold_ready(&house);
	configure(&house, NULL, false, true);
	house_said_line(&house, "close 2");
	house_hold(&house, ADMISSION_CLOSED, 2);
	house_hold(&house, ADMISSION_HOLD_ENDED, 2);
	assert_null(strstr(house.said.s, "want"));
	assert_int_equal(admission_run_of(house.admission, 1, 1)->state, ADMISSION_RUNNING);
	assert_false(admission_is_idle(house.admission));
	house.retirement = HST_SIGN_OUT;
	house_ended(&house, 1, "succeeded");
	house_said_line(&house, "close 1");
	house_run(&house, ADMISSION_UPLOADED, 1, 1);
	house_hold(&house, ADMISSION_CLOSED, 1);
	house_hold(&house, ADMISSION_HOLD_ENDED, 1);
	assert_true(admission_is_idle(house.admission));
	/* A process that was asked for before, and comes now, is not needed. */
	house_hold_ready(&house);
	house_said_line(&house, "close 3");
	house_hold(&house, ADMISSION_HOLD_ENDED, 3);
	assert_null(strstr(house.said.s, "want"));
	/* It is configured again. */
	configure(&house, bot1, false, false);
	house_said_line(&house, "want");
	admission_house_clear(&house);
}

static void kept_sessions_of_one_that_leaves_are_signed_out(void **state)
{
	struct admission_house house;

	(void)state;
	init(&house);
	house.retirement = HST_KEEP;
	house_offer(&house, 1, 1, "bot1");
	house_opened(&house, 1, "s1");
	house_ended(&house, 1, "succeeded");
	house_run(&house, ADMISSION_UPLOADED, 1, 1);
	assert_int_equal(admission_hold_of(house.admission, 1)->state, ADMISSION_HOLD_IDLE);
	configure(&house, NULL, false, true);
	house_said_line(&house, "close 1");
	admission_house_clear(&house);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accounts_hold_from_the_next_offer_on),
		cmocka_unit_test(a_new_strategy_raises_the_revision_and_says_the_room),
		cmocka_unit_test(a_new_driver_gets_a_new_spare_and_says_who_users_are),
		cmocka_unit_test(one_that_leaves_lets_its_run_end_and_keeps_nothing),
		cmocka_unit_test(kept_sessions_of_one_that_leaves_are_signed_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
