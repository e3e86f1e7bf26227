/* What a process believes of the roster, and what it takes in its place. */
#include "seal/pinned.h"

#include "base/auto.h"
#include "base/mem.h"
#include "roster_house.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int take_text(struct pinned *pinned, const struct roster *roster, bool *ret_changed, hst_error *err)
{
	AUTO_FREE char *text = roster_write(roster);

	return pinned_take(pinned, text, strlen(text), ret_changed, err);
}

/* The next one, signed by `signer`. */
static struct roster *next_of(const struct roster *roster, const char *signer)
{
	struct roster *next = roster_copy(roster);

	roster_drop(next, ROSTER_INVITED, "gateway/ts-03");
	assert_int_equal(roster_house_sign(next, signer, NULL), HST_OK);
	return next;
}

static void a_newer_one_takes_the_place_of_the_believed(void **state)
{
	struct roster *roster = roster_house(), *next = next_of(roster, "operator/ada");
	AUTO_FREE char *text = roster_write(roster);
	struct pinned pinned;
	hst_error err = {0};
	bool changed = true;

	(void)state;
	assert_int_equal(pinned_begin(&pinned, text, NULL, &err), HST_OK);
	assert_int_equal(take_text(&pinned, roster, &changed, &err), HST_OK);
	assert_false(changed);
	assert_int_equal(take_text(&pinned, next, &changed, &err), HST_OK);
	assert_true(changed);
	assert_int_equal(pinned.roster->epoch, 2);
	assert_true(take_text(&pinned, roster, &changed, &err) < HST_OK);
	assert_string_equal(err.reason, "RosterEpoch");
	assert_false(changed);
	assert_int_equal(pinned.roster->epoch, 2);
	pinned_clear(&pinned);
	roster_free(roster);
	roster_free(next);
}

static void an_invitation_says_whose_signature_the_first_one_has(void **state)
{
	struct roster *roster = roster_house();
	struct pinned pinned;
	struct pin pin;
	char text[PIN_TEXT];
	hst_error err = {0};
	bool changed;

	(void)state;
	memcpy(pin.cluster, roster->cluster, sizeof pin.cluster);
	memcpy(pin.sign, roster_member(roster, "operator/ada")->sign, sizeof pin.sign);
	pinned_pin_text(&pin, text);
	assert_int_equal(pinned_begin(&pinned, NULL, text, &err), HST_OK);
	assert_int_equal(take_text(&pinned, roster, &changed, &err), HST_OK);
	assert_true(changed);
	pinned_clear(&pinned);

	memcpy(pin.sign, roster_member(roster, "operator/bob")->sign, sizeof pin.sign);
	pinned_pin_text(&pin, text);
	assert_int_equal(pinned_begin(&pinned, NULL, text, &err), HST_OK);
	assert_true(take_text(&pinned, roster, &changed, &err) < HST_OK);
	assert_string_equal(err.reason, "RosterSigner");
	assert_null(pinned.roster);
	pin.cluster[3] ^= 1;
	pinned_pin_text(&pin, text);
	pinned_clear(&pinned);
	assert_int_equal(pinned_begin(&pinned, NULL, text, &err), HST_OK);
	assert_true(take_text(&pinned, roster, &changed, &err) < HST_OK);
	assert_string_equal(err.reason, "RosterCluster");
	pinned_clear(&pinned);
	roster_free(roster);
}

/* The host could give itself any name; only the signature counts. */
static void a_pin_is_no_excuse_for_a_changed_roster(void **state)
{
	struct roster *roster = roster_house();
	AUTO_FREE char *text = roster_write(roster);
	char pin[PIN_TEXT], *at = strstr(text, "\nleast 1\n");
	struct pinned pinned;
	hst_error err = {0};
	bool changed;

	(void)state;
	pinned_pin_text(&(struct pin){.cluster = {0}}, pin);
	assert_int_equal(pinned_begin(&pinned, NULL, pin, &err), HST_OK);
	memcpy(pinned.pin.cluster, roster->cluster, sizeof pinned.pin.cluster);
	memcpy(pinned.pin.sign, roster_member(roster, "operator/ada")->sign, SEAL_KEY_BYTES);
	assert_non_null(at);
	at[7] = '0';
	assert_true(pinned_take(&pinned, text, strlen(text), &changed, &err) < HST_OK);
	assert_null(pinned.roster);
	pinned_clear(&pinned);
	roster_free(roster);
}

static void who_begins_with_nothing_believes_nobody(void **state)
{
	struct roster *roster = roster_house();
	struct pinned pinned;
	hst_error err = {0};
	bool changed;

	(void)state;
	assert_int_equal(pinned_begin(&pinned, NULL, NULL, &err), HST_OK);
	assert_true(take_text(&pinned, roster, &changed, &err) < HST_OK);
	assert_string_equal(err.reason, "RosterUnknown");
	assert_null(pinned.roster);
	assert_true(pinned_begin(&pinned, "no roster\n", NULL, &err) < HST_OK);
	assert_true(pinned_begin(&pinned, NULL, "AAAA", &err) < HST_OK);
	assert_true(pinned_begin(&pinned, NULL, "AAAA BBBB", &err) < HST_OK);
	assert_null(pinned.roster);
	roster_free(roster);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_newer_one_takes_the_place_of_the_believed),
		cmocka_unit_test(an_invitation_says_whose_signature_the_first_one_has),
		cmocka_unit_test(a_pin_is_no_excuse_for_a_changed_roster),
		cmocka_unit_test(who_begins_with_nothing_believes_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
