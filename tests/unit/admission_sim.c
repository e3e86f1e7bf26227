#include "admission_sim.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

uint32_t sim_below(struct sim *sim, uint32_t bound)
{
	return house_chance_below(&sim->chance, bound);
}

struct process *sim_process_of(struct sim *sim, uint32_t number)
{
	for (size_t i = 0; i < PROCESSES; i++)
		if (sim->processes[i].number == number)
			return &sim->processes[i];
	return NULL;
}

static void heed_open(struct sim *sim, uint32_t number, const char *user)
{
	struct process *process = sim_process_of(sim, number);
	int64_t sessions = 0; /* people may sign in after a run was promised its own */

	assert_true(process && !process->user[0] && !process->told_to_close);
	for (size_t i = 0; i < PROCESSES; i++) {
		const struct process *other = &sim->processes[i];

		if (!other->number || !other->user[0] || other->closed || other->attached)
			continue;
		sessions++;
		assert_string_not_equal(other->user, user); /* rule R9, and one session per user */
	}
	assert_true(sessions < LIMIT); /* rule R8 */
	snprintf(process->user, sizeof process->user, "%.15s", user);
	snprintf(process->id, sizeof process->id, "s%u", number);
}

static bool is_attended(int64_t token)
{
	return token % 5 == 0;
}

static const char *user_of(int64_t token)
{
	static const char *const users[] = {"bot1", "bot2", "bot3", "bot4", "bot5", "bot6"};

	return users[token % 6];
}

static const hst_session *seen_session(const struct sim *sim, const char *id)
{
	for (size_t i = 0; i < sim->house.seen_count; i++)
		if (strcmp(sim->house.seen[i].id, id) == 0)
			return &sim->house.seen[i];
	return NULL;
}

/* Rule R5: a person's, and only the user's own. Whether they still are there the process sees for itself. */
static void heed_attach(struct sim *sim, uint32_t number, const char *user, const char *id)
{
	struct process *process = sim_process_of(sim, number);
	const hst_session *seen = seen_session(sim, id);

	assert_true(process && !process->user[0] && !process->told_to_close);
	assert_int_equal(id[0], 'p');
	assert_true(!seen || (!seen->ours && strcmp(seen->user, user) == 0));
	snprintf(process->user, sizeof process->user, "%.15s", user);
	snprintf(process->id, sizeof process->id, "%.15s", id);
	process->attached = true;
}

bool sim_is_there(const struct sim *sim, const char *id)
{
	for (size_t i = 0; i < PEOPLE; i++)
		if (strcmp(sim->people[i].id, id) == 0)
			return sim->people[i].connected == HST_YES && sim->people[i].locked == HST_NO;
	return false;
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
	struct process *process = sim_process_of(sim, number);
	const hst_session *seen;
	long long step, token;

	if (!process)
		return; /* it ended in the same turn; its end is reported after this */
	assert_true(process->open && !process->launched && !process->end && !process->told_to_close);
	/* Once, and with a record of it in the journal. */
	assert_null(table_get(&sim->launched, name));
	assert_null(table_get(&sim->never, name));
	table_set(&sim->launched, name, sim);
	assert_true(journalled(sim, "launched", name));
	process->launched = true;
	assert_int_equal(sscanf(name, "%lld/%lld", &step, &token), 2);
	/* No unattended run in a session of a person (R4), nor an attended one in what hostler opened, and each as its user. */
	assert_int_equal(process->attached, is_attended(token));
	seen = process->attached ? seen_session(sim, process->id) : NULL;
	assert_true(!process->attached || (seen && seen->connected != HST_NO && seen->locked != HST_YES));
	assert_string_equal(process->user, user_of(token));
	process->step = step;
	process->token = token;
	sim->launches++;
	sim->attended += process->attached;
}

static void put_pair(int64_t pairs[256][2], size_t *n, const char *name)
{
	long long step, token;

	assert_int_equal(sscanf(name, "%lld/%lld", &step, &token), 2);
	assert_true(*n < 256);
	pairs[*n][0] = step;
	pairs[(*n)++][1] = token;
}

/* So many others have come since that nothing is known of it any more. */
static bool too_old(const struct sim *sim, const char *name)
{
	long long step, token;

	assert_int_equal(sscanf(name, "%lld/%lld", &step, &token), 2);
	return admission_trace(sim->house.admission, step, token) == ADMISSION_TRACE_TOO_OLD;
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
		assert_true(table_get(&sim->answered, name) || journalled(sim, "launched", name) || too_old(sim, name));
		table_set(&sim->answered, name, sim);
		if (sim->finished_count < 256)
			put_pair(sim->finished, &sim->finished_count, name);
	} else if (strcmp(state, "running") == 0) {
		assert_non_null(table_get(&sim->launched, name));
	}
}

static void heed_line(struct sim *sim, const char *line)
{
	char name[48], user[32], id[32];
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
	} else if (sscanf(line, "attach %u %15s to %15s", &number, user, id) == 3) {
		heed_attach(sim, number, user, id);
	} else if (sscanf(line, "lock %u", &number) == 1) {
		struct process *process = sim_process_of(sim, number);

		/* Nobody locks people out. */
		assert_true(!process || (process->open && !process->attached && !process->launched));
		if (process)
			process->lock_fails = sim_below(sim, 6) == 0;
	} else if (sscanf(line, "launch %u %31s", &number, name) == 2) {
		heed_launch(sim, number, name);
	} else if (sscanf(line, "close %u", &number) == 1) {
		struct process *process = sim_process_of(sim, number);

		if (process)
			process->told_to_close = true;
	} else if (sscanf(line, "have %u", &number) == 1) {
		struct process *process = sim_process_of(sim, number);

		if (process)
			process->end = NULL;
	} else if (sscanf(line, "look %31s", name) == 1) {
		put_pair(sim->looks, &sim->look_count, name);
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

void sim_heed(struct sim *sim)
{
	struct admission_device now = admission_device(sim->house.admission);

	for (const char *line = sim->house.said.s; *line; line = strchr(line, '\n') + 1)
		if (!sim->deaf || strncmp(line, "journal ", 8) == 0)
			heed_line(sim, line);
	if (sim->deaf || !now.known)
		return;
	/* What the host was last told is what is. */
	assert_int_equal(now.slots, sim->slots);
	assert_int_equal(now.revision, sim->revision);
	assert_true(house_spares(&sim->house) <= 1 && house_spares(&sim->house) + sim->wanted <= 1 + 12);
}

static void answer_looks(struct sim *sim);

void sim_event(struct sim *sim, struct admission_event *event)
{
	admission_house_event(&sim->house, event);
	sim_heed(sim);
	answer_looks(sim);
}

static void answer_looks(struct sim *sim)
{
	while (sim->look_count) {
		struct admission_event left = {.kind = ADMISSION_LEFT,
					       .step = sim->looks[0][0],
					       .token = sim->looks[0][1],
					       .reason = "",
					       .payload = "{}",
					       .payload_length = 2};
		char name[48];

		snprintf(name, sizeof name, "%lld/%lld", (long long)left.step, (long long)left.token);
		left.end = table_remove(&sim->left, name);
		memmove(sim->looks, sim->looks + 1, --sim->look_count * sizeof *sim->looks);
		sim_event(sim, &left);
	}
}

void sim_offer(struct sim *sim, int64_t step, int64_t token)
{
	if (is_attended(token))
		house_offer_attended(&sim->house, step, token, user_of(token));
	else
		house_offer(&sim->house, step, token, user_of(token));
	sim_heed(sim);
}

void sim_people(struct sim *sim)
{
	static const char *const users[PEOPLE] = {"anna", "bot1", "bot4"};
	size_t which = sim_below(sim, PEOPLE);
	struct person *person = &sim->people[which];

	if (!person->id[0]) {
		*person = (struct person){.user = users[which], .connected = HST_YES, .locked = HST_NO};
		snprintf(person->id, sizeof person->id, "p%u", ++sim->came);
		return;
	}
	switch (sim_below(sim, 6)) {
	case 0:
	case 3:
	case 4:
		person->id[0] = '\0';
		break;
	case 1:
		person->locked = person->locked == HST_YES ? HST_NO : HST_YES;
		break;
	case 2:
		person->connected = person->connected == HST_YES ? HST_NO : HST_YES;
		break;
	default:
		person->locked = HST_UNKNOWN;
		break;
	}
}

void sim_nobody(struct sim *sim)
{
	for (size_t i = 0; i < PEOPLE; i++)
		sim->people[i].id[0] = '\0';
}

void sim_watch(struct sim *sim, bool stale)
{
	sim->house.seen_count = 0;
	for (size_t i = 0; i < PEOPLE; i++) {
		const struct person *person = &sim->people[i];

		memcpy(sim->listed[i], person->id, sizeof person->id);
		if (person->id[0])
			house_sees(&sim->house, sim->listed[i], person->user, person->connected, person->locked, false);
	}
	for (size_t i = 0; i < PROCESSES; i++) {
		const struct process *process = &sim->processes[i];

		if (process->number && process->user[0] && !process->attached && (process->open || sim_below(sim, 2)) &&
		    (!process->closed || stale))
			house_sees(&sim->house, process->id, process->user, HST_YES, HST_NO, true);
	}
	house_watch(&sim->house);
	sim_heed(sim);
}
