/*
 * Messages one behind the other in bytes, whatever carries them: a part of a ZeroMQ message (frames.h) or a socketpair
 * (stream.h). Each is a length of 4 bytes (of what follows), then its five parts, each behind a length of its own of 4
 * bytes; all lengths big-endian.
 *
 * Many small messages to one peer are one large one to libzmq: what it costs to queue, to encrypt and to wake the other
 * side is then paid once.
 */
#ifndef HOST_WIRE_PARCEL_H
#define HOST_WIRE_PARCEL_H

#include "wire/message.h"

enum {
	PARCEL_LENGTH_BYTES = 4,
	PARCEL_WORD_MAX = 32,
	/* Of one message, without its first length. */
	PARCEL_MESSAGE_MAX = MESSAGE_PARTS * PARCEL_LENGTH_BYTES + PARCEL_WORD_MAX + 8 + HEAD_BYTES_MAX + PAYLOAD_BYTES_MAX + SEALED_BYTES_MAX,
	PARCEL_BYTES = 64 << 10, /* one is sent when it has grown to this; a larger message is one of its own */
};

/* Bytes to be sent or read: those from `done` to `used`. */
struct parcel {
	char *at;
	size_t used, size, done;
};

void parcel_reserve(struct parcel *parcel, size_t more);
void parcel_clear(struct parcel *parcel);

/* HST_INVALID: a required member is unset, or payload or sealed part is over what its row allows; nothing was added. */
int parcel_add(struct parcel *parcel, const struct message *message, hst_error *err);

static inline size_t parcel_left(const struct parcel *parcel)
{
	return parcel->used - parcel->done;
}

/* Of what is left, the bytes that are sent as one: whole messages, at least one, of PARCEL_BYTES together where they are small. */
size_t parcel_portion(const struct parcel *parcel);

/*
 * The next message, which points into the bytes. HST_RETRY: it is not there as a whole. HST_INVALID: it is no message of the
 * list; ret->word and *ret_id say what can be said of it, and reading goes on behind it. HST_BROKEN: the lengths are
 * wrong, so nobody knows where the next one would begin.
 */
int parcel_next(struct parcel *parcel, struct message *ret, uint64_t *ret_id, hst_error *err);

#endif
