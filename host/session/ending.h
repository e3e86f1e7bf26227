/* What tells a session process to end, whatever it does: TERM, INT, and the supervisor's death. And SIGCHLD
 * beside it, since signals have one place. */
#ifndef HOST_SESSION_ENDING_H
#define HOST_SESSION_ENDING_H

#include "loop/loop.h"

/* `end` may be called more than once. `child` (may be NULL): a child has ended. */
void ending_watch(struct loop *loop, void (*end)(void *arg), void (*child)(void *arg), void *arg);

#endif
