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

int frames_open(const struct frames *frames, size_t first, struct parcel *ret, hst_error *err)
{
	zmq_msg_t *part = (zmq_msg_t *)&frames->parts[first];

	if (frames->too_many || frames->n != first + 1)
		return hst_fail(err, HST_INVALID, "a message has one part, this one has %s%zu", frames->too_many ? "more than " : "",
				frames->n < first ? 0 : frames->n - first);
	*ret = (struct parcel){.at = zmq_msg_data(part), .used = zmq_msg_size(part)};
	return HST_OK;
}

static int frames_send_part(void *socket, const void *bytes, size_t length, bool more)
{
	int flags = ZMQ_DONTWAIT | (more ? ZMQ_SNDMORE : 0), sent;

	do
		sent = zmq_send(socket, bytes, length, flags);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? errno : 0;
}

/*
 * Only the first part can be refused by a full queue or a peer that is gone. When a connection ends between
 * two parts, libzmq refuses one and drops what follows up to the last.
 */
static int send_portion(void *socket, const void *routing, size_t routing_length, struct parcel *parcel)
{
	size_t portion = parcel_portion(parcel);
	int cause = routing ? frames_send_part(socket, routing, routing_length, true) : 0;

	if (!cause)
		cause = frames_send_part(socket, parcel->at + parcel->done, portion, false);
	if (!cause)
		parcel->done += portion;
	return cause;
}

int frames_send(void *socket, const void *routing, size_t routing_length, struct parcel *parcel, hst_error *err)
{
	int cause;

	do
		cause = send_portion(socket, routing, routing_length, parcel);
	while (!cause && parcel_left(parcel));
	if (cause == EHOSTUNREACH)
		return hst_fail(err, HST_NOT_FOUND, "the peer is gone");
	if (cause == EAGAIN)
		return hst_fail(err, HST_RETRY, "the peer takes no more messages at the moment");
	if (cause)
		return hst_fail(err, HST_BROKEN, "sending failed: %s", zmq_strerror(cause));
	return HST_OK;
}

int frames_send_message(void *socket, const void *routing, size_t routing_length, const struct message *message, hst_error *err)
{
	struct parcel parcel = {0};
	int code = parcel_add(&parcel, message, err);

	if (!code)
		code = frames_send(socket, routing, routing_length, &parcel, err);
	parcel_clear(&parcel);
	return code;
}
