/*
 * Stands round every call of a plugin's code, its constructor included: when the process dies of it, or the plugin ends
 * the process, or does not come back in time, one sentence says which plugin did what; and one that does not come back
 * loses its process. All of it works while the only thread of the process is stuck in the plugin: a timer of the
 * kernel's sends a signal that is answered with a sentence, and a second later SIGKILL, should that signal be blocked.
 *
 * Calls never nest. A plugin that catches SIGSEGV and its like itself is not spoken for.
 */
#ifndef HOST_PLUGIN_GUARD_H
#define HOST_PLUGIN_GUARD_H

#include <hostler/plugin.h>

/* What an op may take beyond the deadline of its call, and what is granted to those that have no call. */
enum { GUARD_GRACE_MS = 5000, GUARD_LOAD_MS = 10000, GUARD_OPEN_MS = 20000, GUARD_PURE_MS = 5000 };

/* `who` is how the sentence begins. limit_ms 0: no limit. */
void guard_enter(const char *who, const char *op, int64_t limit_ms);
void guard_leave(void); /* nothing when nothing was entered */

/*
 * From now on calls are many and short, as those of a balancer or a strategy are: the timer is set for several of them, a
 * quarter of a second early at most, and left behind. One that also keeps the timer's signal from coming is found
 * by the supervisor, by the silence of its process.
 */
void guard_often(void);

/*
 * Calls that follow each other closely, as those of one turn of a loop do: the timers are set for several of them, a
 * quarter of a second early at most, and taken back by guard_rest.
 */
void guard_row(void);
void guard_rest(void);

/* What was entered is not wanted any more: from now on it has the grace and nothing else. */
void guard_hurry(void);

/* What may be spent in an op of this call: until its deadline, and the grace. 0: the call has no deadline. */
int64_t guard_limit(const hst_call *call);

/*
 * Where the sentence goes instead of to the log, a NUL-terminated line. Called from a signal handler: it may write and
 * nothing else. NULL: to the log again.
 */
void guard_tell(void (*say)(const char *sentence));

#endif
