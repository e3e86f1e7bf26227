/*
 * From a configuration file to a running house: check it, make accounts and folders, take the lock, read or make the
 * seed and the operator's key, then supervise until told to end.
 */
#ifndef HOST_SUPERVISE_HOUSE_H
#define HOST_SUPERVISE_HOUSE_H

#include <stdbool.h>

struct conf;

/*
 * Says "ready" on stdout once all children are. `detached`: nobody is at the terminal, so once it is ready stdout is
 * closed and stderr goes to state_dir/hostlerd.log. Exit status: 0 told to end, 1 failed, 2 the configuration is wrong.
 */
int house_run(const char *file, bool detached);

/* Goes on in the place of the hostlerd that became this one; `fd` is what it handed on. */
int house_resume(const char *file, bool detached, int fd);

/*
 * For `hostler init`: makes what is missing of seed and roster, and starts nothing. Reads a passphrase for the operator key from stdin
 * ("": none), prints a line for each it made ("seed", "roster"), and one `error TEXT` when that failed.
 */
int house_prepare(const char *file);

/* Starts the same in a session of its own and returns once it is ready. */
int house_background(const char *file);

/* Reads the configuration; NULL, with every problem printed, when it is wrong. The caller frees it. */
struct conf *house_conf(const char *file);

#endif
