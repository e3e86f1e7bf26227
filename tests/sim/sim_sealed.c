#include "sim_sealed.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ENTER, AGAIN };

static void told(void *arg, const struct core_action *action)
{
	struct sim_sealed *sealed = arg;
	const struct flow_composed *composed = action->sealed;
	char *to;

	if (action->kind != CORE_OFFER)
		return;
	assert_true(action->step->facts.id < SIM_SEALED_STEPS);
	to = sealed->offered[action->step->facts.id];
	assert_int_equal(action->sealed_count, 1);
	assert_string_equal(composed->input, "pin");
	assert_int_equal(composed->piece_count, 1);
	snprintf(to, SIM_SEALED_MAX, "%.*s", (int)composed->pieces[0].envelope->length, (const char *)composed->pieces[0].envelope->bytes);
}

void sim_sealed_init(struct sim_sealed *sealed, struct core_house *house)
{
	*sealed = (struct sim_sealed){.house = house};
	table_init(&sealed->texts);
	house->told = told;
	house->told_arg = sealed;
}

void sim_sealed_clear(struct sim_sealed *sealed)
{
	table_clear(&sealed->texts);
}

static const struct kept_step *step_of(const struct sim_sealed *sealed, int64_t id)
{
	char key[24];

	snprintf(key, sizeof key, "%lld", (long long)id);
	return table_get(&sealed->house->steps, key);
}

static const struct kept_step *entered(const struct sim_sealed *sealed, int64_t run)
{
	TABLE_EACH(&sealed->house->steps, entry) {
		const struct kept_step *step = entry->value;

		if (step->run == run && step->facts.position == ENTER)
			return step;
	}
	return NULL;
}

static const char *kept_of(const struct sim_sealed *sealed, int64_t run, int64_t step)
{
	char key[64];

	snprintf(key, sizeof key, "%lld %lld pin", (long long)run, (long long)step);
	return table_get(&sealed->house->sealed, key);
}

/* `of` 0: it is the first of its chain. */
static void begin(struct sim_sealed *sealed, struct core_event *event, int64_t number, int64_t of)
{
	static const char json[] = "{\"subject\":\"s\",\"pin\":\"x\"}";
	char text[SIM_SEALED_MAX];
	struct flow_envelope envelope = {.name = "pin", .bytes = text};
	int64_t run = sealed->house->counters.run + 1;

	snprintf(text, sizeof text, "T%lld", (long long)number);
	envelope.length = strlen(text);
	event->payload = json;
	event->payload_length = sizeof json - 1;
	event->sealed = &envelope;
	event->sealed_count = 1;
	assert_true(run < SIM_SEALED_RUNS);
	sealed->typed[run] = number;
	sealed->first[run] = of ? sealed->first[of] : run;
	core_house_event(sealed->house, event);
	assert_int_equal(sealed->house->counters.run, run);
}

void sim_sealed_fire(struct sim_sealed *sealed, const char *flow)
{
	begin(sealed, &(struct core_event){.kind = CORE_FIRED, .flow = flow}, ++sealed->typed_count, 0);
}

bool sim_sealed_resubmit(struct sim_sealed *sealed, int64_t of)
{
	char key[24];
	const struct kept_run *run;
	const struct kept_step *step = entered(sealed, of);
	struct core_event event = {.kind = CORE_FIRED, .who = "anna"};
	struct step_facts facts;
	struct flow_envelope made = {.name = "pin"};

	snprintf(key, sizeof key, "%lld", (long long)of);
	run = table_get(&sealed->house->runs, key);
	if (!run || !state_row(run->facts.state)->ended || state_row(run->facts.state)->good)
		return false;
	event.as = core_flow_of_digest(sealed->house->core, run->flow);
	event.origin = sealed->first[of];
	event.chain = run->facts.chain;
	if (step && step->facts.state == STATE_SUCCEEDED) {
		facts = step->facts;
		made.bytes = kept_of(sealed, of, facts.id);
		assert_non_null(made.bytes);
		made.length = strlen(made.bytes);
		facts.sealed = &made;
		facts.sealed_count = 1;
		event.kept = &facts;
		event.kept_count = 1;
	}
	begin(sealed, &event, sealed->typed[of], of);
	step = entered(sealed, sealed->house->counters.run);
	if (event.kept && step)
		sealed->taken_over[step->facts.id] = step->facts.state == STATE_SUCCEEDED;
	return true;
}

/* "T7": given to a run; "V12.1": the first that the step 12 has made. */
static bool is_typed(const struct sim_sealed *sealed, const char *text, int64_t run)
{
	long long number;
	char rest;

	return sscanf(text, "T%lld%c", &number, &rest) == 1 && number == sealed->typed[run];
}

static bool is_made(const struct sim_sealed *sealed, const char *text, int64_t run, int64_t *ret_by)
{
	const struct kept_step *by;
	long long step;
	unsigned n;
	char rest;

	if (sscanf(text, "V%lld.%u%c", &step, &n, &rest) != 2 || step <= 0 || step >= SIM_SEALED_STEPS)
		return false;
	*ret_by = step;
	by = step_of(sealed, step);
	return by && sealed->first[by->run] == sealed->first[run] && n >= 1 && n <= sealed->made[step];
}

void sim_sealed_arrives(struct sim_sealed *sealed, int64_t id, const char *items, size_t length)
{
	const struct kept_step *step = step_of(sealed, id);
	char text[SIM_SEALED_MAX];
	int64_t by = 0;

	assert_non_null(step);
	if (length == 0 || length >= sizeof text)
		fail_msg("the flow of step %lld is started without what it has to get", (long long)id);
	snprintf(text, sizeof text, "%.*s", (int)length, items);
	if (step->facts.position == ENTER) {
		if (!is_typed(sealed, text, step->run))
			fail_msg("the flow of step %lld of run %lld gets %s", (long long)id, (long long)step->run, text);
		return;
	}
	if (!is_made(sealed, text, step->run, &by) || step_of(sealed, by)->facts.position != ENTER)
		fail_msg("the flow of step %lld of run %lld gets %s", (long long)id, (long long)step->run, text);
	assert_string_equal(kept_of(sealed, step->run, entered(sealed, step->run)->facts.id), text);
	sealed->arrived++;
	sealed->arrived_later += step_of(sealed, by)->run != step->run;
}

const char *sim_sealed_make(struct sim_sealed *sealed, int64_t step)
{
	char text[SIM_SEALED_MAX];

	snprintf(text, sizeof text, "V%lld.%u", (long long)step, ++sealed->made[step]);
	return table_word(&sealed->texts, text);
}

static void check_kept(const struct sim_sealed *sealed, const char *key, const char *text)
{
	long long run, step;
	char name[16];
	int64_t by = 0;

	assert_int_equal(sscanf(key, "%lld %lld %15s", &run, &step, name), 3);
	if (step ? !is_made(sealed, text, run, &by) || (by != step && !sealed->taken_over[step]) : !is_typed(sealed, text, run))
		fail_msg("the engine has kept %s as %s", text, key);
}

void sim_sealed_check(struct sim_sealed *sealed)
{
	TABLE_EACH(&sealed->house->sealed, entry)
		check_kept(sealed, entry->key, entry->value);
	TABLE_EACH(&sealed->house->steps, entry) {
		const struct kept_step *step = entry->value;

		if (step->facts.state == STATE_SUCCEEDED && !kept_of(sealed, step->run, step->facts.id))
			fail_msg("what step %lld has made is lost", (long long)step->facts.id);
	}
	assert_true(sealed->arrived > 0);
}
