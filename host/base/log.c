#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A write to a pipe of up to this many bytes is never torn apart (PIPE_BUF). */
enum { LOG_LINE_MAX = 4096 };

static const char *const level_names[] = {
	[LOG_LEVEL_DEBUG] = "DEBUG",
	[LOG_LEVEL_INFO] = "INFO",
	[LOG_LEVEL_WARNING] = "WARNING",
	[LOG_LEVEL_ERROR] = "ERROR",
};

static const char *log_program = "hostler";
static enum log_level log_least = LOG_LEVEL_INFO;

void log_open(const char *program, enum log_level least)
{
	log_program = program;
	log_least = least;
}

void log_tame(char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];
		unsigned char next = i + 1 < n ? (unsigned char)s[i + 1] : 0;

		if (c == '\n' || c == '\t' || c == '\r')
			s[i] = ' ';
		else if (c < 0x20 || c == 0x7f)
			s[i] = '?';
		else if (c == 0xc2 && next >= 0x80 && next < 0xa0)
			s[i] = s[i + 1] = '?';
	}
}

__attribute__((format(printf, 2, 0))) static void log_line(enum log_level level, const char *format,
							   va_list args)
{
	char line[LOG_LINE_MAX + 1];
	int saved = errno;
	size_t length;
	ssize_t written;

	if (level < log_least)
		return;
	snprintf(line, sizeof line, "%s %.100s: ", level_names[level], log_program);
	length = strlen(line);
	vsnprintf(line + length, LOG_LINE_MAX - length, format, args);
	length = strlen(line);
	log_tame(line, length);
	line[length++] = '\n';
	do
		written = write(STDERR_FILENO, line, length);
	while (written < 0 && errno == EINTR);
	errno = saved;
}

#define LOG_AT(level)                  \
	va_list args;                  \
                                       \
	va_start(args, format);        \
	log_line(level, format, args); \
	va_end(args)

void log_debug(const char *format, ...)
{
	LOG_AT(LOG_LEVEL_DEBUG);
}

void log_info(const char *format, ...)
{
	LOG_AT(LOG_LEVEL_INFO);
}

void log_warning(const char *format, ...)
{
	LOG_AT(LOG_LEVEL_WARNING);
}

void log_error(const char *format, ...)
{
	LOG_AT(LOG_LEVEL_ERROR);
}
