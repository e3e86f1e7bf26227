/*
 * Who could open a secret when it was sealed before, and cannot now that `seal --again` has sealed the same value to others: NAME.knew
 * beside NAME.seal, a line "MEMBER SERIAL" for each, with the serial of the last envelope that they could open. It is public like the
 * envelope. A new value is known to none of them, and removes it.
 */
#ifndef HOST_CLI_KNEW_H
#define HOST_CLI_KNEW_H

#include "seal/envelope.h"

#include <hostler/types.h>

enum { KNEW_MAX = 1000 };

struct knew {
	const char *member;
	int64_t serial;
};

/* None where there is no file. HST_INVALID: it is no such list, or has more than KNEW_MAX. In the arena. */
int knew_read(const char *sealed, hst_arena *arena, const struct knew **ret, size_t *ret_count, hst_error *err);

/* Before the value of `before` is sealed again, to these: who is none of them is kept. */
int knew_keep(const char *sealed, const struct envelope *before, const struct envelope_recipient *to, size_t n, hst_error *err);

/* Once another value is sealed. */
int knew_forget(const char *sealed, hst_error *err);

#endif
