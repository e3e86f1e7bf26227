/*
 * The last mails that were looked at, and what came of each: for people who ask why a mail has started nothing. Kept as state, with the
 * cursor, so it is as true after a restart. What is from a mail is made printable and cut.
 */
#ifndef PLUGIN_TRIGGER_EMAIL_LOOKED_H
#define PLUGIN_TRIGGER_EMAIL_LOOKED_H

#include <stddef.h>
#include <stdint.h>

enum { EMAIL_LOOKED_MAX = 50, EMAIL_LOOKED_BYTES = 32 << 10 };

struct email_look {
	int64_t at_us;
	char what[180], outcome[300];
};

struct email_looked {
	struct email_look at[EMAIL_LOOKED_MAX];
	size_t n, next; /* `next` is the place of the one to come, once all are taken that of the oldest */
};

void email_looked_add(struct email_looked *looked, int64_t at_us, const char *what, const char *outcome);

/* The one `back` before the newest; NULL beyond the oldest. */
const struct email_look *email_looked_back(const struct email_looked *looked, size_t back);

/* As HST_STATE_LOOKED has it (hostler/trigger.h); its length. */
size_t email_looked_write(const struct email_looked *looked, char *to, size_t size);

/* What cannot be read is left out: it is only for looking back. */
void email_looked_read(struct email_looked *looked, const char *text);

#endif
