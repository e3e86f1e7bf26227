#include "pure/queue/presence.h"

#include "schema/types.h"

#include <string.h>

/* A second one with the same key says so again every few seconds, for as long as it is there. */
static const int64_t clone_us = 20 * 1000000;

static bool is_cloned(const struct presence *presence)
{
	return presence->standing != PRESENCE_REVOKED && presence->turned_away_us &&
	       presence->now_us - presence->turned_away_us < clone_us;
}

const char *presence_word(const struct presence *presence)
{
	if (presence->standing == PRESENCE_REVOKED)
		return "revoked";
	if (!presence->seen)
		return "never connected";
	if (!presence->online)
		return "offline";
	if (is_cloned(presence))
		return "cloned";
	return presence->drained ? "draining" : "online";
}

const char *presence_reason(const struct presence *presence)
{
	if (presence->standing == PRESENCE_REVOKED)
		return "GatewayRevoked";
	if (!presence->seen)
		return "DeviceNeverConnected";
	if (!presence->online)
		return "DeviceOffline";
	return presence->drained ? "DeviceDraining" : NULL;
}

static void add_time(struct text *to, int64_t us)
{
	char at[40];

	/* Whole seconds: nobody compares these to the microsecond. */
	type_write_date((hst_time){us - us % 1000000}, at, sizeof at);
	text_add(to, at);
}

static void add_whose_word(struct text *to, const struct presence *presence)
{
	if (presence->who && *presence->who && strcmp(presence->who, "-") != 0)
		text_addf(to, " by %s", presence->who);
	if (presence->at_us) {
		text_add(to, " at ");
		add_time(to, presence->at_us);
	}
}

static bool is_loopback(const char *listen)
{
	return strncmp(listen, "tcp://127.", 10) == 0 || strncmp(listen, "tcp://[::1]", 11) == 0 ||
	       strncmp(listen, "tcp://localhost:", 16) == 0;
}

/* Where the gateway has to connect to, or why it cannot. */
static void add_listen(struct text *to, const struct presence *presence)
{
	if (!presence->listen)
		text_add(to, "; but this host listens for no other machine: say `listen` in its [host]");
	else if (is_loopback(presence->listen))
		text_addf(to, "; this host listens at %s, which only this machine reaches", presence->listen);
	else
		text_addf(to, "; gateways connect to %s", presence->listen);
}

static void say_never(const struct presence *presence, struct text *to)
{
	const char *gateway = presence->gateway;

	switch (presence->standing) {
	case PRESENCE_OWN:
		text_addf(to, "the gateway \"%s\" of this house has not said anything of it yet; `hostler doctor` and the log say "
			      "what its driver lacks",
			  gateway);
		return;
	case PRESENCE_ADMITTED:
		text_addf(to, "the gateway \"%s\" was let in", gateway);
		add_whose_word(to, presence);
		text_add(to, " and has never connected: start hostlerd on its machine, and look at `host` and `host_key` in its "
			     "[gateway]");
		break;
	case PRESENCE_INVITED:
		text_addf(to, "the gateway \"%s\" is invited until ", gateway);
		add_time(to, presence->at_us);
		text_add(to, " and has not joined: run `hostler gateway join` with the line of the invitation on its machine");
		break;
	default:
		text_addf(to, "no gateway \"%s\" was ever let in: `hostler gateway invite %s` makes the line for its machine to join "
			      "with",
			  gateway, gateway);
		break;
	}
	add_listen(to, presence);
}

static void say_revoked(const struct presence *presence, struct text *to)
{
	text_addf(to, "the gateway \"%s\" was removed", presence->gateway);
	add_whose_word(to, presence);
	if (presence->turned_away_us) {
		text_add(to, " and was refused last at ");
		add_time(to, presence->turned_away_us);
		text_addf(to, ", from %s", presence->turned_from && *presence->turned_from ? presence->turned_from : "this machine");
	}
	text_addf(to, "; `hostler gateway invite %s` lets it in again", presence->gateway);
}

static void say_offline(const struct presence *presence, struct text *to)
{
	text_addf(to, "the gateway \"%s\" has not been heard of", presence->gateway);
	if (presence->seen_us) {
		text_add(to, " since ");
		add_time(to, presence->seen_us);
	}
	if (presence->address && *presence->address)
		text_addf(to, " (it was at %s)", presence->address);
	text_add(to, presence->standing == PRESENCE_OWN ? "; the log says why it ended"
							: "; look whether its machine is on, hostlerd runs there, and the network "
							  "is whole");
}

static void say_cloned(const struct presence *presence, struct text *to)
{
	text_addf(to, "a second gateway with the key of \"%s\" is refused, last at ", presence->gateway);
	add_time(to, presence->turned_away_us);
	text_addf(to, " from %s; the one at %s goes on. Each needs a key of its own: remove state_dir on the copy, and let it join "
		      "by an invitation of its own",
		  presence->turned_from && *presence->turned_from ? presence->turned_from : "this machine",
		  presence->address && *presence->address ? presence->address : "this machine");
}

static void say_drained(const struct presence *presence, struct text *to)
{
	const char *name = presence->drained_name ? presence->drained_name : "";

	text_add(to, "it is in maintenance and takes no new runs");
	if (presence->drained_us) {
		text_add(to, " since ");
		add_time(to, presence->drained_us);
	}
	if (presence->drained_who)
		text_addf(to, ", by %s", presence->drained_who);
	if (*name && strncmp(name, "device:", 7) != 0)
		text_addf(to, ", with %s", strcmp(name, "host") == 0 ? "the whole host" : name);
	if (*name)
		text_addf(to, "; `hostler device resume %s` ends that", strncmp(name, "device:", 7) == 0 ? name + 7 : name);
}

void presence_say(const struct presence *presence, struct text *to)
{
	if (presence->standing == PRESENCE_REVOKED)
		say_revoked(presence, to);
	else if (!presence->seen)
		say_never(presence, to);
	else if (!presence->online)
		say_offline(presence, to);
	else if (is_cloned(presence))
		say_cloned(presence, to);
	else if (presence->drained)
		say_drained(presence, to);
}
