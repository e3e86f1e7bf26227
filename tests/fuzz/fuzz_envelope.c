/*
 * Envelopes. Whoever is let in may sign anything, so each that has the right form is opened twice: as it is, and signed anew by
 * whoever it says has signed it. Even then nothing comes out but what was sealed, since all else of it is bound to the secret.
 */
#include "fuzz.h"

#include "seal_house.h"

#include "base/auto.h"

#include <sodium.h>
#include <string.h>

const char fuzz_name[] = "envelope";
const int fuzz_cases = 6000;

/* Of the corpus. */
static const char *const sealed[] = {
	"hunter2",
	"",
	"{\"user\":\"ada\",\"password\":\"hunter3\"}",
	"1234",
	"a refresh token",
	"Several lines, of which the first is long enough that all of them together do not fit into the least\nthere is to be padded to.\n",
};

static struct seal_house house;

static void begin(void)
{
	if (house.header.name)
		return;
	fuzz_must(sodium_init() >= 0);
	seal_house_init(&house);
	house.check.memory = NULL;
}

static bool was_sealed(const hst_secret *secret)
{
	size_t length;
	const void *bytes = secret_bytes(secret, &length);

	for (size_t i = 0; i < sizeof sealed / sizeof *sealed; i++)
		if (length == strlen(sealed[i]) && memcmp(bytes, sealed[i], length) == 0)
			return true;
	return false;
}

static void open_as(enum seal_member as, const struct envelope *envelope)
{
	AUTO(secret) hst_secret *secret = NULL;
	hst_error err = {0};
	int code;

	house.check.run = envelope->header.run;
	code = envelope_open(envelope, &house.check, &house.pairs[as], &secret, &err);
	fuzz_taken += code == HST_OK;
	if (code == HST_OK)
		fuzz_must(was_sealed(secret));
	else
		fuzz_must((code == HST_DENIED || code == HST_INVALID) && strncmp(err.reason, "Envelope", 8) == 0 && err.text[0]);
}

static const struct seal_pairs *pairs_of(const char *signer)
{
	for (size_t i = 0; i < MEMBER_COUNT; i++)
		if (strcmp(house.recipients[i].name, signer) == 0)
			return &house.pairs[i];
	return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	AUTO_FREE uint8_t *copy = fuzz_exactly(bytes, length);
	struct envelope envelope;
	const struct seal_pairs *signer;
	hst_error err = {0};
	int code;

	begin();
	code = envelope_read(copy, length, &envelope, &err);
	fuzz_must(code == HST_OK || (code == HST_INVALID && strcmp(err.reason, "EnvelopeForm") == 0 && err.text[0]));
	if (code != HST_OK)
		return 0;
	open_as(MEMBER_ADA, &envelope);
	signer = pairs_of(envelope.header.signer);
	if (!signer)
		return 0;
	crypto_sign_detached(copy + length - SEAL_SIGNATURE_BYTES, NULL, copy, length - SEAL_SIGNATURE_BYTES, signer->sign_secret);
	open_as(MEMBER_ADA, &envelope);
	open_as(MEMBER_INBOX, &envelope);
	return 0;
}
