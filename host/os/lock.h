/* One hostlerd per state directory: `state_dir/lock`, held by flock for as long as the process lives, its pid inside. */
#ifndef HOST_OS_LOCK_H
#define HOST_OS_LOCK_H

#include <hostler/error.h>

#include <sys/types.h>

/* *ret_fd stays open as long as the lock is wanted. HST_DENIED: somebody has it, and the text says who. */
int lock_take(const char *path, int *ret_fd, hst_error *err);

/* Who holds it; HST_NOT_FOUND: nobody. */
int lock_holder(const char *path, pid_t *ret, hst_error *err);

#endif
