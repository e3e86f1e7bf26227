/*
 * Soft limits of this process, which what it starts by os/spawn.h does not have: of its memory, against programs that hoard
 * it by mistake; and of its descriptors, of which it may have as many as the hard limit allows, while a program that knows
 * no more than the first 1024 is not surprised.
 */
#ifndef HOST_OS_LIMITS_H
#define HOST_OS_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

/* 0: none. An instrumented build has none, since it maps more than there is. */
void limits_memory(int64_t bytes);

/* A process for many sessions or peers needs one or more for each of them. */
void limits_descriptors(void);

/* Between these two the limits are those that the process was started with. */
void limits_lift(void);
void limits_lower(void);

/*
 * Where more than four fifths of the limit are used, how many MiB that is, and how many the limit is; false otherwise.
 * May be called from a signal handler.
 */
bool limits_near(long *ret_used_mib, long *ret_limit_mib);

#endif
