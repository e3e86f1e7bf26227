/* What every program of ours does in its first lines, before it looks at anything from outside. */
#ifndef HOST_OS_HARDEN_H
#define HOST_OS_HARDEN_H

#include <hostler/error.h>

/*
 * The first line of every main: no core file is ever made of this process, and nobody but root reads its memory or traces it. A program
 * that is started starts without it.
 */
void harden_undumpable(void);

/*
 * umask 077, SIGPIPE ignored, every inherited descriptor above `highest_fd` closed, those from
 * 3 up to it noted (inherited_look) and made close-on-exec, and 0, 1 and 2 there, if only as /dev/null.
 */
void harden_start(int highest_fd);

/* The same for a program that goes on with the descriptors of the one before it: all stay, and are made close-on-exec. */
void harden_resume(void);

/*
 * Becomes that user with its groups, for good. "" or NULL or already that user: nothing. After HST_BROKEN the
 * program must end.
 */
int harden_drop(const char *user, hst_error *err);

/* From now on nothing that this process starts has more rights than it: no sudo, no setuid programs. For good. */
void harden_no_new_privileges(void);

#endif
