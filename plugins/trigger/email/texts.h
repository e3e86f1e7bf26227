/* Whether bytes are what they have to be, so that no one further on has to ask. All hold for nothing but UTF-8 without NUL. */
#ifndef PLUGINS_TRIGGER_EMAIL_TEXTS_H
#define PLUGINS_TRIGGER_EMAIL_TEXTS_H

#include <stdbool.h>
#include <stddef.h>

bool email_texts_valid(const char *text, size_t n); /* any text */
bool email_texts_text(const char *text, size_t n);  /* no control characters but \n, \t and \f */
bool email_texts_line(const char *text, size_t n);  /* no control characters at all */
bool email_texts_word(const char *text, size_t n);  /* a line that is not empty, without blanks, < and > */
bool email_texts_name(const char *text, size_t n);  /* of a header: printable ASCII without blanks and : */
bool email_texts_type(const char *text, size_t n);  /* "text/plain": lower case */
bool email_texts_file(const char *text, size_t n);  /* as email_attachment.name is described */

#endif
