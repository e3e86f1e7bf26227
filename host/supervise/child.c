#include "supervise/child.h"

#include <signal.h>
#include <string.h>

typedef enum child_state (*child_step)(struct child *child);

static uint64_t next_draw(struct child *child)
{
	/* xorshift64: jitter only has to differ between children. */
	child->draw ^= child->draw << 13;
	child->draw ^= child->draw >> 7;
	child->draw ^= child->draw << 17;
	return child->draw;
}

/* The pause after this many deaths in a row, give or take a fifth. */
static int64_t pause_ms(struct child *child)
{
	int64_t ms = CHILD_PAUSE_FIRST_MS;

	for (unsigned i = 1; i < child->failures && ms < CHILD_PAUSE_MAX_MS; i++)
		ms *= 2;
	if (ms > CHILD_PAUSE_MAX_MS)
		ms = CHILD_PAUSE_MAX_MS;
	return ms * 4 / 5 + (int64_t)(next_draw(child) % (uint64_t)(ms * 2 / 5 + 1));
}

static bool too_many_deaths(const struct child *child)
{
	/* With the ring full, the next place to be written holds the oldest of the last five. */
	int64_t oldest = child->deaths_us[child->death_count % CHILD_DEATHS_MAX];

	return child->death_count >= CHILD_DEATHS_MAX &&
	       child->now_us - oldest <= (int64_t)CHILD_DEATHS_WITHIN_MS * 1000;
}

static enum child_state died(struct child *child)
{
	child->deaths_us[child->death_count++ % CHILD_DEATHS_MAX] = child->now_us;
	child->failures++;
	if (too_many_deaths(child)) {
		child->role->timer(child, 0);
		return CHILD_DEGRADED;
	}
	child->role->timer(child, pause_ms(child));
	return CHILD_BACKOFF;
}

static enum child_state stay(struct child *child)
{
	return child->state;
}

static enum child_state launch(struct child *child)
{
	child->role->timer(child, 0);
	child->launches++;
	child->alive = child->role->launch(child);
	return child->alive ? CHILD_STARTING : died(child);
}

/* A person or a reload says "again": what happened before does not count any more. */
static enum child_state launch_afresh(struct child *child)
{
	if (child->alive)
		return child->state;
	child->death_count = 0;
	child->failures = 0;
	return launch(child);
}

static enum child_state become_ready(struct child *child)
{
	child->ready_us = child->now_us;
	return CHILD_READY;
}

/* It ends by itself after that word; if not, it is helped. */
static enum child_state give_up(struct child *child)
{
	child->role->signal(child, SIGTERM);
	child->role->timer(child, child->stop_ms);
	return CHILD_DEGRADED;
}

static enum child_state exit_early(struct child *child)
{
	child->alive = false;
	return died(child);
}

static enum child_state exit_ready(struct child *child)
{
	child->alive = false;
	if (child->now_us - child->ready_us >= (int64_t)CHILD_SETTLED_MS * 1000)
		child->failures = 0;
	return died(child);
}

static enum child_state exit_given_up(struct child *child)
{
	child->alive = false;
	child->role->timer(child, 0);
	return CHILD_DEGRADED;
}

static enum child_state exit_stopped(struct child *child)
{
	child->alive = false;
	child->role->timer(child, 0);
	return CHILD_STOPPED;
}

static enum child_state stop(struct child *child)
{
	child->role->signal(child, SIGTERM);
	child->role->timer(child, child->stop_ms);
	return CHILD_STOPPING;
}

/* However long that takes: a call's deadline is the worker's own to keep. */
static enum child_state drain(struct child *child)
{
	child->role->drain(child);
	return CHILD_DRAINING;
}

static enum child_state stop_paused(struct child *child)
{
	child->role->timer(child, 0);
	return CHILD_STOPPED;
}

static enum child_state stop_given_up(struct child *child)
{
	return child->alive ? stop(child) : CHILD_STOPPED;
}

static enum child_state kill_it(struct child *child)
{
	if (child->alive)
		child->role->signal(child, SIGKILL);
	return child->state;
}

/* clang-format off */
static const child_step steps[CHILD_STATES][CHILD_EVENTS] = {
	/*                    START          SAID_READY    SAID_BAD  EXIT           TIMER    DRAIN          STOP */
	[CHILD_STOPPED]  = { launch_afresh, stay,         stay,     stay,          stay,    stay,          stay },
	[CHILD_STARTING] = { stay,          become_ready, give_up,  exit_early,    stay,    stop,          stop },
	[CHILD_READY]    = { stay,          stay,         give_up,  exit_ready,    stay,    drain,         stop },
	[CHILD_BACKOFF]  = { stay,          stay,         stay,     stay,          launch,  stop_paused,   stop_paused },
	[CHILD_DRAINING] = { stay,          stay,         stay,     exit_stopped,  stay,    stay,          stop },
	[CHILD_STOPPING] = { stay,          stay,         stay,     exit_stopped,  kill_it, stay,          stay },
	[CHILD_DEGRADED] = { launch_afresh, stay,         stay,     exit_given_up, kill_it, stop_given_up, stop_given_up },
};
/* clang-format on */

void child_init(struct child *child, const char *name, const struct child_role *role, int64_t stop_ms, uint64_t draw)
{
	memset(child, 0, sizeof *child);
	child->name = name;
	child->role = role;
	child->stop_ms = stop_ms;
	child->draw = draw | 1;
	child->state = CHILD_STOPPED;
}

void child_event(struct child *child, enum child_event event, int64_t now_us)
{
	enum child_state before = child->state;

	child->now_us = now_us;
	child->state = steps[before][event](child);
	if (child->state != before)
		child->role->changed(child, before);
}

const char *child_state_name(enum child_state state)
{
	static const char *const names[CHILD_STATES] = {
		[CHILD_STOPPED] = "stopped", [CHILD_STARTING] = "starting", [CHILD_READY] = "ready",
		[CHILD_BACKOFF] = "backoff", [CHILD_DRAINING] = "draining", [CHILD_STOPPING] = "stopping",
		[CHILD_DEGRADED] = "degraded",
	};

	return names[state];
}
