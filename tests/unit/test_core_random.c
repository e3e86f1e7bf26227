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

enum { DEVICES = 4, CALLS_MAX = 400, RUNS_MAX = 600, STEPS_MAX = 3 * RUNS_MAX + 2, EVENTS = 6000 };

struct sim {
	struct core_house house;
	struct house_chance chance;
	struct gateway gateways[DEVICES];
	int64_t said_slots[DEVICES]; /* as the engine last heard */
	struct held calls[CALLS_MAX];
	size_t call_count;
	int64_t last_token, journals;
	size_t offers, lost;
	unsigned char launches[STEPS_MAX]; /* by step: how often its flow was started, anywhere */
};

static uint32_t below(struct sim *sim, uint32_t bound)
{
	return house_chance_below(&sim->chance, bound);
}

static void sim_init(struct sim *sim, struct house_chance chance)
{
	static const char *const names[DEVICES] = {"a", "b", "c", "s"};
	static const char *const targets[] = {"a", "b", "c", "s", "pool", "line"};
	static const char *const on_lost[] = {"ask", "ask", "fail", "again"};

	*sim = (struct sim){.chance = chance};
	core_house_init(&sim->house, NULL);
	sim->house.tracing = true;
	sim->house.queue_timeout_ms = 600 * 1000;
	for (int i = 0; i < DEVICES; i++)
		gateway_init(&sim->gateways[i], names[i], ++sim->journals);
	for (int i = 0; i < 12; i++) {
		const char *target = targets[i % 6];
		char *text = mem_printf("[flow]\nname = f%d\n%s[step find]\nuse = "
					"connector:orders.%s\nwhen = ${trigger.find}\n"
					"[step enter]\nuse = desktop:type\nconnection = u%d-%s\nmode = "
					"unattended\npriority = %s\non_lost = %s\ninput.pin = ${run.number} ${trigger.pin}\n"
					"[step again]\nuse = desktop:type\nconnection = U%d-%s\nmode = %s\n"
					"input.pin = ${run.number} ${trigger.pin}\n",
					i, i % 3 ? "" : "concurrency = 3\n", i % 2 ? "list" : "send", i % 4, target,
					i % 5 ? "normal" : "high", on_lost[i % 4], (i + 1) % 4, target,
					i % 2 ? "attended" : "unattended");

		core_house_flow(&sim->house, text);
		free(text);
	}
}

static void sim_clear(struct sim *sim)
{
	for (int i = 0; i < DEVICES; i++)
		gateway_clear(&sim->gateways[i]);
	core_house_clear(&sim->house);
}

/* The engine's side, checked */

static int device_named(const struct sim *sim, char name)
{
	int i = 0;

	while (sim->gateways[i].name[0] != name)
		i++;
	return i;
}

/* Every offer is a new one, for a free slot. That no user is there twice is what its table of users says. */
static void check_offer(struct sim *sim, int64_t token, int device)
{
	const struct placement_device *placed =
		placement_device(core_placement(sim->house.core), sim->gateways[device].name);

	sim->offers++;
	assert_true(token > sim->last_token);
	sim->last_token = token;
	if (placed->running > sim->said_slots[device])
		fail_msg("%lld runs on %s, which has %lld slots", (long long)placed->running, placed->name,
			 (long long)sim->said_slots[device]);
	assert_int_equal(placed->running, (int64_t)placed->busy.n);
}

static void heed_order(struct sim *sim, const char *line)
{
	static const struct {
		const char *word;
		enum core_action_kind kind;
	} orders[] = {{"offer", CORE_OFFER}, {"ask", CORE_ASK}, {"disown", CORE_DISOWN}};
	struct gateway *gateway;
	long long step, token;
	char word[16], device;

	if (sscanf(line, "%15s %lld/%lld %c", word, &step, &token, &device) != 4)
		return;
	gateway = &sim->gateways[device_named(sim, device)];
	for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
		if (strcmp(orders[i].word, word) != 0)
			continue;
		if (orders[i].kind == CORE_OFFER)
			check_offer(sim, token, device_named(sim, device));
		if (gateway->in_count < WAY_MAX)
			gateway->in[gateway->in_count++] =
				(struct order){.kind = orders[i].kind, .step = step, .token = token};
	}
}

/* What was sealed for a run goes with all its offers, whatever was restarted meanwhile, and with none of another. */
static void check_carried(const struct sim *sim)
{
	const char *carried = sim->house.carried.s;
	long long run, sealed;

	for (const char *line = sim->house.said.s; *line; line = strchr(line, '\n') + 1) {
		if (strncmp(line, "offer ", 6) != 0)
			continue;
		if (sscanf(carried, "pin = '%lld ' <E%lld>", &run, &sealed) != 2 || run != sealed)
			fail_msg("%s goes with %s", sim->house.said.s, carried);
		carried = strchr(carried, '\n') + 1;
	}
	assert_string_equal(carried, "");
}

static void heed(struct sim *sim)
{
	long long step;

	check_carried(sim);

	for (const char *line = sim->house.said.s; *line; line = strchr(line, '\n') + 1)
		if (sscanf(line, "call %lld", &step) == 1 && sim->call_count < CALLS_MAX)
			sim->calls[sim->call_count++] =
				(struct held){.step = step, .token = house_token(&sim->house, step)};
		else
			heed_order(sim, line);
}

static void event(struct sim *sim, struct core_event *event)
{
	core_house_event(&sim->house, event);
	heed(sim);
}

/* The gateways' side */

static void refuse(struct sim *sim, struct gateway *gateway, const struct order *offer)
{
	uint32_t kind = below(sim, 20);

	gateway_refuse(gateway, offer, kind < 12 ? REASON_WAIT : kind < 19 ? REASON_RETRY : REASON_FATAL);
}

/* What must never be: a flow that starts more often than somebody said it may. */
static void launch(struct sim *sim, struct gateway *gateway, struct held *held)
{
	gateway_launch(gateway, held);
	if (++sim->launches[held->step] > house_step(&sim->house, held->step)->attempt)
		fail_msg("step %lld has started %u times in %lld attempts", (long long)held->step,
			 sim->launches[held->step], (long long)house_step(&sim->house, held->step)->attempt);
}

static void take_offer(struct sim *sim, struct gateway *gateway, const struct order *offer)
{
	struct held *held;

	if (gateway_holds(gateway, offer->token) || gateway_knows(&gateway->launched, offer->token))
		return;
	if (gateway_knows(&gateway->never, offer->token) || below(sim, 3) == 0 || gateway->held_count == HELD_MAX) {
		refuse(sim, gateway, offer);
		return;
	}
	held = &gateway->held[gateway->held_count++];
	*held = (struct held){.step = offer->step, .token = offer->token, .state = STATE_PREPARING};
	if (below(sim, 2))
		launch(sim, gateway, held);
	gateway_say_stage(gateway, held, CORE_TAKEN);
}

static void heed_engine(struct sim *sim, struct gateway *gateway)
{
	struct order order = gateway->in[0];
	struct held *held = gateway_holds(gateway, order.token);

	if (below(sim, 10)) /* else it comes twice */
		memmove(gateway->in, gateway->in + 1, --gateway->in_count * sizeof *gateway->in);
	if (order.kind == CORE_OFFER)
		take_offer(sim, gateway, &order);
	else if (order.kind == CORE_ASK)
		gateway_status(gateway, &order);
	else if (held)
		gateway_drop(gateway, held);
}

static void go_on(struct sim *sim, struct gateway *gateway, size_t at)
{
	static const enum state ends[] = {STATE_SUCCEEDED, STATE_SUCCEEDED, STATE_SUCCEEDED, STATE_FAILED,
					  STATE_TIMED_OUT};
	struct held *held = &gateway->held[at], gone = *held;
	bool released = below(sim, 2);

	if (held->state == STATE_PREPARING && below(sim, 6) == 0) {
		gateway_drop(gateway, held);
		refuse(sim, gateway, &(struct order){.step = gone.step, .token = gone.token});
	} else if (held->state == STATE_PREPARING) {
		launch(sim, gateway, held);
		gateway_say_stage(gateway, held, CORE_STAGE);
	} else if (!held->closing) {
		held->closing = true;
		held->end = ends[below(sim, 5)];
		gateway_say_finished(gateway, held, released);
		if (released)
			gateway_drop(gateway, held);
	} else {
		gateway_drop(gateway, held);
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
	if (word.event.kind == CORE_DEVICE)
		sim->said_slots[device] = word.event.slots;
	event(sim, &word.event);
	if (below(sim, 10) == 0 && word.event.kind != CORE_DEVICE)
		event(sim, &word.event); /* doubled on its way */
}

/* Anything at all, about any step with any token. */
static void stray(struct sim *sim)
{
	int64_t step = 1 + below(sim, (uint32_t)sim->house.counters.step + 1);
	int64_t token = 1 + below(sim, (uint32_t)sim->house.counters.token + 1);
	const struct step *known = core_step_of(sim->house.core, step);

	if (known && known->facts.token == token)
		return;
	for (size_t i = 0; i < sim->call_count; i++)
		if (sim->calls[i].step == step)
			return;
	event(sim, &(struct core_event){.kind = CORE_TAKEN + (enum core_event_kind)below(sim, 8),
					.step = step,
					.token = token,
					.state = (enum state)below(sim, STATE_COUNT),
					.standing = (enum offer_standing)below(sim, OFFER_STANDINGS),
					.class = REASON_FATAL,
					.reason = "Stray"});
}

static void answer_call(struct sim *sim)
{
	struct held call = sim->calls[0];

	memmove(sim->calls, sim->calls + 1, --sim->call_count * sizeof *sim->calls);
	event(sim, &(struct core_event){.kind = below(sim, 8) ? CORE_RETURNED : CORE_CRASHED,
					.step = call.step,
					.token = call.token,
					.state = below(sim, 8) ? STATE_SUCCEEDED : STATE_FAILED,
					.reason = "ActionFailed",
					.text = "it is said so"});
}

static void restart_engine(struct sim *sim)
{
	for (int i = 0; i < DEVICES; i++)
		gateway_reconnect(&sim->gateways[i]);
	sim->call_count = 0;
	core_house_restart(&sim->house);
	heed(sim);
}

static void pass_time(struct sim *sim, int64_t us)
{
	sim->house.now_us += us;
	event(sim, &(struct core_event){.kind = CORE_TIME});
}

/* A person says something of any run; what is not lost is none of her business. */
static void resolve(struct sim *sim)
{
	int64_t run = 1 + below(sim, (uint32_t)sim->house.counters.run + 1);

	house_resolve(&sim->house, run, CORE_RESOLVE_SUCCEEDED + (enum core_resolution)below(sim, 3), "{}");
	heed(sim);
}

static void fire(struct sim *sim)
{
	char flow[8], bytes[24];
	struct flow_envelope pin = {.name = "pin", .bytes = bytes};
	struct core_event fired = {
		.kind = CORE_FIRED, .flow = flow, .payload = below(sim, 3) ? "{}" : "{\"find\":true}"};

	if (sim->house.counters.run >= RUNS_MAX)
		return;
	fired.payload_length = strlen(fired.payload);
	snprintf(flow, sizeof flow, "f%u", below(sim, 12));
	pin.length = (size_t)snprintf(bytes, sizeof bytes, "E%lld", (long long)sim->house.counters.run + 1);
	fired.sealed = &pin;
	fired.sealed_count = 1;
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
			heed_engine(sim, gateway);
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
	} else if (what < 950) {
		resolve(sim);
	} else if (what < 980) {
		pass_time(sim, below(sim, 10) ? below(sim, 4000000) : below(sim, 400) * SECOND_US);
	} else if (what < 990) {
		gateway_reconnect(gateway);
	} else if (what < 996) {
		gateway_restart(gateway, below(sim, 4) ? gateway->journal : ++sim->journals);
	} else {
		restart_engine(sim);
	}
}

static size_t count_at(const struct sim *sim, enum state state)
{
	size_t n = 0;

	TABLE_EACH(&sim->house.runs, entry) {
		enum state is = ((const struct kept_run *)entry->value)->facts.state;

		n += state ? is == state : !state_row(is)->ended;
	}
	return n;
}

static bool gateway_works(struct sim *sim, int device, bool speaks)
{
	struct gateway *gateway = &sim->gateways[device];

	gateway->slots = 4;
	if (speaks) {
		gateway->revision++;
		gateway_say_device(gateway, false);
	}
	while (gateway->out_count)
		deliver(sim, device);
	while (gateway->in_count)
		heed_engine(sim, gateway);
	for (size_t j = gateway->held_count; j-- > 0;)
		go_on(sim, gateway, j);
	return gateway->held_count || gateway->out_count;
}

/* Everybody does what is asked from now on: then every run must end, or be lost until nobody wants to know any more. */
static void settle(struct sim *sim)
{
	for (int i = 0; i < DEVICES; i++)
		gateway_reconnect(&sim->gateways[i]);
	for (int turn = 0; turn < 20000; turn++) {
		bool busy = sim->call_count > 0;

		for (int i = 0; i < DEVICES; i++)
			busy |= gateway_works(sim, i, turn % 8 == 0);
		while (sim->call_count)
			answer_call(sim);
		pass_time(sim, SECOND_US);
		if (!busy && count_at(sim, STATE_NONE) == count_at(sim, STATE_LOST))
			break;
	}
	sim->lost += count_at(sim, STATE_LOST);
	pass_time(sim, 4 * 24 * 3600 * SECOND_US);
	while (sim->call_count)
		answer_call(sim);
	assert_int_equal(count_at(sim, STATE_NONE), 0);
}

static void play(struct sim *sim, struct house_chance chance)
{
	sim_init(sim, chance);
	for (int i = 0; i < EVENTS; i++)
		anything(sim);
	settle(sim);
	assert_true(sim->offers > 100);
	assert_true(sim->lost > 0);
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
