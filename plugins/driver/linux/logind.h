/*
 * What logind says of a session, asked by `dbus-send` on the system bus. For a child that may take its time and be killed:
 * a bus that hangs costs a quarter of a second.
 */
#ifndef LINUX_LOGIND_H
#define LINUX_LOGIND_H

#include "probe.h"

/*
 * Has the desktop of the session in which this process runs said that it is locked? Silent where nobody answers, or
 * something else than yes or no. `hangs`: there is a bus, and what answers on it did not in time.
 */
enum probe_answer logind_locked(pid_t process, bool *ret_hangs);

#endif
