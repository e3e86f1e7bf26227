#include "seal/signed_package.h"

#include "base/auto.h"
#include "seal/form.h"
#include "seal/roster_lines.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static const char magic[] = "HSP1\n";
static const char operators[] = "operator/";

static void write_head(struct text *to, const struct signed_package *package)
{
	char cluster[ROSTER_CLUSTER_TEXT];

	roster_cluster_text(package->cluster, cluster);
	text_add(to, magic);
	text_addf(to, "cluster %s\nname %s\nversion %s\ndigest %s\nat %" PRId64 "\n", cluster, package->name, package->version,
		  package->digest, package->at);
}

void signed_package_sign(struct signed_package *package, const struct seal_pairs *pairs)
{
	AUTO(text) struct text head;

	text_init(&head, SIGNED_PACKAGE_BYTES_MAX);
	write_head(&head, package);
	crypto_sign_detached(package->signature, NULL, (const uint8_t *)head.s, head.length, pairs->sign_secret);
}

void signed_package_write(struct text *to, const struct signed_package *package)
{
	char signature[ROSTER_SIGNATURE_TEXT];

	roster_signature_text(package->signature, signature);
	write_head(to, package);
	text_addf(to, "signed %s %s\n", package->signer + sizeof operators - 1, signature);
}

/* What stands between `front` and `end`, where the next of them must be. */
static bool take_word(const char **at, const char *front, char end, char *to, size_t size)
{
	const size_t length = strlen(front);
	const char *word = *at + length, *stop;

	if (strncmp(*at, front, length) != 0)
		return false;
	stop = strchr(word, end);
	if (!stop || stop == word || (size_t)(stop - word) >= size)
		return false;
	memcpy(to, word, (size_t)(stop - word));
	to[stop - word] = '\0';
	*at = stop + 1;
	return true;
}

static bool name_fits(const char *name)
{
	return name[0] >= 'a' && name[0] <= 'z' && !name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-")];
}

static bool read_lines(const char *at, struct signed_package *ret)
{
	char cluster[ROSTER_CLUSTER_TEXT], seconds[24], signature[ROSTER_SIGNATURE_TEXT];
	const size_t front = sizeof operators - 1;

	memcpy(ret->signer, operators, sizeof operators);
	if (strncmp(at, magic, sizeof magic - 1) != 0)
		return false;
	at += sizeof magic - 1;
	if (!take_word(&at, "cluster ", '\n', cluster, sizeof cluster) || !take_word(&at, "name ", '\n', ret->name, sizeof ret->name) ||
	    !take_word(&at, "version ", '\n', ret->version, sizeof ret->version) ||
	    !take_word(&at, "digest ", '\n', ret->digest, sizeof ret->digest) || !take_word(&at, "at ", '\n', seconds, sizeof seconds) ||
	    !take_word(&at, "signed ", ' ', ret->signer + front, sizeof ret->signer - front) ||
	    !take_word(&at, "", '\n', signature, sizeof signature) || *at)
		return false;
	ret->at = strtoll(seconds, NULL, 10);
	return name_fits(ret->name) && form_text_right(ret->version, strlen(ret->version)) && !strchr(ret->version, '/') &&
	       strspn(ret->digest, "0123456789abcdef") == SIGNED_PACKAGE_DIGEST - 1 && ret->at >= 0 &&
	       roster_name_is_fit(ret->signer + front) && roster_cluster_read(cluster, ret->cluster, NULL) == HST_OK &&
	       roster_signature_read(signature, ret->signature, NULL) == HST_OK;
}

/* What is written again differs from everything that was not written the one way there is. */
int signed_package_read(const void *bytes, size_t length, struct signed_package *ret, hst_error *err)
{
	char text[SIGNED_PACKAGE_BYTES_MAX + 1] = "";
	struct signed_package read = {.at = 0};
	AUTO(text) struct text again;

	text_init(&again, SIGNED_PACKAGE_BYTES_MAX);
	if (length <= SIGNED_PACKAGE_BYTES_MAX && !memchr(bytes, '\0', length))
		memcpy(text, bytes, length);
	if (!read_lines(text, &read))
		return hst_fail(err, HST_INVALID, "these bytes are no signature of a desktop flow");
	signed_package_write(&again, &read);
	if (again.length != length || memcmp(again.s, bytes, length) != 0)
		return hst_fail(err, HST_INVALID, "these bytes are no signature of a desktop flow as hostler writes them");
	*ret = read;
	return HST_OK;
}

int signed_package_verify(const struct signed_package *package, const struct roster *roster, hst_error *err)
{
	const struct roster_member *signer = roster ? roster_member(roster, package->signer) : NULL;
	const char *name = package->signer + sizeof operators - 1;
	AUTO(text) struct text head;

	text_init(&head, SIGNED_PACKAGE_BYTES_MAX);
	write_head(&head, package);
	if (!roster)
		return hst_fail_as(err, HST_DENIED, "PackageUnsigned", "nobody has said yet whose signatures are believed here");
	if (memcmp(package->cluster, roster->cluster, sizeof roster->cluster) != 0)
		return hst_fail_as(err, HST_DENIED, "PackageUnsigned", "the desktop flow \"%s\" was signed for another house", package->name);
	if (!signer || signer->kind != ROSTER_OPERATOR || !signer->has_sign)
		return hst_fail_as(err, HST_DENIED, "PackageUnsigned", "the desktop flow \"%s\" is signed by %s, who is no operator of this house (any more)",
				   package->name, name);
	if (!(signer->rights & RIGHT_ADMIN))
		return hst_fail_as(err, HST_DENIED, "PackageUnsigned", "the desktop flow \"%s\" is signed by %s, who has not the right \"admin\"",
				   package->name, name);
	if (crypto_sign_verify_detached(package->signature, (const uint8_t *)head.s, head.length, signer->sign) != 0)
		return hst_fail_as(err, HST_DENIED, "PackageUnsigned",
				   "the signature of the desktop flow \"%s\" is not of the key that %s has, or was changed", package->name, name);
	return HST_OK;
}
