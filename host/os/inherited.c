#include "os/inherited.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Beyond what programs that count their descriptors by hand reach. */
enum { HIDDEN_FROM = 100 };
enum { LINE_WAIT_MS = 1000 };

static bool there[INHERITED_LAST + 1];
static int hidden[INHERITED_LAST + 1]; /* 0: it has the number it came with */

void inherited_look(void)
{
	for (int fd = INHERITED_READY; fd <= INHERITED_LAST; fd++)
		there[fd] = fcntl(fd, F_GETFD) >= 0;
}

int inherited_fd(int fd)
{
	return hidden[fd] ? hidden[fd] : fd;
}

void inherited_hide(void)
{
	int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = INHERITED_READY; fd <= INHERITED_LAST && nothing >= 0; fd++) {
		int moved = there[fd] && !hidden[fd] ? fcntl(fd, F_DUPFD_CLOEXEC, HIDDEN_FROM) : -1;

		/* Where something else has the number, that is none of what was inherited. */
		if (there[fd] ? moved < 0 : fcntl(fd, F_GETFD) >= 0 && fd != nothing)
			continue;
		if (moved >= 0)
			hidden[fd] = moved;
		if (fd != nothing)
			dup3(nothing, fd, O_CLOEXEC);
	}
	if (nothing > INHERITED_LAST)
		close(nothing);
}

bool inherited_has(int fd)
{
	return fd >= INHERITED_READY && fd <= INHERITED_LAST && there[fd];
}

void inherited_close(int fd)
{
	if (!inherited_has(fd))
		return;
	there[fd] = false;
	close(inherited_fd(fd));
}

/* A supervisor that does not read must not hold up its children: then the line is lost. */
static void write_line(const char *line, size_t length)
{
	struct pollfd polled = {.fd = inherited_fd(INHERITED_READY), .events = POLLOUT};
	ssize_t written;

	if (poll(&polled, 1, LINE_WAIT_MS) == 0)
		return;
	do
		written = write(inherited_fd(INHERITED_READY), line, length);
	while (written < 0 && errno == EINTR);
}

void inherited_line(const char *word, const char *text)
{
	char line[INHERITED_LINE_MAX] = {0};

	if (!inherited_has(INHERITED_READY))
		return;
	snprintf(line, sizeof line - 1, "%s%s%s", word, text ? " " : "", text ? text : "");
	/* One line, whatever the text: the reader ends it at the first newline. */
	for (char *c = line; *c; c++)
		if (*c == '\n' || *c == '\r')
			*c = ' ';
	line[strlen(line)] = '\n';
	write_line(line, strlen(line));
}

void inherited_say(const char *bad)
{
	inherited_line(bad ? "bad" : "ready", bad);
	inherited_close(INHERITED_READY);
}
