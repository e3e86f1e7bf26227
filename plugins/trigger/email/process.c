#include "process.h"

#include "../../confined/apart.h"
#include "frames.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LOOK_MS = 100 }; /* how often somebody is asked whether it is still wanted */

int64_t email_process_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Reaps it. False while it lives. */
static bool reap(struct email_process *process, int how, int *ret_status)
{
	pid_t ended;

	do
		ended = waitpid(process->pid, ret_status, how);
	while (ended < 0 && errno == EINTR);
	if (ended == 0)
		return false;
	process->pid = 0;
	return true;
}

void email_process_end(struct email_process *process)
{
	if (process->pid > 0) {
		kill(process->pid, SIGKILL);
		reap(process, 0, &(int){0});
	}
	if (process->fd >= 0)
		close(process->fd);
	process->fd = -1;
}

/* It has closed its end, so it ends or has ended; if it lies, it is ended. */
static int has_died(struct email_process *process, hst_error *err)
{
	int status = 0;

	if (process->pid > 0) {
		kill(process->pid, SIGKILL);
		reap(process, 0, &status);
	}
	if (WIFSIGNALED(status))
		return hst_fail(err, HST_BROKEN, "the mail parser died of signal %d (%s)", WTERMSIG(status), sigdescr_np(WTERMSIG(status)));
	return hst_fail(err, HST_BROKEN, "the mail parser ended with exit status %d", WEXITSTATUS(status));
}

/* HST_OK when the socket is ready for that. */
static int wait_for(struct email_process *process, short events, hst_call *call, int64_t until_ms, hst_error *err)
{
	for (;;) {
		struct pollfd it = {process->fd, events, 0};
		int64_t left = until_ms - email_process_now_ms();

		if (hst_cancelled(call))
			return hst_fail(err, HST_CANCELLED, "it is not wanted any more");
		if (left <= 0)
			return hst_fail(err, HST_TIMEOUT, "the mail parser took too long");
		if (poll(&it, 1, left < LOOK_MS ? (int)left : LOOK_MS) > 0)
			return HST_OK;
	}
}

int email_process_send(struct email_process *process, hst_call *call, const void *bytes, size_t n, int64_t until_ms, hst_error *err)
{
	const char *at = bytes;

	while (n > 0) {
		ssize_t sent = send(process->fd, at, n, MSG_NOSIGNAL | MSG_DONTWAIT);
		int code = HST_OK;

		if (sent > 0) {
			at += sent;
			n -= (size_t)sent;
		} else if (sent < 0 && errno == EAGAIN) {
			code = wait_for(process, POLLOUT, call, until_ms, err);
		} else if (sent == 0 || errno != EINTR) {
			code = has_died(process, err);
		}
		if (code != HST_OK)
			return code;
	}
	return HST_OK;
}

int email_process_hear(struct email_process *process, hst_call *call, void *to, size_t size, size_t *ret_n, int64_t until_ms, hst_error *err)
{
	for (;;) {
		ssize_t n = recv(process->fd, to, size, MSG_DONTWAIT);
		int code = HST_OK;

		if (n > 0) {
			*ret_n = (size_t)n;
			return HST_OK;
		}
		if (n < 0 && errno == EAGAIN)
			code = wait_for(process, POLLIN, call, until_ms, err);
		else if (n == 0 || errno != EINTR)
			code = has_died(process, err);
		if (code != HST_OK)
			return code;
	}
}

/* Its first frame, as a whole. */
static int hear_first(struct email_process *process, hst_call *call, unsigned char frame[512], size_t *ret_n, int64_t until_ms, hst_error *err)
{
	size_t n = 0, whole = EMAIL_FRAME_HEAD;

	while (n < whole) {
		size_t part = 0;
		int code = email_process_hear(process, call, frame + n, whole - n, &part, until_ms, err);

		if (code != HST_OK)
			return code;
		n += part;
		if (n == EMAIL_FRAME_HEAD)
			whole += email_get32(frame + 1);
		if (whole > 500)
			return hst_fail(err, HST_BROKEN, "it says nonsense");
	}
	*ret_n = n;
	return HST_OK;
}

static int become_ready(struct email_process *process, const char *program, hst_call *call, int64_t until_ms, hst_error *err)
{
	unsigned char frame[512] = {0};
	hst_error why = {0};
	size_t n = 0;
	int code = hear_first(process, call, frame, &n, until_ms, &why);

	if (code == HST_CANCELLED)
		return hst_fail(err, HST_CANCELLED, "it is not wanted any more");
	/* A machine with too little memory, or somebody who kills it, may let it start later. */
	if (code != HST_OK)
		return hst_fail(err, HST_RETRY, "%s does not start: %s", program, why.text);
	if (frame[0] == EMAIL_UNFIT)
		return hst_fail(err, HST_BROKEN, "%s reads no mail on this machine: %s", program, (const char *)frame + EMAIL_FRAME_HEAD);
	if (frame[0] != EMAIL_READY || n != EMAIL_FRAME_HEAD + 2 || frame[EMAIL_FRAME_HEAD] != EMAIL_FRAMES_VERSION)
		return hst_fail(err, HST_BROKEN, "%s is not of this version: install hostler again", program);
	process->confined = frame[EMAIL_FRAME_HEAD + 1];
	return HST_OK;
}

int email_process_start(struct email_process *process, const char *program, hst_call *call, int64_t until_ms, hst_error *err)
{
	int pair[2], failed, code;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return hst_fail(err, HST_RETRY, "%s does not start: %s", program, strerrordesc_np(errno));
	failed = apart_spawn(program, pair[1], &process->pid);
	close(pair[1]);
	process->fd = pair[0];
	if (failed) {
		process->pid = 0;
		email_process_end(process);
		return hst_fail(err, failed == EAGAIN || failed == ENOMEM ? HST_RETRY : HST_BROKEN, "%s does not start: %s", program,
		                strerrordesc_np(failed));
	}
	code = become_ready(process, program, call, until_ms, err);
	if (code != HST_OK)
		email_process_end(process);
	return code;
}
