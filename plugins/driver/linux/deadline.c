#include "deadline.h"

#include <errno.h>
#include <time.h>

/* How long a cancelled call may go unnoticed: cancelling is a flag, so it can only be looked at. */
enum { LOOK_MS = 200 };

static int64_t clock_ms(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t now_ms(void)
{
	return clock_ms(CLOCK_MONOTONIC);
}

struct deadline deadline_in(hst_call *call, int64_t ms)
{
	if (call && call->deadline_us != INT64_MAX) {
		int64_t left = call->deadline_us / 1000 - clock_ms(CLOCK_REALTIME);

		ms = left < ms ? left : ms;
	}
	return (struct deadline){.call = call, .end_ms = now_ms() + ms};
}

bool deadline_passed(const struct deadline *deadline)
{
	return now_ms() >= deadline->end_ms;
}

int deadline_poll(const struct deadline *deadline, struct pollfd *fds, nfds_t n)
{
	for (;;) {
		int64_t left = deadline->end_ms - now_ms();
		int wait = left < 0 ? 0 : left > LOOK_MS ? LOOK_MS : (int)left;
		int found = poll(fds, n, wait);

		if (found > 0)
			return HST_OK;
		if (found < 0 && errno != EINTR)
			return HST_BROKEN;
		if (deadline->call && hst_cancelled(deadline->call))
			return HST_CANCELLED;
		if (left <= 0)
			return HST_TIMEOUT;
	}
}
