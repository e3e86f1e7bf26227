/* One TLS session over a connected socket that does not block, with the certificate checked in the handshake. */
#ifndef PLUGINS_TRIGGER_EMAIL_TLS_H
#define PLUGINS_TRIGGER_EMAIL_TLS_H

#include <hostler/error.h>

#include <stdbool.h>
#include <sys/types.h>

enum { EMAIL_TLS_AGAIN = -2 };

struct email_tls_session;

/* `ca` NULL: what the system trusts. HST_DENIED names the file that cannot be read. */
int email_tls_begin(int fd, const char *name, const char *ca, struct email_tls_session **ret, hst_error *err);

/*
 * *ret_events is what the socket has to be ready for before it is called again (poll); 0: the connection is secured, and the server is
 * who it should be. HST_DENIED: it is not; the text says in what and what to do.
 */
int email_tls_shake(struct email_tls_session *session, const char *name, const char *ca, short *ret_events, hst_error *err);

/* Bytes moved; 0: the end; EMAIL_TLS_AGAIN: wait for the socket; else -1 with *ret_why. */
ssize_t email_tls_send(struct email_tls_session *session, const void *from, size_t n, const char **ret_why);
ssize_t email_tls_receive(struct email_tls_session *session, void *to, size_t n, const char **ret_why);

/* Whether something was received and not yet given out. */
bool email_tls_pending(const struct email_tls_session *session);

void email_tls_end(struct email_tls_session *session); /* NULL is fine */

#endif
