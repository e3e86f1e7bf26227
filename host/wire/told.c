#include "wire/told.h"

#include "os/inherited.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

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

void told_open(struct told *told, struct loop *loop, void (*word)(void *arg, const char *word), void *arg)
{
	*told = (struct told){.loop = loop, .word = word, .arg = arg};
	if (is_socket(INHERITED_READY))
		loop_fd(loop, inherited_fd(INHERITED_READY), POLLIN, on_ready, told);
	else
		told->loop = NULL;
}

void told_close(struct told *told)
{
	if (told->loop)
		loop_fd(told->loop, inherited_fd(INHERITED_READY), 0, NULL, NULL);
	told->loop = NULL;
}
