/*
 * Private folders for what a process works on and nobody keeps: made under a name of chance, locked for as long as somebody
 * works there. What a process that died left behind is known by its lock, which nobody has, and removed by the next one.
 */
#ifndef HOST_OS_WORKROOM_H
#define HOST_OS_WORKROOM_H

#include <hostler/error.h>

const char *workroom_temporary(void); /* $TMPDIR, else /tmp */

/* PARENT/PREFIX and six characters. The caller removes it, frees *ret_path, and then closes *ret_lock. */
int workroom_make(const char *parent, const char *prefix, char **ret_path, int *ret_lock, hst_error *err);

/* Removes those of this user in which nobody works. */
void workroom_sweep(const char *parent, const char *prefix);

#endif
