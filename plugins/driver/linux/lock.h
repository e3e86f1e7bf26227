/*
 * Is the screen of a person locked? Several may know it, none of them always:
 *
 *	1. logind, where a system bus answers: when it says locked
 *	2. xscreensaver, when it says locked and its process lives
 *	3. a process of the user's that is a locker
 *	4. pointer and keyboard, when both are refused twice, a moment apart
 *
 * Whoever says "locked" is believed. "Not locked" is only believed of a display that hands out pointer or keyboard, and of
 * xscreensaver while it has both itself, because it has made the screen dark without locking it. Everybody else knows
 * nothing of lockers that are strange to them. Who cannot be asked leaves it unknown.
 *
 * An unlocked screen is asked for its pointer only now and then, because its person notices when that is taken; one that
 * did not answer seldom, because that took a second. While a flow of hostler's runs there the pointer is left to the flow,
 * unless a window as lockers have them lies over everything; all else is then asked every time.
 */
#ifndef LINUX_LOCK_H
#define LINUX_LOCK_H

#include "crowd.h"
#include "probe.h"

enum { LOCK_PEOPLE_MAX = 256, LOCK_ID_SIZE = 64, LOCK_FILE_SIZE = 1024, LOCK_DOUBT_SIZE = 300, LOCK_WHY_MAX = 170 };

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
	int64_t until_ms;   /* so long an unlocked screen's pointer is let be, and a display that hangs */
	int64_t silence_ms; /* how long it is let be since it did not answer; 0: it did */
	hst_fact locked;
	char doubt[LOCK_DOUBT_SIZE];
};

/* Zeroed before each look. */
struct locks {
	struct lock_memory at[LOCK_PEOPLE_MAX];
	size_t n;
	int64_t bus_until_ms; /* logind is not asked so long, because its bus hung */
	struct crowd crowd;
};

/*
 * With what `before` remembers; what is found goes into `now`. `doubt`, in the call's arena, says why it is HST_UNKNOWN, on
 * which display, and what helps.
 */
hst_fact lock_state(const struct locks *before, struct locks *now, hst_call *call, const struct seat *seat,
		    const struct deadline *deadline, const char **ret_doubt);

#endif
