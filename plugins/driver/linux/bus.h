/*
 * The session's D-Bus, and on it the accessibility bus, through which desktop flows see and use the windows
 * of programs. The session bus starts the accessibility services by itself, as its service files say.
 */
#ifndef LINUX_BUS_H
#define LINUX_BUS_H

#include "launch.h"
#include "remains.h"

enum { BUS_ADDRESS_SIZE = 512 };

/* Starts dbus-daemon with its socket in `runtime` and waits for its address. */
int bus_start(const char *runtime, const struct account *account, char *const *environment,
	      struct remains *remains, const struct deadline *deadline, char ret_address[BUS_ADDRESS_SIZE],
	      hst_error *err);

/* Starts the accessibility bus and says on it that programs shall show their windows there. */
int bus_enable_accessibility(const struct account *account, char *const *environment, struct remains *remains,
			     const struct deadline *deadline, hst_error *err);

#endif
