/* Lists of addresses, a piece at a time: gmime needs time that grows with the square of a list that is none. */
#ifndef PLUGINS_TRIGGER_EMAIL_PARSING_ADDRESSES_H
#define PLUGINS_TRIGGER_EMAIL_PARSING_ADDRESSES_H

#include <glib.h>

enum { MAIL_ADDRESSES_PIECE = 4 << 10 };

/*
 * How long the first piece of the list is: all of it when that is short, else up to the last comma in MAIL_ADDRESSES_PIECE bytes that stands
 * behind an address and within nothing else. 0: there is none, so that nobody can say where an address begins.
 */
gsize mail_addresses_piece(const char *list);

#endif
