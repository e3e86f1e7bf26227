/*
 * Records on their way into a channel: what the other side's queue has no room for waits here, in order, with the
 * descriptors that go along. Nothing is lost but by the end of the other side.
 */
#ifndef HOST_SUPERVISE_OUTBOX_H
#define HOST_SUPERVISE_OUTBOX_H

#include "os/channel.h"

#include <stdbool.h>
#include <stddef.h>

struct outbox_entry {
	struct channel_record record;
	int fd;
};

struct outbox {
	struct outbox_entry *entries;
	size_t first, n, size;
};

void outbox_clear(struct outbox *outbox); /* closes what was to be passed */

/* `fd_take` -1: none goes along. */
void outbox_put(struct outbox *outbox, const struct channel_record *record, int fd_take);

/* Sends what goes; true when nothing is left, or the other side is gone. */
bool outbox_flush(struct outbox *outbox, int channel);

#endif
