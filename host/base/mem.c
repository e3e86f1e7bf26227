#include "base/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Says why with nothing but write(2), since there is no memory left to say it with. */
static _Noreturn void mem_over(const char *why, size_t length)
{
	ssize_t written = write(STDERR_FILENO, why, length);

	(void)written;
	abort();
}

#define MEM_OVER(why) mem_over(why, sizeof(why) - 1)

void *mem_alloc(size_t size)
{
	return mem_array(1, size);
}

void *mem_array(size_t n, size_t size)
{
	/* An empty block is still a block: callers never have to tell NULL from nothing. */
	void *block = n && size ? calloc(n, size) : calloc(1, 1);

	if (!block)
		MEM_OVER("fatal: out of memory\n");
	return block;
}

void *mem_grow(void *block, size_t *n, size_t at_least, size_t size)
{
	size_t entries = *n ? *n : 8;
	size_t bytes;
	char *grown;

	if (block && *n >= at_least)
		return block;
	while (entries < at_least) {
		if (entries > SIZE_MAX / 2)
			MEM_OVER("fatal: a table has grown beyond all memory\n");
		entries *= 2;
	}
	if (__builtin_mul_overflow(entries, size, &bytes))
		MEM_OVER("fatal: a table has grown beyond all memory\n");
	grown = realloc(block, bytes ? bytes : 1);
	if (!grown)
		MEM_OVER("fatal: out of memory\n");
	memset(grown + *n * size, 0, bytes - *n * size);
	*n = entries;
	return grown;
}

char *mem_copy(const void *bytes, size_t n)
{
	char *copy;

	if (n == SIZE_MAX)
		MEM_OVER("fatal: a text has grown beyond all memory\n");
	copy = malloc(n + 1);
	if (!copy)
		MEM_OVER("fatal: out of memory\n");
	if (n)
		memcpy(copy, bytes, n);
	copy[n] = '\0';
	return copy;
}

char *mem_text(const char *text)
{
	return text ? mem_copy(text, strlen(text)) : NULL;
}

char *mem_printf(const char *format, ...)
{
	char *text;
	va_list args;
	int length;

	va_start(args, format);
	length = vasprintf(&text, format, args);
	va_end(args);
	if (length < 0)
		MEM_OVER("fatal: out of memory\n");
	return text;
}
