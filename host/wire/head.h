/* Heads as JSON: the two functions of message.h, and what their texts cost. */
#ifndef HOST_WIRE_HEAD_H
#define HOST_WIRE_HEAD_H

#include <stdbool.h>
#include <stddef.h>

/* A byte that is a character of its own and stands in a head as it is: nearly all of them are. */
static inline bool head_plain(char c)
{
	unsigned char byte = (unsigned char)c;

	return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

/* How many of `length` bytes from the front are plain. */
static inline size_t head_plain_length(const char *text, size_t length)
{
	size_t n = 0;

	while (n < length && head_plain(text[n]))
		n++;
	return n;
}

/* Bytes that the text takes in a head, its quotes not counted. */
size_t head_length(const char *text, size_t length);

#endif
