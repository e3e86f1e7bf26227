/*
 * A part of a secret: what stands in a JSON value under a path such as "row.password" or "rows.0.name". It is looked up where
 * it is, in locked memory, since what a JSON parser copies would be in none.
 */
#ifndef HOST_SEAL_SELECT_H
#define HOST_SEAL_SELECT_H

#include "seal/secret.h"

#include <stdbool.h>

/* Names between dots, at most so many; a name that is a number is a position in a list. */
enum { SELECT_PATH_MAX = 16, SELECT_NAME_MAX = 100, SELECT_BYTES_MAX = 2048, SELECT_DEPTH_MAX = 32 };

bool select_path_right(const char *path); /* "" is right: the whole */

/*
 * A text becomes a secret text without quotes and escapes, all else stays JSON. HST_NOT_FOUND: there is nothing, or null.
 * HST_INVALID: `from` is no JSON, or is a text, which has no parts.
 */
int select_part(const hst_secret *from, const char *path, hst_secret **ret, hst_error *err);

/* Calls `each` with every text in a JSON value, and every number as it is written; names of members are not secret. */
int select_each(const hst_secret *from, int (*each)(void *arg, const hst_secret *part, hst_error *err), void *arg, hst_error *err);

#endif
