/*
 * An attended run as one notification of the desktop, by org.freedesktop.Notifications on the session's bus. It is
 * replaced as the run goes on, at most once a second, and whoever dismissed it sees no more of it until the run is paused,
 * goes on or ends. A desktop that does not answer is left in peace; nothing here waits.
 */
#ifndef HOST_PERSON_POPUP_H
#define HOST_PERSON_POPUP_H

#include "loop/loop.h"
#include "person/happening.h"

#include <stdbool.h>

struct popup;

struct popup_role {
	void (*answered)(void *arg, enum answer answer, int64_t number); /* what a button said, or a trouble */
	void *arg;
};

struct popup *popup_new(struct loop *loop, const struct popup_role *role);
void popup_free(struct popup *popup);

void popup_show(struct popup *popup, const struct happening *happening);

/* What was to be shown is shown, or never will be. */
bool popup_is_done(const struct popup *popup);

#endif
