/*
 * What a trigger has looked at lately, and what came of each: for people who ask why a mail or a file has started nothing. Kept as state, in
 * the transaction of its events, so it is as true after a restart. What comes from outside is made printable and cut.
 */
#ifndef PLUGINS_TRIGGER_LOOKED_H
#define PLUGINS_TRIGGER_LOOKED_H

#include <stddef.h>
#include <stdint.h>

enum { LOOKED_MAX = 50, LOOKED_BYTES = 32 << 10 };

struct look {
	int64_t at_us;
	char what[180], outcome[300];
};

struct looked {
	struct look at[LOOKED_MAX];
	size_t n, next; /* `next` is the place of the one to come, once all are taken that of the oldest */
};

void looked_add(struct looked *looked, int64_t at_us, const char *what, const char *outcome);

/* The one `back` before the newest; NULL beyond the oldest. */
const struct look *looked_back(const struct looked *looked, size_t back);

/* As HST_STATE_LOOKED has it (hostler/trigger.h); its length. */
size_t looked_write(const struct looked *looked, char *to, size_t size);

/* What cannot be read is left out: it is only for looking back. */
void looked_read(struct looked *looked, const char *text);

#endif
