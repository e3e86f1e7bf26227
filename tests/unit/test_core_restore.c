/* The engine is restarted: every state of a run and step goes on as the store has it. */
#include "core_house.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void init(struct core_house *house)
{
	core_house_init(house, NULL);
	core_house_desktop_flow(house, "one", "bot1-a", NULL);
	core_house_desktop_flow(house, "two", "bot2-a", NULL);
	core_house_desktop_flow(house, "high", "bot3-a", "priority = high\n");
	core_house_flow(house,
			"[flow]\nname = call\nconcurrency = 1\n[step do]\nuse = connector:orders.list\n");
	core_house_flow(house, "[flow]\nname = chain\n[step find]\nuse = connector:orders.list\n[step "
			       "no]\nuse = connector:orders.list\n"
			       "when = ${find.go}\n[step enter]\nuse = desktop:type\nconnection = "
			       "bot1-a\nmode = unattended\n"
			       "input.order = ${find.order}\n[step tell]\nuse = connector:post.send\n"
			       "input.text = ${enter.done} ${trigger.number}\n");
}

static void end(struct core_house *house, int64_t step)
{
	house_finished(house, step, STATE_SUCCEEDED, NULL, NULL, true);
}

static void what_waits_keeps_its_place_and_its_time(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	house_fire(&house, "one");
	house_fire(&house, "two");
	house_fire(&house, "high");
	house_time(&house, 3600 * SECOND_US);
	core_house_restart(&house);
	house_said(&house, "");
	house_step_is(&house, 1, STATE_QUEUED, "DeviceNeverConnected");
	house_fresh(&house, "a", 1, 1, NULL, 0);
	house_said(&house, "offer 3/1 a bot3\n");
	end(&house, 3);
	house_said(&house, "offer 1/2 a bot1\n");
	end(&house, 1);
	house_said(&house, "offer 2/3 a bot2\n");
	house_refused(&house, 2, REASON_WAIT, "UnattendedUserSessionLocked", 1);
	core_house_restart(&house);
	house_time(&house, 2 * 3600 * SECOND_US - 60 * SECOND_US);
	house_step_is(&house, 2, STATE_QUEUED, "DeviceNeverConnected");
	house_time(&house, 120 * SECOND_US);
	house_run_is(&house, 2, STATE_EXPIRED, "NoCandidateMachine");
	house_is_empty(&house);
	/* Numbers are never reused. */
	assert_int_equal(house_fire(&house, "one"), 4);
	assert_int_equal(house.counters.step, 4);
	assert_int_equal(house_step(&house, 4)->seq, 4);
	core_house_clear(&house);
}

/* With each state that a device has led it to: the slot is taken again, and the device's next words are
 * heard. */
static void what_a_device_has_is_still_there(void **state)
{
	static const enum state states[] = {STATE_OFFERED, STATE_PREPARING, STATE_RUNNING, STATE_PAUSED,
					    STATE_STOPPING};
	struct core_house house;

	(void)state;
	init(&house);
	for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
		struct core_holding holding;
		int64_t step = house.counters.step + 1;

		house_fresh(&house, "a", 2, 1, NULL, 0);
		house_fire(&house, "one");
		house_fire(&house, "one");
		if (states[i] != STATE_OFFERED)
			house_taken(&house, step,
				    states[i] == STATE_PREPARING ? STATE_PREPARING : STATE_RUNNING);
		house_stage(&house, step, states[i]);
		house_step_is(&house, step, states[i], NULL);
		core_house_restart(&house);
		house_said(&house, "");
		house_step_is(&house, step, states[i], NULL);
		assert_int_equal(placement_device(core_placement(house.core), "a")->running, 1);
		holding = (struct core_holding){.step = step, .token = house_token(&house, step)};
		house_fresh(&house, "a", 2, 1, &holding, 1);
		/* Whether it was told to stop is not known, and told again it does it once. */
		assert_true(strncmp(house.said.s, "halt", states[i] == STATE_STOPPING ? 4 : 0) == 0);
		assert_non_null(strstr(house.said.s, "ask"));
		end(&house, step);
		house_run_is(&house, house.counters.run - 1, STATE_SUCCEEDED, NULL);
		house_step_is(&house, step + 1, STATE_OFFERED, NULL);
		end(&house, step + 1);
		house_is_empty(&house);
	}
	core_house_clear(&house);
}

/* Whether the offer was sent before the engine ended nobody knows: it is asked back, and made anew. */
static void an_offer_that_was_never_sent_is_made_anew(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	house_fresh(&house, "a", 1, 1, NULL, 0);
	house_fire(&house, "one");
	core_house_restart(&house);
	house_said(&house, "");
	house_fresh(&house, "a", 1, 1, NULL, 0);
	house_said(&house, "ask 1/1 a\n");
	house_standing(&house, 1, OFFER_NEVER);
	house_said(&house, "offer 1/2 a bot1\n");
	end(&house, 1);
	house_is_empty(&house);
	core_house_clear(&house);
}

static void tokens_between_steps_survive(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	house_fresh(&house, "a", 1, 1, NULL, 0);
	house_fire_with(&house, "chain", "{\"number\":\"4711\"}");
	house_returned(&house, 1, STATE_SUCCEEDED, NULL, "{\"go\":false,\"order\":17}");
	core_house_restart(&house);
	house_step_is(&house, 1, STATE_SUCCEEDED, NULL);
	house_step_is(&house, 2, STATE_SKIPPED, "ConditionFalse");
	house_step_is(&house, 3, STATE_OFFERED, NULL);
	house_fresh(&house, "a", 1, 1, NULL, 0);
	house_said(&house, "ask 3/2 a\n");
	house_finished(&house, 3, STATE_SUCCEEDED, NULL, "{\"done\":\"A-17\"}", true);
	house_said(&house, "call 4 post.send {\"text\":\"A-17 4711\"}\n");
	core_house_restart(&house);
	/* Whether the mail was sent nobody knows. */
	house_run_is(&house, 1, STATE_LOST, "OutcomeUnknown");
	house_step_says(&house, 4, "the engine was restarted");
	house_returned(&house, 4, STATE_SUCCEEDED, NULL, "{}");
	house_run_is(&house, 1, STATE_SUCCEEDED, NULL);
	house_is_empty(&house);
	core_house_clear(&house);
}

/* The call that was under way has no answer any more. What may be done twice is, and what may not is lost, so that
 * its place in the flow is free. */
static void a_call_is_made_again_or_lost(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	core_house_flow(&house,
			"[flow]\nname = post\nconcurrency = 1\n[step do]\nuse = connector:post.send\n");
	for (int i = 0; i < 2; i++)
		house_fire(&house, "call");
	for (int i = 0; i < 2; i++)
		house_fire(&house, "post");
	core_house_restart(&house);
	house_said(&house, "call 1 orders.list {}\ncall 3 post.send {}\n");
	assert_int_equal(house_step(&house, 1)->attempt, 2);
	house_run_is(&house, 1, STATE_RUNNING, NULL);
	house_run_is(&house, 2, STATE_QUEUED, "FlowConcurrency");
	house_run_is(&house, 3, STATE_LOST, "OutcomeUnknown");
	house_run_is(&house, 4, STATE_RUNNING, NULL);
	house_returned(&house, 1, STATE_SUCCEEDED, NULL, "{}");
	house_said(&house, "call 4 orders.list {}\n");
	house_returned(&house, 4, STATE_SUCCEEDED, NULL, "{}");
	house_returned(&house, 3, STATE_SUCCEEDED, NULL, "{}");
	house_returned(&house, 2, STATE_FAILED, "ActionFailed", NULL);
	house_run_is(&house, 3, STATE_FAILED, "ActionFailed");
	house_is_empty(&house);
	core_house_clear(&house);
}

/* The engine knew of it when it ended: no worker has had it, so to call it does no harm, whatever it does. */
static void a_call_that_was_put_back_is_simply_made(void **state)
{
	struct core_event uncalled = {.kind = CORE_UNCALLED, .step = 1};
	struct core_house house;

	(void)state;
	init(&house);
	core_house_flow(&house, "[flow]\nname = post\n[step do]\nuse = connector:post.send\n");
	house_fire(&house, "post");
	house_fire(&house, "post");
	uncalled.token = house_token(&house, 1) + 7;
	core_house_event(&house, &uncalled);
	house_step_is(&house, 1, STATE_RUNNING, NULL);
	uncalled.token = house_token(&house, 1);
	core_house_event(&house, &uncalled);
	house_said(&house, "");
	house_step_is(&house, 1, STATE_QUEUED, NULL);
	house_run_is(&house, 1, STATE_RUNNING, NULL);
	core_house_restart(&house);
	house_said(&house, "call 1 post.send {}\n");
	house_step_is(&house, 1, STATE_RUNNING, NULL);
	assert_int_equal(house_step(&house, 1)->attempt, 1);
	assert_true(house_token(&house, 1) > uncalled.token);
	house_run_is(&house, 2, STATE_LOST, "OutcomeUnknown");
	house_returned(&house, 1, STATE_SUCCEEDED, NULL, "{}");
	house_run_is(&house, 1, STATE_SUCCEEDED, NULL);
	core_house_clear(&house);
}

/* Somebody edited the flow before the restart: runs go on with the text they were accepted with, as many as
 * the new one allows. */
static void a_higher_concurrency_is_heeded_at_once(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	core_house_desktop_flow(&house, "free", "bot1-a", NULL);
	free(table_get(&house.texts, "free"));
	table_set(&house.texts, "free",
		  mem_text("[flow]\nname = free\nconcurrency = 1\n[step do]\nuse = desktop:type\nconnection "
			   "= bot1-a\nmode = unattended\n"));
	core_house_restart(&house);
	house_fire(&house, "free");
	house_fire(&house, "free");
	house_run_is(&house, 2, STATE_QUEUED, "FlowConcurrency");
	free(table_get(&house.texts, "free"));
	table_set(&house.texts, "free",
		  mem_text("[flow]\nname = free\nconcurrency = 2\n[step do]\nuse = desktop:type\nconnection "
			   "= bot1-a\nmode = unattended\n"));
	core_house_restart(&house);
	house_run_is(&house, 2, STATE_RUNNING, NULL);
	house_fresh(&house, "a", 2, 1, NULL, 0);
	house_said(&house, "offer 1/1 a bot1\n");
	end(&house, 1);
	end(&house, 2);
	house_is_empty(&house);
	core_house_clear(&house);
}

static void configure_without_a(struct core *core)
{
	char *members[] = {"b"};

	core_add_device(core, "b", false);
	core_add_cluster(core, "pool", "random", members, 1, false);
}

static void what_is_configured_no_more_ends_its_steps(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	core_house_desktop_flow(&house, "pool", "bot5-pool", NULL);
	house_fresh(&house, "a", 1, 1, NULL, 0);
	house_fire(&house, "pool");
	house_taken(&house, 1, STATE_RUNNING);
	house_fire(&house, "one");
	house.configure = configure_without_a;
	core_house_restart(&house);
	house_run_is(&house, 1, STATE_LOST, "OutcomeUnknown");
	house_step_says(&house, 1, "no longer has the device a");
	house_run_is(&house, 2, STATE_FAILED, "DefinitionGone");
	house_time(&house, 3 * 24 * 3600 * SECOND_US);
	house_run_is(&house, 1, STATE_FAILED, "OutcomeUnknown");
	house_is_empty(&house);
	core_house_clear(&house);
}

/* A run goes on where it runs although its connection is gone; refused, it has nowhere to wait. */
static void a_connection_that_is_gone_matters_to_those_who_wait(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	house_fresh(&house, "a", 2, 1, NULL, 0);
	house_fire(&house, "one");
	house_fire(&house, "two");
	house_fire(&house, "two");
	table_set(&house.gone, "bot1-a", &house);
	table_set(&house.gone, "bot2-a", &house);
	core_house_restart(&house);
	house_step_is(&house, 1, STATE_OFFERED, NULL);
	house_step_is(&house, 2, STATE_OFFERED, NULL);
	house_run_is(&house, 3, STATE_FAILED, "DefinitionGone");
	end(&house, 1);
	house_run_is(&house, 1, STATE_SUCCEEDED, NULL);
	/* The connection is asked for where a step begins to wait; this one waits again where it did before.
	 */
	house_refused(&house, 2, REASON_WAIT, "UnattendedUserSessionLocked", 1);
	core_house_restart(&house);
	house_run_is(&house, 2, STATE_FAILED, "DefinitionGone");
	house_is_empty(&house);
	core_house_clear(&house);
}

/* What a step names is looked up anew: a corrected connection serves those who wait already. */
static void a_changed_connection_serves_those_who_wait(void **state)
{
	struct core_house house;
	struct {
		char *target, *user;
	} * connection;

	(void)state;
	init(&house);
	house_fire(&house, "one");
	connection = table_get(&house.connections, "bot1-a");
	free(connection->target);
	free(connection->user);
	connection->target = mem_text("device:b");
	connection->user = mem_text("BOT8");
	core_house_restart(&house);
	house_fresh(&house, "a", 1, 1, NULL, 0);
	house_said(&house, "");
	house_fresh(&house, "b", 1, 1, NULL, 0);
	house_said(&house, "offer 1/1 b BOT8\n");
	end(&house, 1);
	house_is_empty(&house);
	core_house_clear(&house);
}

/* A store that was written by somebody else, or damaged: unfinished business waits for a person, and not for ever. */
static void odd_records_are_lost(void **state)
{
	static const struct step_facts odd[] = {
		{.position = 0, .state = STATE_RUNNING},
		{.position = 0, .state = STATE_OFFERED, .target = (char *)"device:a", .user = (char *)"bot1"},
		{.position = 0, .state = STATE_RUNNING, .target = (char *)"device:a", .device = (char *)"a"},
		{.position = 0, .state = STATE_NONE},
		{.position = 0, .state = STATE_LOST, .device = (char *)"nobody", .user = (char *)"bot1"},
	};
	struct core_house house;

	(void)state;
	init(&house);
	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
		struct run_facts run_facts = {
			.number = 1000 + (int64_t)i, .id = "r-odd", .state = STATE_RUNNING};
		struct step_facts facts = odd[i], beyond = {.id = 3000, .position = 7},
				  before = {.id = 3001, .position = -1};
		struct run *run =
			core_restore_run(house.core, &run_facts, core_flow_of_digest(house.core, "one"));

		facts.id = 2000 + (int64_t)i;
		core_restore_step(house.core, run, &facts);
		core_restore_step(house.core, run, &facts);
		core_restore_step(house.core, run, &beyond);
		core_restore_step(house.core, run, &before);
	}
	core_restored(house.core, house.now_us, &house.effects);
	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
		assert_int_equal(core_run(house.core, 1000 + (int64_t)i)->facts.state, STATE_LOST);
	core_settle(house.core, &house.effects);
	house_time(&house, 4 * 24 * 3600 * SECOND_US);
	assert_null(core_step_of(house.core, 2000));
	assert_null(core_step_of(house.core, 3000));
	core_house_clear(&house);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_waits_keeps_its_place_and_its_time),
		cmocka_unit_test(what_a_device_has_is_still_there),
		cmocka_unit_test(an_offer_that_was_never_sent_is_made_anew),
		cmocka_unit_test(tokens_between_steps_survive),
		cmocka_unit_test(a_call_is_made_again_or_lost),
		cmocka_unit_test(a_call_that_was_put_back_is_simply_made),
		cmocka_unit_test(a_higher_concurrency_is_heeded_at_once),
		cmocka_unit_test(what_is_configured_no_more_ends_its_steps),
		cmocka_unit_test(a_connection_that_is_gone_matters_to_those_who_wait),
		cmocka_unit_test(a_changed_connection_serves_those_who_wait),
		cmocka_unit_test(odd_records_are_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
