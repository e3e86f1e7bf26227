#include "worker/watchdog.h"

#include <signal.h>
#include <stdbool.h>
#include <time.h>

static timer_t timer;
static bool made;

static bool watchdog_make(void)
{
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL};

	if (!made)
		made = timer_create(CLOCK_BOOTTIME, &event, &timer) == 0;
	return made;
}

static void watchdog_arm(int64_t ms)
{
	struct itimerspec at = {.it_value = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000}};

	/* A kernel without room for one timer leaves calls unwatched; the supervisor can still end the process. */
	if (watchdog_make())
		timer_settime(timer, 0, &at, NULL);
}

void watchdog_set(int64_t deadline_ms)
{
	watchdog_arm((deadline_ms > 0 ? deadline_ms : 0) + WATCHDOG_GRACE_MS);
}

void watchdog_clear(void)
{
	watchdog_arm(0);
}
