/*
 * What a child of the supervisor inherits by number. One list, so that both sides read the same.
 *
 * - 3: a socket on which both sides write lines. The child: "ready" when it can work, "bad TEXT" when its configuration
 *   is wrong; those that are told of a reload speak on it as long as they live (wire/told.h)
 * - 4: the child reads its keys (wire/keys.h); a session process that watches has none
 * - 5: end-of-file here means that the supervisor is gone: end
 * - 6: gateway: records to and from the supervisor (os/channel.h); session: messages to and from the gateway
 * - 7: hold: records from the supervisor that hand it to another gateway (os/channel.h)
 *
 * The child closes 3 and 4 when it is done with them.
 */
#ifndef HOST_OS_INHERITED_H
#define HOST_OS_INHERITED_H

#include <stdbool.h>

enum {
	INHERITED_READY = 3,
	INHERITED_KEYS = 4,
	INHERITED_LIFE = 5,
	INHERITED_PEER = 6,
	INHERITED_HANDOVER = 7,
	INHERITED_LAST = INHERITED_HANDOVER,
	INHERITED_LINE_MAX = 2048
};

/*
 * Notes which of these descriptors are there. harden_start calls it before the program opens anything, since
 * later one of these numbers may be a file of the program's own: started by hand, it has inherited none of
 * them.
 */
void inherited_look(void);

/*
 * Before a plugin is loaded: puts the descriptors where nobody writes by mistake, and /dev/null in their places. A
 * library that was once a program may still believe that 3 or 4 is its own.
 */
void inherited_hide(void);

/* The descriptor's number now: the one it came with, or the one that inherited_hide gave it. */
int inherited_fd(int fd);

/* Whether the descriptor was there then and has not been closed by inherited_close or inherited_say. */
bool inherited_has(int fd);

/* Closes one of them; nothing when it was not inherited. */
void inherited_close(int fd);

/* Says ready (`bad` NULL) or "bad TEXT" on fd 3 and closes it. Nothing when it was not inherited. */
void inherited_say(const char *bad);

/* Says "WORD TEXT" (`text` NULL: "WORD") as one line on fd 3, cut at INHERITED_LINE_MAX, and keeps it open. */
void inherited_line(const char *word, const char *text);

#endif
