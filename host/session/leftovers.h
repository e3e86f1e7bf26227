/* What holds that died left behind on a device, undone by its watch from their notes (notes.h). */
#ifndef HOST_SESSION_LEFTOVERS_H
#define HOST_SESSION_LEFTOVERS_H

#include "base/table.h"
#include "session/device.h"

/* What may go on for ever is left to the next watch. */
enum { LEFTOVERS_TRIES_MAX = 100 };

struct leftovers {
	/* Names of files that could not be undone: they are tried once in the life of a watch, and said once.
	 */
	struct table given_up;
	/* Names of files of other devices, with their inodes: what has the same name later may be another one. */
	struct table others;
	int tries; /* that were told to try again: what is large is undone part by part */
};

void leftovers_init(struct leftovers *leftovers);
void leftovers_clear(struct leftovers *leftovers);

/* Looks at all notes. Those of living holds and of other devices are left alone. Logs what it does. */
void leftovers_undo(struct leftovers *leftovers, struct session_device *device);

#endif
