#include "stream.h"

#include "options.h"
#include "tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { LOOK_MS = 250, LAST_MS = 1000, BUFFER_BYTES = 32768 };

struct email_stream {
	int fd;
	struct email_tls_session *tls; /* NULL: in the clear */
	hst_call *call;
	int64_t time_out_ms;
	size_t left; /* bytes that may still come */
	bool broken;
	char trouble[300];
};

static int64_t steady_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void say(struct email_stream *stream, const char *text)
{
	stream->broken = true;
	if (!stream->trouble[0])
		snprintf(stream->trouble, sizeof stream->trouble, "%s", text);
}

/* Until the descriptor is ready; false, and the trouble said, when that is not to be waited for any longer. */
static bool wait_for(struct email_stream *stream, short events)
{
	int64_t end_ms = steady_ms() + (stream->call ? stream->time_out_ms : LAST_MS);

	for (;;) {
		struct pollfd polled = {.fd = stream->fd, .events = events};
		int64_t left_ms = end_ms - steady_ms();
		int n;

		if (left_ms <= 0) {
			say(stream, "it did not answer in time");
			return false;
		}
		n = poll(&polled, 1, (int)(left_ms < LOOK_MS ? left_ms : LOOK_MS));
		if (n > 0)
			return true;
		if (n < 0 && errno != EINTR) {
			say(stream, strerror(errno));
			return false;
		}
		if (stream->call && hst_cancelled(stream->call)) {
			say(stream, "the call was cancelled");
			return false;
		}
	}
}

static bool again(ssize_t n)
{
	return n == EMAIL_TLS_AGAIN;
}

static ssize_t plain_move(struct email_stream *stream, void *in, const void *out, size_t n)
{
	ssize_t moved = out ? send(stream->fd, out, n, MSG_NOSIGNAL) : recv(stream->fd, in, n, 0);

	if (moved < 0 && (errno == EAGAIN || errno == EINTR))
		return EMAIL_TLS_AGAIN;
	if (moved < 0)
		say(stream, strerror(errno));
	return moved;
}

static ssize_t move_bytes(struct email_stream *stream, void *in, const void *out, size_t n)
{
	const char *why = NULL;
	ssize_t moved;

	if (!stream->tls)
		return plain_move(stream, in, out, n);
	moved = out ? email_tls_send(stream->tls, out, n, &why) : email_tls_receive(stream->tls, in, n, &why);
	if (why)
		say(stream, why);
	return moved;
}

static ssize_t stream_read(mailstream_low *low, void *to, size_t n)
{
	struct email_stream *stream = low->data;
	ssize_t got;

	if (stream->broken)
		return -1;
	if (n > stream->left)
		n = stream->left;
	if (!n) {
		say(stream, "its answer is larger than any that is asked for");
		return -1;
	}
	while (again(got = move_bytes(stream, to, NULL, n)))
		if (!wait_for(stream, POLLIN))
			return -1;
	if (got == 0)
		say(stream, "it closed the connection");
	if (got <= 0)
		return -1;
	stream->left -= (size_t)got;
	return got;
}

static ssize_t stream_write(mailstream_low *low, const void *from, size_t n)
{
	struct email_stream *stream = low->data;
	ssize_t put;

	if (stream->broken)
		return -1;
	while (again(put = move_bytes(stream, NULL, from, n)))
		if (!wait_for(stream, POLLOUT))
			return -1;
	return put;
}

static void stream_free(struct email_stream *stream)
{
	email_tls_end(stream->tls);
	if (stream->fd >= 0)
		close(stream->fd);
	free(stream);
}

static int low_close(mailstream_low *low)
{
	struct email_stream *stream = low->data;

	stream->broken = true;
	return 0;
}

static int low_fd(mailstream_low *low)
{
	return ((struct email_stream *)low->data)->fd;
}

static void low_free(mailstream_low *low)
{
	stream_free(low->data);
	free(low);
}

static mailstream_low_driver driver = {
	.mailstream_read = stream_read,
	.mailstream_write = stream_write,
	.mailstream_close = low_close,
	.mailstream_get_fd = low_fd,
	.mailstream_free = low_free,
};

static bool is_loopback(const struct sockaddr *address)
{
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)(const void *)address;

	if (address->sa_family == AF_INET)
		return (ntohl(((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr) >> 24) == 127;
	return address->sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&six->sin6_addr);
}

/* Connects to one of its addresses; *ret_error is why not. */
static bool connect_one(struct email_stream *stream, const struct addrinfo *address, int *ret_error)
{
	socklen_t size = sizeof *ret_error;
	int on = 1;

	stream->fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	*ret_error = errno;
	if (stream->fd < 0)
		return false;
	setsockopt(stream->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
	setsockopt(stream->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	*ret_error = connect(stream->fd, address->ai_addr, address->ai_addrlen) < 0 ? errno : 0;
	if (*ret_error == EINPROGRESS) {
		*ret_error = ETIMEDOUT;
		if (wait_for(stream, POLLOUT))
			getsockopt(stream->fd, SOL_SOCKET, SO_ERROR, ret_error, &size);
	}
	if (!*ret_error)
		return true;
	close(stream->fd);
	stream->fd = -1;
	stream->broken = false;
	stream->trouble[0] = '\0';
	return false;
}

static int connect_any(struct email_stream *stream, const struct email_server *server, hst_error *err)
{
	const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	struct addrinfo *found = NULL;
	int error = 0, code = HST_OK;
	char port[8];

	snprintf(port, sizeof port, "%u", server->port);
	error = getaddrinfo(server->name, port, &hints, &found);
	if (error)
		return hst_fail(err, HST_RETRY, "the mail server %s is not known: %s; see `server`, or the name service of this machine",
				server->name, gai_strerror(error));
	for (const struct addrinfo *address = found; address; address = address->ai_next) {
		if (server->tls == EMAIL_TLS_NONE && !is_loopback(address->ai_addr)) {
			code = hst_fail(err, HST_DENIED, "the mail server %s is another machine, so tls = none would send the password in the clear; "
					"say implicit or starttls", server->name);
			break;
		}
		if (connect_one(stream, address, &error))
			break;
	}
	freeaddrinfo(found);
	if (code == HST_OK && stream->fd < 0)
		code = hst_fail(err, HST_RETRY, "the mail server %s cannot be reached at port %u: %s", server->name, server->port, strerror(error));
	return code;
}

/* The handshake, with the certificate looked at in it. */
static int secure(struct email_stream *stream, const struct email_server *server, hst_error *err)
{
	int code = email_tls_begin(stream->fd, server->name, server->ca, &stream->tls, err);
	short events = 0;

	while (code == HST_OK && (code = email_tls_shake(stream->tls, server->name, server->ca, &events, err)) == HST_OK && events)
		if (!wait_for(stream, events))
			code = hst_fail(err, HST_RETRY, "the mail server %s at port %u does not speak TLS: %s", server->name, server->port,
					stream->trouble);
	return code;
}

int email_stream_open(hst_call *call, const struct email_server *server, struct email_stream **ret, hst_error *err)
{
	struct email_stream *stream = calloc(1, sizeof *stream);
	int code;

	if (!stream)
		return hst_fail(err, HST_RETRY, "there is no memory");
	stream->fd = -1;
	stream->time_out_ms = server->time_out_ms;
	email_stream_begin(stream, call);
	code = connect_any(stream, server, err);
	if (code == HST_OK && server->tls == EMAIL_TLS_IMPLICIT)
		code = secure(stream, server, err);
	if (code == HST_OK)
		*ret = stream;
	else
		stream_free(stream);
	return code;
}

mailstream *email_stream_lend(struct email_stream *stream)
{
	mailstream_low *low = mailstream_low_new(stream, &driver);
	mailstream *lent = low ? mailstream_new(low, BUFFER_BYTES) : NULL;

	if (!lent)
		abort();
	return lent;
}

int email_stream_secure(struct email_stream *stream, const mailstream *lent, const struct email_server *server, hst_error *err)
{
	/* Whoever sits in between could have put it there, to be read as if it had come secured. */
	if (lent->read_buffer_len)
		return hst_fail(err, HST_DENIED, "the mail server %s said more in the clear than that it secures the connection", server->name);
	return secure(stream, server, err);
}

void email_stream_begin(struct email_stream *stream, hst_call *call)
{
	stream->call = call;
	stream->left = EMAIL_ANSWER_MAX;
}

const char *email_stream_trouble(const struct email_stream *stream)
{
	return stream->trouble;
}

void email_stream_break(struct email_stream *stream)
{
	stream->broken = true;
}

int email_stream_fd(const struct email_stream *stream)
{
	return stream->fd;
}

bool email_stream_pending(const struct email_stream *stream, const mailstream *lent)
{
	return stream->broken || lent->read_buffer_len || (stream->tls && email_tls_pending(stream->tls));
}

void email_stream_wipe(mailstream *lent)
{
	explicit_bzero(lent->write_buffer, lent->buffer_max_size);
}
