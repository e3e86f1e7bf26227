/*
 * Is the screen of a person locked? Several may know it, none of them always:
 *
 *	1. logind, where a system bus answers: when it says locked
 *	2. xscreensaver, when it says locked and its process lives
 *	3. a process of the user's that is a locker
 *	4. pointer and keyboard, when both are refused twice, a moment apart
 *
 * Whoever says "locked" is believed. "Not locked" is only believed of xscreensaver and of a display that hands out the
 * pointer: logind and the list of processes know nothing of lockers that are strange to them. Otherwise it is unknown.
 *
 * An unlocked screen is asked only now and then, because its person notices when the pointer is taken; so is one that
 * did not answer, because that took a second. While a flow of hostler's runs there the pointer is left to the flow.
 */
#ifndef X11_LOCK_H
#define X11_LOCK_H

#include "probe.h"

enum { LOCK_PEOPLE_MAX = 64, LOCK_ID_SIZE = 64, LOCK_FILE_SIZE = 1024 };

/* A display of a person, as it is found. */
struct seat {
	char id[LOCK_ID_SIZE]; /* of the session */
	int display;
	struct ucred server;
	char server_file[LOCK_FILE_SIZE]; /* as in struct probe */
	const struct account *account;
};

/* What was found when they were last asked. */
struct lock_memory {
	char id[LOCK_ID_SIZE];
	int64_t until_ms; /* so long it holds */
	hst_fact locked;
	char doubt[PROBE_WHY_MAX];
};

struct locks {
	struct lock_memory at[LOCK_PEOPLE_MAX];
	size_t n;
};

/*
 * With what `before` remembers; what is found goes into `now`. `doubt`, in the call's arena, says why it is HST_UNKNOWN.
 */
hst_fact lock_state(const struct locks *before, struct locks *now, hst_call *call, const struct seat *seat,
		    const struct deadline *deadline, const char **ret_doubt);

#endif
