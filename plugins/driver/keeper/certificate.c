#include "certificate.h"

#include <ctype.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <string.h>

enum { CHAIN_MAX = 16, DIGEST = 32 };

static bool fingerprint(gnutls_x509_crt_t certificate, unsigned char digest[DIGEST])
{
	size_t n = DIGEST;

	return gnutls_x509_crt_get_fingerprint(certificate, GNUTLS_DIG_SHA256, digest, &n) == 0 && n == DIGEST;
}

static void show(const unsigned char digest[DIGEST], char shown[CERTIFICATE_SHOWN])
{
	static const char digits[] = "0123456789ABCDEF";

	for (int i = 0; i < DIGEST; i++) {
		shown[3 * i] = digits[digest[i] >> 4];
		shown[3 * i + 1] = digits[digest[i] & 15];
		shown[3 * i + 2] = i < DIGEST - 1 ? ':' : '\0';
	}
}

/* `pin` has no colons. */
static bool is_pinned(const char shown[CERTIFICATE_SHOWN], const char *pin)
{
	for (; *shown; shown++)
		if (*shown != ':' && toupper((unsigned char)*pin++) != *shown)
			return false;
	return *pin == '\0';
}

static const char *what_to_do(unsigned status)
{
	if (status & GNUTLS_CERT_UNEXPECTED_OWNER)
		return "Say the name that is in it";
	if (status & GNUTLS_CERT_SIGNER_NOT_FOUND)
		return "See the file of authorities";
	return "Whoever runs the server has to renew it";
}

static bool say_wrong(unsigned status, const char *name, const char *shown, char *why, size_t size)
{
	gnutls_datum_t said = {0};

	gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509, &said, 0);
	snprintf(why, size, "as %.60s: %.*s Seen: SHA-256 %s. %s", name, said.data ? (int)said.size - 1 : 0, (const char *)said.data, shown,
	         what_to_do(status));
	gnutls_free(said.data);
	return false;
}

static bool is_signed(const struct certificate_trust *trust, gnutls_x509_crt_t *chain, unsigned n, const char *shown, char *why, size_t size)
{
	gnutls_typed_vdata_st wanted[] = {{GNUTLS_DT_DNS_HOSTNAME, (unsigned char *)trust->name, 0},
	                                  {GNUTLS_DT_KEY_PURPOSE_OID, (unsigned char *)GNUTLS_KP_TLS_WWW_SERVER, 0}};
	gnutls_datum_t pem = {(unsigned char *)trust->ca, (unsigned)strlen(trust->ca)};
	unsigned status = GNUTLS_CERT_INVALID, twice = n > 1 && gnutls_x509_crt_equals(chain[0], chain[1]);
	gnutls_x509_trust_list_t authorities;
	int found;

	if (gnutls_x509_trust_list_init(&authorities, 0) < 0)
		return false;
	found = gnutls_x509_trust_list_add_trust_mem(authorities, &pem, NULL, GNUTLS_X509_FMT_PEM, 0, 0);
	/* freerdp shows the server's own by itself and then once more with the chain. */
	if (found > 0 && gnutls_x509_trust_list_verify_crt2(authorities, chain + twice, n - twice, wanted, 2, 0, &status, NULL) < 0)
		status = GNUTLS_CERT_INVALID;
	gnutls_x509_trust_list_deinit(authorities, 1);
	if (found <= 0) {
		snprintf(why, size, "the file of authorities has no certificate in it that can be read");
		return false;
	}
	return status == 0 || say_wrong(status, trust->name, shown, why, size);
}

static bool look(const struct certificate_trust *trust, gnutls_x509_crt_t *chain, unsigned n, char shown[CERTIFICATE_SHOWN], char *why,
                 size_t size)
{
	unsigned char digest[DIGEST];

	if (!fingerprint(chain[0], digest)) {
		snprintf(why, size, "it has no fingerprint");
		return false;
	}
	show(digest, shown);
	if (!*trust->ca && !*trust->pin) {
		snprintf(why, size, "neither authorities nor a fingerprint were named. Seen: SHA-256 %s. If the machine itself says the same, pin it",
		         shown);
		return false;
	}
	if (*trust->pin && !is_pinned(shown, trust->pin)) {
		snprintf(why, size, "it is not the one that was pinned. Seen: SHA-256 %s. Pin this one only if the machine itself says the same",
		         shown);
		return false;
	}
	return !*trust->ca || is_signed(trust, chain, n, shown, why, size);
}

bool certificate_trusted(const struct certificate_trust *trust, const char *pem, size_t n, char shown[CERTIFICATE_SHOWN], char *why,
                         size_t size)
{
	gnutls_datum_t text = {(unsigned char *)pem, (unsigned)n};
	gnutls_x509_crt_t *chain = NULL;
	unsigned links = 0;
	bool trusted;

	shown[0] = '\0';
	if (gnutls_x509_crt_list_import2(&chain, &links, &text, GNUTLS_X509_FMT_PEM, 0) < 0 || links == 0) {
		snprintf(why, size, "it cannot be read");
		return false;
	}
	if (links > CHAIN_MAX)
		snprintf(why, size, "it comes with %u others", links - 1);
	trusted = links <= CHAIN_MAX && look(trust, chain, links, shown, why, size);
	for (unsigned i = 0; i < links; i++)
		gnutls_x509_crt_deinit(chain[i]);
	gnutls_free(chain);
	return trusted;
}
