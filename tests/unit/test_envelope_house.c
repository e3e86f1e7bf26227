/* What a roster says to whoever opens envelopes. */
#include "roster_house.h"

#include "seal/envelope_house.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void signers_are_who_the_roster_says(void **state)
{
	static const struct {
		const char *name;
		enum envelope_signer signer;
		unsigned rights;
	} cases[] = {
		{"operator/ada", ENVELOPE_SIGNER_KNOWN, RIGHT_LOOK | RIGHT_PRESS | RIGHT_CONTROL | RIGHT_ADMIN},  {"operator/bob", ENVELOPE_SIGNER_KNOWN, RIGHT_LOOK},
		{"operator/eve", ENVELOPE_SIGNER_UNKNOWN, 0},	       {"operator/mallory", ENVELOPE_SIGNER_REVOKED, 0},
		{"trigger/inbox", ENVELOPE_SIGNER_KNOWN, 0},	       {"gateway/ts-01", ENVELOPE_SIGNER_KNOWN, 0},
		{"gateway/ts-02", ENVELOPE_SIGNER_KNOWN, 0},	       {"gateway/ts-03", ENVELOPE_SIGNER_UNKNOWN, 0},
		{"trigger/unheard-of", ENVELOPE_SIGNER_UNKNOWN, 0},
	};
	struct roster *roster = roster_house();
	struct envelope_house house;

	(void)state;
	envelope_house_init(&house, roster);
	assert_memory_equal(house.cluster, roster->cluster, sizeof house.cluster);
	assert_int_equal(house.epoch, roster->epoch);
	assert_int_equal(house.least, roster->least);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint8_t key[SEAL_KEY_BYTES] = {0};
		struct seal_pairs pairs;
		unsigned rights = 0;

		if (house.signer(house.arg, cases[i].name, key, &rights) != cases[i].signer)
			fail_msg("%s", cases[i].name);
		assert_int_equal(rights, cases[i].rights);
		roster_pairs(cases[i].name, &pairs);
		if (cases[i].signer == ENVELOPE_SIGNER_KNOWN)
			assert_memory_equal(key, pairs.sign_public, sizeof key);
	}
	roster_free(roster);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signers_are_who_the_roster_says),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
