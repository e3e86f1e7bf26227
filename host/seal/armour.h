/* Sealed bytes as text, for files, terminals and mail: "hsl1." and base64url without padding, in one line. */
#ifndef HOST_SEAL_ARMOUR_H
#define HOST_SEAL_ARMOUR_H

#include <hostler/error.h>

#include <stddef.h>
#include <stdint.h>

enum { ARMOUR_BYTES_MAX = 192 << 10 };

/* The caller frees it. */
char *armour_write(const void *bytes, size_t length);

/* Takes what armour_write writes and nothing else: no blanks, no line ends, no other way to write the last character. */
int armour_read(const char *text, uint8_t **ret, size_t *ret_length, hst_error *err);

#endif
