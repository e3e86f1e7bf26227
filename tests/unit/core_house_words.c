/* Events as tests write them, and what they expect of runs and steps. */
#include "core_house.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char *key_of(int64_t number, char to[24])
{
	snprintf(to, 24, "%lld", (long long)number);
	return to;
}

void house_steer(struct core_house *house, enum core_verb verb, int64_t run)
{
	const struct core_steering steering = {.verb = verb, .run = run, .who = "anna"};
	hst_error err = {{0}, {0}};

	if (core_house_steer(house, &steering, &err) < 0)
		fail_msg("%s run %lld: %s", core_verb_name(verb), (long long)run, err.text);
}

void house_steer_refused(struct core_house *house, enum core_verb verb, int64_t run, int code,
			 const char *part)
{
	const struct core_steering steering = {.verb = verb, .run = run, .who = "anna"};
	hst_error err = {{0}, {0}};
	int rc = core_house_steer(house, &steering, &err);

	if (rc != code || !strstr(err.text, part))
		fail_msg("%s run %lld: %d \"%s\", not %d with \"%s\"", core_verb_name(verb), (long long)run, rc,
			 err.text, code, part);
	house_said(house, "");
}

int64_t house_fire_with(struct core_house *house, const char *flow, const char *json)
{
	core_house_event(house, &(struct core_event){.kind = CORE_FIRED,
						     .flow = flow,
						     .payload = json,
						     .payload_length = strlen(json)});
	return house->counters.run;
}

int64_t house_fire(struct core_house *house, const char *flow)
{
	return house_fire_with(house, flow, "{}");
}

void house_device(struct core_house *house, const char *device, int64_t slots, int64_t revision)
{
	core_house_event(house, &(struct core_event){.kind = CORE_DEVICE,
						     .device = device,
						     .online = true,
						     .slots = slots,
						     .revision = revision,
						     .journal = house->journal,
						     .system = HST_LINUX});
}

void house_fresh(struct core_house *house, const char *device, int64_t slots, int64_t revision,
		 const struct core_holding *holding, size_t n)
{
	core_house_event(house, &(struct core_event){.kind = CORE_DEVICE,
						     .device = device,
						     .online = true,
						     .slots = slots,
						     .revision = revision,
						     .journal = house->journal,
						     .system = HST_LINUX,
						     .fresh = true,
						     .holding = holding,
						     .holding_count = n});
}

void house_time(struct core_house *house, int64_t after_us)
{
	int64_t until_us = house->now_us + after_us, wake_us;

	while ((wake_us = core_wake_us(house->core)) && wake_us <= until_us) {
		house->now_us = wake_us - 1000 > house->now_us ? wake_us - 1000 : house->now_us;
		core_house_event(house, &(struct core_event){.kind = CORE_TIME});
	}
	if (house->now_us < until_us)
		house->now_us = until_us;
}

void house_returned(struct core_house *house, int64_t step, enum state state, const char *reason,
		    const char *json)
{
	core_house_event(house, &(struct core_event){.kind = CORE_RETURNED,
						     .step = step,
						     .token = house_token(house, step),
						     .state = state,
						     .reason = reason,
						     .payload = json,
						     .payload_length = json ? strlen(json) : 0});
}

void house_taken(struct core_house *house, int64_t step, enum state state)
{
	core_house_event(house, &(struct core_event){.kind = CORE_TAKEN,
						     .step = step,
						     .token = house_token(house, step),
						     .state = state});
}

void house_stage(struct core_house *house, int64_t step, enum state state)
{
	core_house_event(house, &(struct core_event){.kind = CORE_STAGE,
						     .step = step,
						     .token = house_token(house, step),
						     .state = state});
}

void house_refused(struct core_house *house, int64_t step, enum reason_class class, const char *reason,
		   int64_t revision)
{
	core_house_event(house, &(struct core_event){.kind = CORE_REFUSED,
						     .step = step,
						     .token = house_token(house, step),
						     .class = class,
						     .reason = reason,
						     .text = "so it says",
						     .revision = revision});
}

void house_finished(struct core_house *house, int64_t step, enum state state, const char *reason,
		    const char *json, bool released)
{
	core_house_event(house, &(struct core_event){.kind = CORE_FINISHED,
						     .step = step,
						     .token = house_token(house, step),
						     .state = state,
						     .reason = reason,
						     .released = released,
						     .payload = json,
						     .payload_length = json ? strlen(json) : 0});
}

void house_released(struct core_house *house, int64_t step)
{
	core_house_event(
		house,
		&(struct core_event){.kind = CORE_RELEASED, .step = step, .token = house_token(house, step)});
}

void house_standing(struct core_house *house, int64_t step, enum offer_standing standing)
{
	core_house_event(house, &(struct core_event){.kind = CORE_STANDING,
						     .step = step,
						     .token = house_token(house, step),
						     .standing = standing});
}

void house_crashed(struct core_house *house, int64_t step)
{
	core_house_event(house, &(struct core_event){.kind = CORE_CRASHED,
						     .step = step,
						     .token = house_token(house, step),
						     .text = "its process ended"});
}

void house_said(struct core_house *house, const char *expected)
{
	assert_string_equal(house->said.s, expected);
}

void house_carried(struct core_house *house, const char *expected)
{
	assert_string_equal(house->carried.s, expected);
}

const struct run_facts *house_run(const struct core_house *house, int64_t run)
{
	char key[24];
	const struct kept_run *kept = table_get(&house->runs, key_of(run, key));

	assert_non_null(kept);
	return &kept->facts;
}

const struct step_facts *house_step(const struct core_house *house, int64_t step)
{
	char key[24];
	const struct kept_step *kept = table_get(&house->steps, key_of(step, key));

	assert_non_null(kept);
	return &kept->facts;
}

int64_t house_token(const struct core_house *house, int64_t step)
{
	return house_step(house, step)->token;
}

static void state_is(const char *what, int64_t number, enum state is, const char *reason_is, enum state state,
		     const char *reason)
{
	if (is != state || strcmp(reason_is ? reason_is : "none", reason ? reason : "none") != 0)
		fail_msg("%s %lld is %s (%s), not %s (%s)", what, (long long)number, state_name(is),
			 reason_is ? reason_is : "none", state_name(state), reason ? reason : "none");
}

void house_run_is(struct core_house *house, int64_t run, enum state state, const char *reason)
{
	const struct run_facts *facts = house_run(house, run);

	state_is("run", run, facts->state, facts->reason, state, reason);
}

void house_step_is(struct core_house *house, int64_t step, enum state state, const char *reason)
{
	const struct step_facts *facts = house_step(house, step);

	state_is("step", step, facts->state, facts->reason, state, reason);
}

void house_step_says(struct core_house *house, int64_t step, const char *part)
{
	struct step *known = core_step_of(house->core, step);
	const char *text;

	if (known)
		core_explain(house->core, known);
	text = known ? known->facts.text : house_step(house, step)->text;
	if (!text || !strstr(text, part))
		fail_msg("step %lld says \"%s\", nothing of \"%s\"", (long long)step, text ? text : "", part);
}

void house_is_empty(struct core_house *house)
{
	TABLE_EACH(&house->runs, entry)
		if (!state_row(((struct kept_run *)entry->value)->facts.state)->ended)
			fail_msg("run %s has not ended", entry->key);
	for (int64_t run = 1; run <= house->counters.run; run++)
		if (core_run(house->core, run))
			fail_msg("run %lld is still remembered", (long long)run);
	for (int64_t step = 1; step <= house->counters.step; step++)
		if (core_step_of(house->core, step))
			fail_msg("step %lld is still remembered", (long long)step);
}
