#include "os/inherited.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool there[INHERITED_PEER + 1];

void inherited_look(void)
{
	for (int fd = INHERITED_READY; fd <= INHERITED_PEER; fd++)
		there[fd] = fcntl(fd, F_GETFD) >= 0;
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
	close(fd);
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
		written = write(INHERITED_READY, line, strlen(line));
	while (written < 0 && errno == EINTR);
	inherited_close(INHERITED_READY);
}
