/* What an operator may do, as a set and as text. "admin" stands for all rights; no other right includes another. */
#ifndef HOST_SCHEMA_RIGHTS_H
#define HOST_SCHEMA_RIGHTS_H

#include <hostler/error.h>

#include <stddef.h>

enum right { RIGHT_NONE = 0, RIGHT_LOOK = 1, RIGHT_PRESS = 2, RIGHT_CONTROL = 4, RIGHT_ADMIN = 8 };

enum { RIGHTS_TEXT = 32 };

void rights_text(unsigned rights, char *to, size_t size); /* "look,press"; "-": none */
int rights_read(const char *text, unsigned *ret, hst_error *err);

#endif
