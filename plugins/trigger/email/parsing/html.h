/* What an HTML page says, as text. Nothing of it is executed, fetched or believed. */
#ifndef PLUGINS_TRIGGER_EMAIL_PARSING_HTML_H
#define PLUGINS_TRIGGER_EMAIL_PARSING_HTML_H

#include <glib.h>
#include <stdbool.h>

/*
 * Appends the text of n bytes of UTF-8 until `to` is `max` bytes long; false when it was cut. Scripts, styles, titles and comments are
 * left out, blocks begin a line, characters that are written by name are themselves. In time that grows with n and no faster.
 */
bool mail_html_text(GString *to, const char *html, gsize n, gsize max);

#endif
