/*
 * Hands a mail to an SMTP server. With TLS, from the first byte or by STARTTLS, nothing is said to a server that is not who it has to be: neither name nor
 * password nor a word of the mail. Without TLS it speaks to this machine alone, whatever address the server's name leads to.
 */
#ifndef PLUGINS_CONNECTOR_MAIL_SMTP_H
#define PLUGINS_CONNECTOR_MAIL_SMTP_H

#include "address.h"
#include "header.h"

#include <hostler/secret.h>

enum mail_security { MAIL_TLS, MAIL_STARTTLS, MAIL_PLAIN };

struct mail_server {
	const char *name;
	int64_t port; /* 0: that of its security */
	enum mail_security security;
	const char *ca, *user; /* NULL: none */
	const hst_secret *password; /* NULL: none */
};

/* Everything is there and checked; texts that are not said are "". */
struct mail_letter {
	struct mail_addresses from, to, cc, bcc, reply_to;
	struct mail_ids in_reply_to, references;
	const char *subject, *text, *html;
	const char *message_id; /* without < > */
	hst_files files;
};

/* What can be wrong with the settings alone. */
int mail_server_check(const struct mail_server *server, hst_error *err);

/* To all recipients or to none. */
int mail_send(const struct mail_server *server, hst_call *call, const struct mail_letter *letter, hst_error *err);

/* Connects, proves who the server is, signs in, and leaves. */
int mail_sign_in(const struct mail_server *server, hst_call *call, hst_error *err);

#endif
