/* Texts from outside, for people. */
#ifndef PLUGINS_TRIGGER_PRINTABLE_H
#define PLUGINS_TRIGGER_PRINTABLE_H

#include <stddef.h>

/*
 * One line of valid UTF-8 of less than `size` bytes: control characters, also those that turn the direction of writing, are blanks,
 * what is no UTF-8 is "?", blanks at the ends are left out, and what is cut ends with "…". `size` is at least 8.
 */
void printable(const char *text, char *to, size_t size);

#endif
