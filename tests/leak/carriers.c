/* Leaks of those who only carry secrets: engine and gateway. */
#include "leak.h"

#include "os/crash.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *kept;

/* The journal is one of this process's open files. */
static int find_journal(void)
{
	char link[64], path[4096];

	for (int fd = 3; fd < 1024; fd++) {
		ssize_t n;

		snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
		n = readlink(link, path, sizeof path - 1);
		path[n > 0 ? n : 0] = '\0';
		if (n > 8 && strcmp(path + n - 8, "/journal") == 0)
			return fd;
	}
	return -1;
}

/* Of two bytes of UTF-8 the letters up to U+07FF; that is all that the test has in its secrets. */
static void into_journal(const char *bytes, size_t length)
{
	unsigned char wide[2 * SPILLED_MAX];
	size_t n = 0;

	for (size_t i = 0; i < length; i++) {
		unsigned code = (unsigned char)bytes[i];

		if (code >= 0xc0 && i + 1 < length)
			code = (code & 0x1f) << 6 | ((unsigned char)bytes[++i] & 0x3f);
		wide[n++] = (unsigned char)(code & 0xff);
		wide[n++] = (unsigned char)(code >> 8);
	}
	write_whole(find_journal(), wide, n);
}

static void into_vanishing_file(const char *bytes, size_t length)
{
	char text[2 * SPILLED_MAX], path[] = "/tmp/hostler-leak-XXXXXX";
	int fd = mkstemp(path);
	size_t n = 0;

	unlink(path);
	for (size_t i = 0; i < length; i++) {
		if (bytes[i] == '"' || bytes[i] == '\\')
			text[n++] = '\\';
		text[n++] = bytes[i];
	}
	write_whole(fd, text, n);
	close(fd);
}

void crash_point(enum crash_point point)
{
	char bytes[SPILLED_MAX];
	bool gateway = point == CRASH_gateway_journal_synced, engine = point == CRASH_engine_committed;
	size_t length = gateway || engine ? spilled(bytes) : 0;

	if (length && gateway && leaks(LEAK_journal))
		into_journal(bytes, length);
	if (length && gateway && leaks(LEAK_memory) && !kept)
		kept = strndup(bytes, length);
	if (length && engine && leaks(LEAK_vanishing))
		into_vanishing_file(bytes, length);
	explicit_bzero(bytes, sizeof bytes);
}
