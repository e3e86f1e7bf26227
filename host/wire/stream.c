#include "wire/stream.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * A message is a length of 4 bytes (of what follows), then the four parts, each behind a length of its own of
 * 4 bytes; all lengths big-endian.
 */
enum {
	LENGTH_BYTES = 4,
	WORD_BYTES_MAX = 32,
	BODY_BYTES_MAX =
		MESSAGE_PARTS * LENGTH_BYTES + WORD_BYTES_MAX + 8 + HEAD_BYTES_MAX + PAYLOAD_BYTES_MAX,
	BACKLOG_BYTES_MAX = 4 << 20,
	READ_BYTES = 64 << 10,
};

struct bytes {
	char *at;
	size_t used, size, done; /* bytes from `done` to `used` are still to be dealt with */
};

struct stream {
	struct loop *loop;
	int fd;
	struct stream_role role;
	struct bytes in, out;
	bool ended;
	bool calling, freed; /* freed from within a callback: the memory goes when it returns */
};

static void bytes_reserve(struct bytes *bytes, size_t more)
{
	if (bytes->done == bytes->used)
		bytes->done = bytes->used = 0;
	if (bytes->done && bytes->used + more > bytes->size) {
		memmove(bytes->at, bytes->at + bytes->done, bytes->used - bytes->done);
		bytes->used -= bytes->done;
		bytes->done = 0;
	}
	bytes->at = mem_grow(bytes->at, &bytes->size, bytes->used + more, 1);
}

static void bytes_add(struct bytes *bytes, const void *more, size_t n)
{
	if (n)
		memcpy(bytes->at + bytes->used, more, n);
	bytes->used += n;
}

static void bytes_add_length(struct bytes *bytes, size_t n)
{
	unsigned char length[LENGTH_BYTES] = {(unsigned char)(n >> 24), (unsigned char)(n >> 16),
					      (unsigned char)(n >> 8), (unsigned char)n};

	bytes_add(bytes, length, sizeof length);
}

static size_t stream_length(const char *at)
{
	const unsigned char *bytes = (const unsigned char *)at;

	return (size_t)bytes[0] << 24 | (size_t)bytes[1] << 16 | (size_t)bytes[2] << 8 | bytes[3];
}

static void stream_release(struct stream *stream)
{
	free(stream->in.at);
	free(stream->out.at);
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

/* The whole body of a message into a struct message that points into it. */
static int stream_decode(struct stream *stream, const char *body, size_t length, struct message *ret,
			 hst_error *err)
{
	struct message_part parts[MESSAGE_PARTS];
	const char *end = body + length;
	int code;

	for (size_t i = 0; i < MESSAGE_PARTS; i++) {
		if ((size_t)(end - body) < LENGTH_BYTES ||
		    (size_t)(end - body) - LENGTH_BYTES < stream_length(body))
			return hst_fail(err, HST_INVALID, "a part of a message is longer than the message");
		parts[i] = (struct message_part){body + LENGTH_BYTES, stream_length(body)};
		body += LENGTH_BYTES + parts[i].length;
	}
	if (body != end)
		return hst_fail(err, HST_INVALID, "a message has bytes behind its last part");
	code = message_read_parts(ret, parts, err);
	if (!code && !(message_row(ret->word)->sender & stream->role.peer))
		code = hst_fail(err, HST_DENIED, "the other side may not say %s",
				message_row(ret->word)->word);
	return code;
}

/* Hands on every message that is there as a whole. False: the stream has ended. */
static bool stream_deliver(struct stream *stream)
{
	struct bytes *in = &stream->in;

	while (in->used - in->done >= LENGTH_BYTES) {
		size_t length = stream_length(in->at + in->done);
		struct message message;
		hst_error err = {0};
		int code = HST_OK;

		if (length > BODY_BYTES_MAX)
			code = hst_fail(&err, HST_INVALID, "a message of %zu bytes, at most %d are allowed",
					length, BODY_BYTES_MAX);
		else if (in->used - in->done < LENGTH_BYTES + length)
			return true;
		else
			code = stream_decode(stream, in->at + in->done + LENGTH_BYTES, length, &message,
					     &err);
		if (code) {
			stream_end(stream, &err);
			return false;
		}
		in->done += LENGTH_BYTES + length;
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
	struct bytes *out = &stream->out;

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
	bytes_reserve(&stream->in, READ_BYTES);
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
	struct message_parts parts;
	size_t length = 0;
	int code = message_write_parts(message, &parts, err);

	if (code)
		return code;
	if (stream->ended)
		return hst_fail(err, HST_NOT_FOUND, "the other side is gone");
	for (size_t i = 0; i < MESSAGE_PARTS; i++)
		length += LENGTH_BYTES + parts.at[i].length;
	if (stream->out.used - stream->out.done + LENGTH_BYTES + length > BACKLOG_BYTES_MAX)
		return hst_fail(err, HST_RETRY, "the other side takes no messages: %d bytes wait for it",
				BACKLOG_BYTES_MAX);
	bytes_reserve(&stream->out, LENGTH_BYTES + length);
	bytes_add_length(&stream->out, length);
	for (size_t i = 0; i < MESSAGE_PARTS; i++) {
		bytes_add_length(&stream->out, parts.at[i].length);
		bytes_add(&stream->out, parts.at[i].bytes, parts.at[i].length);
	}
	code = stream_flush(stream, err);
	if (code == HST_RETRY) {
		loop_fd(stream->loop, stream->fd, POLLIN | POLLOUT, stream_ready, stream);
		code = HST_OK;
	}
	return code;
}
