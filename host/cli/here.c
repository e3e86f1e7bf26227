#include "cli/here.h"

#include "base/auto.h"
#include "base/clock.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void remember(struct here *here, const struct happening *happening)
{
	size_t kept = here->ended_count < HERE_ENDED_MAX ? here->ended_count : HERE_ENDED_MAX - 1;

	memmove(&here->ended[1], here->ended, kept * sizeof *here->ended);
	here->ended[0] = *happening;
	here->ended_count = kept + 1;
}

static void let_go(struct here_run *run)
{
	struct here *here = run->here;
	bool went_on = *run->now.state && !happening_is_end(&run->now);

	loop_fd(here->loop, run->fd, 0, NULL, NULL);
	close(take_fd(&run->fd));
	if (went_on) {
		snprintf(run->now.state, sizeof run->now.state, "gone");
		run->now.at_us = clock_wall_us();
		remember(here, &run->now);
		here->heard(here->arg, &run->now);
	}
}

static void on_told(void *arg, int fd, short ready)
{
	static char bytes[HAPPENING_BYTES_MAX];
	struct here_run *run = arg;
	ssize_t n = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT | MSG_TRUNC);
	bool ended = happening_is_end(&run->now);

	(void)ready;
	if (n > 0 && n <= (ssize_t)sizeof bytes && happening_read(bytes, (size_t)n, &run->now, NULL) == HST_OK) {
		if (!ended && happening_is_end(&run->now))
			remember(run->here, &run->now);
		run->here->heard(run->here->arg, &run->now);
	} else if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
		let_go(run);
	}
}

static bool is_number(const char *name)
{
	return *name && strspn(name, "0123456789") == strlen(name);
}

/* A run that is over is listed among those that ended: its place is for another one. */
static struct here_run *room(struct here *here)
{
	for (size_t i = 0; i < HERE_RUNS_MAX; i++)
		if (here->runs[i].fd < 0)
			return &here->runs[i];
	return NULL;
}

static void connect_to(struct here *here, const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct here_run *run = room(here);
	AUTO_CLOSE int fd = -1;

	if (!run || (size_t)snprintf(address.sun_path, sizeof address.sun_path, "%s/%s", here->place, name) >= sizeof address.sun_path)
		return;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return;
	if (connect(fd, (const struct sockaddr *)&address, sizeof address) < 0) {
		if (errno == ECONNREFUSED)
			unlink(address.sun_path); /* whoever listened there was killed */
		return;
	}
	if (!place_is_ours(fd))
		return;
	*run = (struct here_run){.here = here, .fd = take_fd(&fd)};
	loop_fd(here->loop, run->fd, POLLIN, on_told, run);
}

static void on_new(void *arg, int fd, short ready)
{
	char events[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	struct here *here = arg;
	ssize_t n = read(fd, events, sizeof events);

	(void)ready;
	for (ssize_t at = 0; at < n;) {
		const struct inotify_event *event = (const void *)(events + at);

		if (event->len && is_number(event->name))
			connect_to(here, event->name);
		at += (ssize_t)(sizeof *event + event->len);
	}
}

static void read_ended(struct here *here)
{
	AUTO_FREE char *lines = place_remembered(here->place);
	char *rest = NULL;
	struct happening happening;

	for (char *line = strtok_r(lines, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		if (happening_read(line, strlen(line), &happening, NULL) == HST_OK)
			remember(here, &happening);
}

int here_open(struct here *here, hst_error *err)
{
	int code = place_find(here->place, &here->held, err);
	struct dirent *entry;
	DIR *folder;

	for (size_t i = 0; i < HERE_RUNS_MAX; i++)
		here->runs[i] = (struct here_run){.here = here, .fd = -1};
	here->watch = -1;
	here->ended_count = 0;
	if (code)
		return code;
	here->watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (here->watch < 0 || inotify_add_watch(here->watch, here->place, IN_MOVED_TO | IN_ONLYDIR) < 0)
		return hst_fail(err, HST_BROKEN, "%s cannot be watched: %s", here->place, strerror(errno));
	loop_fd(here->loop, here->watch, POLLIN, on_new, here);
	read_ended(here);
	folder = opendir(here->place);
	while (folder && (entry = readdir(folder)) != NULL)
		if (is_number(entry->d_name))
			connect_to(here, entry->d_name);
	if (folder)
		closedir(folder);
	return HST_OK;
}

void here_close(struct here *here)
{
	for (size_t i = 0; i < HERE_RUNS_MAX; i++) {
		if (here->runs[i].fd < 0)
			continue;
		loop_fd(here->loop, here->runs[i].fd, 0, NULL, NULL);
		close(take_fd(&here->runs[i].fd));
	}
	if (here->watch >= 0) {
		loop_fd(here->loop, here->watch, 0, NULL, NULL);
		close(here->watch);
	}
	if (here->held >= 0)
		close(take_fd(&here->held));
}

void here_answer(const struct here_run *run, enum answer answer)
{
	char line[ANSWER_BYTES_MAX];
	size_t length = answer_write(line, answer, run->now.token);

	if (run->fd >= 0 && send(run->fd, line, length, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return; /* it is about to be heard that it has gone */
}
