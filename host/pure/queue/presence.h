/*
 * How a device is there, in one word and one sentence: why no run can go there although nothing is wrong with the run,
 * and what to do about it. Whoever says that (devices, why, queue, check, doctor) says it with these words.
 */
#ifndef HOST_PURE_QUEUE_PRESENCE_H
#define HOST_PURE_QUEUE_PRESENCE_H

#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

/* What the host knows of the gateway that serves the device. */
enum presence_gateway {
	PRESENCE_STRANGER, /* nobody let a gateway of that name in */
	PRESENCE_INVITED,
	PRESENCE_ADMITTED,
	PRESENCE_REVOKED,
	PRESENCE_OWN, /* the one of the host's own configuration */
};

struct presence {
	const char *gateway; /* name */
	enum presence_gateway standing;
	int64_t at_us;	     /* when it was let in or removed, or when its invitation ends; 0: not said */
	const char *who;     /* by whom; NULL: not said */
	bool seen;	     /* it has spoken for the device at least once */
	bool online, drained;
	const char *drained_name; /* "device:NAME", "cluster:NAME" or "host" that is out of service; NULL: not said */
	const char *drained_who;  /* by whom; NULL: not said */
	int64_t drained_us;
	int64_t seen_us;	 /* when last; 0: never */
	const char *address;	 /* from where; NULL or "": this machine, or not known */
	const char *listen;	 /* where gateways of other machines connect; NULL: nowhere */
	int64_t turned_away_us;	 /* when somebody with its key was refused last, for being a second one or for being revoked */
	const char *turned_from; /* from where */
	int64_t now_us;
};

/* "online", "offline", "draining", "never connected", "revoked", "cloned" */
const char *presence_word(const struct presence *presence);

/* The reason code that belongs to it; NULL: runs can go there. */
const char *presence_reason(const struct presence *presence);

/* Appends one sentence without a full stop; nothing when the device is online and nothing is odd. */
void presence_say(const struct presence *presence, struct text *to);

#endif
