#include "supervise/outbox.h"

#include "base/mem.h"

#include <stdlib.h>
#include <unistd.h>

void outbox_clear(struct outbox *outbox)
{
	for (size_t i = outbox->first; i < outbox->n; i++)
		if (outbox->entries[i].fd >= 0)
			close(outbox->entries[i].fd);
	free(outbox->entries);
	*outbox = (struct outbox){0};
}

void outbox_put(struct outbox *outbox, const struct channel_record *record, int fd_take)
{
	outbox->entries = mem_grow(outbox->entries, &outbox->size, outbox->n + 1, sizeof *outbox->entries);
	outbox->entries[outbox->n++] = (struct outbox_entry){.record = *record, .fd = fd_take};
}

bool outbox_flush(struct outbox *outbox, int channel)
{
	for (; outbox->first < outbox->n; outbox->first++) {
		struct outbox_entry *entry = &outbox->entries[outbox->first];

		if (channel_send(channel, &entry->record, entry->fd, NULL) == HST_RETRY)
			return false;
		if (entry->fd >= 0)
			close(entry->fd);
	}
	outbox->first = outbox->n = 0;
	return true;
}
