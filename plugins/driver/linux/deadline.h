/*
 * Waiting for something that may never come. A deadline is a point on the monotonic clock; where it belongs
 * to a call, the wait also ends when the call is cancelled. Taking things down waits without a call, because
 * it must be finished.
 */
#ifndef LINUX_DEADLINE_H
#define LINUX_DEADLINE_H

#include <hostler/host.h>

#include <poll.h>

struct deadline {
	hst_call *call; /* NULL: cannot be cancelled */
	int64_t end_ms;
};

/* In `ms`, or when the call should be over, whichever is earlier. */
struct deadline deadline_in(hst_call *call, int64_t ms);

bool deadline_passed(const struct deadline *deadline);

/* Waits for one of the descriptors, as poll does. HST_OK: there is one; else HST_TIMEOUT or HST_CANCELLED. */
int deadline_poll(const struct deadline *deadline, struct pollfd *fds, nfds_t n);

#endif
