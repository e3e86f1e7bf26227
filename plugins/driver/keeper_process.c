#include "keeper_process.h"

#include "../confined/apart.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	LOOK_MS = 100, /* how often somebody is asked whether it is still wanted */
	HEARD_MAX = 64,
};

int64_t keeper_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Beside the folder of the plugins that the code lies in, wherever the whole was put. */
static int find_program(char to[PATH_MAX], hst_error *err)
{
	static const char beside[] = "/../../hostler-rdp-keeper", anchor;
	char here[PATH_MAX];
	Dl_info about;
	char *slash;

	if (!dladdr(&anchor, &about) || !about.dli_fname || !realpath(about.dli_fname, here) || !(slash = strrchr(here, '/')))
		return hst_fail(err, HST_BROKEN, "hostler-rdp-keeper cannot be found: this plugin has no file");
	*slash = '\0';
	if (strlen(here) + sizeof beside > PATH_MAX)
		return hst_fail(err, HST_BROKEN, "the path of hostler-rdp-keeper is too long");
	memcpy(to, here, strlen(here));
	memcpy(to + strlen(here), beside, sizeof beside);
	return HST_OK;
}

int keeper_process_start(struct keeper_process *process, const char *program, hst_error *err)
{
	char path[PATH_MAX];
	int pair[2], failed;

	*process = (struct keeper_process){.fd = -1};
	if (!program && find_program(path, err) != HST_OK)
		return HST_BROKEN;
	if (!program)
		program = path;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return hst_fail_as(err, HST_RETRY, "SessionCreationError", "%s does not start: %s", program, strerrordesc_np(errno));
	failed = apart_spawn(program, pair[1], &process->pid);
	close(pair[1]);
	process->fd = pair[0];
	if (!failed)
		return HST_OK;
	process->pid = 0;
	keeper_process_end(process, 0);
	if (failed == ENOENT)
		return hst_fail_as(err, HST_BROKEN, "SessionCreationError",
		                   "%s is not there; hostler has it when it is built where freerdp2-dev is installed", program);
	return hst_fail_as(err, failed == EAGAIN || failed == ENOMEM ? HST_RETRY : HST_BROKEN, "SessionCreationError",
	                   "%s does not start: %s", program, strerrordesc_np(failed));
}

int keeper_process_send(struct keeper_process *process, const void *bytes, size_t n)
{
	ssize_t sent;

	do
		sent = send(process->fd, bytes, n, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (sent < 0 && errno == EINTR);
	return sent == (ssize_t)n ? HST_OK : HST_BROKEN;
}

/* What reads what a server sends may have been taken over by it: its words are looked at as such. */
static int understand(const unsigned char *bytes, size_t n, struct keeper_heard *ret)
{
	if (n < 2 || bytes[0] == 0 || bytes[0] >= KEEPER_WORDS)
		return HST_BROKEN;
	ret->word = (enum keeper_word)bytes[0];
	ret->number = bytes[1];
	n -= 2;
	for (size_t i = 0; i < n; i++)
		ret->text[i] = bytes[i + 2] >= ' ' && bytes[i + 2] < 127 ? (char)bytes[i + 2] : '?';
	ret->text[n] = '\0';
	return HST_OK;
}

static int hear_now(struct keeper_process *process, struct keeper_heard *ret)
{
	unsigned char bytes[KEEPER_WORD_MAX];
	ssize_t n;

	do
		n = recv(process->fd, bytes, sizeof bytes, MSG_DONTWAIT | MSG_TRUNC);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return HST_TIMEOUT;
	return n > 0 && n <= (ssize_t)sizeof bytes && ++process->heard <= HEARD_MAX ? understand(bytes, (size_t)n, ret) : HST_BROKEN;
}

int keeper_process_hear(struct keeper_process *process, hst_call *call, int64_t until_ms, struct keeper_heard *ret)
{
	for (;;) {
		struct pollfd it = {process->fd, POLLIN, 0};
		int code = hear_now(process, ret);
		int64_t left;

		if (code != HST_TIMEOUT || until_ms == 0)
			return code;
		if (call && hst_cancelled(call))
			return HST_CANCELLED;
		left = until_ms - keeper_now_ms();
		if (left <= 0)
			return HST_TIMEOUT;
		poll(&it, 1, left < LOOK_MS ? (int)left : LOOK_MS);
	}
}

int keeper_process_reap(struct keeper_process *process)
{
	int status = 0;
	pid_t ended;

	if (process->pid <= 0)
		return 0;
	kill(process->pid, SIGKILL);
	do
		ended = waitpid(process->pid, &status, 0);
	while (ended < 0 && errno == EINTR);
	process->pid = 0;
	return status;
}

void keeper_process_end(struct keeper_process *process, int within_ms)
{
	int64_t until_ms = keeper_now_ms() + within_ms;
	struct keeper_heard last;

	if (process->fd >= 0 && within_ms > 0) {
		shutdown(process->fd, SHUT_WR);
		while (keeper_process_hear(process, NULL, until_ms, &last) == HST_OK)
			;
	}
	keeper_process_reap(process);
	if (process->fd >= 0)
		close(process->fd);
	process->fd = -1;
}
