/* The roster: its text, who may sign the next one, and what stands under its head. */
#include "base/auto.h"
#include "base/mem.h"
#include "os/files.h"
#include "roster_house.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include <cmocka.h>

/* The text of a known cluster with known keys is written down: nobody can read or sign it otherwise for ever. */
static void a_known_roster_has_a_known_text(void **state)
{
	struct roster *roster = roster_house(), *read = NULL;
	AUTO_FREE char *text = roster_write(roster);
	AUTO_FREE char *path = roster_fixture("roster-1");
	AUTO_FREE char *fixture = NULL;
	AUTO_FREE char *again = NULL;
	hst_error err = {0};

	(void)state;
	if (getenv("HOSTLER_WRITE_FIXTURES"))
		assert_int_equal(files_replace(path, text, strlen(text), 0644, false, NULL), HST_OK);
	assert_int_equal(files_read(path, ROSTER_BYTES_MAX, &fixture, NULL, &err), HST_OK);
	assert_string_equal(text, fixture);
	if (roster_read_file(path, &read, &err) != HST_OK)
		fail_msg("%s", err.text);
	again = roster_write(read);
	assert_string_equal(again, fixture);
	assert_int_equal(roster_verify_first(read, &err), HST_OK);
	roster_free(roster);
	roster_free(read);
}

static void everybody_is_found_by_name(void **state)
{
	struct roster *roster = roster_house();
	const struct roster_member *escrow[ROSTER_OPERATORS_MAX], *ada = roster_member(roster, "operator/ada");
	struct seal_pairs pairs;

	(void)state;
	assert_int_equal(roster->epoch, 1);
	assert_non_null(ada);
	assert_int_equal(ada->rights, RIGHT_LOOK | RIGHT_PRESS | RIGHT_CONTROL | RIGHT_ADMIN);
	roster_pairs("operator/ada", &pairs);
	assert_memory_equal(ada->open, pairs.open_public, SEAL_KEY_BYTES);
	assert_int_equal(roster_member(roster, "operator/bob")->rights, RIGHT_LOOK);
	assert_false(roster_member(roster, "operator/eve")->has_open);
	assert_int_equal(roster_member(roster, "trigger/inbox")->kind, ROSTER_MEMBER);
	assert_int_equal(roster_member(roster, "gateway/ts-01")->kind, ROSTER_GATEWAY);
	assert_int_equal(roster_member(roster, "gateway/ts-02")->kind, ROSTER_JOINED);
	assert_null(roster_member(roster, "gateway/ts-03"));
	assert_non_null(roster_invited(roster, "gateway/ts-03"));
	assert_null(roster_member(roster, "operator/mallory"));
	roster_pairs("operator/mallory", &pairs);
	assert_true(roster_is_revoked(roster, pairs.sign_public));
	roster_pairs("operator/ada", &pairs);
	assert_false(roster_is_revoked(roster, pairs.sign_public));
	assert_int_equal(roster_escrow(roster, escrow), 1);
	assert_string_equal(escrow[0]->name, "operator/ada");
	roster_free(roster);
}

static void refused(int code, const hst_error *err, const char *reason, const char *part)
{
	assert_true(code < HST_OK);
	if (strcmp(err->reason, reason) != 0 || !strstr(err->text, part))
		fail_msg("%s \"%s\" is not %s \"%s\"", err->reason, err->text, reason, part);
}

/* As if `signer` had signed this one behind the believed one. */
static struct roster *next_of(const struct roster *roster, const char *signer)
{
	struct roster *next = roster_copy(roster);
	hst_error err = {0};

	if (roster_house_sign(next, signer, &err) != HST_OK)
		fail_msg("%s", err.text);
	return next;
}

static void only_an_administrator_of_the_one_before_signs_the_next(void **state)
{
	struct roster *roster = roster_house(), *next, *after;
	struct roster_member carol = roster_house_operator("operator/carol", RIGHT_LOOK | RIGHT_PRESS | RIGHT_CONTROL | RIGHT_ADMIN);
	hst_error err = {0};

	(void)state;
	next = next_of(roster, "operator/ada");
	assert_int_equal(next->epoch, 2);
	assert_int_equal(roster_verify_next(roster, next, &err), HST_OK);
	refused(roster_verify_next(next, roster, &err), &err, "RosterEpoch", "epoch 1, and one of epoch 2");
	roster_free(next);

	next = next_of(roster, "operator/bob");
	refused(roster_verify_next(roster, next, &err), &err, "RosterSigner", "operator/bob, who is no operator with the right \"admin\"");
	roster_free(next);

	/* Carol, who lets herself in. */
	next = roster_copy(roster);
	roster_put(next, &carol);
	assert_int_equal(roster_house_sign(next, "operator/carol", &err), HST_OK);
	assert_int_equal(roster_verify_first(next, &err), HST_OK);
	refused(roster_verify_next(roster, next, &err), &err, "RosterSigner", "in the roster before it");
	roster_free(next);

	/* Whom Ada has let in may sign the one after that. */
	next = roster_copy(roster);
	roster_put(next, &carol);
	assert_int_equal(roster_house_sign(next, "operator/ada", &err), HST_OK);
	assert_int_equal(roster_verify_next(roster, next, &err), HST_OK);
	after = next_of(next, "operator/carol");
	assert_int_equal(roster_verify_next(next, after, &err), HST_OK);
	refused(roster_verify_next(roster, after, &err), &err, "RosterSigner", "operator/carol");
	roster_free(after);
	roster_free(next);
	roster_member_clear(&carol);
	roster_free(roster);
}

static void nobody_signs_themselves_away(void **state)
{
	struct roster *roster = roster_house(), *next = roster_copy(roster);
	struct roster_member carol = roster_house_operator("operator/carol", RIGHT_LOOK | RIGHT_PRESS | RIGHT_CONTROL | RIGHT_ADMIN);
	hst_error err = {0};

	(void)state;
	roster_put(next, &carol);
	assert_true(roster_revoke(next, "operator/ada"));
	assert_int_equal(roster_house_sign(next, "operator/ada", &err), HST_OK);
	refused(roster_verify_next(roster, next, &err), &err, "RosterSigner", "operator/ada, who is no operator");
	roster_member_clear(&carol);
	roster_free(next);
	roster_free(roster);
}

static void a_roster_of_another_cluster_is_refused(void **state)
{
	struct roster *roster = roster_house(), *next = roster_copy(roster);
	hst_error err = {0};

	(void)state;
	next->cluster[0] ^= 1;
	assert_int_equal(roster_house_sign(next, "operator/ada", &err), HST_OK);
	assert_null(roster_member(next, "trigger/inbox")); /* it was certified in the other cluster */
	refused(roster_verify_next(roster, next, &err), &err, "RosterCluster", "another cluster");
	roster_free(next);
	roster_free(roster);
}

static void what_was_refused_once_stays_so(void **state)
{
	struct roster *roster = roster_house(), *next = roster_copy(roster), *after;
	hst_error err = {0};

	(void)state;
	next->least = 2;
	assert_int_equal(roster_house_sign(next, "operator/ada", &err), HST_OK);
	assert_int_equal(roster_verify_next(roster, next, &err), HST_OK);
	after = roster_copy(next);
	after->least = 1;
	assert_int_equal(roster_house_sign(after, "operator/ada", &err), HST_OK);
	refused(roster_verify_next(next, after, &err), &err, "RosterEpoch", "older than epoch 2");
	roster_free(after);
	roster_free(next);
	roster_free(roster);
}

static void lines_under_the_head_come_and_go_without_an_operator(void **state)
{
	struct roster *roster = roster_house(), *more = roster_copy(roster), *less = roster_copy(roster);
	struct roster_member line = {0};
	struct seal_pairs machine, own;
	hst_error err = {0};

	(void)state;
	roster_pairs(ROSTER_MACHINE, &machine);
	roster_pairs("connector/new", &own);
	roster_certify(roster->cluster, ROSTER_MACHINE, &machine, "connector/new", &own, &line);
	roster_put(more, &line);
	assert_non_null(more->head);
	assert_int_equal(roster_verify_next(roster, more, &err), HST_OK);
	assert_true(roster_drop(less, ROSTER_MEMBER, "trigger/inbox"));
	assert_int_equal(roster_verify_next(roster, less, &err), HST_OK);

	/* By somebody who is no machine. */
	roster_pairs("operator/bob", &machine);
	roster_member_clear(&line);
	roster_certify(roster->cluster, ROSTER_MACHINE, &machine, "connector/new", &own, &line);
	roster_put(more, &line);
	refused(roster_verify_next(roster, more, &err), &err, "RosterSignature", "the keys of connector/new are not what machine/main");
	free(line.by);
	line.by = mem_text("machine/other");
	roster_put(more, &line);
	refused(roster_verify_next(roster, more, &err), &err, "RosterSigner", "machine/other, which the roster does not know");
	roster_member_clear(&line);
	roster_free(more);
	roster_free(less);
	roster_free(roster);
}

static void an_invitation_lets_one_machine_in_once(void **state)
{
	struct roster *roster = roster_house(), *next = roster_copy(roster);
	struct roster_member line = {0};
	struct seal_pairs invitation, own;
	hst_error err = {0};

	(void)state;
	roster_pairs("the invitation of ts-02", &invitation);
	roster_pairs("somebody else", &own);
	roster_join(roster->cluster, invitation.sign_secret, "gateway/ts-02", own.open_public, own.open_public, own.sign_public, &line);
	roster_put(next, &line);
	refused(roster_verify_next(roster, next, &err), &err, "RosterSignature", "gateway/ts-02 has joined before with other keys");
	/* Nor into another name than its own. */
	roster_member_clear(&line);
	roster_join(roster->cluster, invitation.sign_secret, "gateway/ts-03", own.open_public, own.open_public, own.sign_public, &line);
	roster_free(next);
	next = roster_copy(roster);
	roster_put(next, &line);
	refused(roster_verify_next(roster, next, &err), &err, "RosterSignature", "gateway/ts-03");
	roster_member_clear(&line);
	roster_free(next);
	roster_free(roster);
}

static void who_is_revoked_is_nobody(void **state)
{
	struct roster *roster = roster_house(), *next = roster_copy(roster);
	struct seal_pairs pairs;
	hst_error err = {0};

	(void)state;
	assert_true(roster_revoke(next, "operator/bob"));
	assert_true(roster_revoke(next, "gateway/ts-02"));
	assert_true(roster_revoke(next, "trigger/inbox"));
	assert_true(roster_revoke(next, "operator/eve")); /* she has no key that could be revoked */
	assert_false(roster_revoke(next, "operator/nobody"));
	assert_null(next->head);
	assert_int_equal(roster_house_sign(next, "operator/ada", &err), HST_OK);
	assert_int_equal(roster_verify_next(roster, next, &err), HST_OK);
	assert_null(roster_member(next, "operator/bob"));
	assert_null(roster_member(next, "gateway/ts-02"));
	assert_null(roster_invited(next, "gateway/ts-02"));
	assert_null(roster_member(next, "trigger/inbox"));
	roster_pairs("gateway/ts-02", &pairs);
	assert_true(roster_is_revoked(next, pairs.sign_public));

	/* Its machine may go on saying what it said. */
	{
		struct roster_member line = {0};
		struct seal_pairs machine;

		roster_pairs(ROSTER_MACHINE, &machine);
		roster_pairs("trigger/inbox", &pairs);
		roster_certify(next->cluster, ROSTER_MACHINE, &machine, "trigger/inbox", &pairs, &line);
		roster_put(next, &line);
		assert_null(roster_member(next, "trigger/inbox"));
		roster_member_clear(&line);
	}
	roster_free(next);
	roster_free(roster);
}

static void a_roster_that_nobody_could_follow_is_not_signed(void **state)
{
	struct roster *roster = roster_house();
	struct roster_member ada = roster_house_operator("operator/ada", RIGHT_LOOK);
	hst_error err = {0};

	(void)state;
	roster_put(roster, &ada);
	refused(roster_house_sign(roster, "operator/ada", &err), &err, "RosterForm", "could sign the next roster");
	roster_member_clear(&ada);
	roster_free(roster);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_known_roster_has_a_known_text),
		cmocka_unit_test(everybody_is_found_by_name),
		cmocka_unit_test(only_an_administrator_of_the_one_before_signs_the_next),
		cmocka_unit_test(nobody_signs_themselves_away),
		cmocka_unit_test(a_roster_of_another_cluster_is_refused),
		cmocka_unit_test(what_was_refused_once_stays_so),
		cmocka_unit_test(lines_under_the_head_come_and_go_without_an_operator),
		cmocka_unit_test(an_invitation_lets_one_machine_in_once),
		cmocka_unit_test(who_is_revoked_is_nobody),
		cmocka_unit_test(a_roster_that_nobody_could_follow_is_not_signed),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
