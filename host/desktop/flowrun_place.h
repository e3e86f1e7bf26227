/*
 * The folder that desktop runs of one user work in, one after another. Its root belongs to this process, so that nobody
 * can put something else in the place of the FIFO or the control file; what belongs to the flow's user is only looked into
 * through descriptors.
 *
 *	ROOT/flow      $HOSTLER_WORK, the flow's own, with in/ and out/
 *	ROOT/events    $HOSTLER_EVENTS, a FIFO
 *	ROOT/control   $HOSTLER_CONTROL, one word and a newline
 */
#ifndef HOST_DESKTOP_FLOWRUN_PLACE_H
#define HOST_DESKTOP_FLOWRUN_PLACE_H

#include "desktop/flowrun_kill.h"

#include <hostler/error.h>
#include <hostler/types.h>

#include <stdbool.h>
#include <stdint.h>

struct flow_place {
	char *work, *events, *control;
	int root_fd, work_fd;
	int64_t uid, gid; /* whom what lies in `work` belongs to; -1: this process's own user */
	int events_fd;	  /* opened for reading and writing, so that it never comes to an end */
	bool used;	  /* a process was started in it */
	bool steered;	  /* the control word is another than `run` */

	/* Made ahead, because a press waits for what a flow is started with: */
	int input[2], output[2];     /* its stdin; its stdout and stderr; -1: not ready */
	struct flow_orphans orphans; /* whose children are this process's own */
};

/* A place that is not made yet, for flow_place_clear. */
#define FLOW_PLACE_NONE \
	((struct flow_place){.root_fd = -1, .work_fd = -1, .events_fd = -1, .input = {-1, -1}, .output = {-1, -1}})

/* `root` is an existing empty directory of this process's. On failure what was made is left to whoever removes it. */
int flow_place_make(struct flow_place *place, const char *root, int64_t uid, int64_t gid, hst_error *err);
void flow_place_clear(struct flow_place *place); /* closes; removes nothing; done twice it does nothing */

/*
 * Makes the place as new for the next run of the same user, when everything the last one started is gone. What lies in it
 * is removed; a folder that was left as it was found is used again, since making one costs more than looking. On failure
 * the place is not to be used any more.
 */
int flow_place_renew(struct flow_place *place, hst_error *err);

/* Makes what the next flow is started with, unless it is there; making and renewing a place do it already. No driver may
 * start anything of its own between this and the flow, or it is taken for the flow's. */
int flow_place_ready(struct flow_place *place, hst_error *err);
void flow_place_unready(struct flow_place *place); /* closes of it what nobody has taken */

/* Replaces the control word as a whole. */
int flow_place_control(struct flow_place *place, const char *word, hst_error *err);

/* Opens a regular file of the flow's user beneath $HOSTLER_WORK, without following any link or going into
 * another file system; -1 with the error filled in. */
int flow_place_open(const struct flow_place *place, const char *path, hst_error *err);

/* The whole of such a file, NUL behind it, caller frees. */
int flow_place_read(const struct flow_place *place, const char *path, size_t max, char **ret,
		    size_t *ret_length, hst_error *err);

#endif
