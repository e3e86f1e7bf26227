/*
 * A device on which everything happens in random order: offers come singly and again, session processes die
 * in every state, the watch is ahead or behind, packages fail, people sign in, lock, leave and
 * sign out, the host is away, the gateway
 * dies and goes on by its journal with the processes that are handed over. What must hold is checked at every step.
 * The seed is printed; HOSTLER_TEST_SEED gives it.
 */
#include "admission_sim.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { EVENTS = 20000 };

static void end_process(struct sim *sim, struct process *process)
{
	uint32_t number = process->number;

	*process = (struct process){0};
	sim_event(sim,
	      &(struct admission_event){.kind = ADMISSION_HOLD_ENDED, .number = number, .text = "killed"});
}

/* What a process does next, by itself or because it was told. */
static void process_step(struct sim *sim, struct process *process)
{
	static const char *const ends[] = {"succeeded", "failed", "timed_out"};

	if (sim_below(sim, 60) == 0) {
		end_process(sim, process);
		sim_watch(sim, false);
	} else if (process->closed) {
		end_process(sim, process);
	} else if (process->told_to_close) {
		process->closed = true;
		sim_event(sim, &(struct admission_event){.kind = ADMISSION_CLOSED, .number = process->number});
	} else if (process->user[0] && !process->open &&
		   (process->attached ? !sim_is_there(sim, process->id) : sim_below(sim, 12) == 0)) {
		sim_event(sim, &(struct admission_event){.kind = ADMISSION_OPEN_FAILED,
						     .number = process->number,
						     .code = sim_below(sim, 2) ? HST_RETRY : HST_INVALID,
						     .reason = "",
						     .text = "no"});
	} else if (process->user[0] && !process->open) {
		process->open = true;
		sim_event(sim, &(struct admission_event){.kind = ADMISSION_OPENED,
						     .number = process->number,
						     .session = process->id});
	} else if (process->lock_fails) {
		process->lock_fails = false;
		sim_event(sim, &(struct admission_event){.kind = ADMISSION_LOCK_FAILED, .number = process->number});
	} else if (process->launched) {
		process->launched = false;
		process->end = ends[sim_below(sim, 3)];
		sim_event(sim, &(struct admission_event){.kind = ADMISSION_FINISHED,
						     .number = process->number,
						     .id = 1,
						     .end = process->end,
						     .reason = "",
						     .payload = "{}",
						     .payload_length = 2});
	}
}

/* What becomes of a process while there is no gateway, and whether it is handed to the next. */
static bool outlives(struct sim *sim, struct process *process)
{
	char name[48];

	if (sim_below(sim, 8) && process->user[0] && !process->told_to_close) {
		process->open = true;
		if (process->launched && sim_below(sim, 3) == 0) {
			process->launched = false;
			process->end = "succeeded";
		}
		return true;
	}
	if ((process->launched || process->end) && sim_below(sim, 2)) {
		snprintf(name, sizeof name, "%lld/%lld", (long long)process->step, (long long)process->token);
		table_set(&sim->left, name, (void *)"failed");
	}
	*process = (struct process){0};
	return false;
}

static void adopt(struct sim *sim, struct process *process)
{
	bool busy = process->launched || process->end;

	process->number = ++sim->house.holds;
	sim_event(sim, &(struct admission_event){.kind = ADMISSION_ADOPTED,
						 .adopted = busy ? ADMISSION_ADOPTED_RUNNING : ADMISSION_ADOPTED_IDLE,
						 .number = process->number,
						 .session = process->id,
						 .user = process->user,
						 .key = process->user,
						 .attended = process->attached,
						 .step = process->step,
						 .token = process->token});
	if (process->end)
		sim_event(sim, &(struct admission_event){.kind = ADMISSION_FINISHED,
						     .number = process->number,
						     .id = 1,
						     .end = process->end,
						     .reason = "",
						     .payload = "{}",
						     .payload_length = 2});
}

/* The gateway dies between two turns, or when it has journalled what it has not done yet. */
static void restart(struct sim *sim)
{
	struct process *orphans[PROCESSES];
	size_t n = 0;

	sim->wanted = sim->ask_count = sim->upload_count = sim->finished_count = sim->look_count = 0;
	sim->fetching = false;
	sim->revision = sim->slots = 0;
	for (size_t i = 0; i < PROCESSES; i++)
		if (sim->processes[i].number && outlives(sim, &sim->processes[i]))
			orphans[n++] = &sim->processes[i];
	if (sim_below(sim, 2))
		admission_house_rewrite(&sim->house);
	admission_house_resume(&sim->house);
	sim_heed(sim);
	if (sim_below(sim, 2))
		sim_watch(sim, false);
	while (n > 0) {
		size_t at = sim_below(sim, (uint32_t)n);

		adopt(sim, orphans[at]);
		orphans[at] = orphans[--n];
		if (sim_below(sim, 2) && sim->offers > 0) {
			sim->offers++;
			sim_offer(sim, sim->offers, sim->offers);
		}
	}
	sim_event(sim, &(struct admission_event){.kind = ADMISSION_GATHERED});
	sim_watch(sim, false);
}

static void start_process(struct sim *sim)
{
	struct process *process = sim_process_of(sim, 0);

	sim->wanted--;
	if (sim_below(sim, 15) == 0) {
		sim_event(sim, &(struct admission_event){.kind = ADMISSION_HOLD_FAILED,
						     .number = ++sim->house.holds,
						     .text = "no"});
		return;
	}
	process->number = ++sim->house.holds;
	sim_event(sim, &(struct admission_event){.kind = ADMISSION_HOLD_READY, .number = process->number});
}

static void answer_question(struct sim *sim)
{
	char user[16];

	memcpy(user, sim->ask[0], sizeof user);
	memmove(sim->ask, sim->ask + 1, --sim->ask_count * sizeof *sim->ask);
	sim_event(sim, &(struct admission_event){.kind = ADMISSION_IDENTITY,
					     .user = user,
					     .key = sim_below(sim, 10) ? user : NULL,
					     .code = HST_RETRY,
					     .text = "no watch"});
}

static void pass_on(struct sim *sim, enum admission_event_kind kind, int64_t pairs[256][2], size_t *n)
{
	int64_t step = pairs[0][0], token = pairs[0][1];

	memmove(pairs, pairs + 1, --*n * sizeof *pairs);
	sim_event(sim, &(struct admission_event){.kind = kind, .step = step, .token = token});
}

static void anything(struct sim *sim)
{
	uint32_t what = sim_below(sim, 100);
	struct process *process = &sim->processes[sim_below(sim, PROCESSES)];

	if (what < 12 && house_runs(&sim->house) < 12) {
		sim->offers++;
		sim_offer(sim, sim->offers, sim->offers);
	} else if (what < 15 && sim->offers > 0) {
		int64_t again = 1 + sim_below(sim, (uint32_t)sim->offers);

		sim_offer(sim, again, again);
	} else if (what < 25 && sim->wanted > 0) {
		start_process(sim);
	} else if (what < 65 && process->number) {
		process_step(sim, process);
	} else if (what < 72 && sim->ask_count) {
		answer_question(sim);
	} else if (what < 80 && sim->upload_count) {
		pass_on(sim, ADMISSION_UPLOADED, sim->uploads, &sim->upload_count);
	} else if (what < 88 && sim->finished_count) {
		if (sim_below(sim, 4))
			pass_on(sim, ADMISSION_HEARD, sim->finished, &sim->finished_count);
		else
			sim->finished_count--; /* lost with the connection */
	} else if (what < 90) {
		sim_watch(sim, sim_below(sim, 4) == 0);
	} else if (what < 93) {
		/* The watch is a little behind. */
		sim_people(sim);
		if (sim_below(sim, 3))
			sim_watch(sim, false);
	} else if (what < 94) {
		sim_event(sim, &(struct admission_event){.kind = ADMISSION_HOST_UP});
	} else if (what < 95 && sim->fetching) {
		sim->fetching = false;
		house_package(&sim->house, "d1", sim_below(sim, 2) ? NULL : "the host did not answer");
		sim_heed(sim);
	} else if (what < 96 && sim->offers > 0) {
		/* Mostly one that is under way. */
		int64_t recent = sim->offers < 8 || sim_below(sim, 4) == 0 ? sim->offers : 8;
		int64_t which = sim->offers - sim_below(sim, (uint32_t)recent);

		sim_event(sim, &(struct admission_event){
				   .kind = ADMISSION_STOP, .step = which, .token = which, .how = "stop"});
	} else if (what < 97) {
		int64_t which = 1 + sim_below(sim, (uint32_t)sim->offers + 3);

		sim_event(sim, &(struct admission_event){
				   .kind = ADMISSION_STATUS, .step = which, .token = which, .id = 1});
	} else if (what < 98 && sim_below(sim, 8) == 0) {
		/* Perhaps with something journalled that it did not come to do. */
		sim->deaf = sim_below(sim, 2);
		if (sim->deaf)
			anything(sim);
		sim->deaf = false;
		restart(sim);
	} else if (what < 98) {
		sim->house.retirement = (hst_retirement)(HST_KEEP + sim_below(sim, 3));
	}
}

/* The host makes an offer again that it has no answer to and that the device does not hold. */
static void offer_again(struct sim *sim)
{
	for (int64_t i = 1; i <= sim->offers; i++) {
		char name[48];

		snprintf(name, sizeof name, "%lld/%lld", (long long)i, (long long)i);
		if (!table_get(&sim->answered, name) && !admission_run_of(sim->house.admission, i, i))
			sim_offer(sim, i, i);
	}
}

/* From now on everything goes well. */
static void settle(struct sim *sim)
{
	sim_nobody(sim);
	offer_again(sim);
	for (int turn = 0; turn < 2000 && (house_runs(&sim->house) > 0 || turn < 20); turn++) {
		if (turn % 50 == 0) {
			sim_watch(sim, false);
			sim_event(sim, &(struct admission_event){.kind = ADMISSION_HOST_UP});
		}
		while (sim->ask_count)
			answer_question(sim);
		house_package(&sim->house, "d1", NULL);
		sim_heed(sim);
		while (sim->wanted)
			start_process(sim);
		for (size_t i = 0; i < PROCESSES; i++)
			if (sim->processes[i].number)
				process_step(sim, &sim->processes[i]);
		while (sim->upload_count)
			pass_on(sim, ADMISSION_UPLOADED, sim->uploads, &sim->upload_count);
		while (sim->finished_count)
			pass_on(sim, ADMISSION_HEARD, sim->finished, &sim->finished_count);
	}
	assert_int_equal(house_runs(&sim->house), 0);
	for (int64_t i = 1; i <= sim->offers; i++) {
		char name[48];

		snprintf(name, sizeof name, "%lld/%lld", (long long)i, (long long)i);
		if (!table_get(&sim->answered, name))
			fail_msg("offer %s was never answered", name);
	}
}

static void play(struct sim *sim, struct house_chance chance)
{
	*sim = (struct sim){.chance = chance};
	admission_house_init(&sim->house);
	sim->house.limit = LIMIT;
	sim->house.policy.acknowledged = true;
	admission_house_begin(&sim->house);
	table_init(&sim->launched);
	table_init(&sim->answered);
	table_init(&sim->never);
	table_init(&sim->left);
	table_init(&sim->journal);
	sim_watch(sim, false);
	for (int i = 0; i < EVENTS; i++)
		anything(sim);
	settle(sim);
	assert_true(sim->launches > 50 && sim->attended > 1);
}

static void sim_clear(struct sim *sim)
{
	table_clear(&sim->launched);
	table_clear(&sim->answered);
	table_clear(&sim->never);
	table_clear(&sim->left);
	table_clear(&sim->journal);
	admission_house_clear(&sim->house);
}

static void what_must_hold_holds_whatever_happens(void **state)
{
	struct sim *first = mem_alloc(sizeof *first), *second = mem_alloc(sizeof *second);
	struct house_chance chance;

	(void)state;
	house_chance_init(&chance, "admission");
	for (int i = 0; i < 3; i++) {
		play(first, chance);
		/* The same events give the same effects, to the byte. */
		play(second, chance);
		assert_int_equal(first->house.all.length, second->house.all.length);
		assert_memory_equal(first->house.all.s, second->house.all.s, first->house.all.length);
		chance = first->chance;
		sim_clear(first);
		sim_clear(second);
	}
	free(first);
	free(second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_must_hold_holds_whatever_happens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
