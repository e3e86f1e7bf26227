/*
 * Talking X with the session's display. It is done in a child that has become the session's user: the display
 * belongs to that user, who could make it answer nonsense or not at all, and this process may be root.
 */
#ifndef LINUX_SCREEN_H
#define LINUX_SCREEN_H

#include "display.h"

/* Waits until the window manager has announced itself on the root window (_NET_SUPPORTING_WM_CHECK), and puts
 * the pointer out of the way. */
int screen_make_ready(const struct display *display, const struct account *account,
		      const struct process *manager, const struct deadline *deadline, hst_error *err);

/* Writes the root window as PNG to a new file with mode 0600; there is the whole picture at `path`, or
 * nothing. */
int screen_capture(const struct display *display, const struct account *account, const char *path,
		   const struct deadline *deadline, hst_error *err);

#endif
