/*
 * What crash points do in the programs that the crash test starts. Beside the folder of the programs lie two files:
 *
 *	armed   one line each, "POINT COUNT HOW": at the COUNT-th time that any process comes to the point, it dies. HOW is
 *	        kill, stop (it is only stopped), late-MS (it goes on and dies so many milliseconds later, wherever it is
 *	        then) or wait-MS (it goes on after so many milliseconds, and does not die). COUNT is 0 once that has happened, and behind it stands who it was: "POINT 0 HOW PID".
 *	seen    a line for each time a process came to a point, "POINT PID"
 *
 * Files, since the supervisor hands no environment on; and counted there, since a process counts only itself.
 */
#include "os/crash.h"

#include "base/text.h"
#include "os/files.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

enum { ARMED_MAX = 8192, LINE_MAX = 256 };

#define CRASH_POINT_TEXT(program, name, where) #program "." #name,
static const char *const names[] = {CRASH_POINTS(CRASH_POINT_TEXT)};

static int open_beside(const char *name, int flags)
{
	char path[4096];

	snprintf(path, sizeof path, "%s/../%s", files_program_directory(), name);
	return open(path, flags | O_CLOEXEC);
}

static void note_seen(const char *name)
{
	char line[LINE_MAX];
	int fd = open_beside("seen", O_WRONLY | O_APPEND);

	if (fd < 0)
		return;
	snprintf(line, sizeof line, "%s %d\n", name, (int)getpid());
	if (write(fd, line, strlen(line)) < 0)
		abort();
	close(fd);
}

/* The armed lines again, with this point's counted down; its HOW in `how` when it is its turn. */
static bool count_down(char *bytes, const char *name, struct text *to, char how[LINE_MAX])
{
	bool dies = false;
	char *rest;

	for (char *line = strtok_r(bytes, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		char point[LINE_MAX], word[LINE_MAX];
		int count;

		if (sscanf(line, "%255s %d %255s", point, &count, word) != 3 || strcmp(point, name) != 0 || count == 0) {
			text_addf(to, "%s\n", line);
			continue;
		}
		if (--count > 0) {
			text_addf(to, "%s %d %s\n", point, count, word);
			continue;
		}
		text_addf(to, "%s 0 %s %d\n", point, word, (int)getpid());
		memcpy(how, word, sizeof word);
		dies = true;
	}
	return dies;
}

static bool is_due(const char *name, char how[LINE_MAX])
{
	char bytes[ARMED_MAX + 1];
	int fd = open_beside("armed", O_RDWR);
	struct text text;
	bool due = false;
	ssize_t n;

	if (fd < 0)
		return false;
	flock(fd, LOCK_EX);
	n = pread(fd, bytes, ARMED_MAX, 0);
	bytes[n > 0 ? n : 0] = '\0';
	if (n > 0 && strstr(bytes, name)) {
		text_init(&text, ARMED_MAX);
		due = count_down(bytes, name, &text, how);
		if (pwrite(fd, text.s, text.length, 0) < 0 || ftruncate(fd, (off_t)text.length) < 0)
			abort();
		text_clear(&text);
	}
	close(fd);
	return due;
}

static void die_later(long ms)
{
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL};
	struct itimerspec when = {.it_value = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 + 1}};
	timer_t timer;

	if (timer_create(CLOCK_MONOTONIC, &event, &timer) < 0 || timer_settime(timer, 0, &when, NULL) < 0)
		abort();
}

static void go_on_after(long ms)
{
	const struct timespec while_others_work = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	nanosleep(&while_others_work, NULL);
}

void crash_point(enum crash_point point)
{
	char how[LINE_MAX] = "";

	note_seen(names[point]);
	if (!is_due(names[point], how))
		return;
	if (strncmp(how, "late-", 5) == 0)
		die_later(strtol(how + 5, NULL, 10));
	else if (strncmp(how, "wait-", 5) == 0)
		go_on_after(strtol(how + 5, NULL, 10));
	else
		kill(getpid(), strcmp(how, "stop") == 0 ? SIGSTOP : SIGKILL);
}
