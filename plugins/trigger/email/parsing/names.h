/* Names that somebody far away has chosen, made fit for a file of this machine. */
#ifndef PLUGINS_TRIGGER_EMAIL_PARSING_NAMES_H
#define PLUGINS_TRIGGER_EMAIL_PARSING_NAMES_H

#include <glib.h>

/*
 * What is behind the last / or \ of it, without control characters and marks that turn the direction of writing, without dots and
 * blanks in front and behind, at most EMAIL_NAME_MAX bytes of which the ending stays; "attachment-NUMBER" with an ending after its type
 * where nothing is left or `name` is NULL. The caller frees it.
 */
char *mail_names_fit(const char *name, const char *type, guint number);

#endif
