#include "tls.h"

#include <arpa/inet.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS_MAX = 64 };

struct email_tls_session {
	gnutls_session_t tls;
	gnutls_certificate_credentials_t trusted;
	int rounds;
};

static bool is_address(const char *name)
{
	unsigned char bytes[16];

	return inet_pton(AF_INET, name, bytes) == 1 || inet_pton(AF_INET6, name, bytes) == 1;
}

static int trust(struct email_tls_session *session, const char *ca, hst_error *err)
{
	int n;

	if (gnutls_certificate_allocate_credentials(&session->trusted) < 0)
		abort();
	n = ca ? gnutls_certificate_set_x509_trust_file(session->trusted, ca, GNUTLS_X509_FMT_PEM)
	       : gnutls_certificate_set_x509_system_trust(session->trusted);
	if (n > 0)
		return HST_OK;
	if (ca)
		return hst_fail(err, HST_DENIED, "ca: %s has no certificate in it that can be read%s%s", ca, n < 0 ? ": " : "",
				n < 0 ? gnutls_strerror(n) : "");
	return hst_fail(err, HST_DENIED, "this machine trusts no certificate at all; install ca-certificates, or name a file with `ca`");
}

int email_tls_begin(int fd, const char *name, const char *ca, struct email_tls_session **ret, hst_error *err)
{
	struct email_tls_session *session = calloc(1, sizeof *session);
	int code;

	if (!session)
		return hst_fail(err, HST_RETRY, "there is no memory");
	code = trust(session, ca, err);
	if (code != HST_OK) {
		email_tls_end(session);
		return code;
	}
	if (gnutls_init(&session->tls, GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL) < 0)
		abort();
	gnutls_set_default_priority(session->tls);
	gnutls_credentials_set(session->tls, GNUTLS_CRD_CERTIFICATE, session->trusted);
	if (!is_address(name))
		gnutls_server_name_set(session->tls, GNUTLS_NAME_DNS, name, strlen(name));
	gnutls_session_set_verify_cert(session->tls, name, 0);
	gnutls_transport_set_int(session->tls, fd);
	gnutls_handshake_set_timeout(session->tls, GNUTLS_INDEFINITE_TIMEOUT);
	*ret = session;
	return HST_OK;
}

/* What is wrong with the certificate, and what is to be done about it. */
static int reject(struct email_tls_session *session, const char *name, const char *ca, hst_error *err)
{
	unsigned status = gnutls_session_get_verify_cert_status(session->tls);
	gnutls_datum_t said = {0};
	int code;

	gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509, &said, 0);
	code = hst_fail_as(err, HST_DENIED, "CertificateRejected",
			   "the certificate of the mail server %s is not trusted: %s Nothing was said to it. %s", name,
			   said.data ? (const char *)said.data : "it cannot be checked.",
			   status & GNUTLS_CERT_UNEXPECTED_OWNER ? "Set `server` to the name in its certificate."
			   : status & GNUTLS_CERT_SIGNER_NOT_FOUND
				   ? ca ? "See `ca`, which is trusted instead of the system's." : "Name the file of its authority with `ca`."
				   : "Whoever runs the server has to renew it.");
	gnutls_free(said.data);
	return code;
}

int email_tls_shake(struct email_tls_session *session, const char *name, const char *ca, short *ret_events, hst_error *err)
{
	int code;

	*ret_events = 0;
	do
		code = gnutls_handshake(session->tls);
	while (code < 0 && code != GNUTLS_E_AGAIN && !gnutls_error_is_fatal(code) && session->rounds++ < ROUNDS_MAX);
	if (code == GNUTLS_E_AGAIN)
		*ret_events = gnutls_record_get_direction(session->tls) ? POLLOUT : POLLIN;
	if (code == GNUTLS_E_SUCCESS || code == GNUTLS_E_AGAIN)
		return HST_OK;
	if (code == GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR || code == GNUTLS_E_CERTIFICATE_ERROR)
		return reject(session, name, ca, err);
	return hst_fail(err, HST_RETRY, "no secure connection to the mail server %s: %s; see `port` and `tls`", name, gnutls_strerror(code));
}

static ssize_t moved(ssize_t n, const char **ret_why)
{
	if (n >= 0)
		return n;
	if (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED || !gnutls_error_is_fatal((int)n))
		return EMAIL_TLS_AGAIN;
	*ret_why = n == GNUTLS_E_PREMATURE_TERMINATION ? "it closed the connection" : gnutls_strerror((int)n);
	return -1;
}

ssize_t email_tls_send(struct email_tls_session *session, const void *from, size_t n, const char **ret_why)
{
	return moved(gnutls_record_send(session->tls, from, n), ret_why);
}

ssize_t email_tls_receive(struct email_tls_session *session, void *to, size_t n, const char **ret_why)
{
	return moved(gnutls_record_recv(session->tls, to, n), ret_why);
}

bool email_tls_pending(const struct email_tls_session *session)
{
	return gnutls_record_check_pending(session->tls) > 0;
}

void email_tls_end(struct email_tls_session *session)
{
	if (!session)
		return;
	if (session->tls) {
		gnutls_bye(session->tls, GNUTLS_SHUT_WR);
		gnutls_deinit(session->tls);
	}
	if (session->trusted)
		gnutls_certificate_free_credentials(session->trusted);
	free(session);
}
