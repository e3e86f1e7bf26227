#include "say.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

__attribute__((format(printf, 3, 0))) static void say_these(enum keeper_word word, unsigned number, const char *format,
                                                            va_list arguments)
{
	char message[KEEPER_WORD_MAX] = {(char)word, (char)number};
	size_t n;

	vsnprintf(message + 2, sizeof message - 2, format, arguments);
	n = 2 + strlen(message + 2);
	while (send(STDIN_FILENO, message, n, MSG_NOSIGNAL) < 0)
		if (errno != EINTR)
			_exit(1);
}

void say(enum keeper_word word, unsigned number, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say_these(word, number, format, arguments);
	va_end(arguments);
}

void say_over(enum keeper_cause cause, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say_these(KEEPER_OVER, (unsigned)cause, format, arguments);
	va_end(arguments);
	_exit(0);
}

size_t say_hear(void *to, size_t size)
{
	ssize_t n;

	do
		n = recv(STDIN_FILENO, to, size, 0);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		_exit(0);
	return (size_t)n;
}
