/* Gateways of other machines: let in, invited, removed; what the file keeps, and what it refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "os/files.h"
#include "wire/admitted.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOW_US INT64_C(1700000000000000)
#define HOUR_MS INT64_C(3600000)

struct desk {
	char folder[64], *path;
	struct key_ring ring;
	struct admitted_word word;
};

static int setup(void **state)
{
	struct desk *desk = calloc(1, sizeof *desk);
	static const char own[] = "peer gateway/here AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA -\n";

	strcpy(desk->folder, "/tmp/hostler-test-admitted-XXXXXX");
	assert_non_null(mkdtemp(desk->folder));
	desk->path = files_join(desk->folder, "gateways");
	desk->word = (struct admitted_word){.path = desk->path, .who = "felix", .now_us = NOW_US};
	assert_int_equal(keys_parse(&desk->ring, "own", own, sizeof own - 1, NULL), HST_OK);
	*state = desk;
	return 0;
}

static int teardown(void **state)
{
	struct desk *desk = *state;

	assert_int_equal(files_remove_tree(desk->folder, NULL), HST_OK);
	keys_clear(&desk->ring);
	free(desk->path);
	free(desk);
	return 0;
}

static void refused(int code, const hst_error *err, const char *reason, const char *part)
{
	assert_int_not_equal(code, HST_OK);
	assert_string_equal(err->reason, reason);
	if (!strstr(err->text, part))
		fail_msg("\"%s\" does not say \"%s\"", err->text, part);
}

static const uint8_t *key_of(char letter)
{
	static uint8_t key[KEY_BYTES];

	memset(key, letter, sizeof key);
	return key;
}

/* What another engine would find in the file. */
static struct key_ring read_again(const struct desk *desk)
{
	struct key_ring ring = {0};
	hst_error err = {0};

	if (admitted_read(&ring, desk->path, &err))
		fail_msg("%s", err.text);
	return ring;
}

static void who_is_let_in_stays_let_in(void **state)
{
	struct desk *desk = *state;
	struct key_ring again;
	const struct key_peer *peer;
	struct stat status;

	assert_int_equal(admitted_add(&desk->ring, &desk->word, "ts-01", key_of('a'), NULL), HST_OK);
	again = read_again(desk);
	assert_int_equal(again.peer_count, 1); /* the house's own is not in the file */
	peer = admitted_of(&again, "ts-01", KEY_IN);
	assert_non_null(peer);
	assert_memory_equal(peer->public_key, key_of('a'), KEY_BYTES);
	assert_string_equal(peer->who, "felix");
	assert_true(peer->at_us == NOW_US);
	assert_int_equal(stat(desk->path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0640);
	keys_clear(&again);
}

static void names_and_keys_are_given_once(void **state)
{
	struct desk *desk = *state;
	hst_error err = {0};

	refused(admitted_add(&desk->ring, &desk->word, "here", key_of('a'), &err), &err, "NameTaken", "own gateway");
	refused(admitted_add(&desk->ring, &desk->word, "a/b", key_of('a'), &err), &err, "NameInvalid", "letters");
	refused(admitted_add(&desk->ring, &desk->word, "", key_of('a'), &err), &err, "NameInvalid", "letters");
	assert_int_equal(admitted_add(&desk->ring, &desk->word, "ts-01", key_of('a'), NULL), HST_OK);
	refused(admitted_add(&desk->ring, &desk->word, "ts-01", key_of('b'), &err), &err, "NameTaken", "gateway remove ts-01");
	refused(admitted_add(&desk->ring, &desk->word, "ts-02", key_of('a'), &err), &err, "KeyTaken", "gateway/ts-01");
	assert_int_equal(desk->ring.peer_count, 2);
}

static void who_is_removed_is_remembered_and_may_come_back(void **state)
{
	struct desk *desk = *state;
	struct key_ring again;
	hst_error err = {0};

	assert_int_equal(admitted_remove(&desk->ring, &desk->word, "ts-01", &err), HST_NOT_FOUND);
	refused(admitted_remove(&desk->ring, &desk->word, "here", &err), &err, "OwnGateway", "[gateway]");
	assert_int_equal(admitted_add(&desk->ring, &desk->word, "ts-01", key_of('a'), NULL), HST_OK);
	assert_int_equal(admitted_remove(&desk->ring, &desk->word, "ts-01", NULL), HST_OK);
	assert_null(admitted_of(&desk->ring, "ts-01", KEY_IN));
	again = read_again(desk);
	assert_non_null(admitted_of(&again, "ts-01", KEY_REVOKED));
	keys_clear(&again);
	assert_int_equal(admitted_remove(&desk->ring, &desk->word, "ts-01", &err), HST_NOT_FOUND);
	assert_int_equal(admitted_add(&desk->ring, &desk->word, "ts-01", key_of('a'), NULL), HST_OK);
	assert_null(admitted_of(&desk->ring, "ts-01", KEY_REVOKED));
	assert_non_null(admitted_of(&desk->ring, "ts-01", KEY_IN));
}

static void an_invitation_makes_one_gateway(void **state)
{
	struct desk *desk = *state;
	struct key_pair pair;
	struct key_ring again;
	hst_error err = {0};
	int64_t until_us;

	assert_int_equal(admitted_invite(&desk->ring, &desk->word, "ts-03", HOUR_MS, &pair, &until_us, NULL), HST_OK);
	assert_true(until_us == NOW_US + HOUR_MS * 1000);
	again = read_again(desk);
	assert_non_null(admitted_of(&again, "ts-03", KEY_INVITED));
	keys_clear(&again);
	refused(admitted_enrol(&desk->ring, desk->path, NOW_US, pair.public_key, "ts-04", key_of('a'), &err), &err,
		"InvitationOfAnother", "ts-03");
	refused(admitted_enrol(&desk->ring, desk->path, NOW_US, key_of('x'), "ts-03", key_of('a'), &err), &err, "InvitationUsed",
		"used");
	refused(admitted_enrol(&desk->ring, desk->path, until_us, pair.public_key, "ts-03", key_of('a'), &err), &err,
		"InvitationExpired", "expired");
	assert_int_equal(admitted_enrol(&desk->ring, desk->path, until_us - 1, pair.public_key, "ts-03", key_of('a'), NULL), HST_OK);
	assert_string_equal(admitted_of(&desk->ring, "ts-03", KEY_IN)->who, "felix");
	assert_null(admitted_of(&desk->ring, "ts-03", KEY_INVITED));
	refused(admitted_enrol(&desk->ring, desk->path, NOW_US, pair.public_key, "ts-03", key_of('b'), &err), &err, "InvitationUsed",
		"used");
	refused(admitted_invite(&desk->ring, &desk->word, "ts-03", HOUR_MS, &pair, &until_us, &err), &err, "NameTaken", "remove");
}

static void a_newer_invitation_takes_the_older_one_back(void **state)
{
	struct desk *desk = *state;
	struct key_pair first, second;
	hst_error err = {0};
	int64_t until_us;

	assert_int_equal(admitted_invite(&desk->ring, &desk->word, "ts-03", HOUR_MS, &first, &until_us, NULL), HST_OK);
	assert_int_equal(admitted_invite(&desk->ring, &desk->word, "ts-03", HOUR_MS, &second, &until_us, NULL), HST_OK);
	assert_int_equal(desk->ring.peer_count, 2);
	refused(admitted_enrol(&desk->ring, desk->path, NOW_US, first.public_key, "ts-03", key_of('a'), &err), &err, "InvitationUsed",
		"taken back");
	assert_int_equal(admitted_remove(&desk->ring, &desk->word, "ts-03", NULL), HST_OK);
	refused(admitted_enrol(&desk->ring, desk->path, NOW_US, second.public_key, "ts-03", key_of('a'), &err), &err,
		"InvitationUsed", "taken back");
}

static void invitations_have_ceilings(void **state)
{
	struct desk *desk = *state;
	struct key_pair pair;
	hst_error err = {0};
	int64_t until_us;
	char name[32];

	refused(admitted_invite(&desk->ring, &desk->word, "x", 1000, &pair, &until_us, &err), &err, "InvitationLife", "1m");
	refused(admitted_invite(&desk->ring, &desk->word, "x", 31 * 24 * HOUR_MS, &pair, &until_us, &err), &err, "InvitationLife",
		"30d");
	for (int i = 0; i < ADMITTED_INVITATIONS_MAX; i++) {
		snprintf(name, sizeof name, "g-%d", i);
		assert_int_equal(admitted_invite(&desk->ring, &desk->word, name, HOUR_MS, &pair, &until_us, NULL), HST_OK);
	}
	refused(admitted_invite(&desk->ring, &desk->word, "x", HOUR_MS, &pair, &until_us, &err), &err, "TooManyInvitations", "open");
	/* Those that have expired do not count. */
	desk->word.now_us = until_us;
	assert_int_equal(admitted_invite(&desk->ring, &desk->word, "x", HOUR_MS, &pair, &until_us, NULL), HST_OK);
	/* And are forgotten a week later. */
	desk->word.now_us = NOW_US + 8 * 24 * HOUR_MS * 1000;
	assert_int_equal(admitted_invite(&desk->ring, &desk->word, "y", HOUR_MS, &pair, &until_us, NULL), HST_OK);
	assert_int_equal(desk->ring.peer_count, 2);
}

static void what_cannot_be_written_has_not_happened(void **state)
{
	struct desk *desk = *state;
	struct key_pair pair;
	int64_t until_us;

	assert_int_equal(admitted_add(&desk->ring, &desk->word, "ts-01", key_of('a'), NULL), HST_OK);
	desk->word.path = "/nowhere/at/all";
	assert_int_not_equal(admitted_add(&desk->ring, &desk->word, "ts-02", key_of('b'), NULL), HST_OK);
	assert_int_not_equal(admitted_remove(&desk->ring, &desk->word, "ts-01", NULL), HST_OK);
	assert_int_not_equal(admitted_invite(&desk->ring, &desk->word, "ts-03", HOUR_MS, &pair, &until_us, NULL), HST_OK);
	assert_int_equal(desk->ring.peer_count, 2);
	assert_non_null(admitted_of(&desk->ring, "ts-01", KEY_IN));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(who_is_let_in_stays_let_in, setup, teardown),
		cmocka_unit_test_setup_teardown(names_and_keys_are_given_once, setup, teardown),
		cmocka_unit_test_setup_teardown(who_is_removed_is_remembered_and_may_come_back, setup, teardown),
		cmocka_unit_test_setup_teardown(an_invitation_makes_one_gateway, setup, teardown),
		cmocka_unit_test_setup_teardown(a_newer_invitation_takes_the_older_one_back, setup, teardown),
		cmocka_unit_test_setup_teardown(invitations_have_ceilings, setup, teardown),
		cmocka_unit_test_setup_teardown(what_cannot_be_written_has_not_happened, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
