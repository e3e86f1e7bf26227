/*
 * The children of this process, those it inherited as orphans included. Zombies count: nobody has waited for
 * them yet. A child that appears or goes during the call may be missed, so this is no replacement for waiting
 * for a child that is known by its id.
 */
#ifndef HOST_OS_CHILDREN_H
#define HOST_OS_CHILDREN_H

#include <stddef.h>
#include <sys/types.h>

enum { CHILDREN_MAX = 4096 };

/* Ids of at most `max` children of the calling thread, which is the only one. Returns how many; 0 also where
 * /proc does not tell. */
size_t children_list(pid_t *to, size_t max);

#endif
