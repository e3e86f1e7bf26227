/* Which mails make runs. Pure: a mail as the parser has it, and options. */
#ifndef PLUGINS_TRIGGER_EMAIL_FILTER_H
#define PLUGINS_TRIGGER_EMAIL_FILTER_H

#include "options.h"
#include "parser.h"

/*
 * NULL: it passes; else the name of the first option that turns it away, with `why` (of `size` bytes) saying what it is instead, which
 * is text from the mail. `whole` false: only what the header says is looked at.
 */
const char *email_filter(const struct email_config *config, const struct email_mail *mail, bool whole, char *why, size_t size);

/* Whether this attachment is of a type that is wanted; NULL, or why not. */
const char *email_filter_attachment(const struct email_config *config, const struct email_attachment *attachment);

#endif
