/* A program run to its end, with what it prints. */
#include "os/spawn.h"

#include "base/auto.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "os/failure.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CAPTURE_PART = 16 * 1024, PIPE_MAX = 1024 * 1024 };

/* The input as a file in memory: the child reads it at its own pace, and nobody has to wait to write. */
static int capture_input(const char *input, hst_error *err)
{
	AUTO_CLOSE int fd = memfd_create("input", MFD_CLOEXEC);
	size_t length = strlen(input), done = 0;

	while (fd >= 0 && done < length) {
		ssize_t n = write(fd, input + done, length - done);

		if (n < 0 && errno != EINTR)
			return failure_of(errno, err, "keep", "the input of a program");
		done += n > 0 ? (size_t)n : 0;
	}
	if (fd < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return failure_of(errno, err, "keep", "the input of a program");
	return take_fd(&fd);
}

/* Takes one part of what the pipe holds; false when it holds nothing. */
static bool capture_read(int pipe, struct text *output)
{
	char part[CAPTURE_PART];
	ssize_t n;

	do
		n = read(pipe, part, sizeof part);
	while (n < 0 && errno == EINTR);
	if (n > 0)
		text_bytes(output, part, (size_t)n);
	return n > 0;
}

/* Takes what is left: at most what a pipe can hold, since a process that got away may go on writing. */
static void capture_drain(int pipe, struct text *output)
{
	for (int i = 0; i < PIPE_MAX / CAPTURE_PART && capture_read(pipe, output); i++)
		continue;
}

/*
 * Collects until the process has ended; that its pipe ends is no sign, since what it has started may hold the
 * pipe for ever. True: it has ended, false: the deadline has passed.
 */
static bool capture_until_end(int process, int pipe, int64_t deadline_us, struct text *output)
{
	struct pollfd polled[] = {{.fd = process, .events = POLLIN}, {.fd = pipe, .events = POLLIN}};

	for (;;) {
		int64_t left_us = deadline_us - clock_steady_us();
		int64_t left_ms = left_us > 0 ? (left_us - 1) / 1000 + 1 : 0;

		poll(polled, 2, left_ms > INT_MAX ? INT_MAX : (int)left_ms);
		if (polled[1].revents && !capture_read(pipe, output))
			polled[1].fd = -1;
		if (polled[0].revents)
			return true;
		if (left_us <= 0)
			return false;
	}
}

/* Ends what is left of the child's group, then takes its status: until then nobody else can get its number.
 */
static int capture_finish(pid_t pid)
{
	int status = 0;

	kill(-pid, SIGKILL);
	kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	return status;
}

static int capture_start(const struct spawn *spawn, const char *input, int output, pid_t *ret_pid,
			 hst_error *err)
{
	struct spawn started = *spawn;
	AUTO_FREE struct spawn_fd *fds = mem_array(spawn->fd_count + 2, sizeof *fds);
	AUTO_CLOSE int from = -1;

	if (input) {
		from = capture_input(input, err);
		if (from < 0)
			return from;
	}
	if (spawn->fd_count)
		memcpy(fds, spawn->fds, spawn->fd_count * sizeof *fds);
	fds[spawn->fd_count] = (struct spawn_fd){.here = from, .there = STDIN_FILENO};
	fds[spawn->fd_count + 1] = (struct spawn_fd){.here = output, .there = STDOUT_FILENO};
	started.fds = fds;
	started.fd_count = spawn->fd_count + 2;
	started.new_group = true;
	return spawn_start(&started, ret_pid, err);
}

int spawn_capture(const struct spawn *spawn, const char *input, size_t max, int64_t timeout_ms,
		  char **ret_output, int *ret_status, hst_error *err)
{
	int64_t deadline_us = clock_steady_us() + (timeout_ms < INT_MAX ? timeout_ms : INT_MAX) * 1000;
	AUTO(text) struct text output;
	AUTO_CLOSE int near = -1;
	AUTO_CLOSE int far = -1;
	AUTO_CLOSE int process = -1;
	int ends[2], code, status;
	bool ended;
	pid_t pid;

	text_init(&output, max);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return failure_of(errno, err, "start", spawn->path);
	near = ends[0];
	far = ends[1];
	/* Our end alone must not block; the child's is a pipe like any other. */
	fcntl(near, F_SETFL, O_NONBLOCK);
	code = capture_start(spawn, input, far, &pid, err);
	if (code)
		return code;
	close(take_fd(&far));
	process = pidfd_open(pid, 0);
	if (process < 0) {
		code = failure_of(errno, err, "watch", spawn->path);
		capture_finish(pid);
		return code;
	}
	ended = capture_until_end(process, near, deadline_us, &output);
	status = capture_finish(pid);
	if (!ended)
		return hst_fail(err, HST_TIMEOUT, "%s did not end within %lld ms and was killed", spawn->path,
				(long long)timeout_ms);
	capture_drain(near, &output);
	*ret_output = text_take(&output);
	*ret_status = status;
	return HST_OK;
}
