/*
 * The end of a process whose plugin does not come back: SIGKILL from the kernel once the deadline of a call and five
 * more seconds have passed. It works while the only thread of the process is stuck in the plugin.
 */
#ifndef HOST_WORKER_WATCHDOG_H
#define HOST_WORKER_WATCHDOG_H

#include <stdint.h>

enum { WATCHDOG_GRACE_MS = 5000 };

void watchdog_set(int64_t deadline_ms); /* from now */
void watchdog_clear(void);

#endif
