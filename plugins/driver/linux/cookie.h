/*
 * The cookie that lets a program in to somebody's display, from the files in which X programs look for it. Read by a
 * child that has become the user: what the user may not read, hostler does not read for them.
 */
#ifndef LINUX_COOKIE_H
#define LINUX_COOKIE_H

#include "display.h"

#include <limits.h>

struct cookie {
	unsigned char data[COOKIE_SIZE];
	char file[PATH_MAX]; /* where it stands: XAUTHORITY for programs */
};

/* The first cookie for the display in one of the files; false with half a sentence in `why`. */
bool cookie_find(const char *const *files, size_t n, int display, struct cookie *ret, char *why, size_t size);

#endif
