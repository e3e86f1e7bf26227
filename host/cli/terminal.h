/* A terminal that keys come from one by one, Ctrl-C among them, and that shows a picture of its own until it is given back. */
#ifndef HOST_CLI_TERMINAL_H
#define HOST_CLI_TERMINAL_H

#include "base/text.h"

#include <stdbool.h>
#include <termios.h>

enum { TERMINAL_CTRL_C = 3, TERMINAL_WIDTH_USUAL = 100, TERMINAL_HEIGHT_USUAL = 40 };

bool terminal_is_there(void); /* to be read from and written to */
bool terminal_take(struct termios *ret_before);
void terminal_give_back(const struct termios *before);
void terminal_size(size_t *ret_width, size_t *ret_height);

/* In place of the picture that is there. */
void terminal_draw(const struct text *lines);

/* Blocked before the first thread is there, so that they come through the loop; ends with 0. */
void terminal_block_signals(const int *signals);

#endif
