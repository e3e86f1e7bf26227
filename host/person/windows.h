/*
 * The windows of a person (`hostler watch --here`) that look at the run a hostler-notice tells of, through a socket in their
 * place. Nobody but the person and root is let in. A window that does not read hears the newest when it reads again, and
 * one that talks without end is let go.
 */
#ifndef HOST_PERSON_WINDOWS_H
#define HOST_PERSON_WINDOWS_H

#include "loop/loop.h"
#include "person/happening.h"

struct windows;

struct windows_role {
	void (*answered)(void *arg, enum answer answer, int64_t number); /* pause, resume or stop */
	void *arg;
};

/* Without a place nobody can look, and the rest does nothing. */
struct windows *windows_new(struct loop *loop, const struct windows_role *role);
void windows_free(struct windows *windows);

void windows_show(struct windows *windows, const struct happening *happening);

#endif
