/*
 * Whether a server that is trusted has found the sender of a mail to be true. The From of a mail is what its sender wrote. A mail server
 * that checks signatures and addresses (DKIM, SPF, DMARC) writes what came of it into Authentication-Results (RFC 8601), at the top.
 */
#ifndef PLUGINS_TRIGGER_EMAIL_AUTHENTICATION_H
#define PLUGINS_TRIGGER_EMAIL_AUTHENTICATION_H

#include "parser.h"

/*
 * True: the first Authentication-Results is of `server`, and says dmarc=pass for the domain of From, or dkim=pass by that domain or one
 * above it, or spf=pass for a sender in it. Else `why` says what is missing. A mail with several in From is nobody's.
 */
bool email_authentic(const char *server, const struct email_mail *mail, char *why, size_t size);

#endif
