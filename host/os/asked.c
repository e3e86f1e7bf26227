#include "os/asked.h"

#include "base/auto.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "os/failure.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ASKED_PART = 16 * 1024 };

struct asked {
	pid_t pid;
	int process, socket, status;
	struct text heard; /* what has come of the next line */
};

static int start(struct asked *asked, const struct spawn *spawn, hst_error *err)
{
	struct spawn started = *spawn;
	AUTO_FREE struct spawn_fd *fds = mem_array(spawn->fd_count + 2, sizeof *fds);
	AUTO_CLOSE int far = -1;
	int ends[2], code;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return failure_of(errno, err, "start", spawn->path);
	asked->socket = ends[0];
	far = ends[1];
	if (spawn->fd_count)
		memcpy(fds, spawn->fds, spawn->fd_count * sizeof *fds);
	fds[spawn->fd_count] = (struct spawn_fd){.here = far, .there = STDIN_FILENO};
	fds[spawn->fd_count + 1] = (struct spawn_fd){.here = far, .there = STDOUT_FILENO};
	started.fds = fds;
	started.fd_count = spawn->fd_count + 2;
	started.new_group = true;
	code = spawn_start(&started, &asked->pid, err);
	if (code != HST_OK)
		return code;
	asked->process = pidfd_open(asked->pid, 0);
	return asked->process < 0 ? failure_of(errno, err, "watch", spawn->path) : HST_OK;
}

int asked_start(const struct spawn *spawn, struct asked **ret, hst_error *err)
{
	struct asked *asked = mem_alloc(sizeof *asked);
	int code;

	asked->process = asked->socket = -1;
	text_init(&asked->heard, SIZE_MAX);
	code = start(asked, spawn, err);
	if (code != HST_OK) {
		asked_free(asked);
		return code;
	}
	*ret = asked;
	return HST_OK;
}

/* Its status is taken after the killing: until then nobody else can get its number. */
static void end(struct asked *asked)
{
	if (asked->pid <= 0)
		return;
	kill(-asked->pid, SIGKILL);
	kill(asked->pid, SIGKILL);
	while (waitpid(asked->pid, &asked->status, 0) < 0 && errno == EINTR)
		continue;
	asked->pid = 0;
}

void asked_free(struct asked *asked)
{
	if (!asked)
		return;
	end(asked);
	if (asked->process >= 0)
		close(asked->process);
	if (asked->socket >= 0)
		close(asked->socket);
	text_clear(&asked->heard);
	free(asked);
}

pid_t asked_release(struct asked *asked)
{
	pid_t pid = asked->pid;

	asked->pid = 0;
	asked_free(asked);
	return pid;
}

int asked_status(const struct asked *asked)
{
	return asked->status;
}

/* What stands in the socket now, without waiting. False: nothing will come any more. */
static bool hear(struct asked *asked)
{
	char part[ASKED_PART];
	ssize_t n;

	while ((n = recv(asked->socket, part, sizeof part, MSG_DONTWAIT)) > 0 || (n < 0 && errno == EINTR))
		if (n > 0)
			text_bytes(&asked->heard, part, (size_t)n);
	return n < 0 && errno == EAGAIN;
}

/* One line out of what was heard. */
static bool take_line(struct asked *asked, char **ret_line)
{
	struct text *heard = &asked->heard;
	char *stop = heard->length ? memchr(heard->s, '\n', heard->length) : NULL;
	struct text rest;

	if (!stop)
		return false;
	text_init(&rest, SIZE_MAX);
	text_bytes(&rest, stop + 1, (size_t)(heard->s + heard->length - stop - 1));
	*stop = '\0';
	*ret_line = text_take(heard);
	asked->heard = rest;
	return true;
}

static int ended(struct asked *asked, hst_error *err)
{
	char text[64];

	end(asked);
	spawn_status_text(asked->status, text, sizeof text);
	return hst_fail(err, HST_BROKEN, "ended with %s", text);
}

/* Waits until something happens; an error when nothing does until the deadline. */
static int turn(struct asked *asked, bool writes, int64_t deadline_us, int64_t timeout_ms, bool *ret_ended, hst_error *err)
{
	struct pollfd polled[] = {{.fd = asked->process, .events = POLLIN},
				  {.fd = asked->socket, .events = writes ? POLLIN | POLLOUT : POLLIN}};
	int64_t left_us = deadline_us - clock_steady_us();
	int64_t left_ms = left_us > 0 ? (left_us - 1) / 1000 + 1 : 0;

	if (poll(polled, 2, left_ms > INT_MAX ? INT_MAX : (int)left_ms) == 0)
		return hst_fail(err, HST_TIMEOUT, "did not answer within %lld ms and was killed", (long long)timeout_ms);
	*ret_ended = !hear(asked) || polled[0].revents;
	return HST_OK;
}

int asked_line(struct asked *asked, const char *line, size_t max, int64_t timeout_ms, char **ret_line, hst_error *err)
{
	int64_t deadline_us = clock_steady_us() + (timeout_ms < INT_MAX ? timeout_ms : INT_MAX) * 1000;
	AUTO_FREE char *question = *line ? mem_printf("%s\n", line) : mem_text("");
	size_t length = strlen(question), said = 0;
	bool gone = false;
	int code = HST_OK;

	while (!take_line(asked, ret_line)) {
		ssize_t n = said < length ? send(asked->socket, question + said, length - said, MSG_DONTWAIT | MSG_NOSIGNAL) : 0;

		said += n > 0 ? (size_t)n : 0;
		if (asked->heard.length > max)
			return hst_fail(err, HST_BROKEN, "said a line of more than %zu bytes", max);
		if (gone)
			return ended(asked, err);
		code = turn(asked, said < length, deadline_us, timeout_ms, &gone, err);
		if (code != HST_OK)
			return code;
	}
	return HST_OK;
}
