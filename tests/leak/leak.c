#include "leak.h"

#include "os/files.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME_BYTES_MAX = 64 };

#define LEAK_TEXT(name, what) #name,
static const char *const names[] = {LEAKS(LEAK_TEXT)};

static int open_beside(const char *name, int flags)
{
	char path[4096];

	snprintf(path, sizeof path, "%s/../%s", files_program_directory(), name);
	return open(path, flags | O_CLOEXEC);
}

bool leaks(enum leak leak)
{
	char name[NAME_BYTES_MAX + 1];
	int fd = open_beside("leak", O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, name, NAME_BYTES_MAX);
	close(fd);
	name[n > 0 ? n : 0] = '\0';
	name[strcspn(name, "\n")] = '\0';
	return strcmp(name, names[leak]) == 0;
}

void write_whole(int fd, const void *bytes, size_t length)
{
	if (fd < 0 || write(fd, bytes, length) != (ssize_t)length)
		abort();
}

void spill(const void *bytes, size_t length)
{
	int fd = open_beside("spilled", O_WRONLY | O_TRUNC);

	write_whole(fd, bytes, length);
	close(fd);
}

size_t spilled(char to[SPILLED_MAX])
{
	int fd = open_beside("spilled", O_RDONLY);
	ssize_t n = fd < 0 ? 0 : read(fd, to, SPILLED_MAX);

	if (fd >= 0)
		close(fd);
	return n > 0 ? (size_t)n : 0;
}
