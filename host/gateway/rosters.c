/*
 * The roster on its way through a gateway: believed or not as everywhere, kept where the supervisor finds it, and passed on to the
 * session processes that seal and open. The gateway itself does neither.
 */
#include "gateway/gateway.h"

#include "base/auto.h"
#include "base/log.h"
#include "os/files.h"
#include "os/inherited.h"

#include <string.h>

static char *kept_path(const struct gateway *gateway)
{
	return files_join(gateway->conf->state_dir, "gateway/roster");
}

/* One that the supervisor has not taken over yet, because it was down. */
static void take_kept(struct gateway *gateway)
{
	AUTO_FREE char *path = kept_path(gateway);
	AUTO_FREE char *bytes = NULL;
	size_t length = 0;
	bool changed;

	if (files_read(path, ROSTER_BYTES_MAX, &bytes, &length, NULL) == HST_OK)
		pinned_take(&gateway->pinned, bytes, length, &changed, NULL);
}

void rosters_open(struct gateway *gateway, const struct key_ring *ring)
{
	believed_begin(&gateway->pinned, ring);
	take_kept(gateway);
}

static void keep(struct gateway *gateway)
{
	AUTO_FREE char *path = kept_path(gateway);
	AUTO_FREE char *text = roster_write(gateway->pinned.roster);
	hst_error err = {{0}, {0}};

	if (files_replace(path, text, strlen(text), 0644, true, &err) == HST_OK)
		inherited_line("roster", NULL);
	else
		log_warning("the roster cannot be kept: %s", err.text);
}

void rosters_tell(struct gateway_process *process)
{
	const struct roster *roster = process->device->gateway->pinned.roster;
	AUTO_FREE char *text = NULL;
	struct message message;
	hst_error err = {{0}, {0}};

	/* A program of an earlier version may not know the word; one that was handed over says first what it has. */
	if (process->watch || process->old || process->silent || !process->stream || !roster)
		return;
	believed_message(roster, &message, &text);
	if (stream_send(process->stream, &message, &err) < 0)
		log_warning("session process %u was not told the roster: %s", process->number, err.text);
}

void rosters_heard(struct gateway *gateway, const struct message *message)
{
	if (!believed_heard(&gateway->pinned, message))
		return;
	keep(gateway);
	TABLE_EACH(&gateway->processes, entry)
		rosters_tell(entry->value);
}
