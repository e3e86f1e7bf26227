/*
 * A child of the supervisor that speaks on the wire: its arguments (-c FILE, --as USER), its privileges dropped in the
 * first lines, its keys from descriptor 4, and a loop that ends on SIGTERM, SIGINT, or when the supervisor is gone.
 * What the engine and the gateway have in common, and nothing of what they do.
 */
#ifndef HOST_WIRE_CHILD_H
#define HOST_WIRE_CHILD_H

#include "loop/loop.h"
#include "wire/keys.h"
#include "wire/told.h"

#include <stdbool.h>

struct child {
	const char *conf_path; /* belongs to argv */
	bool for_root;         /* root started it, and it has dropped its privileges */
	struct key_ring ring;
	struct loop *loop;
	void *zmq;
	struct told told;
};

/* `program` is its name for the log, `does` one sentence for --help. -1: go on; else the exit status, with everything said. */
int child_start(struct child *child, int argc, char **argv, const char *program, const char *does, int highest_fd);

/* After the configuration was read: loop and ZeroMQ context. */
void child_open(struct child *child);

/* Says ready to the supervisor, hears its words, and turns the loop to its end; the exit status. */
int child_run(struct child *child, void (*word)(void *arg, const char *word), void *arg);

void child_close(struct child *child); /* after everything that uses loop and context; wipes the keys */

#endif
