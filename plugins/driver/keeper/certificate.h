/* Whether a server is the one that was meant, by its certificate and nothing else. */
#ifndef PLUGINS_DRIVER_KEEPER_CERTIFICATE_H
#define PLUGINS_DRIVER_KEEPER_CERTIFICATE_H

#include <stdbool.h>
#include <stddef.h>

enum { CERTIFICATE_SHOWN = 32 * 3 }; /* a SHA-256 with colons and its NUL */

/* Who is trusted. `ca` is PEM; "": there is none. `pin` is 64 small hexadecimal digits; "": there is none. */
struct certificate_trust {
	const char *ca, *pin, *name;
};

/*
 * `pem` is the chain as it was shown, the server's own first. Each of `ca` and `pin` that is there has to hold: a chain that ends at one of
 * the authorities today and names the server; or that one certificate, whatever it says of itself. With neither it fails. `shown` is its
 * SHA-256 in either case, "" where there is no certificate; `why` says what is wrong, and what to do.
 */
bool certificate_trusted(const struct certificate_trust *trust, const char *pem, size_t n, char shown[CERTIFICATE_SHOWN], char *why,
                         size_t size);

#endif
