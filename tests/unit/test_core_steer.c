/* Every word in every state of a step, as one table; and what becomes of what was told to stop. */
#include "core_house.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* How a step of each kind is brought into a state: the last device word of a desktop step that leads there. */
static void bring(struct core_house *house, enum state state)
{
	house_device(house, "a", state == STATE_QUEUED ? 0 : 1, 1);
	house_fire(house, "desk");
	if (state == STATE_QUEUED || state == STATE_OFFERED)
		return;
	house_taken(house, 1, state == STATE_PREPARING ? STATE_PREPARING : STATE_RUNNING);
	if (state == STATE_PAUSED)
		house_stage(house, 1, STATE_PAUSED);
	if (state == STATE_STOPPING)
		house_steer(house, CORE_STOP, 1);
	if (state == STATE_LOST)
		house_standing(house, 1, OFFER_LOST);
	if (state == STATE_SUCCEEDED)
		house_finished(house, 1, STATE_SUCCEEDED, NULL, NULL, true);
}

static void bring_call(struct core_house *house, enum state state)
{
	house_fire(house, "call");
	if (state == STATE_STOPPING)
		house_steer(house, CORE_CANCEL, 1);
	if (state == STATE_LOST)
		core_house_event(house, &(struct core_event){.kind = CORE_CRASHED,
							     .step = 1,
							     .token = house_token(house, 1),
							     .text = "it crashed"});
	if (state == STATE_SUCCEEDED)
		house_returned(house, 1, STATE_SUCCEEDED, NULL, "{}");
}

/* What is said to whoever has the step, and the state afterwards; "no": refused, and nothing has changed. */
static const struct pair {
	enum state state;
	enum core_verb verb;
	const char *said;
	enum state after;
} desktop[] = {
	{STATE_QUEUED, CORE_TOP, "", STATE_QUEUED},
	{STATE_QUEUED, CORE_UNTOP, "", STATE_QUEUED},
	{STATE_QUEUED, CORE_PRIORITY, "", STATE_QUEUED},
	{STATE_QUEUED, CORE_CANCEL, "", STATE_CANCELLED},
	{STATE_QUEUED, CORE_STOP, "", STATE_CANCELLED},
	{STATE_QUEUED, CORE_PAUSE, "no", 0},
	{STATE_QUEUED, CORE_RESUME, "no", 0},
	{STATE_OFFERED, CORE_TOP, "no", 0},
	{STATE_OFFERED, CORE_UNTOP, "no", 0},
	{STATE_OFFERED, CORE_PRIORITY, "no", 0},
	{STATE_OFFERED, CORE_CANCEL, "halt 1/1 cancel\nask 1/1 a\n", STATE_STOPPING},
	{STATE_OFFERED, CORE_STOP, "halt 1/1 stop\nask 1/1 a\n", STATE_STOPPING},
	{STATE_OFFERED, CORE_PAUSE, "no", 0},
	{STATE_OFFERED, CORE_RESUME, "no", 0},
	{STATE_PREPARING, CORE_TOP, "no", 0},
	{STATE_PREPARING, CORE_UNTOP, "no", 0},
	{STATE_PREPARING, CORE_PRIORITY, "no", 0},
	{STATE_PREPARING, CORE_CANCEL, "halt 1/1 cancel\n", STATE_STOPPING},
	{STATE_PREPARING, CORE_STOP, "halt 1/1 stop\n", STATE_STOPPING},
	{STATE_PREPARING, CORE_PAUSE, "no", 0},
	{STATE_PREPARING, CORE_RESUME, "no", 0},
	{STATE_RUNNING, CORE_TOP, "no", 0},
	{STATE_RUNNING, CORE_UNTOP, "no", 0},
	{STATE_RUNNING, CORE_PRIORITY, "no", 0},
	{STATE_RUNNING, CORE_CANCEL, "halt 1/1 cancel\n", STATE_STOPPING},
	{STATE_RUNNING, CORE_STOP, "halt 1/1 stop\n", STATE_STOPPING},
	{STATE_RUNNING, CORE_PAUSE, "halt 1/1 pause\n", STATE_RUNNING},
	{STATE_RUNNING, CORE_RESUME, "no", 0},
	{STATE_PAUSED, CORE_TOP, "no", 0},
	{STATE_PAUSED, CORE_UNTOP, "no", 0},
	{STATE_PAUSED, CORE_PRIORITY, "no", 0},
	{STATE_PAUSED, CORE_CANCEL, "halt 1/1 cancel\n", STATE_STOPPING},
	{STATE_PAUSED, CORE_STOP, "halt 1/1 stop\n", STATE_STOPPING},
	{STATE_PAUSED, CORE_PAUSE, "", STATE_PAUSED},
	{STATE_PAUSED, CORE_RESUME, "halt 1/1 resume\n", STATE_PAUSED},
	{STATE_STOPPING, CORE_TOP, "no", 0},
	{STATE_STOPPING, CORE_UNTOP, "no", 0},
	{STATE_STOPPING, CORE_PRIORITY, "no", 0},
	{STATE_STOPPING, CORE_CANCEL, "halt 1/1 cancel\n", STATE_STOPPING},
	{STATE_STOPPING, CORE_STOP, "", STATE_STOPPING},
	{STATE_STOPPING, CORE_PAUSE, "no", 0},
	{STATE_STOPPING, CORE_RESUME, "no", 0},
	{STATE_LOST, CORE_TOP, "no", 0},
	{STATE_LOST, CORE_UNTOP, "no", 0},
	{STATE_LOST, CORE_PRIORITY, "no", 0},
	{STATE_LOST, CORE_CANCEL, "", STATE_CANCELLED},
	{STATE_LOST, CORE_STOP, "no", 0},
	{STATE_LOST, CORE_PAUSE, "no", 0},
	{STATE_LOST, CORE_RESUME, "no", 0},
	{STATE_SUCCEEDED, CORE_TOP, "no", 0},
	{STATE_SUCCEEDED, CORE_UNTOP, "no", 0},
	{STATE_SUCCEEDED, CORE_PRIORITY, "no", 0},
	{STATE_SUCCEEDED, CORE_CANCEL, "no", 0},
	{STATE_SUCCEEDED, CORE_STOP, "no", 0},
	{STATE_SUCCEEDED, CORE_PAUSE, "no", 0},
	{STATE_SUCCEEDED, CORE_RESUME, "no", 0},
}, call[] = {
	{STATE_LOST, CORE_TOP, "no", 0},
	{STATE_LOST, CORE_CANCEL, "", STATE_CANCELLED},
	{STATE_LOST, CORE_STOP, "no", 0},
	{STATE_LOST, CORE_PAUSE, "no", 0},
	{STATE_RUNNING, CORE_TOP, "no", 0},
	{STATE_RUNNING, CORE_UNTOP, "no", 0},
	{STATE_RUNNING, CORE_PRIORITY, "no", 0},
	{STATE_RUNNING, CORE_CANCEL, "halt 1/1 cancel\n", STATE_STOPPING},
	{STATE_RUNNING, CORE_STOP, "no", 0},
	{STATE_RUNNING, CORE_PAUSE, "no", 0},
	{STATE_RUNNING, CORE_RESUME, "no", 0},
	{STATE_STOPPING, CORE_TOP, "no", 0},
	{STATE_STOPPING, CORE_UNTOP, "no", 0},
	{STATE_STOPPING, CORE_PRIORITY, "no", 0},
	{STATE_STOPPING, CORE_CANCEL, "", STATE_STOPPING},
	{STATE_STOPPING, CORE_STOP, "no", 0},
	{STATE_STOPPING, CORE_PAUSE, "no", 0},
	{STATE_STOPPING, CORE_RESUME, "no", 0},
	{STATE_SUCCEEDED, CORE_CANCEL, "no", 0},
	{STATE_SUCCEEDED, CORE_STOP, "no", 0},
};

/* A second step keeps the run unfinished while the first has ended. */
static void init(struct core_house *house)
{
	core_house_init(house, NULL);
	core_house_flow(house, "[flow]\nname = desk\n[step do]\nuse = desktop:type\nconnection = bot1-a\n"
			       "mode = unattended\n[step after]\nuse = connector:x.y\n");
	core_house_flow(house, "[flow]\nname = call\n[step do]\nuse = connector:x.y\n[step after]\n"
			       "use = connector:x.y\n");
}

static void check_pair(const struct pair *pair, void (*bring_to)(struct core_house *, enum state))
{
	const struct core_steering steering = {
		.verb = pair->verb, .run = 1, .step = "do", .high = true, .who = "anna"};
	struct core_house house;
	hst_error err = {{0}, {0}};
	bool refused = strcmp(pair->said, "no") == 0;
	int rc;

	init(&house);
	bring_to(&house, pair->state);
	assert_int_equal(house_step(&house, 1)->state, pair->state);
	rc = core_house_steer(&house, &steering, &err);
	if (rc != (refused ? HST_DENIED : HST_OK) || strcmp(house.said.s, refused ? "" : pair->said) != 0 ||
	    house_step(&house, 1)->state != (refused ? pair->state : pair->after))
		fail_msg("%s while it is %s: %d \"%s\", said \"%s\", it is %s then", core_verb_name(pair->verb),
			 state_name(pair->state), rc, err.text, house.said.s,
			 state_name(house_step(&house, 1)->state));
	if (refused) {
		assert_string_equal(err.reason, "WrongState");
		assert_non_null(strstr(err.text, state_name(pair->state)));
	}
	core_house_clear(&house);
}

static void every_word_in_every_state(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof desktop / sizeof *desktop; i++)
		check_pair(&desktop[i], bring);
	for (size_t i = 0; i < sizeof call / sizeof *call; i++)
		check_pair(&call[i], bring_call);
}

/* R14: of several the last one moved is first; back means the old place. */
static void what_is_moved_to_the_top_starts_first_and_goes_back_to_its_place(void **state)
{
	static const char *const connections[] = {"bot1-a", "bot2-a", "bot3-a", "bot4-a"};
	struct core_house house;
	char name[8];

	(void)state;
	core_house_init(&house, NULL);
	house_device(&house, "a", 0, 1);
	for (size_t i = 0; i < 4; i++) {
		snprintf(name, sizeof name, "f%zu", i);
		core_house_desktop_flow(&house, name, connections[i], i == 0 ? "priority = high\n" : "");
		house_fire(&house, name);
	}
	house_steer(&house, CORE_TOP, 3);
	house_steer(&house, CORE_TOP, 4);
	core_house_restart(&house);
	house_device(&house, "a", 1, 1);
	house_said(&house, "offer 4/1 a bot4\n");
	house_device(&house, "a", 2, 1);
	house_said(&house, "offer 3/2 a bot3\n");
	house_finished(&house, 4, STATE_SUCCEEDED, NULL, NULL, true);
	house_said(&house, "offer 1/3 a bot1\n");
	core_house_clear(&house);

	core_house_init(&house, NULL);
	house_device(&house, "a", 0, 1);
	for (size_t i = 0; i < 3; i++) {
		snprintf(name, sizeof name, "f%zu", i);
		core_house_desktop_flow(&house, name, connections[i], NULL);
		house_fire(&house, name);
	}
	house_steer(&house, CORE_TOP, 2);
	house_steer(&house, CORE_TOP, 3);
	house_steer(&house, CORE_UNTOP, 3);
	house_steer(&house, CORE_UNTOP, 2);
	house_device(&house, "a", 3, 1);
	house_said(&house, "offer 1/1 a bot1\noffer 2/2 a bot2\noffer 3/3 a bot3\n");
	core_house_clear(&house);
}

static void a_priority_is_changed_while_it_waits(void **state)
{
	const struct core_steering high = {.verb = CORE_PRIORITY, .run = 2, .high = true, .who = "anna"};
	struct core_house house;
	hst_error err;

	(void)state;
	core_house_init(&house, NULL);
	core_house_desktop_flow(&house, "f1", "bot1-a", NULL);
	core_house_desktop_flow(&house, "f2", "bot2-a", NULL);
	house_device(&house, "a", 0, 1);
	house_fire(&house, "f1");
	house_fire(&house, "f2");
	assert_int_equal(core_house_steer(&house, &high, &err), HST_OK);
	assert_true(house_step(&house, 2)->high);
	core_house_restart(&house);
	house_fresh(&house, "a", 1, 1, NULL, 0);
	house_said(&house, "offer 2/1 a bot2\n");
	core_house_clear(&house);
}

/* In a strict order the first holds up the others: who is first instead may start. */
static void a_strict_order_starts_what_was_moved_to_its_top(void **state)
{
	struct core_house house;

	(void)state;
	core_house_init(&house, NULL);
	core_house_desktop_flow(&house, "f1", "bot1-s", NULL);
	core_house_desktop_flow(&house, "f2", "bot2-s", NULL);
	house_device(&house, "s", 2, 1);
	house_fire(&house, "f1");
	house_refused(&house, 1, REASON_WAIT, "UnattendedUserSessionLocked", 1);
	house_fire(&house, "f2");
	house_said(&house, "");
	house_steer(&house, CORE_TOP, 2);
	house_said(&house, "offer 2/2 s bot2\n");
	core_house_clear(&house);
}

static void what_is_wrong_is_said_with_the_way_out(void **state)
{
	const struct core_steering unknown = {.verb = CORE_TOP, .run = 1, .step = "nowhere"},
				   later = {.verb = CORE_CANCEL, .run = 1, .step = "after"};
	struct core_house house;
	hst_error err;

	(void)state;
	init(&house);
	house_steer_refused(&house, CORE_TOP, 7, HST_NOT_FOUND, "#7");
	house_fire(&house, "desk");
	assert_int_equal(core_house_steer(&house, &unknown, &err), HST_NOT_FOUND);
	assert_non_null(strstr(err.text, "nowhere"));
	assert_int_equal(core_house_steer(&house, &later, &err), HST_DENIED);
	assert_non_null(strstr(err.text, "#1/after has not begun; the run is at do"));
	house_steer_refused(&house, CORE_PAUSE, 1, HST_DENIED, "#1/do is queued");
	core_house_clear(&house);
}

/* Nobody would hear it. */
static void a_device_that_is_silent_is_told_to_stop_later_and_not_to_pause(void **state)
{
	const struct core_holding holding = {1, 1};
	struct core_house house;

	(void)state;
	init(&house);
	bring(&house, STATE_RUNNING);
	house_time(&house, 20 * SECOND_US);
	house_steer_refused(&house, CORE_PAUSE, 1, HST_RETRY, "device a");
	house_steer(&house, CORE_CANCEL, 1);
	house_step_is(&house, 1, STATE_STOPPING, "Cancelled");
	house_fresh(&house, "a", 1, 1, &holding, 1);
	house_said(&house, "halt 1/1 cancel\n");
	core_house_restart(&house);
	house_fresh(&house, "a", 1, 1, &holding, 1);
	house_said(&house, "halt 1/1 cancel\nask 1/1 a\n");
	house_finished(&house, 1, STATE_CANCELLED, "Cancelled", NULL, true);
	house_step_is(&house, 1, STATE_CANCELLED, "Cancelled");
	house_step_says(&house, 1, "cancelled by anna");
	core_house_clear(&house);
}

/* Whatever the gateway says to it, nothing of it runs and nothing of it is placed again. */
static void an_offer_is_asked_back_when_it_is_cancelled(void **state)
{
	static const enum offer_standing answers[] = {OFFER_NEVER, OFFER_LOST};

	(void)state;
	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
		struct core_house house;

		init(&house);
		bring(&house, STATE_OFFERED);
		house_steer(&house, CORE_CANCEL, 1);
		house_said(&house, "halt 1/1 cancel\nask 1/1 a\n");
		house_standing(&house, 1, answers[i]);
		house_step_is(&house, 1, STATE_CANCELLED, "Cancelled");
		house_run_is(&house, 1, STATE_CANCELLED, "Cancelled");
		house_said(&house, "");
		house_is_empty(&house);
		core_house_clear(&house);
	}
}

/* Nobody knew whether it ran; should it, it is ended as soon as it is heard of. */
static void what_was_lost_and_given_up_is_ended_when_it_is_found(void **state)
{
	const struct core_holding holding = {1, 1};
	struct core_house house;

	(void)state;
	init(&house);
	bring(&house, STATE_RUNNING);
	house_time(&house, 3600 * SECOND_US);
	house_step_is(&house, 1, STATE_LOST, "OutcomeUnknown");
	house_run_is(&house, 1, STATE_LOST, "OutcomeUnknown");
	house_steer(&house, CORE_CANCEL, 1);
	house_step_is(&house, 1, STATE_CANCELLED, "Cancelled");
	house_run_is(&house, 1, STATE_CANCELLED, "Cancelled");
	house_step_says(&house, 1, "nobody knows how far it came");
	house_fresh(&house, "a", 1, 1, &holding, 1);
	assert_non_null(strstr(house.said.s, "disown 1/1 a\n"));
	house_released(&house, 1);
	house_is_empty(&house);
	core_house_clear(&house);
}

static void a_pause_is_known_to_the_gateway_that_is_asked(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	bring(&house, STATE_RUNNING);
	house_time(&house, 3600 * SECOND_US);
	house_run_is(&house, 1, STATE_LOST, "OutcomeUnknown");
	house_fresh(&house, "a", 1, 1, &(struct core_holding){1, 1}, 1);
	house_standing(&house, 1, OFFER_PAUSED);
	house_step_is(&house, 1, STATE_PAUSED, NULL);
	house_run_is(&house, 1, STATE_PAUSED, NULL);
	core_house_clear(&house);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_word_in_every_state),
		cmocka_unit_test(what_is_moved_to_the_top_starts_first_and_goes_back_to_its_place),
		cmocka_unit_test(a_priority_is_changed_while_it_waits),
		cmocka_unit_test(a_strict_order_starts_what_was_moved_to_its_top),
		cmocka_unit_test(what_is_wrong_is_said_with_the_way_out),
		cmocka_unit_test(an_offer_is_asked_back_when_it_is_cancelled),
		cmocka_unit_test(what_was_lost_and_given_up_is_ended_when_it_is_found),
		cmocka_unit_test(a_pause_is_known_to_the_gateway_that_is_asked),
		cmocka_unit_test(a_device_that_is_silent_is_told_to_stop_later_and_not_to_pause),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
