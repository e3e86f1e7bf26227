#include "wire/frames.h"

#include <errno.h>
#include <string.h>

int frames_receive(void *socket, struct frames *ret, hst_error *err)
{
	bool more = true;
	zmq_msg_t spare;

	ret->n = 0;
	ret->too_many = false;
	while (more) {
		zmq_msg_t *part =
			ret->n < sizeof ret->parts / sizeof *ret->parts ? &ret->parts[ret->n] : &spare;

		zmq_msg_init(part);
		while (zmq_msg_recv(part, socket, ZMQ_DONTWAIT) < 0) {
			int cause = errno;

			if (cause == EINTR)
				continue;
			zmq_msg_close(part);
			frames_clear(ret);
			if (cause == EAGAIN)
				return hst_fail(err, HST_RETRY, "nothing is there");
			return hst_fail(err, HST_BROKEN, "receiving failed: %s", zmq_strerror(cause));
		}
		more = zmq_msg_more(part) != 0;
		if (part != &spare) {
			ret->n++;
			continue;
		}
		ret->too_many = true;
		zmq_msg_close(part);
	}
	return HST_OK;
}

void frames_clear(struct frames *frames)
{
	for (size_t i = 0; i < frames->n; i++)
		zmq_msg_close(&frames->parts[i]);
	frames->n = 0;
}

static struct message_part frames_part(const struct frames *frames, size_t at)
{
	zmq_msg_t *part = (zmq_msg_t *)&frames->parts[at];

	return (struct message_part){zmq_msg_data(part), zmq_msg_size(part)};
}

uint64_t frames_id(const struct frames *frames, size_t first)
{
	struct message_part part;

	if (frames->n <= first + PART_ID)
		return 0;
	part = frames_part(frames, first + PART_ID);
	return message_part_id(&part);
}

int frames_decode(const struct frames *frames, size_t first, struct message *ret, hst_error *err)
{
	struct message_part parts[MESSAGE_PARTS];

	if (frames->too_many || frames->n != first + MESSAGE_PARTS)
		return hst_fail(err, HST_INVALID, "a message has %d parts, this one has %s%zu", MESSAGE_PARTS,
				frames->too_many ? "more than " : "",
				frames->n < first ? 0 : frames->n - first);
	for (size_t i = 0; i < MESSAGE_PARTS; i++)
		parts[i] = frames_part(frames, first + i);
	return message_read_parts(ret, parts, err);
}

static int frames_send_part(void *socket, const void *bytes, size_t length, bool more)
{
	int flags = ZMQ_DONTWAIT | (more ? ZMQ_SNDMORE : 0), sent;

	do
		sent = zmq_send(socket, length ? bytes : "", length, flags);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? errno : 0;
}

/*
 * Only the first part can be refused by a full queue or a peer that is gone. When a connection ends between
 * two parts, libzmq refuses one and drops what follows up to the last, so the rest is sent all the same: else
 * it would drop the beginning of the next message.
 */
int frames_send(void *socket, const void *routing, size_t routing_length, const struct message *message,
		hst_error *err)
{
	struct message_part all[1 + MESSAGE_PARTS];
	struct message_parts parts;
	int code = message_write_parts(message, &parts, err);
	int cause = 0;
	size_t n = 0;

	if (code)
		return code;
	if (routing)
		all[n++] = (struct message_part){routing, routing_length};
	for (size_t i = 0; i < MESSAGE_PARTS; i++)
		all[n++] = parts.at[i];
	for (size_t i = 0; i < n && !(cause && i == 1); i++) {
		int failed = frames_send_part(socket, all[i].bytes, all[i].length, i + 1 < n);

		cause = cause ? cause : failed;
	}
	if (cause == EHOSTUNREACH)
		return hst_fail(err, HST_NOT_FOUND, "the peer is gone");
	if (cause == EAGAIN)
		return hst_fail(err, HST_RETRY, "the peer takes no more messages at the moment");
	if (cause)
		return hst_fail(err, HST_BROKEN, "sending failed: %s", zmq_strerror(cause));
	return HST_OK;
}
