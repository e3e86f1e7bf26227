/*
 * The connection to a mail server, as libetpan reads and writes it. Its TLS is GnuTLS at our hands: the certificate is checked within
 * the handshake, against the named authority or the system's and against the server's name, so nothing is ever said to a server that
 * is not the one. Every wait ends: with the time-out, with the call, or when the call is cancelled. What a server may send in answer to
 * one command has a ceiling.
 */
#ifndef PLUGINS_TRIGGER_EMAIL_STREAM_H
#define PLUGINS_TRIGGER_EMAIL_STREAM_H

#include <hostler/host.h>

#include <libetpan/libetpan.h>

/* Of the bytes that one command may bring. */
enum { EMAIL_ANSWER_MAX = 16 << 20 };

struct email_stream;

struct email_server {
	const char *name;
	unsigned port;
	int tls;        /* enum email_tls */
	const char *ca; /* NULL: the system's */
	int64_t time_out_ms;
};

/* Connected, and with implicit TLS secured. `server` must live as long. HST_RETRY, or HST_DENIED for a certificate or a plain connection
 * to another machine. */
int email_stream_open(hst_call *call, const struct email_server *server, struct email_stream **ret, hst_error *err);

/* Gives it to libetpan, which closes it with its session. */
mailstream *email_stream_lend(struct email_stream *stream);

/* After the server has agreed to STARTTLS. HST_DENIED also where it has said more than that in the clear. */
int email_stream_secure(struct email_stream *stream, const mailstream *lent, const struct email_server *server, hst_error *err);

/* Before a command: whose call it is (NULL: none, and nothing waits longer than a second), and a new ceiling. */
void email_stream_begin(struct email_stream *stream, hst_call *call);

/* Why reading or writing has failed; "" when it did not. */
const char *email_stream_trouble(const struct email_stream *stream);

/* Nothing is read or written any more. */
void email_stream_break(struct email_stream *stream);

int email_stream_fd(const struct email_stream *stream);

/* Whether something was received that its descriptor says nothing of. */
bool email_stream_pending(const struct email_stream *stream, const mailstream *lent);

/* Wipes what libetpan has of a command that held a credential. */
void email_stream_wipe(mailstream *lent);

#endif
