#include "os/channel.h"

#include "os/failure.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Room for one descriptor, aligned as the kernel wants it. */
union channel_control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(sizeof(int))];
};

int channel_pair(int ret_ends[2], hst_error *err)
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret_ends) < 0)
		return failure_of(errno, err, "make", "a channel");
	return HST_OK;
}

int channel_send(int channel, const struct channel_record *record, int fd, hst_error *err)
{
	struct iovec part = {.iov_base = (void *)record, .iov_len = sizeof *record};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	union channel_control control = {0};
	ssize_t sent;

	if (fd >= 0) {
		struct cmsghdr *header;

		message.msg_control = &control;
		message.msg_controllen = sizeof control;
		header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof fd);
		memcpy(CMSG_DATA(header), &fd, sizeof fd);
	}
	do
		sent = sendmsg(channel, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	if (sent < 0)
		return failure_of(errno, err, "send", "a record to the other process");
	return HST_OK;
}

/* The one descriptor that came along, or -1. The padding of the control data has room for a second: it is
 * closed. */
static int channel_take_fd(struct msghdr *message)
{
	int taken = -1;

	for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header; header = CMSG_NXTHDR(message, header)) {
		if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t at = 0; CMSG_LEN(at + sizeof(int)) <= header->cmsg_len; at += sizeof(int)) {
			int fd;

			memcpy(&fd, CMSG_DATA(header) + at, sizeof fd);
			if (taken < 0)
				taken = fd;
			else
				close(fd);
		}
	}
	return taken;
}

int channel_receive(int channel, struct channel_record *ret, int *ret_fd, hst_error *err)
{
	struct channel_record record;
	struct iovec part = {.iov_base = &record, .iov_len = sizeof record};
	union channel_control control = {0};
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
	ssize_t received;
	int fd;

	do
		received = recvmsg(channel, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	while (received < 0 && errno == EINTR);
	if (received < 0)
		return failure_of(errno, err, "receive", "a record from the other process");
	fd = channel_take_fd(&message);
	if (received == sizeof record && !(message.msg_flags & MSG_TRUNC) &&
	    record.what >= CHANNEL_WANT_WATCH && record.what <= CHANNEL_GATHERED) {
		record.device[sizeof record.device - 1] = '\0';
		record.text[sizeof record.text - 1] = '\0';
		*ret = record;
		*ret_fd = fd;
		return HST_OK;
	}
	if (fd >= 0)
		close(fd);
	if (received == 0)
		return hst_fail(err, HST_NOT_FOUND, "the other process has closed the channel");
	return hst_fail(err, HST_INVALID, "received %zd bytes that are no record of a channel", received);
}
