/*
 * The public keys of an operator as one word, which people hand to whoever lets them in:
 *
 *	hok1.BASE64URL	of: length and bytes of the name without "operator/" (the length is one byte), the key of the wire, the one
 *			that opens, the one that signs (32 bytes each), and the first 4 bytes of the BLAKE2b hash of all that, which
 *			finds out about a word that was not copied whole
 */
#ifndef HOST_SEAL_KEY_WORD_H
#define HOST_SEAL_KEY_WORD_H

#include "seal/roster.h"

/* Of an operator with all keys; the caller frees it. */
char *key_word_write(const struct roster_member *operator);

/* HST_INVALID says what is wrong with the word. The caller clears *ret, which has no rights. */
int key_word_read(const char *word, struct roster_member *ret, hst_error *err);

#endif
