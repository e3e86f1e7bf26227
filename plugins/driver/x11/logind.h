/*
 * What logind says of a session, asked by `dbus-send` on the system bus. For a child that may take its time and be killed:
 * a bus that hangs costs half a second.
 */
#ifndef X11_LOGIND_H
#define X11_LOGIND_H

#include "probe.h"

/* Has the desktop of the session in which this process runs said that it is locked? Silent where nobody answers. */
enum probe_answer logind_locked(pid_t process);

#endif
