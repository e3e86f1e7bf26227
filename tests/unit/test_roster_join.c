/* The lines with which gateways join: which are taken, and which go over into a roster that was signed meanwhile. */
#include "base/auto.h"
#include "base/mem.h"
#include "roster_house.h"
#include "seal/roster_lines.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW_US INT64_C(1700000000000000)

/* The line of `name`, signed with the key of that invitation; the caller frees it. */
static char *join_line(const struct roster *roster, const char *name, const char *invitation)
{
	struct roster_member line;
	struct seal_pairs own, wire, signing;
	struct text text;

	roster_pairs(name, &own);
	roster_pairs("its wire", &wire);
	roster_pairs(invitation, &signing);
	roster_join(roster->cluster, signing.sign_secret, name, wire.open_public, own.open_public, own.sign_public, &line);
	text_init(&text, ROSTER_LINE_MAX);
	roster_line_write(&text, &line);
	roster_member_clear(&line);
	return text_take(&text);
}

static void refused(const struct roster *roster, const char *line, int64_t now_us, const char *reason)
{
	struct roster_member member;
	hst_error err = {0};

	assert_true(roster_read_join(roster, line, "gateway/ts-03", now_us, &member, &err) < HST_OK);
	assert_string_equal(err.reason, reason);
}

static void whoever_has_the_key_of_the_invitation_joins(void **state)
{
	struct roster *roster = roster_house();
	AUTO_FREE char *line = join_line(roster, "gateway/ts-03", "the invitation of ts-03");
	struct roster_member member;
	hst_error err = {0};

	(void)state;
	assert_int_equal(roster_read_join(roster, line, "gateway/ts-03", NOW_US, &member, &err), HST_OK);
	roster_put(roster, &member);
	assert_int_equal(roster_verify_first(roster, &err), HST_OK);
	assert_int_equal(roster_member(roster, "gateway/ts-03")->kind, ROSTER_JOINED);
	roster_member_clear(&member);
	roster_free(roster);
}

static void nobody_joins_without_it_or_in_the_place_of_another(void **state)
{
	struct roster *roster = roster_house(), *other = roster_house();
	AUTO_FREE char *line = join_line(roster, "gateway/ts-03", "the invitation of ts-03");
	AUTO_FREE char *forged = join_line(roster, "gateway/ts-03", "the invitation of ts-02");
	AUTO_FREE char *of_another = join_line(roster, "gateway/ts-02", "the invitation of ts-02");
	AUTO_FREE char *of_another_house = NULL;

	(void)state;
	refused(roster, forged, NOW_US, "RosterSignature");
	refused(roster, of_another, NOW_US, "RosterSigner");
	refused(roster, line, roster_invited(roster, "gateway/ts-03")->until_us, "InvitationExpired");
	refused(roster, "joined ts-03", NOW_US, "");
	other->cluster[0] ^= 1;
	of_another_house = join_line(other, "gateway/ts-03", "the invitation of ts-03");
	refused(roster, of_another_house, NOW_US, "RosterSignature");
	roster_drop(roster, ROSTER_INVITED, "gateway/ts-03");
	refused(roster, line, NOW_US, "RosterSigner");
	roster_free(roster);
	roster_free(other);
}

static void keys_that_were_revoked_do_not_come_back(void **state)
{
	struct roster *roster = roster_house();
	AUTO_FREE char *line = join_line(roster, "gateway/ts-03", "the invitation of ts-03");
	struct roster_member revoked = {.kind = ROSTER_REVOKED, .name = mem_text("gateway/ts-03"), .has_sign = true};
	struct seal_pairs own;

	(void)state;
	roster_pairs("gateway/ts-03", &own);
	memcpy(revoked.sign, own.sign_public, SEAL_KEY_BYTES);
	roster_put(roster, &revoked);
	refused(roster, line, NOW_US, "GatewayRevoked");
	roster_member_clear(&revoked);
	roster_free(roster);
}

/* Whoever has signed the next one had not heard of it. */
static void who_joined_meanwhile_is_in_the_next_one_too(void **state)
{
	struct roster *roster = roster_house(), *next = roster_copy(roster), *without = roster_copy(roster);
	AUTO_FREE char *line = join_line(roster, "gateway/ts-03", "the invitation of ts-03");
	struct roster_member member;

	(void)state;
	assert_int_equal(roster_read_join(roster, line, "gateway/ts-03", NOW_US, &member, NULL), HST_OK);
	roster_put(roster, &member);
	roster_member_clear(&member);
	assert_int_equal(roster_house_sign(next, "operator/ada", NULL), HST_OK);
	assert_null(roster_member(next, "gateway/ts-03"));
	assert_true(roster_adopt(next, roster));
	assert_false(roster_adopt(next, roster));
	assert_int_equal(roster_member(next, "gateway/ts-03")->kind, ROSTER_JOINED);
	assert_int_equal(roster_verify_next(roster, next, NULL), HST_OK);

	/* Where its invitation was taken back, it is not. */
	roster_drop(without, ROSTER_INVITED, "gateway/ts-03");
	assert_int_equal(roster_house_sign(without, "operator/ada", NULL), HST_OK);
	assert_false(roster_adopt(without, roster));
	roster_free(roster);
	roster_free(next);
	roster_free(without);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whoever_has_the_key_of_the_invitation_joins),
		cmocka_unit_test(nobody_joins_without_it_or_in_the_place_of_another),
		cmocka_unit_test(keys_that_were_revoked_do_not_come_back),
		cmocka_unit_test(who_joined_meanwhile_is_in_the_next_one_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
