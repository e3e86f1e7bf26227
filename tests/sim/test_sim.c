/*
 * The simulator: the engine's core and the admissions of four gateways, the very code that runs in the house, joined
 * by lines that lose, double and reorder, on devices where sessions fail, people come and go, and processes die.
 * Engine and gateways end and start again in between. Starts are counted outside. At the end everything goes well
 * for a while, and then the books must be right. What is sealed comes to the flow it is for and to no other. The seed is printed; HOSTLER_TEST_SEED gives it.
 */
#include "core_house_sealed.h"
#include "sim_device.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { DEVICES = 4, TURNS = 60000, FLOWS = 12, PLAYS = 12, PATIENCE = 10, UNDER_WAY_MAX = 40 };

struct sim {
	struct core_house house;
	struct house_chance chance;
	struct sim_device devices[DEVICES];
	uint16_t starts[SIM_STEPS_MAX];
	struct sim_sealed sealed;
	bool lucky;
};

static uint32_t below(struct sim *sim, uint32_t bound)
{
	return house_chance_below(&sim->chance, bound);
}

static struct sim_device *device_named(struct sim *sim, const char *name)
{
	for (int i = 0; i < DEVICES; i++)
		if (strcmp(sim->devices[i].name, name) == 0)
			return &sim->devices[i];
	fail_msg("there is no device %s", name);
	return NULL;
}

/* One line of what the engine wants done: "offer STEP/TOKEN DEVICE USER", "ask STEP/TOKEN DEVICE", "disown STEP/TOKEN
 * DEVICE", "halt STEP/TOKEN HOW". */
static void send_action(struct sim *sim, const char *line)
{
	static const char *const hows[] = {"cancel", "stop", "pause", "resume"};
	struct sim_order order = {0};
	char verb[16], first[16], second[16] = "";
	long long step, token;

	assert_true(sscanf(line, "%15s %lld/%lld %15s %15s", verb, &step, &token, first, second) >= 4);
	order.step = step;
	order.token = token;
	if (strcmp(verb, "offer") == 0) {
		order.kind = SIM_OFFER;
		memcpy(order.user, second, sizeof second);
		memcpy(order.sealed, sim->sealed.offered[step], sizeof order.sealed);
	} else if (strcmp(verb, "halt") == 0) {
		order.kind = SIM_STOP;
		for (size_t i = 0; i < sizeof hows / sizeof hows[0]; i++)
			if (strcmp(hows[i], first) == 0)
				order.how = hows[i];
	} else if (strcmp(verb, "ask") == 0) {
		order.kind = SIM_STATUS;
	} else if (strcmp(verb, "disown") == 0) {
		order.kind = SIM_STOP;
		order.how = "cancel";
	} else {
		fail_msg("the simulator does not know what this is: %s", line);
	}
	sim_wire_order(&device_named(sim, strcmp(verb, "halt") == 0 ? house_step(&sim->house, step)->device : first)->wire,
		       &order);
}

/* Between two turns, or with something journalled that it did not come to do. */
static void crash(struct sim *sim, struct sim_device *device)
{
	device->deaf = below(sim, 2);
	if (device->deaf && below(sim, 2))
		sim_device_hear(device);
	else if (device->deaf)
		sim_device_turn(device);
	sim_device_crash(device);
}

/* The engine's actions leave it after the commit; a crash in between loses them all. */
static void send_actions(struct sim *sim)
{
	for (const char *line = sim->house.said.s; *line; line = strchr(line, '\n') + 1)
		send_action(sim, line);
}

static void restart_engine(struct sim *sim)
{
	for (int i = 0; i < DEVICES; i++)
		sim_wire_break(&sim->devices[i].wire);
	core_house_restart(&sim->house);
	send_actions(sim);
}

static bool engine_hears(struct sim *sim, struct core_event *event)
{
	core_house_event(&sim->house, event);
	if (!sim->lucky && below(sim, 800) == 0) {
		restart_engine(sim);
		return false;
	}
	send_actions(sim);
	return true;
}

static void deliver_word(struct sim *sim, struct sim_device *device)
{
	struct flow_envelope envelope = {.name = "pin"};
	struct sim_word word;

	if (!sim_wire_next_word(&device->wire, &sim->chance, &word))
		return;
	word.event.holding = word.holding;
	if (word.sealed) {
		envelope.bytes = word.sealed;
		envelope.length = strlen(word.sealed);
		word.event.sealed = &envelope;
		word.event.sealed_count = 1;
	}
	if (engine_hears(sim, &word.event) && (word.event.kind == CORE_FINISHED || word.event.kind == CORE_STANDING))
		sim_wire_order(&device->wire, &(struct sim_order){
						      .kind = SIM_HEARD, .step = word.event.step, .token = word.event.token});
}

/* What is lost waits for a person, who does not come. */
/* True when nothing of the run is under way, and something of it is lost. */
static bool waits_for_people(const struct sim *sim, int64_t run)
{
	size_t lost = 0;

	TABLE_EACH(&sim->house.steps, entry) {
		const struct kept_step *step = entry->value;

		if (step->run != run || state_row(step->facts.state)->ended)
			continue;
		if (step->facts.state != STATE_LOST)
			return false;
		lost++;
	}
	return lost > 0;
}

static int64_t under_way(const struct sim *sim)
{
	int64_t n = 0;

	TABLE_EACH(&sim->house.runs, entry) {
		const struct kept_run *run = entry->value;

		n += !state_row(run->facts.state)->ended && !waits_for_people(sim, run->facts.number);
	}
	return n;
}

static void fire(struct sim *sim)
{
	char flow[16];

	if (under_way(sim) >= UNDER_WAY_MAX || sim->house.counters.step > SIM_STEPS_MAX - 200)
		return;
	snprintf(flow, sizeof flow, "f%u", below(sim, FLOWS));
	sim_sealed_fire(&sim->sealed, flow);
	send_actions(sim);
}

/* Somebody steers any run that is under way; what makes no sense there is refused and changes nothing. */
static void steer(struct sim *sim)
{
	static const enum core_verb verbs[] = {CORE_TOP, CORE_UNTOP, CORE_PRIORITY, CORE_CANCEL, CORE_STOP, CORE_PAUSE,
					       CORE_RESUME};
	struct core_steering steering = {.verb = verbs[below(sim, 7)],
					 .run = 1 + below(sim, (uint32_t)sim->house.counters.run + 1),
					 .high = below(sim, 2),
					 .who = "eve"};
	hst_error err = {0};

	core_house_steer(&sim->house, &steering, &err);
	send_actions(sim);
}

/* Somebody says of a run that it failed; of one that is not lost nobody may. */
static void resolve(struct sim *sim)
{
	house_resolve(&sim->house, 1 + below(sim, (uint32_t)sim->house.counters.run + 1), CORE_RESOLVE_FAILED, NULL);
	send_actions(sim);
}

/* The first from some run on that did not end well is begun again. */
static void resubmit(struct sim *sim)
{
	if (under_way(sim) >= UNDER_WAY_MAX || sim->house.counters.step > SIM_STEPS_MAX - 200)
		return;
	for (int64_t run = 1 + below(sim, (uint32_t)sim->house.counters.run + 1), last = run + 8; run < last; run++)
		if (sim_sealed_resubmit(&sim->sealed, run)) {
			send_actions(sim);
			return;
		}
}

static void let_time_pass(struct sim *sim)
{
	static const int64_t seconds[] = {1, 1, 1, 5, 20, 200};
	struct core_event event = {.kind = CORE_TIME};

	sim->house.now_us += seconds[below(sim, 6)] * SECOND_US;
	engine_hears(sim, &event);
}

static void anything(struct sim *sim)
{
	struct sim_device *device = &sim->devices[below(sim, DEVICES)];
	uint32_t what = below(sim, 1000);

	if (what < 40 && !sim->lucky)
		fire(sim);
	else if (what < 300)
		deliver_word(sim, device);
	else if (what < 500)
		sim_device_hear(device);
	else if (what < 940)
		sim_device_turn(device);
	else if (what < 950)
		sim_device_say(device);
	else if (what < 951)
		sim_device_say_again(device);
	else if (what < 965)
		let_time_pass(sim);
	else if (what < 970 && !sim->lucky)
		steer(sim);
	else if (what < 972 && !sim->lucky)
		resolve(sim);
	else if (what < 975 && !sim->lucky)
		resubmit(sim);
	else if (what < 990 && !device->wire.up)
		sim_device_connect(device);
	else if (what < 993 && !sim->lucky)
		sim_wire_break(&device->wire);
	else if (what < 994 && !sim->lucky)
		restart_engine(sim);
	else if (what < 996 && !sim->lucky)
		crash(sim, device);
	else if (what < 997 && !sim->lucky && below(sim, 4) == 0)
		sim_device_reinstall(device);
}

static const char *text_of_flow(struct sim *sim, const char *flow)
{
	return table_get(&sim->house.texts, flow);
}

static void check_step(struct sim *sim, const struct kept_step *kept, const char *flow)
{
	const struct step_facts *facts = &kept->facts;
	unsigned starts = sim->starts[facts->id];
	bool again = strstr(text_of_flow(sim, flow), "on_lost = again") != NULL;

	if (!state_row(facts->state)->ended)
		fail_msg("step %lld is %s for ever: %s %s", (long long)facts->id, state_name(facts->state),
			 facts->reason ? facts->reason : "", facts->text ? facts->text : "");
	if (starts > 1 && !again)
		fail_msg("step %lld was started %u times", (long long)facts->id, starts);
	if (facts->state == STATE_SUCCEEDED)
		assert_true(starts > 0 || sim->sealed.taken_over[facts->id]);
	if (facts->state == STATE_EXPIRED && starts > 0 && !again)
		fail_msg("step %lld was started and then expired", (long long)facts->id);
}

static bool all_quiet(struct sim *sim)
{
	for (int i = 0; i < DEVICES; i++)
		if (!sim_device_quiet(&sim->devices[i]))
			return false;
	return under_way(sim) == 0;
}

static void say_unquiet(struct sim *sim)
{
	TABLE_EACH(&sim->house.runs, entry) {
		const struct run_facts *facts = &((const struct kept_run *)entry->value)->facts;

		if (!state_row(facts->state)->ended && facts->state != STATE_LOST)
			print_message("run %lld is %s: %s: %s\n", (long long)facts->number, state_name(facts->state),
				      facts->reason ? facts->reason : "-", facts->text ? facts->text : "-");
	}
	TABLE_EACH(&sim->house.steps, entry) {
		const struct step_facts *facts = &((const struct kept_step *)entry->value)->facts;

		if (!state_row(facts->state)->ended && facts->state != STATE_LOST)
			print_message("step %lld/%lld is %s on %s: %s: %s\n", (long long)facts->id, (long long)facts->token,
				      state_name(facts->state), facts->device ? facts->device : "no device",
				      facts->reason ? facts->reason : "-", facts->text ? facts->text : "-");
	}
	for (int i = 0; i < DEVICES; i++)
		if (!sim_device_quiet(&sim->devices[i]))
			sim_device_print(&sim->devices[i]);
	fail_msg("it does not come to rest");
}

/* From now on nothing goes wrong any more, and everything must come to its end. */
static void settle(struct sim *sim)
{
	sim->lucky = true;
	for (int i = 0; i < DEVICES; i++) {
		sim->devices[i].lucky = true;
		sim->devices[i].person = false;
		sim_device_watch(&sim->devices[i]);
	}
	for (int turn = 0; turn < 400000 && !all_quiet(sim); turn++)
		anything(sim);
	if (!all_quiet(sim))
		say_unquiet(sim);
	/* Nobody answers for those that are lost. */
	house_time(&sim->house, 4 * 24 * 3600 * SECOND_US);
	TABLE_EACH(&sim->house.steps, entry) {
		const struct kept_step *kept = entry->value;
		char key[24];

		snprintf(key, sizeof key, "%lld", (long long)kept->run);
		check_step(sim, kept, ((const struct kept_run *)table_get(&sim->house.runs, key))->flow);
	}
	sim_sealed_check(&sim->sealed);
}

static void sim_init(struct sim *sim, struct house_chance chance)
{
	static const char *const names[DEVICES] = {"a", "b", "c", "s"};
	static const char *const targets[] = {"a", "b", "c", "s", "pool", "line"};

	*sim = (struct sim){.chance = chance};
	core_house_init(&sim->house, NULL);
	sim_sealed_init(&sim->sealed, &sim->house);
	sim->house.queue_timeout_ms = 3600 * 1000;
	for (int i = 0; i < DEVICES; i++) {
		sim_device_init(&sim->devices[i], names[i], &sim->chance, sim->starts, &sim->sealed);
		sim_device_watch(&sim->devices[i]);
	}
	for (int i = 0; i < FLOWS; i++) {
		char *text = mem_printf("[flow]\nname = f%d\non = pay\n%s[step enter]\nuse = desktop:enter-invoice\n"
					"input.order = 7\ninput.pin = ${trigger.pin}\n"
					"connection = bot%d-%s\nmode = unattended\ntimeout = 10m\npriority = %s\n"
					"[step again]\nuse = desktop:enter-invoice\ninput.order = 7\n"
					"input.pin = ${enter.pin}\nconnection = bot%d-%s\nmode = unattended\ntimeout = 10m\n%s",
					i, i % 3 ? "" : "concurrency = 3\n", 1 + i % 4, targets[i % 6],
					i % 5 ? "normal" : "high", 1 + (i + 1) % 4, targets[(i + 1) % 6],
					i % 4 ? "" : "on_lost = again\n");

		core_house_flow(&sim->house, text);
		free(text);
	}
	house_declares(&sim->house);
}

static void sim_clear(struct sim *sim)
{
	for (int i = 0; i < DEVICES; i++)
		sim_device_clear(&sim->devices[i]);
	sim_sealed_clear(&sim->sealed);
	core_house_clear(&sim->house);
}

static size_t started(const struct sim *sim)
{
	size_t n = 0;

	for (int i = 0; i < SIM_STEPS_MAX; i++)
		n += sim->starts[i] > 0;
	return n;
}

/* Steps that the engine ended itself, because their session did not at their time-out. */
static size_t overdue(const struct sim *sim)
{
	size_t n = 0;

	TABLE_EACH(&sim->house.steps, entry) {
		const struct step_facts *facts = &((const struct kept_step *)entry->value)->facts;

		n += facts->state == STATE_TIMED_OUT && facts->text && strstr(facts->text, "did not end the run");
	}
	return n;
}

static void the_books_are_right_whatever_happened(void **state)
{
	struct sim *sim = mem_alloc(sizeof *sim);
	struct house_chance chance;
	size_t ended_late = 0, arrived_later = 0;

	(void)state;
	house_chance_init(&chance, "sim");
	/* What is rare is waited for: a seed with little of it plays longer. */
	for (int play = 0; play < PLAYS || (play < PATIENCE * PLAYS && !(ended_late && arrived_later)); play++) {
		sim_init(sim, chance);
		for (int turn = 0; turn < TURNS; turn++)
			anything(sim);
		settle(sim);
		assert_true(started(sim) > 50);
		ended_late += overdue(sim);
		arrived_later += sim->sealed.arrived_later;
		chance = sim->chance;
		sim_clear(sim);
	}
	assert_true(ended_late > 0 && arrived_later > 0);
	free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_books_are_right_whatever_happened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
