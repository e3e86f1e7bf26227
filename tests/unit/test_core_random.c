/*
 * The core among gateways and workers that do whatever they may do, in random order: they take, refuse, run,
 * are silent, lose connections with all that is on its way, and restart; so does the engine. What must hold
 * whatever happens is checked at every offer and at the end. The seed is printed; HOSTLER_TEST_SEED gives it.
 */
#include "core_gateway.h"
#include "core_house.h"

#include "base/mem.h"
#include "flow_house.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { DEVICES = 4, CALLS_MAX = 400, RUNS_MAX = 600, EVENTS = 6000 };

/* What the engine must think is placed. */
struct placed {
	int64_t step, token;
	int device;
	char user[32];
};

struct sim {
	struct core_house house;
	struct house_chance chance;
	struct gateway gateways[DEVICES];
	int64_t said_slots[DEVICES]; /* as the engine last heard */
	struct placed placed[DEVICES * HELD_MAX];
	size_t placed_count;
	struct held calls[CALLS_MAX];
	size_t call_count;
	size_t offers;
};

static uint32_t below(struct sim *sim, uint32_t bound)
{
	return house_chance_below(&sim->chance, bound);
}

static void sim_init(struct sim *sim, struct house_chance chance)
{
	static const char *const names[DEVICES] = {"a", "b", "c", "s"};
	static const char *const targets[] = {"a", "b", "c", "s", "pool", "line"};

	*sim = (struct sim){.chance = chance};
	core_house_init(&sim->house, NULL);
	sim->house.tracing = true;
	sim->house.queue_timeout_ms = 600 * 1000;
	for (int i = 0; i < DEVICES; i++) {
		sim->gateways[i].name = names[i];
		table_init(&sim->gateways[i].refused);
	}
	for (int i = 0; i < 12; i++) {
		const char *target = targets[i % 6];
		char *text = mem_printf("[flow]\nname = f%d\n%s[step find]\nuse = "
					"connector:orders.list\nwhen = ${trigger.find}\n"
					"[step enter]\nuse = desktop:type\nconnection = u%d-%s\nmode = "
					"unattended\npriority = %s\n"
					"[step again]\nuse = desktop:type\nconnection = U%d-%s\nmode = %s\n",
					i, i % 3 ? "" : "concurrency = 3\n", i % 4, target,
					i % 5 ? "normal" : "high", (i + 1) % 4, target,
					i % 2 ? "attended" : "unattended");

		core_house_flow(&sim->house, text);
		free(text);
	}
}

static void sim_clear(struct sim *sim)
{
	for (int i = 0; i < DEVICES; i++)
		table_clear(&sim->gateways[i].refused);
	core_house_clear(&sim->house);
}

/* The engine's side, checked */

static struct placed *placed_of(struct sim *sim, int64_t step)
{
	for (size_t i = 0; i < sim->placed_count; i++)
		if (sim->placed[i].step == step)
			return &sim->placed[i];
	return NULL;
}

static void unplace(struct sim *sim, struct placed *placed)
{
	*placed = sim->placed[--sim->placed_count];
}

static void check_offer(struct sim *sim, int64_t step, int64_t token, int device, const char *user)
{
	struct placed *known = placed_of(sim, step);
	int64_t n = 0;

	sim->offers++;
	if (known) {
		/* Made again: the same offer. */
		assert_int_equal(known->token, token);
		assert_int_equal(known->device, device);
		return;
	}
	for (size_t i = 0; i < sim->placed_count; i++) {
		assert_true(sim->placed[i].token < token);
		if (sim->placed[i].device != device)
			continue;
		n++;
		if (strcmp(sim->placed[i].user, user) == 0)
			fail_msg("user %s twice on %s: steps %lld and %lld", user, sim->gateways[device].name,
				 (long long)sim->placed[i].step, (long long)step);
	}
	if (n >= sim->said_slots[device])
		fail_msg("%lld runs on %s, which has %lld slots", (long long)n + 1,
			 sim->gateways[device].name, (long long)sim->said_slots[device]);
	sim->placed[sim->placed_count] = (struct placed){.step = step, .token = token, .device = device};
	snprintf(sim->placed[sim->placed_count++].user, sizeof known->user, "%s", user);
}

static void heed_offer(struct sim *sim, const char *line)
{
	long long step, token;
	char device, user[32];
	int i = 0;

	assert_int_equal(sscanf(line, "offer %lld/%lld %c %31s", &step, &token, &device, user), 4);
	while (sim->gateways[i].name[0] != device)
		i++;
	user[0] = 'u'; /* names are compared folded */
	check_offer(sim, step, token, i, user);
	if (sim->gateways[i].in_count < WAY_MAX)
		sim->gateways[i].in[sim->gateways[i].in_count++] =
			(struct held){.step = step, .token = token};
}

static void heed(struct sim *sim)
{
	long long step;

	for (const char *line = sim->house.said.s; *line; line = strchr(line, '\n') + 1)
		if (sscanf(line, "call %lld", &step) == 1 && sim->call_count < CALLS_MAX)
			sim->calls[sim->call_count++] =
				(struct held){.step = step, .token = house_token(&sim->house, step)};
		else if (strncmp(line, "offer", 5) == 0)
			heed_offer(sim, line);
}

static void event(struct sim *sim, struct core_event *event)
{
	core_house_event(&sim->house, event);
	heed(sim);
}

/* What the engine must make of a word; told before it hears it. */
static void foresee(struct sim *sim, int device, const struct word *word)
{
	const struct core_event *event = &word->event;
	struct placed *placed = placed_of(sim, event->step);
	enum state state = placed ? house_step(&sim->house, event->step)->state : STATE_NONE;

	if (event->kind == CORE_DEVICE) {
		sim->said_slots[device] = event->slots;
		for (size_t i = sim->placed_count; event->fresh && i-- > 0;) {
			bool held = false;

			for (size_t j = 0; j < event->holding_count; j++)
				held |= word->holding[j].token == sim->placed[i].token;
			if (sim->placed[i].device == device && !held &&
			    house_step(&sim->house, sim->placed[i].step)->state != STATE_OFFERED)
				unplace(sim, &sim->placed[i]);
		}
		return;
	}
	if (!placed || placed->token != event->token)
		return;
	if ((event->kind == CORE_REFUSED && (state == STATE_OFFERED || state == STATE_PREPARING)) ||
	    (event->kind == CORE_FINISHED && event->released) || event->kind == CORE_RELEASED)
		unplace(sim, placed);
}

/* The gateways' side */

static void refuse(struct sim *sim, struct gateway *gateway, struct held offer)
{
	uint32_t kind = below(sim, 20);

	gateway_refuse(gateway, &offer, kind < 12 ? REASON_WAIT : kind < 19 ? REASON_RETRY : REASON_FATAL);
}

static void take_offer(struct sim *sim, struct gateway *gateway)
{
	struct held offer = gateway->in[0];

	memmove(gateway->in, gateway->in + 1, --gateway->in_count * sizeof *gateway->in);
	for (size_t i = 0; i < gateway->held_count; i++)
		if (gateway->held[i].token == offer.token)
			return;
	/* What must never be: a step in two places. */
	for (int i = 0; i < DEVICES; i++)
		for (size_t j = 0; j < sim->gateways[i].held_count; j++)
			if (sim->gateways[i].held[j].step == offer.step && !sim->gateways[i].held[j].closing)
				fail_msg("step %lld is offered to %s while %s runs it", (long long)offer.step,
					 gateway->name, sim->gateways[i].name);
	if (gateway_has_refused(gateway, offer.token) || below(sim, 3) == 0 ||
	    gateway->held_count == HELD_MAX) {
		refuse(sim, gateway, offer);
		return;
	}
	offer.state = below(sim, 2) ? STATE_PREPARING : STATE_RUNNING;
	gateway->held[gateway->held_count++] = offer;
	gateway_say_stage(gateway, &offer, CORE_TAKEN);
}

static void go_on(struct sim *sim, struct gateway *gateway, size_t at)
{
	static const enum state ends[] = {STATE_SUCCEEDED, STATE_SUCCEEDED, STATE_SUCCEEDED, STATE_FAILED,
					  STATE_TIMED_OUT};
	struct held *held = &gateway->held[at], gone = *held;
	bool released = below(sim, 2);

	if (held->state == STATE_PREPARING && below(sim, 6) == 0) {
		*held = gateway->held[--gateway->held_count];
		refuse(sim, gateway, gone);
	} else if (held->state == STATE_PREPARING) {
		held->state = STATE_RUNNING;
		gateway_say_stage(gateway, held, CORE_STAGE);
	} else if (!held->closing) {
		gateway_say(gateway, (struct core_event){.kind = CORE_FINISHED,
							 .step = held->step,
							 .token = held->token,
							 .released = released,
							 .state = ends[below(sim, 5)],
							 .payload = "{}",
							 .payload_length = 2});
		held->closing = true;
		if (released)
			*held = gateway->held[--gateway->held_count];
	} else {
		*held = gateway->held[--gateway->held_count];
		gateway_say(gateway, (struct core_event){
					     .kind = CORE_RELEASED, .step = gone.step, .token = gone.token});
	}
	gateway->revision++;
}

static void deliver(struct sim *sim, int device)
{
	struct gateway *gateway = &sim->gateways[device];
	struct word word = gateway->out[0];

	memmove(gateway->out, gateway->out + 1, --gateway->out_count * sizeof *gateway->out);
	word.event.holding = word.holding;
	foresee(sim, device, &word);
	event(sim, &word.event);
	if (below(sim, 10) == 0 && word.event.kind != CORE_DEVICE)
		event(sim, &word.event); /* doubled on its way */
}

/* Anything at all, about any step with any token. */
static void stray(struct sim *sim)
{
	int64_t step = 1 + below(sim, (uint32_t)sim->house.counters.step + 1);
	int64_t token = 1 + below(sim, (uint32_t)sim->house.counters.token + 1);
	struct placed *placed = placed_of(sim, step);

	if (placed && placed->token == token)
		return;
	for (size_t i = 0; i < sim->call_count; i++)
		if (sim->calls[i].step == step)
			return;
	event(sim, &(struct core_event){.kind = CORE_TAKEN + (enum core_event_kind)below(sim, 7),
					.step = step,
					.token = token,
					.state = (enum state)below(sim, STATE_COUNT),
					.class = REASON_FATAL,
					.reason = "Stray"});
}

static void answer_call(struct sim *sim)
{
	struct held call = sim->calls[0];

	memmove(sim->calls, sim->calls + 1, --sim->call_count * sizeof *sim->calls);
	event(sim, &(struct core_event){.kind = CORE_RETURNED,
					.step = call.step,
					.token = call.token,
					.state = below(sim, 8) ? STATE_SUCCEEDED : STATE_FAILED,
					.reason = "ActionFailed"});
}

static void restart_engine(struct sim *sim)
{
	for (int i = 0; i < DEVICES; i++)
		gateway_reconnect(&sim->gateways[i]);
	sim->call_count = 0;
	/* It does not remember what has ended, and so neither which sessions are still being closed. */
	for (size_t i = sim->placed_count; i-- > 0;)
		if (state_row(house_step(&sim->house, sim->placed[i].step)->state)->ended)
			unplace(sim, &sim->placed[i]);
	core_house_restart(&sim->house);
	heed(sim);
}

static void pass_time(struct sim *sim, int64_t us)
{
	sim->house.now_us += us;
	event(sim, &(struct core_event){.kind = CORE_TIME});
}

static void fire(struct sim *sim)
{
	char flow[8];
	struct core_event fired = {
		.kind = CORE_FIRED, .flow = flow, .payload = below(sim, 3) ? "{}" : "{\"find\":true}"};

	if (sim->house.counters.run >= RUNS_MAX)
		return;
	fired.payload_length = strlen(fired.payload);
	snprintf(flow, sizeof flow, "f%u", below(sim, 12));
	event(sim, &fired);
}

static void anything(struct sim *sim)
{
	int device = (int)below(sim, DEVICES);
	struct gateway *gateway = &sim->gateways[device];
	uint32_t what = below(sim, 1000);

	if (what < 150) {
		fire(sim);
	} else if (what < 500) {
		if (gateway->out_count)
			deliver(sim, device);
	} else if (what < 650) {
		if (gateway->in_count)
			take_offer(sim, gateway);
	} else if (what < 800) {
		if (gateway->held_count)
			go_on(sim, gateway, below(sim, (uint32_t)gateway->held_count));
	} else if (what < 850) {
		if (sim->call_count)
			answer_call(sim);
	} else if (what < 900) {
		gateway->slots = below(sim, 5);
		gateway->revision += below(sim, 2);
		gateway_say_device(gateway, false);
	} else if (what < 940) {
		stray(sim);
	} else if (what < 980) {
		pass_time(sim, below(sim, 10) ? below(sim, 4000000) : below(sim, 300) * SECOND_US);
	} else if (what < 990) {
		gateway_reconnect(gateway);
	} else if (what < 996) {
		gateway->held_count = 0; /* restarted: it knows nothing, and counts from one */
		gateway->revision = 1;
		gateway_reconnect(gateway);
	} else {
		restart_engine(sim);
	}
}

static bool all_ended(struct sim *sim)
{
	TABLE_EACH(&sim->house.runs, entry)
		if (!state_row(((struct kept_run *)entry->value)->facts.state)->ended)
			return false;
	return true;
}

/* Everybody does what is asked from now on: then every run must end. */
static void settle(struct sim *sim)
{
	for (int i = 0; i < DEVICES; i++)
		gateway_reconnect(&sim->gateways[i]);
	for (int turn = 0; turn < 20000; turn++) {
		bool idle = sim->call_count == 0;

		for (int i = 0; i < DEVICES; i++) {
			struct gateway *gateway = &sim->gateways[i];

			gateway->slots = 4;
			if (turn % 16 == 0) {
				gateway->revision++;
				gateway_say_device(gateway, false);
			}
			while (gateway->out_count)
				deliver(sim, i);
			while (gateway->in_count)
				take_offer(sim, gateway);
			for (size_t j = gateway->held_count; j-- > 0;)
				go_on(sim, gateway, j);
			idle = idle && gateway->held_count == 0 && gateway->out_count == 0;
		}
		while (sim->call_count)
			answer_call(sim);
		pass_time(sim, SECOND_US);
		if (idle && sim->placed_count == 0 && all_ended(sim))
			return;
	}
	fail_msg("the house does not come to rest");
}

static void play(struct sim *sim, struct house_chance chance)
{
	sim_init(sim, chance);
	for (int i = 0; i < EVENTS; i++)
		anything(sim);
	settle(sim);
	assert_true(sim->offers > 100);
	house_is_empty(&sim->house);
	for (int i = 0; i < DEVICES; i++)
		assert_int_equal(
			placement_device(core_placement(sim->house.core), sim->gateways[i].name)->running, 0);
}

/* The same events give the same effects, to the byte. */
static void the_same_script_leaves_the_same_trace(void **state)
{
	struct sim *first = mem_alloc(sizeof *first), *second = mem_alloc(sizeof *second);
	struct house_chance chance;

	(void)state;
	house_chance_init(&chance, "core");
	play(first, chance);
	play(second, chance);
	assert_true(first->house.trace.length > 100000 && !first->house.trace.over);
	assert_int_equal(first->house.trace.length, second->house.trace.length);
	assert_memory_equal(first->house.trace.s, second->house.trace.s, first->house.trace.length);
	sim_clear(first);
	sim_clear(second);
	free(first);
	free(second);
}

static void what_must_hold_holds_whatever_happens(void **state)
{
	struct sim *sim = mem_alloc(sizeof *sim);
	struct house_chance chance;

	(void)state;
	house_chance_init(&chance, "core, many");
	for (int i = 0; i < 5; i++) {
		play(sim, chance);
		chance = sim->chance;
		sim_clear(sim);
	}
	free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_script_leaves_the_same_trace),
		cmocka_unit_test(what_must_hold_holds_whatever_happens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
