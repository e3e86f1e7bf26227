#include "lock.h"

#include <string.h>
#include <time.h>

enum { ASK_MS = 1500, ASK_SILENT_MS = 300, UNLOCKED_HOLDS_MS = 5000, SILENCE_HOLDS_MS = 10000, SILENCE_HOLDS_MAX_MS = 60000 };

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static const struct lock_memory *remembered(const struct locks *locks, const char *id)
{
	for (size_t i = 0; i < locks->n; i++)
		if (strcmp(locks->at[i].id, id) == 0)
			return &locks->at[i];
	return NULL;
}

/* One that has hung is given less time then, and asked less and less often: those who wait behind it pay for that. */
static void remember_silence(struct lock_memory *memory)
{
	int64_t longer = 2 * memory->silence_ms;

	memory->silence_ms = !longer ? SILENCE_HOLDS_MS : longer < SILENCE_HOLDS_MAX_MS ? longer : SILENCE_HOLDS_MAX_MS;
	memory->until_ms = now_ms() + memory->silence_ms;
}

static void doubt(struct lock_memory *memory, const struct seat *seat, int code, const char *why)
{
	char mend[48];

	memory->locked = HST_UNKNOWN;
	snprintf(mend, sizeof mend, code == HST_TIMEOUT ? "end process %d" : "mend that", (int)seat->server.pid);
	snprintf(memory->doubt, sizeof memory->doubt, "display :%d: %.*s; %s, or have %.32s sign out", seat->display, LOCK_WHY_MAX,
		 why, mend, seat->account->name);
	if (code == HST_TIMEOUT)
		remember_silence(memory);
	else
		memory->until_ms = memory->silence_ms = 0;
}

/* The display itself is asked. */
static void ask(struct locks *now, struct lock_memory *memory, const struct seat *seat, const struct running *running, hst_call *call)
{
	bool let_be = memory->locked == HST_NO && memory->until_ms > now_ms();
	const struct probe probe = {.display = seat->display,
				    .server = seat->server,
				    .server_file = seat->server_file,
				    .lock = true,
				    .bus_hangs = now->bus_until_ms > now_ms(),
				    .let_pointer_be = let_be,
				    .was_locked = memory->locked == HST_YES,
				    .screensaver_runs = running->screensaver};
	struct deadline deadline = deadline_in(call, memory->silence_ms ? ASK_SILENT_MS : ASK_MS);
	struct probed answer;
	hst_error err = {0};
	int rc = probe_display(&probe, seat->account, &deadline, &answer, &err);

	if (rc != HST_OK) {
		doubt(memory, seat, rc, err.text);
		return;
	}
	if (answer.bus_hangs)
		now->bus_until_ms = now_ms() + SILENCE_HOLDS_MS;
	memory->silence_ms = 0;
	memory->locked = answer.logind == PROBE_YES || answer.screensaver == PROBE_YES || answer.refused == PROBE_YES ?
				 HST_YES :
				 HST_NO;
	if (memory->locked == HST_YES)
		memory->until_ms = 0;
	else if (!let_be)
		memory->until_ms = now_ms() + UNLOCKED_HOLDS_MS;
}

/* Without asking again. Where a flow runs, or the screen is dark, what can be asked without the pointer is asked each time. */
static bool holds_still(const struct lock_memory *memory, const struct running *running)
{
	return memory->until_ms > now_ms() && (memory->locked == HST_UNKNOWN || (!running->flow && !running->dark));
}

hst_fact lock_state(const struct locks *before, struct locks *now, hst_call *call, const struct seat *seat,
		    const struct deadline *deadline, const char **ret_doubt)
{
	const struct lock_memory *known = remembered(before, seat->id);
	struct lock_memory *memory;
	struct running running;

	if (before->bus_until_ms > now->bus_until_ms)
		now->bus_until_ms = before->bus_until_ms;
	/* Before anything that takes time: whoever has many displays and many processes would hold up everybody. */
	if (now->n == LOCK_PEOPLE_MAX || deadline_passed(deadline)) {
		*ret_doubt = now->n == LOCK_PEOPLE_MAX ?
				     "people have more displays than can be asked; have some of them sign out" :
				     "the displays before it took too long; `hostler devices` names those that do not answer: have their users sign out";
		return HST_UNKNOWN;
	}
	running = crowd_running(&now->crowd, call, seat->account->uid, seat->display);
	if (running.locker)
		return HST_YES; /* and nothing is remembered: when it is gone the display is asked */
	memory = &now->at[now->n++];
	*memory = known ? *known : (struct lock_memory){.locked = HST_NO};
	snprintf(memory->id, sizeof memory->id, "%s", seat->id);
	if (!holds_still(memory, &running))
		ask(now, memory, seat, &running, call);
	if (memory->locked == HST_UNKNOWN)
		*ret_doubt = hst_copy(call, memory->doubt, strlen(memory->doubt));
	return memory->locked;
}
