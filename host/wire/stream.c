#include "wire/stream.h"

#include "base/mem.h"
#include "wire/parcel.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG_BYTES_MAX = 4 << 20, READ_BYTES = 64 << 10 };

struct stream {
	struct loop *loop;
	int fd;
	struct stream_role role;
	struct parcel in, out;
	bool ended;
	bool calling, freed; /* freed from within a callback: the memory goes when it returns */
};

static void stream_release(struct stream *stream)
{
	parcel_clear(&stream->in);
	parcel_clear(&stream->out);
	free(stream);
}

static void stream_end(struct stream *stream, const hst_error *why)
{
	loop_fd(stream->loop, stream->fd, 0, NULL, NULL);
	stream->ended = true;
	stream->calling = true;
	if (stream->role.ended)
		stream->role.ended(stream->role.arg, stream, why);
	stream->calling = false;
}

/* Hands on every message that is there as a whole. False: the stream has ended. */
static bool stream_deliver(struct stream *stream)
{
	struct message message;
	uint64_t id;
	hst_error err = {0};
	int code;

	while ((code = parcel_next(&stream->in, &message, &id, &err)) != HST_RETRY) {
		if (!code && !(message_row(message.word)->sender & stream->role.peer))
			code = hst_fail(&err, HST_DENIED, "the other side may not say %s", message_row(message.word)->word);
		if (code) {
			stream_end(stream, &err);
			return false;
		}
		stream->calling = true;
		stream->role.message(stream->role.arg, stream, &message);
		stream->calling = false;
		if (stream->freed)
			return false;
	}
	return true;
}

/* HST_RETRY: the peer takes no more now. */
static int stream_flush(struct stream *stream, hst_error *err)
{
	struct parcel *out = &stream->out;

	while (out->done < out->used) {
		ssize_t n = send(stream->fd, out->at + out->done, out->used - out->done,
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n >= 0)
			out->done += (size_t)n;
		else if (errno == EAGAIN || errno == EWOULDBLOCK)
			return hst_fail(err, HST_RETRY, "the other side takes no more at the moment");
		else if (errno != EINTR)
			return hst_fail(err, HST_NOT_FOUND, "the other side is gone: %s", strerror(errno));
	}
	return HST_OK;
}

static void stream_ready(void *arg, int fd, short ready)
{
	struct stream *stream = arg;
	hst_error err = {0};
	ssize_t n;

	if (stream->calling)
		return; /* a turn within a callback, which still reads the buffer */
	if (ready & POLLOUT && stream_flush(stream, NULL) == HST_OK)
		loop_fd(stream->loop, fd, POLLIN, stream_ready, stream);
	if (!(ready & (POLLIN | POLLHUP | POLLERR)))
		return;
	parcel_reserve(&stream->in, READ_BYTES);
	n = recv(fd, stream->in.at + stream->in.used, READ_BYTES, MSG_DONTWAIT);
	if (n > 0) {
		stream->in.used += (size_t)n;
		stream_deliver(stream);
	} else if (n == 0) {
		hst_fail(&err, HST_NOT_FOUND, "the other side has closed the connection%s",
			 stream->in.used > stream->in.done ? " in the middle of a message" : "");
		stream_end(stream, &err);
	} else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
		hst_fail(&err, HST_NOT_FOUND, "the other side is gone: %s", strerror(errno));
		stream_end(stream, &err);
	}
	if (stream->freed)
		stream_release(stream);
}

struct stream *stream_new(struct loop *loop, int fd_take, const struct stream_role *role)
{
	struct stream *stream = mem_alloc(sizeof *stream);

	stream->loop = loop;
	stream->fd = fd_take;
	stream->role = *role;
	loop_fd(loop, fd_take, POLLIN, stream_ready, stream);
	return stream;
}

void stream_free(struct stream *stream)
{
	if (!stream || stream->freed)
		return;
	loop_fd(stream->loop, stream->fd, 0, NULL, NULL);
	close(stream->fd);
	stream->freed = true;
	if (!stream->calling)
		stream_release(stream);
}

int stream_send(struct stream *stream, const struct message *message, hst_error *err)
{
	int code;

	if (stream->ended)
		return hst_fail(err, HST_NOT_FOUND, "the other side is gone");
	if (parcel_left(&stream->out) + message->payload_length + message->sealed_length + HEAD_BYTES_MAX > BACKLOG_BYTES_MAX)
		return hst_fail(err, HST_RETRY, "the other side takes no messages: %d bytes wait for it", BACKLOG_BYTES_MAX);
	code = parcel_add(&stream->out, message, err);
	if (!code)
		code = stream_flush(stream, err);
	if (code == HST_RETRY) {
		loop_fd(stream->loop, stream->fd, POLLIN | POLLOUT, stream_ready, stream);
		code = HST_OK;
	}
	return code;
}
