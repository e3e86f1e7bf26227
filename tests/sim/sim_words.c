/* What the gateway of a simulated device tells the engine. */
#include "sim_device.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void say(struct sim_device *device, const struct core_event *event, const char *sealed)
{
	struct sim_word word = {.event = *event, .sealed = sealed};

	sim_wire_say(&device->wire, &word);
}

static bool hold_run(void *arg, const struct admission_run *run)
{
	struct sim_word *word = arg;

	assert_true(word->event.holding_count < SIM_HOLDING_MAX);
	word->holding[word->event.holding_count++] =
		(struct core_holding){.step = run->step, .token = run->token};
	return true;
}

void sim_device_say(struct sim_device *device)
{
	struct admission_device now = admission_device(device->admission);
	struct sim_word word = {.event = {.kind = CORE_DEVICE,
					  .device = device->name,
					  .online = true,
					  .system = HST_LINUX,
					  .slots = now.slots,
					  .revision = now.revision,
					  .journal = device->identity,
					  .fresh = device->fresh}};

	if (!device->wire.up || !now.known)
		return;
	if (device->fresh)
		admission_runs(device->admission, hold_run, &word);
	device->fresh = false;
	sim_wire_say(&device->wire, &word);
}

static enum state state_of(const char *word)
{
	enum state state = state_named(word);

	assert_int_not_equal(state, STATE_NONE);
	return state;
}

void sim_device_say_run(struct sim_device *device, const struct admission_effect *effect)
{
	const struct admission_run *run = effect->run;
	struct core_event event = {.step = run->step, .token = run->token};
	const char *sealed = NULL;

	switch (effect->kind) {
	case ADMISSION_SAY_TAKEN:
		event.kind = CORE_TAKEN;
		event.state = state_of(effect->text);
		break;
	case ADMISSION_SAY_STAGE:
		event.kind = CORE_STAGE;
		event.state = state_of(effect->text);
		break;
	case ADMISSION_SAY_REFUSED:
		event.kind = CORE_REFUSED;
		event.class = effect->class;
		event.revision = effect->revision;
		event.reason = reason_named(effect->reason)->code;
		event.text = "no";
		break;
	case ADMISSION_SAY_FINISHED:
		event.kind = CORE_FINISHED;
		event.state = state_of(run->end);
		event.reason = *run->reason ? reason_named(run->reason)->code : NULL;
		event.released = run->released;
		event.payload = "{}";
		event.payload_length = 2;
		if (run->sealed_result)
			sealed = table_word(&device->sealed->texts, run->sealed_result);
		break;
	default:
		event.kind = CORE_RELEASED;
		break;
	}
	say(device, &event, sealed);
}

void sim_device_say_standing(struct sim_device *device, const struct admission_effect *effect)
{
	say(device, &(struct core_event){.kind = CORE_STANDING,
					 .step = effect->step,
					 .token = effect->token,
					 .standing = offer_standing_named(effect->text)}, NULL);
}
