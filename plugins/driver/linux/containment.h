/*
 * A cgroup of the session's own, below that of the process that makes it, where cgroup v2 can be written to: a process
 * that is started in it stays in it whatever it does, so do its children, and one write ends them all. Controllers are
 * not used, so a hybrid hierarchy without any will do. Where there is none, a session's processes are found again by what
 * they cannot easily shed (ending.h).
 *
 * It belongs to whom the making process belongs to, so a session of another user cannot leave it.
 */
#ifndef LINUX_CONTAINMENT_H
#define LINUX_CONTAINMENT_H

#include "remains.h"

#include <hostler/session.h>

/* Which containments the operator lets a session have; the words stand in the same order. */
enum containment_choice { CHOICE_BEST, CHOICE_CGROUP, CHOICE_PROCESSES };
extern const char *const containment_words[];

/* What a session that is opened now would have. Tries it out, so it is worth remembering. */
hst_containment containment_in_force(enum containment_choice choice);

/* Notes the cgroup, then makes it. Nothing is made, and it succeeds, where there is none to be had and it need not be. */
int containment_make(struct remains *remains, hst_call *call, enum containment_choice choice, hst_error *err);

/* This process becomes one of the session's, to become a program; false with errno. */
bool containment_enter(const struct remains *remains);

/* Its members, ordered; the caller frees. */
size_t containment_members(const struct remains *remains, pid_t **ret);

/* Everything in it is killed, also what is just being forked. */
void containment_kill(const struct remains *remains);

/* Kills what is in it and removes it; done twice it succeeds. HST_TIMEOUT with SessionCloseFailed: something does not die. */
int containment_remove(struct remains *remains, hst_error *err);

#endif
