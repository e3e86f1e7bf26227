/*
 * Starting programs: by posix_spawn only, so that a process with threads or a ZeroMQ context never forks. The
 * child gets exactly the descriptors listed; every other one is closed (they are all close-on-exec).
 */
#ifndef HOST_OS_SPAWN_H
#define HOST_OS_SPAWN_H

#include <hostler/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct spawn_fd {
	int here;  /* this process's descriptor; stays open here; -1: /dev/null */
	int there; /* its number in the child: 0 to 63, each once */
};

struct spawn {
	const char *path;  /* absolute */
	char *const *argv; /* ends with NULL */
	/* Ends with NULL. NULL: only PATH, LANG, HOME, XDG_*, TZ and HOSTLER_ACCEPTED are taken over. */
	char *const *environment;
	const char *directory; /* NULL: stays */
	/* 0, 1 and 2 default to /dev/null, stderr, stderr. */
	const struct spawn_fd *fds;
	size_t fd_count;
	bool new_group; /* leader of a process group of its own */
};

/*
 * The child has no signal blocked and none ignored. Only the starting is reported here: what becomes of the
 * process is the caller's to wait for.
 */
int spawn_start(const struct spawn *spawn, pid_t *ret_pid, hst_error *err);

/*
 * Runs to the end and collects up to `max` bytes of its stdout (NUL-terminated, caller frees; what goes
 * beyond is read and dropped); `input` (may be NULL) is its stdin. It leads a process group of its own, and
 * whatever is left of the group when the program ends is killed. HST_TIMEOUT when the deadline came first;
 * then the group is killed too. *ret_status is as from waitpid. Blocks; only for programs without a loop, or
 * before it runs.
 */
int spawn_capture(const struct spawn *spawn, const char *input, size_t max, int64_t timeout_ms,
		  char **ret_output, int *ret_status, hst_error *err);

/* "exit status 2", "signal 9 (Killed)"; `size` at least 64. */
void spawn_status_text(int status, char *to, size_t size);

#endif
