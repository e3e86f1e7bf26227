#include "logind.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SOCKET "/run/dbus/system_bus_socket"
#define LOGIND "--dest=org.freedesktop.login1"

enum { ANSWER_SIZE = 512, CALL_MS = 250, WORDS_MAX = 4 };

/* For the program's own waits; a bus that does not even let it in is waited for here. */
#define REPLY_TIMEOUT "--reply-timeout=250"

static bool there_is_a_bus(void)
{
	return getenv("DBUS_SYSTEM_BUS_ADDRESS") || access(SOCKET, F_OK) == 0;
}

static int64_t left_ms(const struct timespec *begin)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return CALL_MS - ((int64_t)(now.tv_sec - begin->tv_sec) * 1000 + (now.tv_nsec - begin->tv_nsec) / 1000000);
}

/* False: it was not over in time. */
static bool read_answer(int fd, char to[ANSWER_SIZE])
{
	struct pollfd wait = {.fd = fd, .events = POLLIN};
	struct timespec begin;
	size_t used = 0;
	ssize_t n = 1;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	while (n > 0 && used < ANSWER_SIZE - 1) {
		int64_t left = left_ms(&begin);

		if (left <= 0 || poll(&wait, 1, (int)left) <= 0)
			break;
		n = read(fd, to + used, ANSWER_SIZE - 1 - used);
		used += n > 0 ? (size_t)n : 0;
	}
	to[used] = '\0';
	return n <= 0 || used == ANSWER_SIZE - 1;
}

/* What dbus-send prints; "" when it fails. False: it did neither in time. */
static bool call(const char *path, const char *method, const char *const *arguments, char to[ANSWER_SIZE])
{
	const char *argv[6 + WORDS_MAX + 1] = {"dbus-send", "--system", REPLY_TIMEOUT, "--print-reply=literal", LOGIND, path};
	int ends[2], status = -1;
	bool in_time = true;
	size_t n = 6;
	pid_t pid;

	to[0] = '\0';
	argv[n++] = method;
	while (*arguments)
		argv[n++] = *arguments++;
	argv[n] = NULL;
	if (pipe2(ends, O_CLOEXEC) != 0)
		return true;
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(ends[1], STDOUT_FILENO);
		execvp(argv[0], (char *const *)argv);
		_exit(127);
	}
	close(ends[1]);
	if (pid > 0) {
		in_time = read_answer(ends[0], to);
		kill(pid, SIGKILL); /* what had nothing more to say has ended by now, or is about to */
		waitpid(pid, &status, 0);
	}
	close(ends[0]);
	return in_time;
}

/* The whole answer, word for word: a bus may say anything. */
static enum probe_answer read_boolean(const char *answer)
{
	char word[8], more;

	if (sscanf(answer, " variant boolean %7s %c", word, &more) != 1)
		return PROBE_SILENT;
	return strcmp(word, "true") == 0 ? PROBE_YES : strcmp(word, "false") == 0 ? PROBE_NO : PROBE_SILENT;
}

static bool is_object(const char *path)
{
	return path[0] == '/' && strspn(path, "/_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == strlen(path);
}

enum probe_answer logind_locked(pid_t process, bool *ret_hangs)
{
	const char *locked[] = {"string:org.freedesktop.login1.Session", "string:LockedHint", NULL};
	const char *of[] = {NULL, NULL};
	char answer[ANSWER_SIZE], path[ANSWER_SIZE], number[32];

	*ret_hangs = false;
	if (process <= 0 || !there_is_a_bus())
		return PROBE_SILENT;
	snprintf(number, sizeof number, "uint32:%d", (int)process);
	of[0] = number;
	*ret_hangs = !call("/org/freedesktop/login1", "org.freedesktop.login1.Manager.GetSessionByPID", of, answer);
	if (*ret_hangs || sscanf(answer, " %511s", path) != 1 || !is_object(path))
		return PROBE_SILENT;
	*ret_hangs = !call(path, "org.freedesktop.DBus.Properties.Get", locked, answer);
	return *ret_hangs ? PROBE_SILENT : read_boolean(answer);
}
