/* Bytes in any character set to UTF-8, in a process that can open no file any more. */
#ifndef PLUGINS_TRIGGER_EMAIL_PARSING_CHARSETS_H
#define PLUGINS_TRIGGER_EMAIL_PARSING_CHARSETS_H

#include <glib.h>
#include <stdbool.h>

/* Before the process is confined: has the C library load what mails are written in, and keep it. */
void mail_charsets_load(void);

/*
 * Appends the bytes to `to`, as UTF-8 without NUL, and until that is `max` bytes long; false when something did not fit. `charset` may be
 * NULL, unknown or wrong: what then is no UTF-8 is taken for windows-1252, and what makes no sense becomes U+FFFD.
 */
bool mail_charsets_append(GString *to, const char *bytes, gsize n, const char *charset, gsize max);

/* Makes it UTF-8 without control characters, blanks in their place, at most `max` bytes; false when it was cut. */
bool mail_charsets_line(GString *line, gsize max);

/* At most `max` of the n bytes of valid UTF-8, and no part of a character. */
gsize mail_charsets_fit(const char *text, gsize n, gsize max);

#endif
