#include "sim_device.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint32_t below(struct sim_device *device, uint32_t bound)
{
	return house_chance_below(device->chance, bound);
}

/* Something that goes wrong once in so often, until the end of the play. */
static bool mishap(struct sim_device *device, uint32_t once_in)
{
	return !device->lucky && below(device, once_in) == 0;
}

static struct sim_process *process_of(struct sim_device *device, uint32_t number)
{
	for (size_t i = 0; i < SIM_PROCESSES; i++)
		if (device->processes[i].number == number)
			return &device->processes[i];
	return NULL;
}

/* What the gateway tells the engine */

static void say(struct sim_device *device, const struct core_event *event)
{
	struct sim_word word = {.event = *event};

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
					  .journal = 7,
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

static void say_of_run(struct sim_device *device, const struct admission_effect *effect)
{
	const struct admission_run *run = effect->run;
	struct core_event event = {.step = run->step, .token = run->token};

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
		break;
	default:
		event.kind = CORE_RELEASED;
		break;
	}
	say(device, &event);
}

/* What the gateway tells its session processes. One that has ended hears nothing, and its end is on its way. */

static void open_session(struct sim_device *device, const struct admission_effect *effect)
{
	struct sim_process *process = process_of(device, effect->hold->number);

	if (!process)
		return;
	assert_true(!process->user[0] && !process->told_to_close);
	for (size_t i = 0; i < SIM_PROCESSES; i++) {
		const struct sim_process *other = &device->processes[i];

		if (other->number && other->user[0] && !other->closed && strcmp(other->user, effect->run->user) == 0)
			fail_msg("a second session of %s on %s", other->user, device->name);
	}
	snprintf(process->user, sizeof process->user, "%s", effect->run->user);
	snprintf(process->id, sizeof process->id, "s%u", process->number);
}

static void launch(struct sim_device *device, const struct admission_effect *effect)
{
	struct sim_process *process = process_of(device, effect->hold->number);

	if (!process)
		return;
	assert_true(process->open && !process->launched && !process->told_to_close);
	assert_string_equal(process->user, effect->run->user);
	assert_true(effect->run->step < SIM_STEPS_MAX);
	process->launched = true;
	process->end = NULL;
	process->step = effect->run->step;
	process->token = effect->run->token;
	device->starts[process->step]++;
}

static void halt(struct sim_device *device, const struct admission_effect *effect)
{
	struct sim_process *process = process_of(device, effect->hold->number);

	if (process && process->launched && process->token == effect->run->token)
		process->end = "cancelled";
}

static void perform(struct sim_device *device, const struct admission_effect *effect)
{
	struct sim_process *process;

	switch (effect->kind) {
	case ADMISSION_JOURNAL:
	case ADMISSION_JOURNAL_SOON:
	case ADMISSION_SAY_HAVE:
	case ADMISSION_DISCARD:
		break;
	case ADMISSION_LOOK:
		admission_step(device->admission,
			       &(struct admission_event){
				       .kind = ADMISSION_LEFT, .step = effect->step, .token = effect->token},
			       &device->effects);
		break;
	case ADMISSION_ASK_IDENTITY:
		if (device->ask_count < 32)
			snprintf(device->ask[device->ask_count++], 16, "%s", effect->text);
		break;
	case ADMISSION_WANT_HOLD:
		device->wanted++;
		break;
	case ADMISSION_OPEN:
		open_session(device, effect);
		break;
	case ADMISSION_LAUNCH:
		launch(device, effect);
		break;
	case ADMISSION_HALT:
		halt(device, effect);
		break;
	case ADMISSION_CLOSE:
		process = process_of(device, effect->hold->number);
		if (process)
			process->told_to_close = true;
		break;
	case ADMISSION_FETCH:
		device->fetching = true;
		break;
	case ADMISSION_UPLOAD:
		assert_true(device->upload_count < 64);
		device->uploads[device->upload_count][0] = effect->run->step;
		device->uploads[device->upload_count++][1] = effect->run->token;
		break;
	case ADMISSION_SAY_STANDING:
		say(device, &(struct core_event){.kind = CORE_STANDING,
						 .step = effect->step,
						 .token = effect->token,
						 .standing = offer_standing_named(effect->text)});
		break;
	case ADMISSION_SAY_DEVICE:
		sim_device_say(device);
		break;
	default:
		say_of_run(device, effect);
		break;
	}
}

static void event(struct sim_device *device, const struct admission_event *event)
{
	admission_step(device->admission, event, &device->effects);
	for (size_t i = 0; i < device->effects.n; i++) {
		struct admission_effect effect = device->effects.at[i];

		perform(device, &effect);
	}
	admission_settle(device->admission, &device->effects);
}

/* What happens on the device */

void sim_device_watch(struct sim_device *device)
{
	hst_device facts = {.name = device->name, .system = HST_LINUX, .processors = 2, .load_milli = 100};
	hst_session seen[SIM_PROCESSES + 1];
	size_t n = 0;

	if (device->person)
		seen[n++] = (hst_session){.id = device->person_id, .user = "anna", .key = "anna", .connected = HST_YES, .locked = HST_NO};
	for (size_t i = 0; i < SIM_PROCESSES; i++) {
		const struct sim_process *process = &device->processes[i];

		if (process->number && process->user[0] && !process->closed && (process->open || below(device, 2)))
			seen[n++] = (hst_session){.id = process->id,
						  .user = process->user,
						  .key = process->user,
						  .connected = HST_YES,
						  .locked = HST_NO,
						  .ours = true};
	}
	event(device, &(struct admission_event){
			      .kind = ADMISSION_SESSIONS, .device = &facts, .sessions = seen, .session_count = n});
}

static void end_process(struct sim_device *device, struct sim_process *process)
{
	uint32_t number = process->number;

	*process = (struct sim_process){0};
	event(device, &(struct admission_event){.kind = ADMISSION_HOLD_ENDED, .number = number, .text = "killed"});
}

static void open_answered(struct sim_device *device, struct sim_process *process)
{
	if (mishap(device, 12)) {
		event(device, &(struct admission_event){.kind = ADMISSION_OPEN_FAILED,
							.number = process->number,
							.code = HST_RETRY,
							.reason = "SessionCreationError",
							.text = "no"});
		return;
	}
	process->open = true;
	event(device, &(struct admission_event){
			      .kind = ADMISSION_OPENED, .number = process->number, .session = process->id});
}

static void flow_ended(struct sim_device *device, struct sim_process *process)
{
	static const char *const ends[] = {"succeeded", "succeeded", "failed", "timed_out"};

	process->launched = false;
	event(device, &(struct admission_event){.kind = ADMISSION_FINISHED,
						.number = process->number,
						.end = process->end ? process->end : ends[below(device, 4)],
						.reason = "",
						.payload = "{}",
						.payload_length = 2});
}

static void process_turn(struct sim_device *device, struct sim_process *process)
{
	if (mishap(device, 60) || process->closed) {
		end_process(device, process);
	} else if (process->told_to_close) {
		process->closed = true;
		event(device, &(struct admission_event){.kind = ADMISSION_CLOSED, .number = process->number});
	} else if (process->user[0] && !process->open) {
		open_answered(device, process);
	} else if (process->launched) {
		flow_ended(device, process);
	}
}

static void start_process(struct sim_device *device)
{
	struct sim_process *process = process_of(device, 0);

	device->wanted--;
	if (!process || mishap(device, 15)) {
		event(device, &(struct admission_event){
				      .kind = ADMISSION_HOLD_FAILED, .number = ++device->numbers, .text = "no"});
		return;
	}
	process->number = ++device->numbers;
	event(device, &(struct admission_event){.kind = ADMISSION_HOLD_READY, .number = process->number});
}

static void answer_question(struct sim_device *device)
{
	char user[16];

	memcpy(user, device->ask[0], sizeof user);
	memmove(device->ask, device->ask + 1, --device->ask_count * sizeof *device->ask);
	event(device, &(struct admission_event){.kind = ADMISSION_IDENTITY,
						.user = user,
						.key = mishap(device, 15) ? NULL : user,
						.code = HST_RETRY,
						.text = "no watch"});
}

static void uploaded(struct sim_device *device)
{
	int64_t step = device->uploads[0][0], token = device->uploads[0][1];

	memmove(device->uploads, device->uploads + 1, --device->upload_count * sizeof *device->uploads);
	event(device, &(struct admission_event){.kind = ADMISSION_UPLOADED, .step = step, .token = token});
}

static void fetched(struct sim_device *device)
{
	device->fetching = false;
	event(device, &(struct admission_event){.kind = ADMISSION_PACKAGE,
						.package = "d1",
						.text = mishap(device, 2) ? "the host did not answer" : NULL});
}

static void anna_comes_or_goes(struct sim_device *device)
{
	device->person = !device->person;
	snprintf(device->person_id, sizeof device->person_id, "anna%llu", (unsigned long long)++device->signed_in);
	sim_device_watch(device);
}

void sim_device_turn(struct sim_device *device)
{
	struct sim_process *process = &device->processes[below(device, SIM_PROCESSES)];
	uint32_t what = below(device, 100);

	if (what < 20 && device->wanted > 0)
		start_process(device);
	else if (what < 40 && device->ask_count > 0)
		answer_question(device);
	else if (what < 55 && device->upload_count > 0)
		uploaded(device);
	else if (what < 58 && device->fetching)
		fetched(device);
	else if (what < 90 && process->number)
		process_turn(device, process);
	else if (what < 95)
		sim_device_watch(device);
	else if (what < 96 && !device->lucky)
		anna_comes_or_goes(device);
	else if (what < 97 && !device->lucky)
		device->retirement = (hst_retirement)(HST_KEEP + below(device, 3));
}

/* What the engine says */

static void offered(struct sim_device *device, const struct sim_order *order)
{
	struct admission_run *run = mem_alloc(sizeof *run);

	run->step = order->step;
	run->token = order->token;
	run->run_id = mem_text("r-1");
	run->name = mem_text("do");
	run->user = mem_text(order->user);
	run->package = mem_text("d1");
	run->inputs = mem_text("{}");
	run->inputs_length = 2;
	event(device, &(struct admission_event){.kind = ADMISSION_OFFER, .offer = run});
}

void sim_device_hear(struct sim_device *device)
{
	struct sim_order order;

	if (!sim_wire_next_order(&device->wire, device->chance, &order))
		return;
	switch (order.kind) {
	case SIM_OFFER:
		offered(device, &order);
		break;
	case SIM_STATUS:
		event(device, &(struct admission_event){
				      .kind = ADMISSION_STATUS, .step = order.step, .token = order.token, .id = 1});
		break;
	case SIM_STOP:
		event(device, &(struct admission_event){
				      .kind = ADMISSION_STOP, .step = order.step, .token = order.token, .how = order.how});
		break;
	case SIM_HEARD:
		event(device, &(struct admission_event){
				      .kind = ADMISSION_HEARD, .step = order.step, .token = order.token});
		break;
	}
}

void sim_device_connect(struct sim_device *device)
{
	static const struct admission_event up = {.kind = ADMISSION_HOST_UP};

	sim_wire_break(&device->wire);
	device->wire.up = true;
	device->fresh = true;
	sim_device_say(device);
	event(device, &up);
}

static bool count_run(void *arg, const struct admission_run *run)
{
	(void)run;
	++*(size_t *)arg;
	return true;
}

bool sim_device_quiet(const struct sim_device *device)
{
	size_t n = 0;

	admission_runs(device->admission, count_run, &n);
	for (size_t i = 0; i < SIM_PROCESSES; i++)
		n += device->processes[i].launched || device->processes[i].told_to_close;
	return n == 0;
}

void sim_device_init(struct sim_device *device, const char *name, struct house_chance *chance, uint16_t *starts)
{
	*device = (struct sim_device){
		.name = name, .chance = chance, .starts = starts, .limit = 3, .retirement = HST_SIGN_OUT};
	device->admission = sim_strategy_admission(device);
	admission_effects_init(&device->effects);
}

void sim_device_clear(struct sim_device *device)
{
	admission_free(device->admission);
	admission_effects_clear(&device->effects);
}
