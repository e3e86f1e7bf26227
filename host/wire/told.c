#include "wire/told.h"

#include "base/clock.h"
#include "os/inherited.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

enum { BEAT_MS = 5000, COVER_MS = 10000 };

static bool is_socket(int fd)
{
	struct stat status;

	return inherited_has(fd) && fstat(inherited_fd(fd), &status) == 0 && S_ISSOCK(status.st_mode);
}

/* Every whole line; what is left stays for the next time. A line that is too long is none of ours and is dropped. */
static void take_lines(struct told *told)
{
	char *end;

	while ((end = memchr(told->line, '\n', told->length)) != NULL) {
		char line[TOLD_LINE_MAX];
		size_t length = (size_t)(end - told->line);

		memcpy(line, told->line, length);
		line[length] = '\0';
		told->length -= length + 1;
		memmove(told->line, end + 1, told->length);
		told->word(told->arg, line);
	}
	if (told->length == sizeof told->line)
		told->length = 0;
}

static void on_ready(void *arg, int fd, short ready)
{
	struct told *told = arg;
	ssize_t n = recv(fd, told->line + told->length, sizeof told->line - told->length, MSG_DONTWAIT);

	(void)ready;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		told_close(told); /* the life descriptor says the rest */
		return;
	}
	told->length += (size_t)n;
	take_lines(told);
}

void told_beginning(int64_t ms)
{
	char text[24];

	if (!is_socket(INHERITED_READY))
		return;
	snprintf(text, sizeof text, "%lld", (long long)ms);
	inherited_line("busy", text);
}

/* Short calls follow each other closely: what was said of one covers the next. */
void told_busy(struct told *told, int64_t ms)
{
	int64_t now_us = clock_steady_us();

	told->busy_until_us = now_us + ms * 1000;
	if (!told->loop || told->busy_until_us <= told->covered_until_us)
		return;
	told->covered_until_us = told->busy_until_us + COVER_MS * 1000;
	told_beginning(ms + COVER_MS);
}

void told_idle(struct told *told)
{
	told->busy_until_us = 0;
}

/* A plugin that waits in a service turns the loop, and is busy all the same. */
static void on_beat(void *arg)
{
	struct told *told = arg;
	int64_t left_us = told->busy_until_us - clock_steady_us();

	told->beat = loop_in(told->loop, BEAT_MS, on_beat, told);
	told->covered_until_us = 0;
	if (left_us > 0)
		told_busy(told, left_us / 1000);
	else
		inherited_line("alive", NULL);
}

void told_open(struct told *told, struct loop *loop, void (*word)(void *arg, const char *word), void *arg)
{
	*told = (struct told){.loop = loop, .word = word, .arg = arg};
	if (!is_socket(INHERITED_READY)) {
		told->loop = NULL;
		return;
	}
	loop_fd(loop, inherited_fd(INHERITED_READY), POLLIN, on_ready, told);
	told->beat = loop_in(loop, 0, on_beat, told);
}

void told_close(struct told *told)
{
	if (!told->loop)
		return;
	loop_fd(told->loop, inherited_fd(INHERITED_READY), 0, NULL, NULL);
	loop_cancel(told->loop, &told->beat);
	told->loop = NULL;
}
