#include "sockets.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { ANSWER_SIZE = 32768, WAIT_S = 2 };

static bool ask(int fd)
{
	struct {
		struct nlmsghdr header;
		struct unix_diag_req body;
	} request = {
		.header = {.nlmsg_len = sizeof request, .nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
		.body = {.sdiag_family = AF_UNIX, .udiag_states = 1U << TCP_ESTABLISHED | 1U << TCP_LISTEN, .udiag_show = UDIAG_SHOW_NAME},
	};
	const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	const struct timeval patience = {.tv_sec = WAIT_S};

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	return sendto(fd, &request, sizeof request, 0, (const struct sockaddr *)&kernel, sizeof kernel) == (ssize_t)sizeof request;
}

/* One without a name, or with one that is no path, is passed over. */
static void tell(const struct nlmsghdr *message, void (*see)(void *arg, const struct bound *bound), void *arg)
{
	const struct unix_diag_msg *about = NLMSG_DATA(message);
	const struct rtattr *member = (const struct rtattr *)(const void *)(about + 1);
	char path[sizeof ((struct sockaddr_un *)0)->sun_path + 1];
	size_t left, n;

	if (message->nlmsg_len < NLMSG_LENGTH(sizeof *about))
		return;
	for (left = message->nlmsg_len - NLMSG_LENGTH(sizeof *about); RTA_OK(member, left); member = RTA_NEXT(member, left)) {
		n = RTA_PAYLOAD(member);
		if (member->rta_type != UNIX_DIAG_NAME || n == 0 || n >= sizeof path || *(const char *)RTA_DATA(member) != '/')
			continue;
		memcpy(path, RTA_DATA(member), n);
		path[n] = '\0';
		see(arg, &(struct bound){.path = path, .connected = about->udiag_state == TCP_ESTABLISHED, .inode = about->udiag_ino});
	}
}

bool sockets_each(void (*see)(void *arg, const struct bound *bound), void *arg)
{
	char answer[ANSWER_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	bool more = fd >= 0 && ask(fd), complete = false;

	while (more) {
		ssize_t n = recv(fd, answer, sizeof answer, 0);
		const struct nlmsghdr *message = (const struct nlmsghdr *)(const void *)answer;
		size_t left = n > 0 ? (size_t)n : 0;

		for (more = n > 0; more && NLMSG_OK(message, left); message = NLMSG_NEXT(message, left)) {
			complete = message->nlmsg_type == NLMSG_DONE;
			more = message->nlmsg_type == SOCK_DIAG_BY_FAMILY;
			if (more)
				tell(message, see, arg);
		}
	}
	if (fd >= 0)
		close(fd);
	return complete;
}
