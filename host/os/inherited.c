#include "os/inherited.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Beyond what programs that count their descriptors by hand reach. */
enum { HIDDEN_FROM = 100 };

static bool there[INHERITED_PEER + 1];
static int hidden[INHERITED_PEER + 1]; /* 0: it has the number it came with */

void inherited_look(void)
{
	for (int fd = INHERITED_READY; fd <= INHERITED_PEER; fd++)
		there[fd] = fcntl(fd, F_GETFD) >= 0;
}

int inherited_fd(int fd)
{
	return hidden[fd] ? hidden[fd] : fd;
}

void inherited_hide(void)
{
	int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = INHERITED_READY; fd <= INHERITED_PEER && nothing >= 0; fd++) {
		int moved = there[fd] && !hidden[fd] ? fcntl(fd, F_DUPFD_CLOEXEC, HIDDEN_FROM) : -1;

		/* Where something else has the number, that is none of what was inherited. */
		if (there[fd] ? moved < 0 : fcntl(fd, F_GETFD) >= 0 && fd != nothing)
			continue;
		if (moved >= 0)
			hidden[fd] = moved;
		if (fd != nothing)
			dup3(nothing, fd, O_CLOEXEC);
	}
	if (nothing > INHERITED_PEER)
		close(nothing);
}

bool inherited_has(int fd)
{
	return fd >= INHERITED_READY && fd <= INHERITED_PEER && there[fd];
}

void inherited_close(int fd)
{
	if (!inherited_has(fd))
		return;
	there[fd] = false;
	close(inherited_fd(fd));
}

void inherited_say(const char *bad)
{
	char line[1024] = {0};
	ssize_t written;

	if (!inherited_has(INHERITED_READY))
		return;
	snprintf(line, sizeof line - 1, "%s%s", bad ? "bad " : "ready", bad ? bad : "");
	/* One line, whatever the text: the reader ends it at the first newline. */
	for (char *c = line; *c; c++)
		if (*c == '\n' || *c == '\r')
			*c = ' ';
	line[strlen(line)] = '\n';
	do
		written = write(inherited_fd(INHERITED_READY), line, strlen(line));
	while (written < 0 && errno == EINTR);
	inherited_close(INHERITED_READY);
}
