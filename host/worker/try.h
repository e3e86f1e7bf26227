/*
 * `hostler-worker try KIND/NAME|FILE [WORD] [-o OPTION=VALUE]… [-n EVENTS] [INPUT=VALUE]…`: a plugin at work in the
 * foreground, without host or configuration: an action of a connector, `press` or `watch` of a trigger, the decisions of a
 * balancer or strategy, what a driver lists.
 */
#ifndef HOST_WORKER_TRY_H
#define HOST_WORKER_TRY_H

/* `arguments` are those behind `try`, `n` of them and at least 1. Exit status 0, 1 it failed, 2 usage or bad input. */
int try_run(char *const *arguments, int n);

#endif
