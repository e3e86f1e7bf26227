#include "wire/believed.h"

#include "base/log.h"

#include <string.h>

void believed_begin(struct pinned *pinned, const struct key_ring *ring)
{
	hst_error err = {0};

	if (pinned_begin(pinned, ring->roster, ring->pin, &err) != HST_OK)
		log_error("nothing can be sealed or opened here: %s", err.text);
}

bool believed_heard(struct pinned *pinned, const struct message *roster)
{
	hst_error err = {0};
	bool changed = false;
	int code = pinned_take(pinned, (const char *)roster->payload, roster->payload_length, &changed, &err);

	/* One that is older than the believed is there for those that have missed it. */
	if (code != HST_OK && strcmp(err.reason, "RosterEpoch") == 0)
		log_debug("%s", err.text);
	else if (code != HST_OK)
		log_warning("a roster was not believed: %s: %s", err.reason, err.text);
	else if (changed)
		log_info("the roster of epoch %lld is believed from now on", (long long)pinned->roster->epoch);
	return changed;
}

void believed_message(const struct roster *roster, struct message *message, char **ret_text)
{
	*ret_text = roster_write(roster);
	message_init(message, WORD_roster, 0);
	message_set_payload(message, *ret_text, strlen(*ret_text));
}
