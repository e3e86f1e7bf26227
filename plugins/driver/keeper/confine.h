/* How the process that speaks to a server gives up everything that it does not need for it. */
#ifndef PLUGINS_DRIVER_KEEPER_CONFINE_H
#define PLUGINS_DRIVER_KEEPER_CONFINE_H

#include <stddef.h>

/* First of all: nobody looks into this process, it ends with its parent, and started as root it becomes nobody. */
unsigned confine_begin(void);

/*
 * From here on, for good, this process can use the connection that it has and the driver's socket, make threads and get memory up to a
 * ceiling; it can open nothing, connect to nobody, start nothing. Libraries that look for files hear that there are none, and one that
 * makes a folder that it was made. Returns what is in force (enum keeper_confined); with the reason in `why` and KEEPER_NO_CALLS missing
 * it must not go on. A build with sanitizers keeps its system calls and its memory, since these check nothing without them.
 */
unsigned confine(char *why, size_t size);

#endif
