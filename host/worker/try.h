/*
 * `hostler-worker try FILE ACTION [-o OPTION=VALUE]… [INPUT=VALUE]…`: one action of a connector, or `press` of a trigger,
 * in the foreground, without host or configuration. Prints the outputs as JSON.
 */
#ifndef HOST_WORKER_TRY_H
#define HOST_WORKER_TRY_H

/* `arguments` are those behind ACTION, `n` of them. Exit status 0, 1 it failed, 2 usage or bad input. */
int try_run(const char *path, const char *action, char *const *arguments, int n);

#endif
