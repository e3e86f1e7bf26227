/*
 * A limit of the memory of this process, against programs that hoard it. What it starts by os/spawn.h is without it. The
 * limit is a soft one: it is against mistakes.
 */
#ifndef HOST_OS_LIMITS_H
#define HOST_OS_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

/* 0: none. An instrumented build has none, since it maps more than there is. */
void limits_memory(int64_t bytes);

/* Between these two the limit does not hold. */
void limits_lift(void);
void limits_lower(void);

/*
 * Where more than four fifths of the limit are used, how many MiB that is, and how many the limit is; false otherwise.
 * May be called from a signal handler.
 */
bool limits_near(long *ret_used_mib, long *ret_limit_mib);

#endif
