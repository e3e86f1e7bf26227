#include "session/ending.h"

#include "base/log.h"
#include "os/inherited.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

/* One per process, as its signals are. */
static struct {
	struct loop *loop;
	void (*end)(void *arg);
	void (*child)(void *arg);
	void *arg;
} ending;

static void on_signal(void *arg, int signal)
{
	(void)arg;
	if (signal != SIGCHLD)
		ending.end(ending.arg);
	else if (ending.child)
		ending.child(ending.arg);
}

/* The supervisor writes nothing here; only the end of it is news. */
static void on_life(void *arg, int fd, short ready)
{
	char bytes[64];
	ssize_t n = read(fd, bytes, sizeof bytes);

	(void)arg, (void)ready;
	if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
		return;
	log_info("the supervisor is gone");
	loop_fd(ending.loop, fd, 0, NULL, NULL);
	ending.end(ending.arg);
}

void ending_watch(struct loop *loop, void (*end)(void *arg), void (*child)(void *arg), void *arg)
{
	static const int signals[] = {SIGTERM, SIGINT, SIGCHLD, 0};

	ending.loop = loop;
	ending.end = end;
	ending.child = child;
	ending.arg = arg;
	loop_signals(loop, signals, on_signal, NULL);
	if (inherited_has(INHERITED_LIFE))
		loop_fd(loop, inherited_fd(INHERITED_LIFE), POLLIN, on_life, NULL);
}
