#include "core_house.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void init(struct core_house *house)
{
	core_house_init(house, NULL);
	core_house_desktop_flow(house, "pool", "bot-pool", NULL);
	core_house_desktop_flow(house, "other", "else-pool", NULL);
	house_device(house, "a", 4, 1);
	house_device(house, "b", 4, 1);
}

static void end(struct core_house *house, int64_t step)
{
	house_taken(house, step, STATE_RUNNING);
	house_finished(house, step, STATE_SUCCEEDED, NULL, NULL, true);
}

static void unblock(struct core_house *house, const char *connection)
{
	struct core_event event = {.kind = CORE_UNBLOCKED, .connection = connection};

	core_house_event(house, &event);
}

static void wrong_password(struct core_house *house, int64_t step)
{
	house_refused(house, step, REASON_WAIT, "SessionCreationInvalidCredentials", 1);
}

/* One user on two devices: the second sign-in waits for how the first goes, though the second device is free. */
static void sign_ins_go_one_by_one_until_one_has_gone_well(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	house_fire(&house, "pool");
	house_said(&house, "offer 1/1 a bot\n");
	house_fire(&house, "pool");
	house_said(&house, "");
	house_step_is(&house, 2, STATE_QUEUED, "UIFlowAlreadyRunning");
	house_step_says(&house, 2, "b: ConnectionBlocked (connection bot-pool: its first sign-in is under way");
	house_fire(&house, "other");
	house_said(&house, "offer 3/2 a else\n");
	house_taken(&house, 1, STATE_PREPARING);
	house_said(&house, "");
	house_stage(&house, 1, STATE_RUNNING);
	house_said(&house, "offer 2/3 b bot\n");
	end(&house, 1);
	end(&house, 2);
	end(&house, 3);
	house_is_empty(&house);
	core_house_clear(&house);
}

/* The word that it runs was lost, or there was none. */
static void an_end_proves_the_sign_in_that_was_never_heard_of(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	house_fire(&house, "pool");
	house_said(&house, "offer 1/1 a bot\n");
	house_fire(&house, "pool");
	house_fire(&house, "pool");
	core_house_event(&house, &(struct core_event){.kind = CORE_FINISHED,
						      .step = 1,
						      .token = house_token(&house, 1),
						      .state = STATE_SUCCEEDED,
						      .started_us = 1,
						      .ended_us = 2,
						      .released = true});
	assert_true(core_proven(house.core, "bot-pool"));
	house_said(&house, "offer 2/2 a bot\noffer 3/3 b bot\n");
	core_house_clear(&house);
}

static void a_failed_sign_in_blocks_the_connection_everywhere(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	house_fire(&house, "pool");
	house_fire(&house, "pool");
	wrong_password(&house, 1);
	house_said(&house, "");
	house_step_is(&house, 1, STATE_QUEUED, "ConnectionBlocked");
	house_step_says(&house, 1, "signing in bot on a failed at");
	house_step_says(&house, 2, "b: ConnectionBlocked");
	house_step_says(&house, 2, "hostler connection unblock bot-pool");
	assert_non_null(core_blocked(house.core, "bot-pool"));
	assert_null(core_blocked(house.core, "else-pool"));
	house_device(&house, "a", 4, 2); /* neither a change of the sessions nor time lifts it */
	house_device(&house, "b", 4, 2);
	house_time(&house, 60 * SECOND_US);
	house_device(&house, "b", 4, 3);
	house_said(&house, "");
	house_fire(&house, "other");
	house_said(&house, "offer 3/2 b else\n");
	unblock(&house, "bot-pool");
	house_said(&house, "offer 1/3 b bot\n"); /* and once more only one is tried */
	end(&house, 1);
	end(&house, 2);
	end(&house, 3);
	house_is_empty(&house);
	core_house_clear(&house);
}

/* Attended runs sign nobody in: no password keeps them from starting, and they prove none. */
static void attended_runs_go_by_no_sign_in(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	core_house_flow(&house, "[flow]\nname = beside\n[step do]\nuse = desktop:type\nconnection = bot-pool\nmode = attended\n");
	house_fire(&house, "beside");
	house_said(&house, "offer 1/1 a bot\n");
	house_fire(&house, "pool");
	house_said(&house, "offer 2/2 b bot\n");
	house_taken(&house, 1, STATE_RUNNING);
	assert_false(core_proven(house.core, "bot-pool"));
	end(&house, 1);
	assert_false(core_proven(house.core, "bot-pool"));
	wrong_password(&house, 2);
	house_step_is(&house, 2, STATE_QUEUED, "ConnectionBlocked");
	house_fire(&house, "beside");
	house_said(&house, "offer 3/3 a bot\n");
	house_refused(&house, 3, REASON_WAIT, "SessionCreationInvalidCredentials", 1);
	house_step_is(&house, 3, STATE_OFFERED, NULL); /* on the other device: what this one says is about itself */
	house_said(&house, "offer 3/4 b bot\n");
	end(&house, 3);
	assert_non_null(core_blocked(house.core, "bot-pool"));
	unblock(&house, "bot-pool");
	house_said(&house, "offer 2/5 b bot\n");
	end(&house, 2);
	house_is_empty(&house);
	core_house_clear(&house);
}

/* Without this each new failure would be a further try for everybody who waits. */
static void a_failure_after_success_takes_the_trust_back(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	house_fire(&house, "pool");
	house_taken(&house, 1, STATE_RUNNING);
	assert_true(core_proven(house.core, "bot-pool"));
	house_fire(&house, "pool");
	wrong_password(&house, 2);
	assert_false(core_proven(house.core, "bot-pool"));
	house_finished(&house, 1, STATE_SUCCEEDED, NULL, NULL, true);
	house_said(&house, "");
	house_step_is(&house, 2, STATE_QUEUED, "ConnectionBlocked");
	unblock(&house, "bot-pool");
	end(&house, 2);
	house_is_empty(&house);
	core_house_clear(&house);
}

static int64_t serial_now;

static int64_t policy_serial(void *arg, const char *connection)
{
	(void)arg;
	return strcmp(connection, "bot-pool") == 0 ? serial_now : 0;
}

static void init_with_serials(struct core_house *house)
{
	serial_now = 5;
	core_house_init(house, NULL);
	house->policy.serial = policy_serial;
	core_house_restart(house);
	core_house_desktop_flow(house, "pool", "bot-pool", NULL);
	house_device(house, "a", 4, 1);
	house_device(house, "b", 4, 1);
}

/* Otherwise one mistyped new password would be tried by all who wait at once. */
static void a_password_that_was_sealed_again_is_tried_by_one_first(void **state)
{
	struct core_house house;

	(void)state;
	init_with_serials(&house);
	house_fire(&house, "pool");
	house_said(&house, "offer 1/1 a bot\n");
	house_taken(&house, 1, STATE_RUNNING);
	house_fire(&house, "pool");
	house_said(&house, "offer 2/2 b bot\n");
	end(&house, 1);
	end(&house, 2);
	assert_true(core_proven(house.core, "bot-pool"));
	serial_now = 6;
	house_fire(&house, "pool");
	house_said(&house, "offer 3/3 a bot\n");
	house_fire(&house, "pool");
	house_said(&house, "");
	house_step_says(&house, 4, "b: ConnectionBlocked");
	house_taken(&house, 3, STATE_RUNNING);
	house_said(&house, "offer 4/4 b bot\n");
	assert_true(core_proven(house.core, "bot-pool"));
	core_house_clear(&house);
}

/* Two that were offered with different passwords: what failed is what the one that failed had. */
static void a_block_knows_the_serial_that_its_own_offer_had(void **state)
{
	struct core_house house;

	(void)state;
	init_with_serials(&house);
	house_fire(&house, "pool");
	house_taken(&house, 1, STATE_RUNNING);
	house_fire(&house, "pool");
	house_said(&house, "offer 2/2 b bot\n");
	serial_now = 6;
	assert_int_equal(core_step_of(house.core, 2)->serial, 5);
	end(&house, 1);
	house_fire(&house, "pool");
	assert_int_equal(core_step_of(house.core, 3)->serial, 6);
	assert_int_equal(core_step_of(house.core, 2)->serial, 5);
	core_house_clear(&house);
}

static void tried(struct core_house *house, enum state state, const char *reason)
{
	struct core_event event = {.kind = CORE_TRIED, .connection = "bot-pool", .device = "a", .state = state, .reason = reason, .text = "said"};

	core_house_event(house, &event);
}

static void what_a_person_tries_counts_as_any_sign_in(void **state)
{
	struct core_event trying = {.kind = CORE_TRYING, .connection = "bot-pool"};
	struct core_house house;

	(void)state;
	init(&house);
	core_house_event(&house, &trying);
	house_fire(&house, "pool");
	house_said(&house, "");
	tried(&house, STATE_FAILED, "SessionCreationInvalidCredentials");
	house_said(&house, "");
	assert_string_equal(core_blocked(house.core, "bot-pool")->user, "bot");
	core_house_event(&house, &trying);
	tried(&house, STATE_SUCCEEDED, "");
	assert_null(core_blocked(house.core, "bot-pool"));
	assert_true(core_proven(house.core, "bot-pool"));
	house_said(&house, "offer 1/1 a bot\n");
	/* That there was no place for it says nothing of the password. */
	core_house_event(&house, &trying);
	tried(&house, STATE_FAILED, "TooManyActiveSessions");
	assert_null(core_blocked(house.core, "bot-pool"));
	end(&house, 1);
	house_is_empty(&house);
	core_house_clear(&house);
}

static void a_refused_or_lost_first_sign_in_lets_the_next_try(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	house_fire(&house, "pool");
	house_fire(&house, "pool");
	house_refused(&house, 1, REASON_WAIT, "TooManyActiveSessions", 1);
	house_said(&house, "offer 1/2 b bot\n");
	house_refused(&house, 1, REASON_RETRY, "SessionCreationError", 1);
	assert_false(core_signing_in(house.core, "bot-pool"));
	house_device(&house, "a", 4, 2);
	house_said(&house, "offer 1/3 a bot\n");
	end(&house, 1);
	end(&house, 2);
	house_is_empty(&house);
	core_house_clear(&house);
}

static void the_rule_holds_across_a_restart(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	house_fire(&house, "pool");
	house_fire(&house, "pool");
	core_house_restart(&house);
	assert_true(core_signing_in(house.core, "bot-pool"));
	house_fresh(&house, "b", 4, 1, NULL, 0);
	house_said(&house, "");
	house_fresh(&house, "a", 4, 1, NULL, 0);
	wrong_password(&house, 1);
	core_house_restart(&house);
	house_fresh(&house, "a", 4, 1, NULL, 0);
	house_fresh(&house, "b", 4, 1, NULL, 0);
	house_said(&house, "");
	house_step_says(&house, 2, "signing in bot on a failed at");
	unblock(&house, "bot-pool");
	core_house_restart(&house);
	house_fresh(&house, "a", 4, 1, NULL, 0);
	end(&house, 1);
	end(&house, 2);
	house_is_empty(&house);
	core_house_clear(&house);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sign_ins_go_one_by_one_until_one_has_gone_well),
		cmocka_unit_test(an_end_proves_the_sign_in_that_was_never_heard_of),
		cmocka_unit_test(a_failed_sign_in_blocks_the_connection_everywhere),
		cmocka_unit_test(attended_runs_go_by_no_sign_in),
		cmocka_unit_test(a_failure_after_success_takes_the_trust_back),
		cmocka_unit_test(a_password_that_was_sealed_again_is_tried_by_one_first),
		cmocka_unit_test(a_block_knows_the_serial_that_its_own_offer_had),
		cmocka_unit_test(what_a_person_tries_counts_as_any_sign_in),
		cmocka_unit_test(a_refused_or_lost_first_sign_in_lets_the_next_try),
		cmocka_unit_test(the_rule_holds_across_a_restart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
