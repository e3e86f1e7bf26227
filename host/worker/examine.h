/*
 * `hostler-worker check FILE [USER]…`: whether an instance could do its work on this machine, found out in a process of
 * its own. The plugin is opened with the record of checked options on stdin and asked to prove that its settings work;
 * a driver is asked who each USER is.
 *
 *	stdout       {"check":null,"users":{"bot1":null,…}}, an error {"code","reason","text"} in place of each null;
 *	             of a driver also "system":"linux", null where it cannot list its sessions here
 *	on failure   {"error":{"code":N,"reason":…,"text":…}}, exit status 1: it cannot even be opened
 *
 * `hostler-worker next FILE N`: the next N times at which a trigger with such options will fire by itself, as a list of
 * {"at","local"}; failures as above.
 */
#ifndef HOST_WORKER_EXAMINE_H
#define HOST_WORKER_EXAMINE_H

#include <stddef.h>

int examine_run(const char *path, char *const *users, size_t n);
int examine_next(const char *path, size_t n);

#endif
