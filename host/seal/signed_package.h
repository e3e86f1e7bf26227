/*
 * An operator's word that a desktop flow with exactly these files may be given secrets. A text with one way to be written, which is
 * the file beside the configuration, and the item that travels with an offer:
 *
 *	HSP1
 *	cluster CLUSTER
 *	name NAME                  of the desktop flow
 *	version VERSION
 *	digest DIGEST              of its list of files (desktop/package.h)
 *	at SECONDS                 since 1970
 *	signed OPERATOR SIGNATURE  Ed25519 of everything above this line
 *
 * Reading one proves nothing; signed_package_verify does.
 */
#ifndef HOST_SEAL_SIGNED_PACKAGE_H
#define HOST_SEAL_SIGNED_PACKAGE_H

#include "base/text.h"
#include "seal/roster.h"

enum { SIGNED_PACKAGE_BYTES_MAX = 1024, SIGNED_PACKAGE_NAME = 49, SIGNED_PACKAGE_VERSION = 65, SIGNED_PACKAGE_DIGEST = 65 };

struct signed_package {
	uint8_t cluster[ROSTER_CLUSTER_BYTES];
	char name[SIGNED_PACKAGE_NAME], version[SIGNED_PACKAGE_VERSION], digest[SIGNED_PACKAGE_DIGEST];
	int64_t at; /* seconds since 1970, not before */
	char signer[ROSTER_NAME_MAX + 16]; /* "operator/ada" */
	uint8_t signature[SEAL_SIGNATURE_BYTES];
};

/* Fills in the signature of all the rest, by `pairs`, which are those of its signer. */
void signed_package_sign(struct signed_package *package, const struct seal_pairs *pairs);

/* Appends it to a text. */
void signed_package_write(struct text *to, const struct signed_package *package);

/* HST_INVALID: not written the one way there is. */
int signed_package_read(const void *bytes, size_t length, struct signed_package *ret, hst_error *err);

/*
 * HST_DENIED, PackageUnsigned: it is of another house, or another text was signed, or its signer is no operator of the roster with the
 * right `admin` and a key that holds.
 */
int signed_package_verify(const struct signed_package *package, const struct roster *roster, hst_error *err);

#endif
