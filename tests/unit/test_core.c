/* Flows carried from event to end: steps, tokens, conditions, concurrency, what is said and what is
 * remembered. */
#include "core_house.h"

#include "base/mem.h"
#include "base/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const char invoice[] = "[flow]\nname = invoice\non = inbox\nlabel = Invoice ${trigger.number}\n"
			      "[step find]\nuse = connector:orders.read_row\ninput.is = ${trigger.number}\n"
			      "[step enter]\nuse = desktop:type\nconnection = bot1-a\nmode = unattended\n"
			      "input.order = ${find.row.order}\n"
			      "[step tell]\nuse = connector:post.send\nwhen = ${enter.confirmation} != \"\"\n"
			      "input.text = ${run.number}: ${enter.confirmation}\n";

static void an_event_becomes_steps_and_a_success(void **state)
{
	struct core_house house;
	int64_t run;

	(void)state;
	core_house_init(&house, NULL);
	core_house_flow(&house, invoice);
	house_device(&house, "a", 1, 1);
	run = house_fire_with(&house, "invoice", "{\"number\":\"4711\"}");
	house_said(&house, "call 1 orders.read_row {\"is\":\"4711\"}\n");
	house_run_is(&house, run, STATE_RUNNING, NULL);
	house_step_is(&house, 1, STATE_RUNNING, NULL);
	assert_string_equal(house_run(&house, run)->label, "Invoice 4711");
	house_returned(&house, 1, STATE_SUCCEEDED, NULL, "{\"row\":{\"order\":17}}");
	house_step_is(&house, 1, STATE_SUCCEEDED, NULL);
	house_said(&house, "offer 2/2 a bot1\n");
	assert_string_equal(house_step(&house, 2)->inputs, "{\"order\":17}");
	house_step_is(&house, 2, STATE_OFFERED, NULL);
	house_taken(&house, 2, STATE_PREPARING);
	house_step_is(&house, 2, STATE_PREPARING, NULL);
	house_stage(&house, 2, STATE_RUNNING);
	house_step_is(&house, 2, STATE_RUNNING, NULL);
	core_house_event(
		&house,
		&(struct core_event){
			.kind = CORE_PROGRESS, .step = 2, .token = 2, .subflow = "Main", .action = "Press"});
	assert_string_equal(house_step(&house, 2)->action, "Press");
	house_finished(&house, 2, STATE_SUCCEEDED, "", "{\"confirmation\":\"A-17\"}", false);
	house_step_is(&house, 2, STATE_SUCCEEDED, NULL);
	house_said(&house, "call 3 post.send {\"text\":\"1: A-17\"}\n");
	house_returned(&house, 3, STATE_SUCCEEDED, NULL, "{}");
	house_run_is(&house, run, STATE_SUCCEEDED, NULL);
	/* Its session is still being closed: the slot is not free, and so the step is not forgotten. */
	assert_non_null(core_step_of(house.core, 2));
	assert_int_equal(placement_device(core_placement(house.core), "a")->running, 1);
	house_released(&house, 2);
	assert_int_equal(placement_device(core_placement(house.core), "a")->running, 0);
	house_is_empty(&house);
	core_house_clear(&house);
}

static void times_of_a_step_are_in_order(void **state)
{
	const struct step_facts *facts;
	struct core_house house;

	(void)state;
	core_house_init(&house, NULL);
	core_house_desktop_flow(&house, "one", "bot1-a", NULL);
	house_fire(&house, "one");
	house_time(&house, SECOND_US);
	house_device(&house, "a", 1, 1);
	house_taken(&house, 1, STATE_PREPARING);
	house_time(&house, SECOND_US);
	house_stage(&house, 1, STATE_RUNNING);
	house_time(&house, SECOND_US);
	house_finished(&house, 1, STATE_SUCCEEDED, NULL, NULL, true);
	facts = house_step(&house, 1);
	assert_true(facts->placed_us - facts->requested_us >= SECOND_US);
	assert_true(facts->started_us - facts->placed_us >= SECOND_US);
	assert_true(facts->ended_us - facts->started_us >= SECOND_US);
	/* When nobody said that it began, its own length says when. */
	house_fire(&house, "one");
	house_time(&house, 10 * SECOND_US);
	core_house_event(&house, &(struct core_event){.kind = CORE_FINISHED,
						      .step = 2,
						      .token = house_token(&house, 2),
						      .state = STATE_SUCCEEDED,
						      .started_us = 5 * SECOND_US,
						      .ended_us = 9 * SECOND_US,
						      .released = true});
	facts = house_step(&house, 2);
	assert_int_equal(facts->ended_us - facts->started_us, 4 * SECOND_US);
	house_is_empty(&house);
	core_house_clear(&house);
}

static void a_condition_that_does_not_hold_skips_its_step(void **state)
{
	struct core_house house;

	(void)state;
	core_house_init(&house, NULL);
	core_house_flow(&house, invoice);
	house_device(&house, "a", 1, 1);
	house_fire_with(&house, "invoice", "{\"number\":1}");
	house_returned(&house, 1, STATE_SUCCEEDED, NULL, "{\"row\":{\"order\":17}}");
	house_finished(&house, 2, STATE_SUCCEEDED, NULL, "{\"confirmation\":\"\"}", true);
	house_step_is(&house, 3, STATE_SKIPPED, "ConditionFalse");
	house_run_is(&house, 1, STATE_SUCCEEDED, NULL);
	house_said(&house, "");
	house_is_empty(&house);
	core_house_clear(&house);
}

static void a_failing_step_ends_the_run_as_it_ended(void **state)
{
	static const struct {
		enum state state;
		const char *reason, *kept;
	} ends[] = {
		{STATE_FAILED, "FlowFailed", "FlowFailed"},
		{STATE_FAILED, "", "FlowFailed"},
		{STATE_TIMED_OUT, "DesktopFlowsActionTimeout", "DesktopFlowsActionTimeout"},
		{STATE_CANCELLED, "Cancelled", "Cancelled"},
		{STATE_RUNNING, "Odd", "Odd"}, /* no end at all: taken as a failure */
	};
	struct core_house house;

	(void)state;
	core_house_init(&house, NULL);
	core_house_flow(&house, invoice);
	house_device(&house, "a", 1, 1);
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		enum state end = state_row(ends[i].state)->ended ? ends[i].state : STATE_FAILED;
		int64_t run = house_fire_with(&house, "invoice", "{\"number\":1}"), step;

		house_returned(&house, house.counters.step, STATE_SUCCEEDED, NULL,
			       "{\"row\":{\"order\":17}}");
		step = house.counters.step;
		house_finished(&house, step, ends[i].state, ends[i].reason, NULL, true);
		house_step_is(&house, step, end, ends[i].kept);
		house_run_is(&house, run, end, ends[i].kept);
		house_said(&house, "");
		assert_int_equal(house.counters.step, step);
		house_is_empty(&house);
	}
	house_fire_with(&house, "invoice", "{\"number\":1}");
	house_returned(&house, house.counters.step, STATE_FAILED, "ActionFailed", NULL);
	house_run_is(&house, house.counters.run, STATE_FAILED, "ActionFailed");
	house_is_empty(&house);
	core_house_clear(&house);
}

static void an_absent_value_in_an_input_fails_the_step(void **state)
{
	struct core_house house;

	(void)state;
	core_house_init(&house, NULL);
	core_house_flow(&house, invoice);
	house_fire(&house, "invoice");
	house_run_is(&house, 1, STATE_FAILED, "EarlierStepFailed");
	house_said(&house, "");
	/* An event that is no JSON has no values. */
	house_fire_with(&house, "invoice", "{\"number\":");
	house_run_is(&house, 2, STATE_FAILED, "EarlierStepFailed");
	house_is_empty(&house);
	core_house_clear(&house);
}

static void every_flow_that_listens_gets_a_run(void **state)
{
	struct core_event event = {.kind = CORE_FIRED,
				   .trigger = "inbox",
				   .who = "felix",
				   .tag = 9,
				   .payload = "{}",
				   .payload_length = 2};
	struct core_house house;

	(void)state;
	core_house_init(&house, NULL);
	core_house_flow(&house, "[flow]\nname = x\non = inbox\n[step do]\nuse = connector:orders.list\n");
	core_house_flow(&house, "[flow]\nname = y\non = other\n[step do]\nuse = connector:orders.list\n");
	core_house_flow(&house,
			"[flow]\nname = z\non = other, inbox\n[step do]\nuse = connector:orders.list\n");
	core_house_event(&house, &event);
	house_said(&house, "accepted 9: 2\ncall 1 orders.list {}\ncall 2 orders.list {}\n");
	assert_string_equal(house_run(&house, 1)->who, "felix");
	assert_string_equal(house_run(&house, 2)->trigger, "inbox");
	assert_string_not_equal(house_run(&house, 1)->id, house_run(&house, 2)->id);
	event.trigger = "nobody";
	core_house_event(&house, &event);
	house_said(&house, "accepted 9: 0\n");
	house_returned(&house, 1, STATE_SUCCEEDED, NULL, "{}");
	house_returned(&house, 2, STATE_SUCCEEDED, NULL, "{}");
	house_is_empty(&house);
	core_house_clear(&house);
}

static void what_is_no_longer_configured_fails_the_step(void **state)
{
	static const char *const names[] = {"orders", "bot1-a", "type"};
	struct core_house house;

	(void)state;
	core_house_init(&house, NULL);
	core_house_flow(&house, invoice);
	house_device(&house, "a", 1, 1);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		int64_t run;

		table_set(&house.gone, names[i], &house);
		run = house_fire_with(&house, "invoice", "{\"number\":1}");
		if (i > 0)
			house_returned(&house, house.counters.step, STATE_SUCCEEDED, NULL,
				       "{\"row\":{\"order\":17}}");
		house_said(&house, "");
		house_run_is(&house, run, STATE_FAILED, "DefinitionGone");
		house_is_empty(&house);
		table_remove(&house.gone, names[i]);
	}
	/* Nothing that went wrong took a slot with it. */
	assert_int_equal(placement_device(core_placement(house.core), "a")->running, 0);
	core_house_clear(&house);
}

static void runs_over_the_concurrency_wait_their_turn(void **state)
{
	struct core_house house;

	(void)state;
	core_house_init(&house, NULL);
	core_house_flow(&house,
			"[flow]\nname = two\nconcurrency = 2\n[step do]\nuse = connector:orders.list\n");
	for (int i = 0; i < 5; i++)
		house_fire(&house, "two");
	house_run_is(&house, 2, STATE_RUNNING, NULL);
	house_run_is(&house, 3, STATE_QUEUED, "FlowConcurrency");
	assert_int_equal(core_flow_active(house.core, "two"), 2);
	house_returned(&house, 2, STATE_FAILED, "ActionFailed", NULL);
	house_said(&house, "call 3 orders.list {}\n");
	house_run_is(&house, 3, STATE_RUNNING, NULL);
	house_run_is(&house, 4, STATE_QUEUED, "FlowConcurrency");
	house_returned(&house, 1, STATE_SUCCEEDED, NULL, "{}");
	house_returned(&house, 3, STATE_SUCCEEDED, NULL, "{}");
	house_run_is(&house, 5, STATE_RUNNING, NULL);
	house_returned(&house, 4, STATE_SUCCEEDED, NULL, "{}");
	house_returned(&house, 5, STATE_SUCCEEDED, NULL, "{}");
	assert_int_equal(core_flow_active(house.core, "two"), 0);
	house_is_empty(&house);
	core_house_clear(&house);
}

/* The depth of calls must not grow with the number of those who wait. */
static void many_waiting_runs_may_end_in_one_event(void **state)
{
	enum { MANY = 20000 };
	struct core_house house;

	(void)state;
	core_house_init(&house, NULL);
	core_house_flow(&house, "[flow]\nname = chain\nconcurrency = 1\n[step do]\nuse = "
				"connector:orders.list\nwhen = ${trigger.go}\n");
	house_fire_with(&house, "chain", "{\"go\":true}");
	for (int i = 0; i < MANY; i++)
		house_fire_with(&house, "chain", "{\"go\":false}");
	house_run_is(&house, MANY + 1, STATE_QUEUED, "FlowConcurrency");
	house_returned(&house, 1, STATE_SUCCEEDED, NULL, "{}");
	house_run_is(&house, MANY + 1, STATE_SUCCEEDED, NULL);
	house_is_empty(&house);
	/* The same for steps that wait for a device and cannot be offered. */
	core_house_desktop_flow(&house, "one", "bot1-a", NULL);
	for (int i = 0; i < MANY; i++)
		house_fire(&house, "one");
	table_set(&house.gone, "type", &house);
	house_device(&house, "a", 1, 1);
	house_run_is(&house, house.counters.run, STATE_FAILED, "DefinitionGone");
	house_is_empty(&house);
	core_house_clear(&house);
}

static void answers_that_are_late_or_doubled_change_nothing(void **state)
{
	struct core_house house;

	(void)state;
	core_house_init(&house, NULL);
	core_house_flow(&house, invoice);
	house_device(&house, "a", 1, 1);
	house_fire_with(&house, "invoice", "{\"number\":1}");
	/* Of another call, of no step, and from a device although no device has it. */
	core_house_event(
		&house,
		&(struct core_event){.kind = CORE_RETURNED, .step = 1, .token = 77, .state = STATE_FAILED});
	core_house_event(
		&house,
		&(struct core_event){.kind = CORE_RETURNED, .step = -1, .token = 1, .state = STATE_FAILED});
	house_finished(&house, 1, STATE_FAILED, "FlowFailed", NULL, true);
	house_step_is(&house, 1, STATE_RUNNING, NULL);
	house_returned(&house, 1, STATE_SUCCEEDED, NULL, "{\"row\":{\"order\":17}}");
	house_returned(&house, 1, STATE_FAILED, "ActionFailed", NULL);
	house_step_is(&house, 1, STATE_SUCCEEDED, NULL);
	/* A worker has no word about a desktop step. */
	house_returned(&house, 2, STATE_SUCCEEDED, NULL, "{}");
	house_step_is(&house, 2, STATE_OFFERED, NULL);
	house_finished(&house, 2, STATE_FAILED, "FlowFailed", NULL, true);
	house_is_empty(&house);
	core_house_clear(&house);
}

/* Megabytes of text from outside do not become part of every record. */
static void long_texts_are_cut_at_whole_characters(void **state)
{
	enum { LONG = 300000 };
	char *text = mem_alloc(3 * LONG + 1), *event;
	const struct step_facts *facts;
	struct core_house house;

	(void)state;
	for (int i = 0; i < LONG; i++)
		memcpy(text + 3 * i, "\xe2\x82\xac", 3);
	core_house_init(&house, NULL);
	core_house_flow(&house, invoice);
	house.tracing = true;
	event = mem_printf("{\"number\":\"%s\"}", text);
	house_fire_with(&house, "invoice", event);
	/* 500 bytes at most, of which "Invoice " takes 8. */
	assert_int_equal(strlen(house_run(&house, 1)->label), 8 + 492 / 3 * 3);
	core_house_event(&house, &(struct core_event){.kind = CORE_RETURNED,
						      .step = 1,
						      .token = 1,
						      .state = STATE_FAILED,
						      .reason = "ActionFailed",
						      .text = text});
	facts = house_step(&house, 1);
	assert_int_equal(strlen(facts->text) % 3, 0);
	assert_true(strlen(facts->text) > 1000 && strlen(facts->text) <= 2000);
	/* What happened is said with its text. */
	assert_non_null(
		strstr(house.trace.s,
		       "ended {\"state\":\"failed\",\"reason\":\"ActionFailed\",\"text\":\"\xe2\x82\xac"));
	house_is_empty(&house);
	core_house_clear(&house);
	free(event);
	free(text);
}

/* A token is cheap even when the payload it looks into is large. */
static void a_large_payload_is_read_once_for_all_tokens(void **state)
{
	enum { ROWS = 20000, INPUTS = 90 };
	struct core_house house;
	struct text flow, event;

	(void)state;
	text_init(&flow, 1 << 20);
	text_init(&event, 1 << 20);
	text_add(&flow, "[flow]\nname = large\n[step do]\nuse = connector:orders.list\n");
	for (int i = 0; i < INPUTS; i++)
		text_addf(&flow, "input.i%d = ${trigger.list.%d}\n", i, i);
	text_add(&event, "{\"list\":[0");
	for (int i = 1; i < ROWS; i++)
		text_addf(&event, ",%d", i);
	text_add(&event, "]}");
	core_house_init(&house, NULL);
	core_house_flow(&house, flow.s);
	for (int i = 1; i <= 20; i++) {
		house_fire_with(&house, "large", event.s);
		assert_non_null(strstr(house.said.s, "\"i89\":89"));
		house_returned(&house, i, STATE_SUCCEEDED, NULL, "{}");
	}
	house_is_empty(&house);
	core_house_clear(&house);
	text_clear(&flow);
	text_clear(&event);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_event_becomes_steps_and_a_success),
		cmocka_unit_test(times_of_a_step_are_in_order),
		cmocka_unit_test(a_condition_that_does_not_hold_skips_its_step),
		cmocka_unit_test(a_failing_step_ends_the_run_as_it_ended),
		cmocka_unit_test(an_absent_value_in_an_input_fails_the_step),
		cmocka_unit_test(every_flow_that_listens_gets_a_run),
		cmocka_unit_test(what_is_no_longer_configured_fails_the_step),
		cmocka_unit_test(runs_over_the_concurrency_wait_their_turn),
		cmocka_unit_test(many_waiting_runs_may_end_in_one_event),
		cmocka_unit_test(answers_that_are_late_or_doubled_change_nothing),
		cmocka_unit_test(long_texts_are_cut_at_whole_characters),
		cmocka_unit_test(a_large_payload_is_read_once_for_all_tokens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
