/* Who says how a step ended that nobody knows of: a person; and calls whose process has ended. */
#include "core_house.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { MINUTE = 60 };

static void init(struct core_house *house)
{
	core_house_init(house, NULL);
	core_house_flow(house, "[flow]\nname = send\nconcurrency = 1\n[step do]\nuse = connector:post.send\n");
	core_house_flow(house, "[flow]\nname = list\n[step do]\nuse = connector:orders.list\n");
	core_house_flow(house, "[flow]\nname = resend\n[step do]\nuse = connector:post.send\non_lost = again\n");
	core_house_flow(house, "[flow]\nname = chain\nconcurrency = 1\n[step do]\nuse = desktop:type\n"
			       "connection = bot1-a\nmode = unattended\n[step tell]\nuse = connector:orders.list\n"
			       "input.text = ${do.done}\n");
	house_fresh(house, "a", 4, 1, NULL, 0);
}

/* Brings the next step to running on its device. */
static void begin(struct core_house *house, const char *flow)
{
	house_fire(house, flow);
	house_taken(house, house->counters.step, STATE_RUNNING);
}

/* What may be done twice is, unless it ends its process each time; what may not is lost. */
static void a_call_whose_process_died(void **state)
{
	static const struct {
		const char *flow, *call;
	} repeated[] = {{"list", "call 1 orders.list {}\n"}, {"resend", "call 1 post.send {}\n"}};

	(void)state;
	for (size_t i = 0; i < sizeof repeated / sizeof *repeated; i++) {
		struct core_house house;

		init(&house);
		house_fire(&house, repeated[i].flow);
		for (int64_t crash = 1; crash < 3; crash++) {
			house_crashed(&house, 1);
			house_said(&house, repeated[i].call);
			assert_int_equal(house_step(&house, 1)->attempt, crash + 1);
			assert_int_equal(house_step(&house, 1)->token, crash + 1);
		}
		house_crashed(&house, 1);
		house_run_is(&house, 1, STATE_FAILED, "PluginCrashed");
		house_is_empty(&house);
		core_house_clear(&house);
	}
}

static void a_call_that_must_not_be_done_twice_is_lost(void **state)
{
	struct core_house house;
	struct core_event old = {.kind = CORE_RETURNED, .step = 1, .token = 1, .state = STATE_FAILED};

	(void)state;
	init(&house);
	house_fire(&house, "send");
	house_fire(&house, "send");
	house_crashed(&house, 1);
	house_run_is(&house, 1, STATE_LOST, "OutcomeUnknown");
	house_said(&house, "call 2 post.send {}\n");
	house_crashed(&house, 1);
	house_returned(&house, 2, STATE_SUCCEEDED, NULL, "{}");
	assert_int_equal(house_resolve(&house, 1, CORE_RESOLVE_REQUEUE, NULL), HST_OK);
	house_said(&house, "call 1 post.send {}\n");
	core_house_event(&house, &old);
	house_run_is(&house, 1, STATE_RUNNING, NULL);
	house_returned(&house, 1, STATE_SUCCEEDED, NULL, "{}");
	house_run_is(&house, 1, STATE_SUCCEEDED, NULL);
	house_is_empty(&house);
	core_house_clear(&house);
}

/* Person by person: what each word leaves, and what it makes of a device that comes back. */
static void a_person_says_how_it_ended(void **state)
{
	static const struct {
		enum core_resolution how;
		enum state run;
		const char *reason, *said;
	} rows[] = {
		{CORE_RESOLVE_SUCCEEDED, STATE_RUNNING, NULL, "call 2 orders.list {\"text\":\"B-4\"}\n"},
		{CORE_RESOLVE_FAILED, STATE_FAILED, "OutcomeUnknown", ""},
		{CORE_RESOLVE_REQUEUE, STATE_RUNNING, NULL, "disown 1/1 a\n"},
	};
	const struct core_holding holding = {1, 1};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct core_house house;

		init(&house);
		begin(&house, "chain");
		house_time(&house, 16 * MINUTE * SECOND_US);
		house_run_is(&house, 1, STATE_LOST, "OutcomeUnknown");
		house.tracing = true;
		assert_int_equal(house_resolve(&house, 1, rows[i].how, "{\"done\":\"B-4\"}"), HST_OK);
		assert_non_null(strstr(house.trace.s, "resolved {\"as\":"));
		assert_non_null(strstr(house.trace.s, "\"who\":\"anna\""));
		house_said(&house, rows[i].said);
		house_run_is(&house, 1, rows[i].run, rows[i].reason);
		if (rows[i].how == CORE_RESOLVE_FAILED)
			house_step_says(&house, 1, "resolved as failed by anna: nothing was heard of a");
		house_fresh(&house, "a", 4, 1, &holding, 1);
		assert_non_null(strstr(house.said.s, "disown 1/1 a\n"));
		if (rows[i].how == CORE_RESOLVE_REQUEUE) {
			house_step_is(&house, 1, STATE_OFFERED, NULL);
			assert_int_equal(house_step(&house, 1)->attempt, 2);
			house_finished(&house, 1, STATE_SUCCEEDED, NULL, "{\"done\":\"C\"}", true);
		} else {
			house_released(&house, 1);
		}
		if (rows[i].run == STATE_RUNNING)
			house_returned(&house, 2, STATE_SUCCEEDED, NULL, "{}");
		house_fresh(&house, "a", 4, 1, NULL, 0);
		house_is_empty(&house);
		core_house_clear(&house);
	}
}

static void only_what_is_lost_is_resolved(void **state)
{
	struct core_house house;
	hst_error err = {0};

	(void)state;
	init(&house);
	begin(&house, "chain");
	assert_int_equal(house_resolve(&house, 1, CORE_RESOLVE_FAILED, NULL), HST_DENIED);
	house_step_is(&house, 1, STATE_RUNNING, NULL);
	assert_int_equal(house_resolve(&house, 2, CORE_RESOLVE_FAILED, NULL), HST_NOT_FOUND);
	assert_int_equal(core_resolve_find(house.core, 1, "tell", NULL, &err), HST_DENIED);
	assert_int_equal(core_resolve_find(house.core, 1, "nobody", NULL, &err), HST_NOT_FOUND);
	house_standing(&house, 1, OFFER_LOST);
	assert_int_equal(house_resolve(&house, 1, CORE_RESOLVE_FAILED, NULL), HST_OK);
	assert_int_equal(house_resolve(&house, 1, CORE_RESOLVE_FAILED, NULL), HST_NOT_FOUND);
	assert_int_equal(core_resolution_named("requeue"), CORE_RESOLVE_REQUEUE);
	assert_int_equal(core_resolution_named("retry"), 0);
	house_is_empty(&house);
	core_house_clear(&house);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_whose_process_died),
		cmocka_unit_test(a_call_that_must_not_be_done_twice_is_lost),
		cmocka_unit_test(a_person_says_how_it_ended),
		cmocka_unit_test(only_what_is_lost_is_resolved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
