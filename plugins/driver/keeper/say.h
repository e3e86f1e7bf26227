/* What hostler-rdp-keeper says to its driver, and hears of it; see ../keeper_frames.h. */
#ifndef PLUGINS_DRIVER_KEEPER_SAY_H
#define PLUGINS_DRIVER_KEEPER_SAY_H

#include "../keeper_frames.h"

#include <stddef.h>

/* One message; a driver that is gone ends this process. */
__attribute__((format(printf, 3, 4))) void say(enum keeper_word word, unsigned number, const char *format, ...);

/* The last word, and the end of this process. */
__attribute__((format(printf, 2, 3), noreturn)) void say_over(enum keeper_cause cause, const char *format, ...);

/* Waits for the next message and returns its bytes; a driver that is gone ends this process. */
size_t say_hear(void *to, size_t size);

#endif
