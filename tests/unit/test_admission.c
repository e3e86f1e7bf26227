/* One run on a device, from offer to release; who may run; every verdict of a strategy; what is offered
 * twice. */
#include "admission_house.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void a_run_goes_from_offer_to_release(void **state)
{
	struct admission_house house;

	(void)state;
	admission_house_init(&house);
	house_watch(&house);
	house_said(&house, "want\ndevice 4@1\n");
	house_hold_ready(&house);
	house_said(&house, "");
	house_offer(&house, 7, 3, "bot1");
	house_said(&house, "fetch d1\nask bot1\n");
	house_package(&house, "d1", NULL);
	house_said(&house, "");
	house_identity(&house, "bot1", "bot1");
	house_said(&house, "journal started 7 3\ntaken 7/3 preparing\nopen 1 bot1\nwant\n");
	house_opened(&house, 1, "x:1");
	house_said(&house, "journal launched 7 3\nlaunch 1 7/3\nstage 7/3 running\n");
	house_ended(&house, 1, "succeeded");
	house_said(&house, "journal ended 7 3\nupload 7/3\nclose 1\n");
	house_run(&house, ADMISSION_UPLOADED, 7, 3);
	house_said(&house, "finished 7/3 succeeded\n");
	house_hold(&house, ADMISSION_CLOSED, 1);
	house_said(&house, "released 7/3\ndiscard 7/3\ndevice 4@2\n");
	assert_int_equal(house_runs(&house), 0);
	house_hold(&house, ADMISSION_HOLD_ENDED, 1);
	house_said(&house, "");
	assert_null(admission_hold_of(house.admission, 1));
	/* Nobody asks again who bot1 is, nor for the package. */
	house_hold_ready(&house);
	house_offer(&house, 8, 4, "bot1");
	house_said(&house,
		   "journal started 8 4\ntaken 8/4 preparing\nopen 2 bot1\nwant\n");
	admission_house_clear(&house);
}

/* The outcome is said when the files are there, and the slot is free when the session is closed, whichever is
 * first. */
static void files_and_session_may_take_their_time(void **state)
{
	struct admission_house house;

	(void)state;
	admission_house_init(&house);
	admission_house_ready(&house);
	house_offer(&house, 1, 1, "bot1");
	house_opened(&house, 1, "s");
	house_ended(&house, 1, "failed");
	house_hold(&house, ADMISSION_CLOSED, 1);
	house_said(&house, "device 4@2\n");
	assert_int_equal(house_runs(&house), 1);
	house_run(&house, ADMISSION_UPLOADED, 1, 1);
	house_said(&house, "finished 1/1 failed released\ndiscard 1/1\n");
	assert_int_equal(house_runs(&house), 0);
	house_run(&house, ADMISSION_UPLOADED, 1, 1);
	house_said(&house, "");
	house_ended(&house, 1, "succeeded"); /* of a flow that is over */
	house_said(&house, "");
	admission_house_clear(&house);
}

static void nobody_runs_before_it_is_known_who_it_is(void **state)
{
	struct admission_house house;

	(void)state;
	admission_house_init(&house);
	/* Before the first list of sessions nobody can be asked. */
	house_offer(&house, 1, 1, "bot1");
	house_said(&house,
		   "journal refused 1 1\n"
		   "refused 1/1 SessionFactUnknown retry@0: the device's sessions are not known yet\n");
	house_watch(&house);
	house_hold_ready(&house);
	house_package(&house, "d1", NULL);
	house_offer(&house, 2, 2, "bot1");
	house_said(&house, "ask bot1\n");
	house_offer(&house, 3, 3, "bot1"); /* asked once */
	house_said(&house, "");
	house_offer(&house, 4, 4, "nobody");
	house_said(&house, "ask nobody\n");
	house_identity(&house, "nobody", NULL);
	house_said(
		&house,
		"journal refused 4 4\nrefused 4/4 WindowsIdentityIncorrect fatal@1: there is no such user\n");
	house_identity(&house, "bot1", "bot1");
	house_said(&house,
		   "journal started 2 2\njournal refused 3 3\ntaken 2/2 preparing\nopen 1 bot1\nwant\n"
		   "refused 3/3 UIFlowAlreadyRunning wait@1: a run of bot1 is under way on d\n");
	admission_house_clear(&house);
}

/* The watch that was asked may die with the question: the next one is asked, and a run neither hangs nor
 * fails for it. */
static void a_question_survives_the_watch(void **state)
{
	struct admission_house house;

	(void)state;
	admission_house_init(&house);
	admission_house_ready(&house);
	house_offer(&house, 1, 1, "Bot1");
	house_said_line(&house, "ask Bot1");
	house_watch(&house);
	house_said(&house, "ask Bot1\n");
	admission_house_event(&house, &(struct admission_event){.kind = ADMISSION_IDENTITY,
								.user = "Bot1",
								.code = HST_RETRY,
								.text = "no watch"});
	house_said(&house, "journal refused 1 1\nrefused 1/1 UIFlowAgentNotAvailable retry@1: no watch\n");
	house_watch(&house);
	house_said(&house, "");
	admission_house_clear(&house);
}

static void only_accounts_of_the_device_may_run(void **state)
{
	struct admission_house house;

	(void)state;
	admission_house_init(&house);
	admission_house_ready(&house);
	house_offer(&house, 1, 1, "root");
	house_identity(&house, "root", "root");
	house_said(&house, "journal refused 1 1\nrefused 1/1 WindowsIdentityIncorrect fatal@1: user root is "
			   "not among the accounts of d\n");
	/* Written in another way it is the same user, and who that is says the driver. */
	house_offer(&house, 2, 2, ".\\BOT1");
	house_identity(&house, ".\\BOT1", "bot1");
	house_said_line(&house, "open 1 .\\BOT1");
	admission_house_clear(&house);
}

/* The accounts themselves are asked about when their names alone do not tell. */
static void accounts_are_identified_when_it_matters(void **state)
{
	struct admission_house house;

	(void)state;
	admission_house_init(&house);
	house_watch(&house);
	house_hold_ready(&house);
	house_package(&house, "d1", NULL);
	house_offer(&house, 1, 1, ".\\BOT2");
	house_offer(&house, 2, 2, "root");
	house_identity(&house, ".\\BOT2", "uid2");
	house_said(
		&house,
		"ask bot1\nask bot2\nask bot3\nask bot4\nask bot5\nask bot6\nask bot7\nask bot8\nask bot9\n");
	house_identity(&house, "bot1", "uid1");
	house_said(&house, "");
	house_identity(&house, "root", "uid0");
	house_said(&house, "");
	house_identity(&house, "bot2", "uid2");
	house_said_line(&house, "open 1 .\\BOT2");
	for (char name[] = "bot3"; name[3] <= '9'; name[3]++) {
		house_identity(&house, name, NULL); /* not on this device */
		if (name[3] < '9')
			house_said(&house, "");
	}
	house_said_line(
		&house,
		"refused 2/2 WindowsIdentityIncorrect fatal@1: user root is not among the accounts of d");
	admission_house_clear(&house);
}

/* Rule R11: what was seen before it went blind may no longer be so. */
static void nothing_starts_on_a_device_that_is_blind(void **state)
{
	struct admission_event blind = {.kind = ADMISSION_BLIND, .text = "it is too dark to see"};
	struct admission_house house;

	(void)state;
	admission_house_init(&house);
	admission_house_ready(&house);
	admission_house_event(&house, &blind);
	assert_string_equal(admission_device(house.admission).blind, "it is too dark to see");
	house_offer(&house, 1, 1, "bot1");
	house_said_line(&house, "refused 1/1 SessionFactUnknown retry@1: it is too dark to see");
	house_watch(&house);
	assert_null(admission_device(house.admission).blind);
	house_offer(&house, 2, 2, "bot1");
	house_said_line(&house, "open 1 bot1");
	admission_house_clear(&house);
}

static void every_verdict_has_its_answer(void **state)
{
	static const struct {
		hst_plan plan;
		const char *said;
	} rows[] = {
		{{HST_PLAN_OPEN, HST_NO_SESSION, NULL, HST_NO_SESSION}, "open 1 bot1"},
		{{HST_PLAN_REUSE, 0, NULL, HST_NO_SESSION},
		 "refused 1/1 SessionNotFound retry@1: the kept session is no longer there"},
		{{HST_PLAN_CLOSE_FIRST, 0, NULL, HST_NO_SESSION},
		 "refused 1/1 SessionNotFound retry@1: the kept session is no longer there"},
		{{HST_PLAN_REFUSE, HST_NO_SESSION, "TooManyActiveSessions", HST_NO_SESSION},
		 "refused 1/1 TooManyActiveSessions wait@1: The device has as many sessions as it may have. It has 1, of anna, and may "
		 "have 4."},
		{{HST_PLAN_REFUSE, HST_NO_SESSION, "UnattendedUserSessionLocked", 0},
		 "refused 1/1 UnattendedUserSessionLocked wait@1: The user has a locked session on the "
		 "device. "
		 "In the way: the session of anna (locked), called console."},
		{{HST_PLAN_REFUSE, HST_NO_SESSION, "RDPIsNotEnabled", HST_NO_SESSION},
		 "refused 1/1 RDPIsNotEnabled fatal@1: Remote desktop is switched off on the device."},
		{{HST_PLAN_REFUSE, HST_NO_SESSION, "SomethingNew", HST_NO_SESSION},
		 "refused 1/1 SomethingNew wait@1: The session strategy refused the run."},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct admission_house house;

		admission_house_init(&house);
		house_sees(&house, "console", "anna", HST_YES, HST_YES, false);
		admission_house_ready(&house);
		house.plan = &rows[i].plan;
		house_offer(&house, 1, 1, "bot1");
		house_said_line(&house, rows[i].said);
		assert_int_equal(house_runs(&house), rows[i].plan.verdict == HST_PLAN_OPEN);
		admission_house_clear(&house);
	}
}

static void a_strategy_that_fails_or_is_unfit_starts_nothing(void **state)
{
	struct admission_house house;

	(void)state;
	admission_house_init(&house);
	admission_house_ready(&house);
	house.plan_fails = HST_BROKEN;
	house_offer(&house, 1, 1, "bot1");
	house_said_line(&house,
			"refused 1/1 SessionCreationError retry@1: the strategy does not feel like it");
	house.plan_fails = 0;
	house.system = HST_CLIENT;
	house_watch(&house);
	house_said(&house, "device 1@2\n");
	house_offer(&house, 2, 2, "bot1");
	house_said_line(&house, "refused 2/2 StrategyUnfit fatal@2: The session strategy is not made for "
				"this kind of system.");
	admission_house_clear(&house);
}

/* The session is opened while the package is on its way; neither waits for the other. */
static void a_package_may_come_late(void **state)
{
	struct admission_house house;

	(void)state;
	admission_house_init(&house);
	house_watch(&house);
	house_hold_ready(&house);
	house_identity(&house, "bot1", "bot1");
	house_offer(&house, 1, 1, "bot1");
	house_said(
		&house,
		"journal started 1 1\nfetch d1\ntaken 1/1 preparing\nopen 1 bot1\nwant\n");
	house_opened(&house, 1, "s");
	house_said(&house, "");
	house_package(&house, "d2", NULL); /* another one */
	house_said(&house, "");
	house_package(&house, "d1", NULL);
	house_said(&house, "journal launched 1 1\nlaunch 1 1/1\nstage 1/1 running\n");
	admission_house_clear(&house);
}

static void a_package_that_cannot_be_fetched_fails_the_run(void **state)
{
	struct admission_house house;

	(void)state;
	admission_house_init(&house);
	house_watch(&house);
	house_hold_ready(&house);
	house_identity(&house, "bot1", "bot1");
	house_offer(&house, 1, 1, "bot1");
	/* Once while the session is being opened: there is a second try. */
	house_package(&house, "d1", "the host did not answer");
	house_said(&house, "");
	house_opened(&house, 1, "s");
	house_said(&house, "fetch d1\n");
	house_package(&house, "d1", "the host has no \"d1\"");
	house_said(&house, "journal ended 1 1\nupload 1/1\nclose 1\n");
	assert_string_equal(admission_run_of(house.admission, 1, 1)->result,
			    "{\"text\":\"the host has no \\\"d1\\\"\"}");
	house_run(&house, ADMISSION_UPLOADED, 1, 1);
	house_said(&house, "finished 1/1 failed FlowNotInstalled\n");
	house_hold(&house, ADMISSION_CLOSED, 1);
	house_said(&house, "released 1/1\ndiscard 1/1\ndevice 4@2\n");
	assert_int_equal(house_runs(&house), 0);
	admission_house_clear(&house);
}

/* An answer was lost on its way. In no state does the same offer start anything twice. */
static void the_same_offer_gets_the_same_answer(void **state)
{
	struct admission_house house;

	(void)state;
	admission_house_init(&house);
	admission_house_ready(&house);
	house_offer(&house, 1, 1, "Bot1");
	house_offer(&house, 1, 1, "Bot1");
	house_said(&house, ""); /* nothing was answered yet */
	house_identity(&house, "Bot1", "bot1");
	house_offer(&house, 1, 1, "Bot1");
	house_said(&house, "taken 1/1 preparing\n");
	house_opened(&house, 1, "s");
	house_offer(&house, 1, 1, "Bot1");
	house_said(&house, "taken 1/1 running\n");
	house_offer(&house, 1, 2, "Bot1"); /* another offer of the same step, while this one runs */
	house_said_line(&house, "refused 1/2 UIFlowAlreadyRunning wait@1: a run of Bot1 is under way on d");
	house_ended(&house, 1, "succeeded");
	house_offer(&house, 1, 1, "Bot1");
	house_said(&house, "taken 1/1 running\n");
	house_run(&house, ADMISSION_UPLOADED, 1, 1);
	house_offer(&house, 1, 1, "Bot1");
	house_said(&house, "finished 1/1 succeeded\n");
	house_hold(&house, ADMISSION_CLOSED, 1);
	house_said_line(&house, "released 1/1");
	house_offer(&house, 1, 1, "Bot1");
	house_said(&house, "refused 1/1 OutcomeUnknown fatal@1: the run has ended on the device already, and "
			   "its outcome did not reach the host\n");
	house_offer(&house, 1, 2, "Bot1");
	house_said(&house, "refused 1/2 UIFlowAlreadyRunning wait@1: a run of Bot1 is under way on d\n");
	house_hold_ready(&house);
	house_offer(&house, 1, 3, "Bot1");
	house_said_line(&house, "open 2 Bot1");
	assert_null(strstr(strstr(house.all.s, "launch 1 1/1") + 1, "launch 1 1/1"));
	admission_house_clear(&house);
}

/* What is remembered of old offers has a ceiling; what is beyond it does not start again either. */
static void very_old_offers_never_start(void **state)
{
	struct admission_house house;

	(void)state;
	admission_house_init(&house);
	admission_house_ready(&house);
	house.limit = 0;
	for (int64_t token = 1; token <= 3000; token++)
		house_offer(&house, token, token, "bot1");
	house_offer(&house, 3000, 3000, "bot1");
	house_said_line(&house, "refused 3000/3000 TooManyActiveSessions wait@1: The device has as many "
				"sessions as it may have. It may have 0.");
	house.limit = 4;
	house_watch(&house);
	house_offer(&house, 1, 1, "bot1");
	house_said(&house, "refused 1/1 OutcomeUnknown fatal@0: the offer is so old that the device does not "
			   "know what became of it\n");
	assert_int_equal(house_runs(&house), 0);
	admission_house_clear(&house);
}

/* Before it runs a run is simply ended; then its flow is told. */
static void a_run_can_be_stopped_in_every_state(void **state)
{
	struct admission_house house;

	(void)state;
	admission_house_init(&house);
	admission_house_ready(&house);
	house_run(&house, ADMISSION_STOP, 1, 1);
	house_said(&house, "");
	house_offer(&house, 1, 1, "Bot1"); /* offered */
	house_run(&house, ADMISSION_STOP, 1, 1);
	house_said(&house, "journal ended 1 1\nupload 1/1\n");
	house_run(&house, ADMISSION_UPLOADED, 1, 1);
	house_said(&house, "finished 1/1 cancelled Cancelled released\ndiscard 1/1\n");
	house_identity(&house, "Bot1", "bot1");
	house_said(&house, "");
	house_offer(&house, 2, 2, "bot2"); /* being opened */
	house_offer(&house, 3, 3, "bot3"); /* waits for a hold */
	house_run(&house, ADMISSION_STOP, 3, 3);
	house_said(&house, "journal ended 3 3\nupload 3/3\n");
	house_run(&house, ADMISSION_STOP, 2, 2);
	house_said(&house, "journal ended 2 2\nupload 2/2\nclose 1\n");
	house_opened(&house, 1, "s");
	house_said(&house, "");
	house_hold(&house, ADMISSION_CLOSED, 1);
	house_said(&house, "device 4@2\n");
	house_run(&house, ADMISSION_UPLOADED, 2, 2);
	house_said(&house, "finished 2/2 cancelled Cancelled released\ndiscard 2/2\n");
	house_run(&house, ADMISSION_UPLOADED, 3, 3);
	house_said(&house, "finished 3/3 cancelled Cancelled released\ndiscard 3/3\n");
	house_hold_ready(&house);
	house_offer(&house, 4, 4, "bot4");
	house_opened(&house, 2, "t");
	house_run(&house, ADMISSION_STOP, 4, 4);
	house_said(&house, "halt 2 4/4 stop\n");
	house_ended(&house, 2, "cancelled");
	house_run(&house, ADMISSION_STOP, 4, 4);
	house_said(&house, "");
	assert_null(strstr(house.all.s, "launch 1"));
	admission_house_clear(&house);
}

/* Tokens are the host's, and each is for one offer. One that gives the same to two would not know which of them it hears of. */
static void a_token_that_another_run_has_starts_nothing(void **state)
{
	struct admission_house house;

	(void)state;
	admission_house_init(&house);
	admission_house_ready(&house);
	house_offer(&house, 1, 7, "bot1");
	house_opened(&house, 1, "s");
	house_offer(&house, 2, 7, "bot2");
	house_said(&house,
		   "journal refused 2 7\n"
		   "refused 2/7 OutcomeUnknown fatal@1: the host has given its token to another run of the device\n");
	house_offer(&house, 2, 7, "bot2");
	house_said(&house, "refused 2/7 OutcomeUnknown fatal@1: the host has given its token to another run of the device\n");
	/* The first has lost nothing by it, and another token is another offer. */
	house_offer(&house, 1, 7, "bot1");
	house_said(&house, "taken 1/7 running\n");
	house_offer(&house, 2, 8, "bot2");
	assert_int_equal(house_runs(&house), 2);
	house_ended(&house, 1, "succeeded");
	house_said_line(&house, "upload 1/7");
	house_run(&house, ADMISSION_UPLOADED, 1, 7);
	house_said(&house, "finished 1/7 succeeded\n");
	admission_house_clear(&house);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_run_goes_from_offer_to_release),
		cmocka_unit_test(files_and_session_may_take_their_time),
		cmocka_unit_test(nobody_runs_before_it_is_known_who_it_is),
		cmocka_unit_test(a_question_survives_the_watch),
		cmocka_unit_test(only_accounts_of_the_device_may_run),
		cmocka_unit_test(accounts_are_identified_when_it_matters),
		cmocka_unit_test(nothing_starts_on_a_device_that_is_blind),
		cmocka_unit_test(every_verdict_has_its_answer),
		cmocka_unit_test(a_strategy_that_fails_or_is_unfit_starts_nothing),
		cmocka_unit_test(a_package_may_come_late),
		cmocka_unit_test(a_package_that_cannot_be_fetched_fails_the_run),
		cmocka_unit_test(the_same_offer_gets_the_same_answer),
		cmocka_unit_test(very_old_offers_never_start),
		cmocka_unit_test(a_token_that_another_run_has_starts_nothing),
		cmocka_unit_test(a_run_can_be_stopped_in_every_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
