/*
 * The line `run` of a package: split into words as a POSIX shell splits it, quotes and backslashes included,
 * with nothing run and nothing expanded but $HOSTLER_PACKAGE and $HOSTLER_WORK outside single quotes.
 *
 * In a word that was split those two stand as "${HOSTLER_PACKAGE}" and "${HOSTLER_WORK}", and every other '$'
 * as "$$", so that it is certain later which of them is meant.
 */
#ifndef HOST_DESKTOP_WORDS_H
#define HOST_DESKTOP_WORDS_H

#include <hostler/error.h>
#include <hostler/types.h>

enum { WORDS_MAX = 256 };

/*
 * *ret_words, in the arena, ends with NULL and has at least one word. HST_INVALID: an open quote, no word,
 * too many, or an operator that only a shell could honour.
 */
int words_split(hst_arena *arena, const char *line, char ***ret_words, hst_error *err);

/* One split word with the two directories put in. */
char *words_expand(hst_arena *arena, const char *word, const char *package, const char *work);

#endif
