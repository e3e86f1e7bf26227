#include "reach.h"

#include "say.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Silence of 10 seconds is asked about; four times unanswered it is the end. What was sent may be unconfirmed for as long. */
enum { IDLE_S = 10, ASK_S = 5, ASKED = 4, LOST_MS = 30000 };

static void set(int fd, int level, int option, int value)
{
	setsockopt(fd, level, option, &value, sizeof value);
}

static void notice_loss(int fd)
{
	set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	set(fd, IPPROTO_TCP, TCP_KEEPIDLE, IDLE_S);
	set(fd, IPPROTO_TCP, TCP_KEEPINTVL, ASK_S);
	set(fd, IPPROTO_TCP, TCP_KEEPCNT, ASKED);
	set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, LOST_MS);
}

static void say_reached(const struct addrinfo *at)
{
	char host[NI_MAXHOST], port[NI_MAXSERV];

	if (getnameinfo(at->ai_addr, at->ai_addrlen, host, sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		return;
	if (at->ai_family == AF_INET6)
		say(KEEPER_REACHED, 0, "[%s]:%s", host, port);
	else
		say(KEEPER_REACHED, 0, "%s:%s", host, port);
}

static enum keeper_cause cause_of(int error)
{
	return error == ECONNREFUSED ? KEEPER_NO_LISTENER : error == ETIMEDOUT ? KEEPER_SILENT : KEEPER_NO_WAY;
}

int reach(const char *host, const char *port)
{
	const struct addrinfo wanted = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	struct addrinfo *found = NULL;
	int failed = getaddrinfo(host, port, &wanted, &found), why = EADDRNOTAVAIL;

	if (failed)
		say_over(KEEPER_NO_NAME, "%s", failed == EAI_SYSTEM ? strerrordesc_np(errno) : gai_strerror(failed));
	for (const struct addrinfo *at = found; at; at = at->ai_next) {
		int fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);

		if (fd >= 0 && connect(fd, at->ai_addr, at->ai_addrlen) == 0) {
			notice_loss(fd);
			say_reached(at);
			freeaddrinfo(found);
			return fd;
		}
		why = errno;
		if (fd >= 0)
			close(fd);
	}
	freeaddrinfo(found);
	say_over(cause_of(why), "%s", strerrordesc_np(why));
}
