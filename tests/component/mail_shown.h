/* A mail as the parser gave it, as text that is compared with a fixture's. */
#ifndef TESTS_COMPONENT_MAIL_SHOWN_H
#define TESTS_COMPONENT_MAIL_SHOWN_H

#include "../../plugins/trigger/email/parser.h"

/* Caller frees. What was taken of an attachment is in attachment->taken, a text or NULL. */
char *mail_shown(const struct email_mail *mail);

#endif
