/*
 * The log of a program: lines on stderr, which the supervisor collects. Only roles log. Never a secret.
 * A line is "LEVEL PROGRAM: text", written at once and cut at 4 KiB, so that lines of programs that share a
 * pipe never mix. Control characters are replaced: text from outside can neither begin a line nor steer a
 * terminal.
 */
#ifndef HOST_BASE_LOG_H
#define HOST_BASE_LOG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARNING, LOG_LEVEL_ERROR };

void log_open(const char *program, enum log_level least); /* `program` must live on */
__attribute__((format(printf, 1, 2))) void log_debug(const char *format, ...);
__attribute__((format(printf, 1, 2))) void log_info(const char *format, ...);
__attribute__((format(printf, 1, 2))) void log_warning(const char *format, ...);
__attribute__((format(printf, 1, 2))) void log_error(const char *format, ...);

/* Blanks become spaces, other control characters '?', those that UTF-8 writes as two bytes (C1) included. In place. */
void log_tame(char *s, size_t n);

#endif
