/*
 * Envelopes in the core: kept with the run they came to, carried to whoever uses them, and what is secure and comes
 * readable is not kept.
 */
#include "core_house_sealed.h"

#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DIRECTIONS_OF_ENTER "pin to: operator\n"
#define CARRIED_TO_ENTER "order = <E4>\npin = (card)\n" DIRECTIONS_OF_ENTER

static const char pay[] = "[flow]\nname = pay\non = pay\nlabel = for ${trigger.subject}\n"
			  "[step get]\nuse = connector:vault.read\ninput.name = x\n"
			  "[step find]\nuse = connector:orders.read_row\nsecure_outputs = yes\n"
			  "input.file = f\ninput.where = w\ninput.is = i\n"
			  "[step join]\nuse = connector:text.join\nsecure_inputs = yes\n"
			  "input.key = ${get.password}\n"
			  "input.text = a ${find.row.x.0} b ${get.changed}${trigger.pin}\n"
			  "[step enter]\nuse = desktop:enter-invoice\nconnection = bot-pool\nmode = unattended\n"
			  "input.order = ${join.joined}\ninput.pin = secret:card\n"
			  "declassify.order = it is printed there\n"
			  "[step tell]\nuse = connector:vault.read\nwhen = ${enter.pages} > 1\ninput.name = y\n";

static void init(struct core_house *house)
{
	core_house_init(house, NULL);
	core_house_flow(house, pay);
	house_declares(house);
}

static void outputs_are(const struct core_house *house, int64_t step, const char *expected)
{
	const struct step_facts *facts = house_step(house, step);

	if (!expected)
		assert_null(facts->outputs);
	else
		assert_string_equal(facts->outputs, expected);
}

static void begin(struct core_house *house)
{
	house_fire_sealed(house, "pay", "{\"subject\":\"s\",\"pin\":\"1234\"}", "pin=E0");
	assert_string_equal(house_run(house, 1)->event, "{\"subject\":\"s\",\"pin\":{\"sealed\":\"trigger.pin\"}}");
	assert_string_equal(house_run(house, 1)->label, "for s");
	assert_string_equal(house_run(house, 1)->chain, house_run(house, 1)->id);
	house_said(house, "call 1 vault.read {\"name\":\"x\"}\n");
}

static void get(struct core_house *house)
{
	house_returned_sealed(house, 1, "{\"password\":\"hunter2\",\"changed\":\"2026-01-01\"}", "password=E1");
	outputs_are(house, 1, "{\"password\":{\"sealed\":\"get.password\"},\"changed\":\"2026-01-01\"}");
}

static void find(struct core_house *house)
{
	house_returned_sealed(house, 2, "{\"row\":null,\"count\":null}", "row=E2 found=E3");
	outputs_are(house, 2,
		    "{\"row\":{\"sealed\":\"find.row\"},\"count\":null,\"found\":{\"sealed\":\"find.found\"}}");
}

static void up_to_enter(struct core_house *house)
{
	begin(house);
	get(house);
	find(house);
	house_returned_sealed(house, 3, "{\"joined\":\"x\",\"bytes\":7}", "joined=E4 rows=E5");
}

static void what_is_sealed_goes_with_the_call(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	begin(&house);
	house_carried(&house, "password to connector/text: connector/text.join.key\n");
	get(&house);
	house_carried(&house, "* to: operator\nrow to connector/text: connector/text.join.text\n");
	find(&house);
	house_said(&house, "call 3 text.join {\"key\":{\"sealed\":\"get.password\"},\"text\":{\"sealed\":\"join.text\"}}\n");
	house_carried(&house, "key = <E1>\ntext = 'a ' <E2:x.0> ' b 2026-01-01' <E0>\n"
			      "joined to gateway/g-a gateway/g-b: desktop/enter-invoice.order\nrows to: operator\n");
	core_house_clear(&house);
}

static void an_offer_has_it_as_often_as_it_is_made(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	up_to_enter(&house);
	house_fresh(&house, "a", 1, 5, NULL, 0);
	house_carried(&house, CARRIED_TO_ENTER);
	house_refused(&house, 4, REASON_WAIT, "UnattendedUserSessionLocked", 5);
	house_carried(&house, "");
	house_device(&house, "a", 1, 6);
	house_carried(&house, CARRIED_TO_ENTER);
	core_house_clear(&house);
}

static void a_restart_brings_it_back(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	up_to_enter(&house);
	core_house_restart(&house);
	house_device(&house, "a", 1, 1);
	house_carried(&house, CARRIED_TO_ENTER);
	house_taken(&house, 4, STATE_RUNNING);
	house_finished_sealed(&house, 4, "{\"pages\":2}", "pin=E6");
	outputs_are(&house, 4, "{\"pages\":2,\"pin\":{\"sealed\":\"enter.pin\"}}");
	house_said(&house, "call 5 vault.read {\"name\":\"y\"}\n");
	house_carried(&house, "password to: operator\n");
	house_returned_sealed(&house, 5, "{}", "password=E7");
	house_run_is(&house, 1, STATE_SUCCEEDED, NULL);
	house_is_empty(&house);
	core_house_clear(&house);
}

/* What stands in its place in JSON is not taken for it. */
static void what_the_store_has_lost_is_absent(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	begin(&house);
	get(&house);
	free(table_remove(&house.sealed, "1 0 pin"));
	core_house_restart(&house);
	house_step_is(&house, 2, STATE_LOST, "OutcomeUnknown");
	house_resolve(&house, 1, CORE_RESOLVE_REQUEUE, NULL);
	find(&house);
	house_step_is(&house, 3, STATE_FAILED, "EarlierStepFailed");
	core_house_clear(&house);
}

static void an_output_that_came_readable_is_not_kept(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	begin(&house);
	house_returned_sealed(&house, 1, "{\"password\":\"hunter2\",\"changed\":\"2026-01-01\"}", "changed=E1");
	house_step_is(&house, 1, STATE_FAILED, "OutputInvalid");
	house_step_says(&house, 1, "\"password\" is secure");
	outputs_are(&house, 1, NULL);
	house_run_is(&house, 1, STATE_FAILED, "OutputInvalid");
	assert_null(strstr(house_run(&house, 1)->text, "hunter2"));
	house_is_empty(&house);
	core_house_clear(&house);
}

/* Under secure_outputs = yes those that nothing declares too. */
static void neither_is_one_that_was_not_declared(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	begin(&house);
	get(&house);
	house_returned_sealed(&house, 2, "{\"other\":1}", "row=E2");
	house_step_is(&house, 2, STATE_FAILED, "OutputInvalid");
	outputs_are(&house, 2, NULL);
	core_house_clear(&house);
}

static void a_failed_flow_keeps_its_own_reason(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	up_to_enter(&house);
	house_device(&house, "a", 1, 1);
	house_taken(&house, 4, STATE_RUNNING);
	house_finished(&house, 4, STATE_FAILED, "FlowFailed", "{\"pin\":\"1234\",\"pages\":1}", true);
	house_step_is(&house, 4, STATE_FAILED, "FlowFailed");
	outputs_are(&house, 4, NULL);
	core_house_clear(&house);
}

static void an_absent_one_is_absent(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	begin(&house);
	house_returned(&house, 1, STATE_SUCCEEDED, NULL, "{\"password\":null}");
	house_returned_sealed(&house, 2, "{}", "row=E2");
	house_step_is(&house, 3, STATE_FAILED, "EarlierStepFailed");
	core_house_clear(&house);
}

static void an_event_that_came_readable_fails_its_run(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	house_fire_with(&house, "pay", "{\"subject\":\"s\",\"pin\":\"1234\"}");
	house_said(&house, "");
	house_run_is(&house, 1, STATE_FAILED, "InputInvalid");
	assert_string_equal(house_run(&house, 1)->event, "{\"subject\":\"s\"}");
	assert_non_null(strstr(house_run(&house, 1)->text, "\"pin\""));
	/* A text that only looks as if it were sealed is no envelope. */
	house_fire_with(&house, "pay", "{\"pin\":{\"sealed\":\"trigger.pin\"}}");
	house_run_is(&house, 2, STATE_FAILED, "InputInvalid");
	house_fire_with(&house, "pay", "{\"pin\":null}");
	house_run_is(&house, 3, STATE_RUNNING, NULL);
	core_house_clear(&house);
}

static void nobody_gives_one_by_hand(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	begin(&house);
	house_crashed(&house, 1);
	house_step_is(&house, 1, STATE_LOST, "OutcomeUnknown");
	assert_int_equal(house_resolve(&house, 1, CORE_RESOLVE_SUCCEEDED, "{\"password\":\"hunter2\"}"), HST_INVALID);
	house_step_is(&house, 1, STATE_LOST, "OutcomeUnknown");
	assert_int_equal(house_resolve(&house, 1, CORE_RESOLVE_SUCCEEDED, "{\"changed\":\"2026-01-01\"}"), HST_OK);
	house_step_is(&house, 1, STATE_SUCCEEDED, NULL);
	core_house_clear(&house);
}

static void a_run_begun_again_has_what_its_kept_steps_had(void **state)
{
	struct flow_envelope envelope = {"password", "E1", 2}, pin = {"pin", "E0", 2};
	struct core_house house;
	struct step_facts kept[2];

	(void)state;
	init(&house);
	begin(&house);
	get(&house);
	find(&house);
	house_returned(&house, 3, STATE_FAILED, "ActionFailed", NULL);
	kept[0] = *house_step(&house, 1);
	kept[0].sealed = &envelope;
	kept[0].sealed_count = 1;
	/* Of this one the store has no envelopes any more. */
	kept[1] = *house_step(&house, 2);
	core_house_event(&house, &(struct core_event){.kind = CORE_FIRED,
						      .as = core_flow_of_digest(house.core, "pay"),
						      .origin = 1,
						      .chain = "r-first",
						      .kept = kept,
						      .kept_count = 2,
						      .sealed = &pin,
						      .sealed_count = 1,
						      .payload = "{\"pin\":0}",
						      .payload_length = 9});
	assert_string_equal(house_run(&house, 2)->chain, "r-first");
	outputs_are(&house, 5, "{\"count\":null}");
	house_step_is(&house, 6, STATE_FAILED, "EarlierStepFailed");
	core_house_clear(&house);
}

static void kept_envelopes_are_used(void **state)
{
	static const char flow[] = "[flow]\nname = f\n[step get]\nuse = connector:vault.read\ninput.name = x\n"
				   "[step join]\nuse = connector:text.join\ninput.key = ${get.password}\n";
	struct flow_envelope envelope = {"password", "E1", 2};
	struct core_house house;
	struct step_facts kept;

	(void)state;
	init(&house);
	core_house_flow(&house, flow);
	house_fire(&house, "f");
	house_returned_sealed(&house, 1, "{}", "password=E1");
	house_returned(&house, 2, STATE_FAILED, "ActionFailed", NULL);
	kept = *house_step(&house, 1);
	kept.sealed = &envelope;
	kept.sealed_count = 1;
	core_house_event(&house, &(struct core_event){.kind = CORE_FIRED,
						      .as = core_flow_of_digest(house.core, "f"),
						      .origin = 1,
						      .chain = house_run(&house, 1)->id,
						      .kept = &kept,
						      .kept_count = 1,
						      .payload = "{}",
						      .payload_length = 2});
	house_said(&house, "call 4 text.join {\"key\":{\"sealed\":\"get.password\"}}\n");
	house_carried(&house, "key = <E1>\njoined to: operator\nrows to: operator\n");
	assert_string_equal(house_run(&house, 2)->chain, house_run(&house, 1)->id);
	core_house_clear(&house);
}

static void a_press_knows_to_whom_it_seals(void **state)
{
	hst_arena *arena = arena_new();
	const struct core_direction *directions;
	struct core_house house;

	(void)state;
	init(&house);
	core_house_flow(&house, "[flow]\nname = also\non = inbox, pay\n[step s]\nuse = desktop:enter-invoice\n"
				"connection = bot-c\nmode = unattended\ninput.order = 7\ninput.pin = ${trigger.pin}\n");
	assert_int_equal(core_event_directions(house.core, "pay", arena, &directions), 1);
	assert_string_equal(directions[0].output, "pin");
	assert_int_equal(directions[0].member_count, 2);
	assert_string_equal(directions[0].members[0], "connector/text");
	assert_string_equal(directions[0].members[1], "gateway/g-c");
	assert_int_equal(directions[0].sink_count, 2);
	assert_string_equal(directions[0].sinks[0], "connector/text.join.text");
	assert_string_equal(directions[0].sinks[1], "desktop/enter-invoice.pin");
	assert_int_equal(core_flow_directions(house.core, core_flow_of_digest(house.core, "also"), arena, &directions), 1);
	assert_int_equal(directions[0].sink_count, 1);
	assert_int_equal(core_event_directions(house.core, "inbox", arena, &directions), 0);
	assert_int_equal(core_event_directions(house.core, "gone", arena, &directions), 0);
	arena_free(arena);
	core_house_clear(&house);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_sealed_goes_with_the_call),
		cmocka_unit_test(an_offer_has_it_as_often_as_it_is_made),
		cmocka_unit_test(a_restart_brings_it_back),
		cmocka_unit_test(what_the_store_has_lost_is_absent),
		cmocka_unit_test(an_output_that_came_readable_is_not_kept),
		cmocka_unit_test(neither_is_one_that_was_not_declared),
		cmocka_unit_test(a_failed_flow_keeps_its_own_reason),
		cmocka_unit_test(an_absent_one_is_absent),
		cmocka_unit_test(an_event_that_came_readable_fails_its_run),
		cmocka_unit_test(nobody_gives_one_by_hand),
		cmocka_unit_test(a_run_begun_again_has_what_its_kept_steps_had),
		cmocka_unit_test(kept_envelopes_are_used),
		cmocka_unit_test(a_press_knows_to_whom_it_seals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
