/*
 * A device on which everything happens in random order: offers come singly and again, session processes die
 * in every state, the watch is ahead or behind, packages fail, people sign in and out, the host is away. The
 * test plays the gateway and heeds the effects; what must hold is checked at every step. The seed is printed;
 * HOSTLER_TEST_SEED gives it.
 */
#include "admission_house.h"

#include "base/mem.h"
#include "base/table.h"
#include "flow_house.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { EVENTS = 20000, PROCESSES = 64, LIMIT = 4 };

/* A session process as the supervisor and the driver see it. */
struct process {
	uint32_t number; /* 0: none */
	char user[16];	 /* whose session it opens or has; "": none */
	bool open, launched, told_to_close, closed;
	int64_t step, token;
	char id[16];
};

struct sim {
	struct admission_house house;
	struct house_chance chance;
	struct process processes[PROCESSES];
	size_t wanted;
	int64_t offers;
	struct table launched; /* "step/token" */
	struct table answered; /* "step/token": refused or finished */
	struct table never;    /* "step/token": the host was told that it never ran */
	struct table journal;  /* records */
	char ask[32][16];
	size_t ask_count;
	int64_t uploads[256][2];
	size_t upload_count;
	int64_t finished[256][2];
	size_t finished_count;
	bool fetching, person;
	size_t launches;
	int64_t revision, slots;
};

static uint32_t below(struct sim *sim, uint32_t bound)
{
	return house_chance_below(&sim->chance, bound);
}

static struct process *process_of(struct sim *sim, uint32_t number)
{
	for (size_t i = 0; i < PROCESSES; i++)
		if (sim->processes[i].number == number)
			return &sim->processes[i];
	return NULL;
}

static void heed_open(struct sim *sim, uint32_t number, const char *user)
{
	struct process *process = process_of(sim, number);
	int64_t sessions = 0; /* people may sign in after a run was promised its own */

	assert_true(process && !process->user[0] && !process->told_to_close);
	for (size_t i = 0; i < PROCESSES; i++) {
		const struct process *other = &sim->processes[i];

		if (!other->number || !other->user[0] || other->closed)
			continue;
		sessions++;
		assert_string_not_equal(other->user, user); /* rule R9, and one session per user */
	}
	assert_true(sessions < LIMIT); /* rule R8 */
	snprintf(process->user, sizeof process->user, "%.15s", user);
	snprintf(process->id, sizeof process->id, "s%u", number);
}

static bool journalled(struct sim *sim, const char *word, const char *name)
{
	char record[80];

	snprintf(record, sizeof record, "%s %.32s", word, name);
	*strchr(record, '/') = ' ';
	return table_get(&sim->journal, record) != NULL;
}

static void heed_launch(struct sim *sim, uint32_t number, const char *name)
{
	struct process *process = process_of(sim, number);

	if (!process)
		return; /* it ended in the same turn; its end is reported after this */
	assert_true(process->open && !process->launched && !process->told_to_close);
	/* Once, and with a record of it in the journal. */
	assert_null(table_get(&sim->launched, name));
	assert_null(table_get(&sim->never, name));
	table_set(&sim->launched, name, sim);
	assert_true(journalled(sim, "launched", name));
	process->launched = true;
	sim->launches++;
}

static void put_pair(int64_t pairs[256][2], size_t *n, const char *name)
{
	long long step, token;

	assert_int_equal(sscanf(name, "%lld/%lld", &step, &token), 2);
	assert_true(*n < 256);
	pairs[*n][0] = step;
	pairs[(*n)++][1] = token;
}

/* "never" is a permission to start elsewhere: it is on disk, and nothing was or will be launched. */
static void heed_standing(struct sim *sim, const char *name, const char *state)
{
	if (strcmp(state, "never") == 0) {
		assert_null(table_get(&sim->launched, name));
		assert_true(journalled(sim, "never", name) || journalled(sim, "refused", name));
		table_set(&sim->never, name, sim);
		table_set(&sim->answered, name, sim);
	} else if (strcmp(state, "lost") == 0) {
		assert_non_null(table_get(&sim->answered, name));
	} else if (strcmp(state, "running") == 0) {
		assert_non_null(table_get(&sim->launched, name));
	}
}

static void heed_line(struct sim *sim, const char *line)
{
	char name[48], user[32];
	long long a, b;
	unsigned number;

	if (strncmp(line, "journal ", 8) == 0) {
		char *record = mem_copy(line + 8, strcspn(line + 8, "\n"));

		table_set(&sim->journal, record, sim);
		free(record);
	} else if (strncmp(line, "want", 4) == 0) {
		sim->wanted++;
	} else if (sscanf(line, "ask %15s", user) == 1) {
		if (sim->ask_count < 32) /* else the watch is too slow, and will be asked again */
			snprintf(sim->ask[sim->ask_count++], 16, "%.15s", user);
	} else if (sscanf(line, "open %u %15s", &number, user) == 2) {
		heed_open(sim, number, user);
	} else if (sscanf(line, "launch %u %31s", &number, name) == 2) {
		heed_launch(sim, number, name);
	} else if (sscanf(line, "close %u", &number) == 1) {
		struct process *process = process_of(sim, number);

		if (process)
			process->told_to_close = true;
	} else if (strncmp(line, "fetch", 5) == 0) {
		sim->fetching = true;
	} else if (sscanf(line, "upload %31s", name) == 1) {
		put_pair(sim->uploads, &sim->upload_count, name);
	} else if (sscanf(line, "finished %31s", name) == 1) {
		table_set(&sim->answered, name, sim);
		if (sim->finished_count < 256)
			put_pair(sim->finished, &sim->finished_count, name);
	} else if (sscanf(line, "refused %31s", name) == 1) {
		table_set(&sim->answered, name, sim);
	} else if (sscanf(line, "standing %31s %15s", name, user) == 2) {
		heed_standing(sim, name, user);
	} else if (sscanf(line, "device %lld@%lld", &a, &b) == 2) {
		assert_true(b >= sim->revision && a >= 1);
		sim->slots = a;
		sim->revision = b;
	}
}

static void heed(struct sim *sim)
{
	struct admission_device now = admission_device(sim->house.admission);

	for (const char *line = sim->house.said.s; *line; line = strchr(line, '\n') + 1)
		heed_line(sim, line);
	/* What the host was last told is what is. */
	assert_int_equal(now.slots, sim->slots);
	assert_int_equal(now.revision, sim->revision);
	assert_true(house_spares(&sim->house) + sim->wanted <= 1 + 12);
}

static void event(struct sim *sim, struct admission_event *event)
{
	admission_house_event(&sim->house, event);
	heed(sim);
}

static void offer(struct sim *sim, int64_t step, int64_t token)
{
	static const char *const users[] = {"bot1", "bot2", "bot3", "bot4", "bot5", "bot6"};

	house_offer(&sim->house, step, token, users[token % 6]);
	heed(sim);
}

static void watch(struct sim *sim, bool stale)
{
	sim->house.seen_count = 0;
	if (sim->person)
		house_sees(&sim->house, "console", "anna", HST_YES, below(sim, 2) ? HST_YES : HST_NO, false);
	for (size_t i = 0; i < PROCESSES; i++) {
		const struct process *process = &sim->processes[i];

		if (process->number && process->user[0] && (process->open || below(sim, 2)) &&
		    (!process->closed || stale))
			house_sees(&sim->house, process->id, process->user, HST_YES, HST_NO, true);
	}
	house_watch(&sim->house);
	heed(sim);
}

static void end_process(struct sim *sim, struct process *process)
{
	uint32_t number = process->number;

	*process = (struct process){0};
	event(sim,
	      &(struct admission_event){.kind = ADMISSION_HOLD_ENDED, .number = number, .text = "killed"});
}

/* What a process does next, by itself or because it was told. */
static void process_step(struct sim *sim, struct process *process)
{
	static const char *const ends[] = {"succeeded", "failed", "timed_out"};

	if (below(sim, 60) == 0) {
		end_process(sim, process);
		watch(sim, false);
	} else if (process->closed) {
		end_process(sim, process);
	} else if (process->told_to_close) {
		process->closed = true;
		event(sim, &(struct admission_event){.kind = ADMISSION_CLOSED, .number = process->number});
	} else if (process->user[0] && !process->open && below(sim, 12) == 0) {
		event(sim, &(struct admission_event){.kind = ADMISSION_OPEN_FAILED,
						     .number = process->number,
						     .code = below(sim, 2) ? HST_RETRY : HST_INVALID,
						     .reason = "",
						     .text = "no"});
	} else if (process->user[0] && !process->open) {
		process->open = true;
		event(sim, &(struct admission_event){.kind = ADMISSION_OPENED,
						     .number = process->number,
						     .session = process->id});
	} else if (process->launched) {
		process->launched = false;
		event(sim, &(struct admission_event){.kind = ADMISSION_FINISHED,
						     .number = process->number,
						     .end = ends[below(sim, 3)],
						     .reason = "",
						     .payload = "{}",
						     .payload_length = 2});
	}
}

static void start_process(struct sim *sim)
{
	struct process *process = process_of(sim, 0);

	sim->wanted--;
	if (below(sim, 15) == 0) {
		event(sim, &(struct admission_event){.kind = ADMISSION_HOLD_FAILED,
						     .number = ++sim->house.holds,
						     .text = "no"});
		return;
	}
	process->number = ++sim->house.holds;
	event(sim, &(struct admission_event){.kind = ADMISSION_HOLD_READY, .number = process->number});
}

static void answer_question(struct sim *sim)
{
	char user[16];

	memcpy(user, sim->ask[0], sizeof user);
	memmove(sim->ask, sim->ask + 1, --sim->ask_count * sizeof *sim->ask);
	event(sim, &(struct admission_event){.kind = ADMISSION_IDENTITY,
					     .user = user,
					     .key = below(sim, 10) ? user : NULL,
					     .code = HST_RETRY,
					     .text = "no watch"});
}

static void pass_on(struct sim *sim, enum admission_event_kind kind, int64_t pairs[256][2], size_t *n)
{
	int64_t step = pairs[0][0], token = pairs[0][1];

	memmove(pairs, pairs + 1, --*n * sizeof *pairs);
	event(sim, &(struct admission_event){.kind = kind, .step = step, .token = token});
}

static void anything(struct sim *sim)
{
	uint32_t what = below(sim, 100);
	struct process *process = &sim->processes[below(sim, PROCESSES)];

	if (what < 12 && house_runs(&sim->house) < 12) {
		sim->offers++;
		offer(sim, sim->offers, sim->offers);
	} else if (what < 15 && sim->offers > 0) {
		int64_t again = 1 + below(sim, (uint32_t)sim->offers);

		offer(sim, again, again);
	} else if (what < 25 && sim->wanted > 0) {
		start_process(sim);
	} else if (what < 65 && process->number) {
		process_step(sim, process);
	} else if (what < 72 && sim->ask_count) {
		answer_question(sim);
	} else if (what < 80 && sim->upload_count) {
		pass_on(sim, ADMISSION_UPLOADED, sim->uploads, &sim->upload_count);
	} else if (what < 88 && sim->finished_count) {
		if (below(sim, 4))
			pass_on(sim, ADMISSION_HEARD, sim->finished, &sim->finished_count);
		else
			sim->finished_count--; /* lost with the connection */
	} else if (what < 92) {
		watch(sim, below(sim, 4) == 0);
	} else if (what < 93) {
		sim->person = !sim->person;
		watch(sim, false);
	} else if (what < 94) {
		event(sim, &(struct admission_event){.kind = ADMISSION_HOST_UP});
	} else if (what < 95 && sim->fetching) {
		sim->fetching = false;
		house_package(&sim->house, "d1", below(sim, 2) ? NULL : "the host did not answer");
		heed(sim);
	} else if (what < 96 && sim->offers > 0) {
		int64_t which = 1 + below(sim, (uint32_t)sim->offers);

		event(sim, &(struct admission_event){
				   .kind = ADMISSION_STOP, .step = which, .token = which, .how = "stop"});
	} else if (what < 97) {
		int64_t which = 1 + below(sim, (uint32_t)sim->offers + 3);

		event(sim, &(struct admission_event){
				   .kind = ADMISSION_STATUS, .step = which, .token = which, .id = 1});
	} else if (what < 98) {
		sim->house.retirement = (hst_retirement)(HST_KEEP + below(sim, 3));
	}
}

/* From now on everything goes well. */
static void settle(struct sim *sim)
{
	sim->person = false;
	for (int turn = 0; turn < 2000 && (house_runs(&sim->house) > 0 || turn < 20); turn++) {
		if (turn % 50 == 0) {
			watch(sim, false);
			event(sim, &(struct admission_event){.kind = ADMISSION_HOST_UP});
		}
		while (sim->ask_count)
			answer_question(sim);
		house_package(&sim->house, "d1", NULL);
		heed(sim);
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
	table_init(&sim->journal);
	watch(sim, false);
	for (int i = 0; i < EVENTS; i++)
		anything(sim);
	settle(sim);
	assert_true(sim->launches > 100);
}

static void sim_clear(struct sim *sim)
{
	table_clear(&sim->launched);
	table_clear(&sim->answered);
	table_clear(&sim->never);
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
