/* Heads as JSON: the two functions of message.h, and what their texts cost. */
#ifndef HOST_WIRE_HEAD_H
#define HOST_WIRE_HEAD_H

#include <stddef.h>

/* Bytes that the text takes in a head, its quotes not counted. */
size_t head_length(const char *text, size_t length);

#endif
