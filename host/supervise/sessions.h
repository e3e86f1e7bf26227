/*
 * Session processes: children that the gateway asks for over its channel (os/channel.h). The supervisor starts them,
 * hands the gateway its end of a socketpair to each, and says when one has ended. They are not started again: what is
 * left of a dead one is the gateway's to decide. Holds outlive their gateway, and are handed to the next.
 */
#ifndef HOST_SUPERVISE_SESSIONS_H
#define HOST_SUPERVISE_SESSIONS_H

#include "supervise/process.h"

enum { SESSIONS_MAX = 1024 };

struct sessions;

/* What a hold reads on fd 4, made anew for each; freed with keys_forget. A watch reads nothing there. */
typedef char *(*sessions_keys)(void *arg);

/* `file` is the configuration and must live on. */
struct sessions *sessions_new(struct loop *loop, struct processes *processes, const char *file, sessions_keys keys, void *arg);
void sessions_free(struct sessions *sessions);

/*
 * A new gateway is about to start: makes its channel and returns the gateway's end, or -1. The holds of an earlier one
 * are on their way to it when this returns.
 */
int sessions_channel(struct sessions *sessions, hst_error *err);

/* True: nothing is on its way to the gateway, so that nothing but what is carried belongs to it. */
bool sessions_are_quiet(const struct sessions *sessions);
void sessions_carry(const struct sessions *sessions, struct carried *to);
void sessions_resume(struct sessions *sessions, const struct carried *carried);

size_t sessions_count(const struct sessions *sessions);
void sessions_signal(struct sessions *sessions, int signal);

#endif
