/*
 * Records of fixed size between gateway and supervisor, over a SOCK_SEQPACKET socketpair, with at most one
 * descriptor each. The gateway asks for session processes; the supervisor answers with the gateway's end of a
 * socketpair to the new process, and says when a process has ended.
 *
 * A hold outlives its gateway. To the next one the supervisor hands it over: a new socketpair, one end of it to the
 * gateway, the other to the hold, over a channel between supervisor and hold that serves for nothing else.
 */
#ifndef HOST_OS_CHANNEL_H
#define HOST_OS_CHANNEL_H

#include <hostler/error.h>

#include <stdint.h>

enum channel_what {
	CHANNEL_WANT_WATCH = 1, /* gateway: a `hostler-session watch` for `device` */
	CHANNEL_WANT_HOLD,	/* gateway: a `hostler-session hold` for `device` */
	CHANNEL_STARTED,	/* supervisor: here it is, with the descriptor */
	CHANNEL_ENDED,	/* supervisor: the process `number` has ended with `status` (as from waitpid); `text` says it in words,
			   and what it could not begin with */
	CHANNEL_FAILED, /* supervisor: it could not be started; `text` says why */
	CHANNEL_KILL,	/* gateway: end the process `number` now */
	CHANNEL_ADOPT,	  /* supervisor, to both: with the descriptor that leads to the other; to the gateway also the
			     number and the device of the hold. `status` 1: it runs the program of an earlier version */
	CHANNEL_GATHERED, /* supervisor: every hold of the earlier gateway was handed over. `status` 1: there was none, so
			     holds of an earlier supervisor may be about to end, which cannot be handed over */
};

struct channel_record {
	uint32_t what;
	uint32_t number; /* chosen by the gateway with WANT, below 2^30, repeated in the answers; else 2^30 and up */
	int32_t status;
	int32_t pid;
	char device[64];
	char text[256];
};

/* Both ends, close-on-exec. */
int channel_pair(int ret_ends[2], hst_error *err);

/*
 * `fd` -1: none is passed. Never blocks: HST_RETRY when the peer's queue (some 200 records) is full.
 * HST_NOT_FOUND: the other side is gone.
 */
int channel_send(int channel, const struct channel_record *record, int fd, hst_error *err);

/*
 * HST_RETRY: nothing there now. HST_NOT_FOUND: the other side is gone. HST_INVALID: what came is no record of
 * ours and is dropped. *ret_fd is -1 or the caller's to close, and close-on-exec. The texts of *ret end with
 * a NUL.
 */
int channel_receive(int channel, struct channel_record *ret, int *ret_fd, hst_error *err);

#endif
