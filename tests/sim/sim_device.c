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
	process->halted = NULL;
	process->stuck = mishap(device, 20);
	process->step = effect->run->step;
	process->token = effect->run->token;
	process->sealed = NULL;
	device->starts[process->step]++;
	sim_sealed_arrives(device->sealed, process->step, effect->run->sealed, effect->run->sealed_length);
}

static void halt(struct sim_device *device, const struct admission_effect *effect)
{
	struct sim_process *process = process_of(device, effect->hold->number);

	if (process && process->launched && process->token == effect->run->token)
		process->halted = "cancelled";
}

static void perform(struct sim_device *device, const struct admission_effect *effect)
{
	struct sim_process *process;

	switch (effect->kind) {
	case ADMISSION_JOURNAL:
	case ADMISSION_JOURNAL_SOON:
	case ADMISSION_DISCARD:
	case ADMISSION_SAY_TRIED:
		break;
	case ADMISSION_SAY_HAVE:
		process = process_of(device, effect->hold->number);
		if (process)
			process->end = NULL;
		break;
	case ADMISSION_LOOK:
		assert_true(device->look_count < 64);
		device->looks[device->look_count][0] = effect->step;
		device->looks[device->look_count++][1] = effect->token;
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
	case ADMISSION_LOCK:
		process = process_of(device, effect->hold->number);
		if (process)
			process->cannot_lock = mishap(device, 8);
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
		sim_device_say_standing(device, effect);
		break;
	case ADMISSION_SAY_DEVICE:
		sim_device_say(device);
		break;
	default:
		sim_device_say_run(device, effect);
		break;
	}
}

/* One batch: its records are on disk before anything of it is done. */
static void journal(struct sim_device *device)
{
	for (size_t i = 0; i < device->effects.n; i++) {
		const struct admission_effect *effect = &device->effects.at[i];

		if (effect->kind == ADMISSION_JOURNAL || effect->kind == ADMISSION_JOURNAL_SOON)
			text_addf(&device->soon, "%s\n", effect->text);
	}
	for (size_t i = 0; i < device->effects.n; i++)
		if (device->effects.at[i].kind == ADMISSION_JOURNAL) {
			text_add(&device->journal, device->soon.s);
			text_reset(&device->soon);
			return;
		}
}

void sim_device_event(struct sim_device *device, const struct admission_event *event)
{
	admission_step(device->admission, event, &device->effects);
	journal(device);
	for (size_t i = 0; !device->deaf && i < device->effects.n; i++) {
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
	sim_device_event(device, &(struct admission_event){
			      .kind = ADMISSION_SESSIONS, .device = &facts, .sessions = seen, .session_count = n});
}

static void end_process(struct sim_device *device, struct sim_process *process)
{
	uint32_t number = process->number;

	*process = (struct sim_process){0};
	sim_device_event(device, &(struct admission_event){.kind = ADMISSION_HOLD_ENDED, .number = number, .text = "killed"});
}

static void open_answered(struct sim_device *device, struct sim_process *process)
{
	if (mishap(device, 12)) {
		sim_device_event(device, &(struct admission_event){.kind = ADMISSION_OPEN_FAILED,
							.number = process->number,
							.code = HST_RETRY,
							.reason = "SessionCreationError",
							.text = "no"});
		return;
	}
	process->open = true;
	sim_device_event(device, &(struct admission_event){
			      .kind = ADMISSION_OPENED, .number = process->number, .session = process->id});
}

void sim_device_flow_ends(struct sim_device *device, struct sim_process *process)
{
	static const char *const ends[] = {"succeeded", "succeeded", "failed", "timed_out"};

	process->launched = false;
	process->end = process->halted ? process->halted : ends[below(device, 4)];
	process->sealed = strcmp(process->end, "succeeded") == 0 ? sim_sealed_make(device->sealed, process->step) : NULL;
}

void sim_device_say_end(struct sim_device *device, const struct sim_process *process)
{
	sim_device_event(device, &(struct admission_event){.kind = ADMISSION_FINISHED,
						.number = process->number,
						.id = 1,
						.end = process->end,
						.reason = "",
						.payload = "{}",
						.payload_length = 2,
						.sealed = process->sealed,
						.sealed_length = process->sealed ? strlen(process->sealed) : 0});
}

static void process_turn(struct sim_device *device, struct sim_process *process)
{
	if (mishap(device, 60) || process->closed) {
		end_process(device, process);
	} else if (process->told_to_close) {
		process->closed = true;
		sim_device_event(device, &(struct admission_event){.kind = ADMISSION_CLOSED, .number = process->number});
	} else if (process->cannot_lock) {
		process->cannot_lock = false;
		sim_device_event(device, &(struct admission_event){.kind = ADMISSION_LOCK_FAILED, .number = process->number});
	} else if (process->user[0] && !process->open) {
		open_answered(device, process);
	} else if (process->launched && (!process->stuck || process->halted)) {
		sim_device_flow_ends(device, process);
		sim_device_say_end(device, process);
	}
}

static void start_process(struct sim_device *device)
{
	struct sim_process *process = process_of(device, 0);

	device->wanted--;
	if (!process || mishap(device, 15)) {
		sim_device_event(device, &(struct admission_event){
				      .kind = ADMISSION_HOLD_FAILED, .number = ++device->numbers, .text = "no"});
		return;
	}
	process->number = ++device->numbers;
	sim_device_event(device, &(struct admission_event){.kind = ADMISSION_HOLD_READY, .number = process->number});
}

static void answer_question(struct sim_device *device)
{
	char user[16];

	memcpy(user, device->ask[0], sizeof user);
	memmove(device->ask, device->ask + 1, --device->ask_count * sizeof *device->ask);
	sim_device_event(device, &(struct admission_event){.kind = ADMISSION_IDENTITY,
						.user = user,
						.key = mishap(device, 15) ? NULL : user,
						.code = HST_RETRY,
						.text = "no watch"});
}

static void uploaded(struct sim_device *device)
{
	int64_t step = device->uploads[0][0], token = device->uploads[0][1];

	memmove(device->uploads, device->uploads + 1, --device->upload_count * sizeof *device->uploads);
	sim_device_event(device, &(struct admission_event){.kind = ADMISSION_UPLOADED, .step = step, .token = token});
}

/* A process that lost its gateway may have left how its flow ended. */
static void looked(struct sim_device *device)
{
	int64_t step = device->looks[0][0], token = device->looks[0][1];
	const char *end, *sealed;
	char name[48];

	memmove(device->looks, device->looks + 1, --device->look_count * sizeof *device->looks);
	snprintf(name, sizeof name, "%lld/%lld", (long long)step, (long long)token);
	end = table_get(&device->left, name);
	sealed = table_get(&device->left_sealed, name);
	sim_device_event(device, &(struct admission_event){.kind = ADMISSION_LEFT,
							   .step = step,
							   .token = token,
							   .end = end,
							   .reason = "",
							   .payload = "{}",
							   .payload_length = 2,
							   .sealed = sealed,
							   .sealed_length = sealed ? strlen(sealed) : 0});
}

static void fetched(struct sim_device *device)
{
	device->fetching = false;
	sim_device_event(device, &(struct admission_event){.kind = ADMISSION_PACKAGE,
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
	else if (what < 63 && device->look_count > 0)
		looked(device);
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
	struct admission_run *run =
		admission_run_new(&(struct admission_run){.step = order->step, .token = order->token, .run_id = "r-1", .name = "do",
							  .user = order->user, .package = "d1", .inputs = "{}",
							  .inputs_length = 2, .sealed = order->sealed,
							  .sealed_length = strlen(order->sealed)});

	sim_device_event(device, &(struct admission_event){.kind = ADMISSION_OFFER, .offer = run});
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
		sim_device_event(device, &(struct admission_event){
				      .kind = ADMISSION_STATUS, .step = order.step, .token = order.token, .id = 1});
		break;
	case SIM_STOP:
		sim_device_event(device, &(struct admission_event){
				      .kind = ADMISSION_STOP, .step = order.step, .token = order.token, .how = order.how});
		break;
	case SIM_HEARD:
		sim_device_event(device, &(struct admission_event){
				      .kind = ADMISSION_HEARD, .step = order.step, .token = order.token});
		break;
	}
}

void sim_device_say_again(struct sim_device *device)
{
	static const struct admission_event up = {.kind = ADMISSION_HOST_UP};

	if (device->wire.up)
		sim_device_event(device, &up);
}

void sim_device_connect(struct sim_device *device)
{
	sim_wire_break(&device->wire);
	device->wire.up = true;
	device->fresh = true;
	sim_device_say(device);
	sim_device_say_again(device);
}

static bool count_run(void *arg, const struct admission_run *run)
{
	(void)run;
	++*(size_t *)arg;
	return true;
}

static bool print_run(void *arg, const struct admission_run *run)
{
	print_message("device %s: run %lld/%lld of %s in state %d%s%s\n", (const char *)arg, (long long)run->step,
		      (long long)run->token, run->user, run->state, run->released ? ", released" : "",
		      run->heard ? ", heard" : "");
	return true;
}

void sim_device_print(const struct sim_device *device)
{
	admission_runs(device->admission, print_run, (void *)device->name);
	for (size_t i = 0; i < SIM_PROCESSES; i++) {
		const struct sim_process *process = &device->processes[i];

		if (process->number)
			print_message("device %s: process %u of %s%s%s%s\n", device->name, process->number, process->user,
				      process->launched ? ", runs" : "", process->told_to_close ? ", told to close" : "",
				      process->end ? ", ended" : "");
	}
}

bool sim_device_quiet(const struct sim_device *device)
{
	size_t n = 0;

	admission_runs(device->admission, count_run, &n);
	for (size_t i = 0; i < SIM_PROCESSES; i++)
		n += device->processes[i].launched || device->processes[i].told_to_close;
	return n == 0;
}

void sim_device_init(struct sim_device *device, const char *name, struct house_chance *chance, uint16_t *starts, struct sim_sealed *sealed)
{
	*device = (struct sim_device){
		.name = name, .chance = chance, .starts = starts, .sealed = sealed, .limit = 3, .retirement = HST_SIGN_OUT};
	device->admission = sim_strategy_admission(device);
	device->identity = 1;
	admission_effects_init(&device->effects);
	text_init(&device->journal, 64 << 20);
	text_init(&device->soon, 1 << 20);
	table_init(&device->left);
	table_init(&device->left_sealed);
}

void sim_device_clear(struct sim_device *device)
{
	admission_free(device->admission);
	admission_effects_clear(&device->effects);
	text_clear(&device->journal);
	text_clear(&device->soon);
	table_clear(&device->left);
	table_clear(&device->left_sealed);
}
