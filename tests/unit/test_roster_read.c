/* The strict reader of rosters: each refusal by its line and cause, every flipped bit, thousands of changed texts. */
#include "base/auto.h"
#include "base/mem.h"
#include "base/text.h"
#include "mutate.h"
#include "os/files.h"
#include "roster_house.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include <cmocka.h>

enum { CASES = 2000 };

static char *right(void)
{
	AUTO_FREE char *path = roster_fixture("roster-1");
	hst_error err = {0};
	char *bytes = NULL;

	if (files_read(path, ROSTER_BYTES_MAX, &bytes, NULL, &err) != HST_OK)
		fail_msg("%s", err.text);
	return bytes;
}

/* The text with the first `from` replaced; a NULL `from` adds at the end. */
static char *edited(const char *text, const char *from, const char *to)
{
	const char *at = from ? strstr(text, from) : text + strlen(text);

	if (!at)
		fail_msg("the roster has no \"%s\"", from);
	return mem_printf("%.*s%s%s", (int)(at - text), text, to, at + (from ? strlen(from) : 0));
}

#define KEY "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static const struct {
	const char *from, *to, *says;
} wrong[] = {
	{"hostler-roster 1", "hostler-roster 2", "1: error: a roster begins with the line \"hostler-roster 1\""},
	{"hostler-roster 1\n", "\nhostler-roster 1\n", "1: error: a roster begins"},
	{"hostler-roster 1\n", "hostler-roster 1\n\n", "2: error: a cluster is 16 bytes"},
	{"cluster AAECAwQFBgcICQoLDA0ODw", "cluster AAECAwQFBgcICQoLDA0ODx", "2: error: "},
	{"cluster AAECAwQFBgcICQoLDA0ODw", "cluster AAECAwQFBgcICQoLDA0O", "2: error: a cluster is 16 bytes"},
	{"cluster AAECAwQFBgcICQoLDA0ODw", "cluster  AAECAwQFBgcICQoLDA0ODw", "2: error: a cluster is 16 bytes"},
	{"epoch 1", "epoch 01", "3: error: this is to be written \"epoch 1\""},
	{"epoch 1", "epoch 0", "3: error: this line reads \"epoch NUMBER\""},
	{"epoch 1", "epoch -1", "3: error: this line reads \"epoch NUMBER\""},
	{"epoch 1", "epoch 9223372036854775808", "3: error: this line reads \"epoch NUMBER\""},
	{"epoch 1", "epoch 1 ", "3: error: "},
	{"epoch 1\n", "", "3: error: this line reads \"epoch NUMBER\""},
	{"least 1", "least 2", "4: error: the least epoch is over the epoch"},
	{"operator ada", "operator  ada", "5: error: "},
	{"operator ada", "Operator ada", "5: error: a line begins with operator, machine"},
	{"operator ada", "operator", "5: error: "},
	{"operator ada", "operator ../ada", "5: error: \"../ada\": a name has"},
	{"operator ada", "operator -ada", "5: error: \"-ada\": a name has"},
	{"operator ada", "operator zoe", "6: error: lines are sorted by kind and name"},
	{"operator bob", "operator ada", "6: error: "},
	{"look,press,control,admin\n", "look,press,control,admin \n", "5: error: such a line reads \"operator NAME WIRE SEAL SIGN RIGHTS\""},
	{"look,press,control,admin\n", "look,press,control,admin\r\n", "5: error: a line has printable characters"},
	{"look,press,control,admin\n", "admin\n", "5: error: this is to be written \"operator ada"},
	{"look,press,control,admin\n", "look,press,control\n", "error: no operator with the right \"admin\" could sign the next roster"},
	{"look,press\n", "press,look\n", "7: error: this is to be written \"operator eve"},
	{"look,press\n", "-\n", "7: error: an operator has at least one right"},
	{"look,press\n", "rule\n", "7: error: \"rule\" is no right"},
	{"- - look,press\n", "- " KEY " look,press\n", "7: error: an operator has both keys for sealing or none"},
	{"machine main", "machine main -", "8: error: "},
	{"machine main", "Machine main", "8: error: a line begins with"},
	{"2027-01-15T08:00:00Z", "2027-01-15T08:00:00.5Z", "10: error: a time is of whole seconds"},
	{"2027-01-15T08:00:00Z", "2027-01-15 08:00:00Z", "10: error: such a line reads"},
	{"2027-01-15T08:00:00Z", "2027-01-15T09:00:00+01:00", "10: error: this is to be written"},
	{"2027-01-15T08:00:00Z", "tomorrow", "10: error: must be a date"},
	{"revoked operator/mallory", "revoked mallory", "12: error: \"mallory\" is no name that such a line can speak of"},
	{"revoked operator/mallory", "revoked operator/", "12: error: \"\": a name has 1 to 64"},
	{"signed ada ", "signed ada", "13: error: such a line reads \"signed OPERATOR SIGNATURE\""},
	{"signed ada ", "signed ada ada ", "13: error: a signature is 64 bytes"},
	{"signed ada ", "signed operator/ada ", "13: error: such a line reads \"signed OPERATOR SIGNATURE\""},
	{"member connector/post", "member machine/post", "14: error: \"machine/post\" is no name"},
	{"member trigger/inbox", "member connector/post", "error: \"connector/post\" is there twice"},
	{"joined ts-02", "joined ts-01", "error: \"gateway/ts-01\" is there twice"},
	{"joined ts-02", "gateway ts-04", "16: error: such a line"},
	{NULL, "operator zoe " KEY " - - look\n", "17: error: such a line stands above the line \"signed\""},
	{NULL, "signed ada AAAA\n", "17: error: a line begins with"},
	{NULL, "joined ts-09", "17: error: the last line has no end; the text was cut"},
	{NULL, "\n", "17: error: a line begins with"},
	{NULL, "# a comment\n", "17: error: a line begins with"},
};

static void each_refusal_names_line_and_cause(void **state)
{
	AUTO_FREE char *text = right();

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		AUTO_FREE char *broken = edited(text, wrong[i].from, wrong[i].to);
		struct roster *roster = NULL;
		hst_error err = {0};
		int code = roster_read(broken, strlen(broken), "roster", &roster, &err);

		if (code != HST_INVALID || strcmp(err.reason, "RosterForm") != 0 || strncmp(err.text, "roster:", 7) != 0 ||
		    !strstr(err.text, wrong[i].says))
			fail_msg("case %zu, \"%s\": %d %s \"%s\"", i, wrong[i].to, code, err.reason, err.text);
	}
}

/* The same key for two, a key that was revoked: lines that are right each for itself. */
static void a_key_belongs_to_one(void **state)
{
	static const struct {
		const char *to, *of, *says;
	} pairs[] = {
		{"operator/bob", "operator/ada", "operator/ada and operator/bob have the same key"},
		{"gateway/ts-01", "operator/ada", "operator/ada and gateway/ts-01 have the same key"},
		{"machine/main", "operator/mallory", "the key of machine/main is revoked"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
		struct roster *roster = roster_house();
		struct roster_member line = {0};
		struct seal_pairs other;
		hst_error err = {0};

		line = *roster_member(roster, pairs[i].to);
		roster_pairs(pairs[i].of, &other);
		memcpy(line.sign, other.sign_public, SEAL_KEY_BYTES);
		roster_put(roster, &line);
		assert_int_equal(roster_house_sign(roster, "operator/ada", &err), HST_INVALID);
		if (!strstr(err.text, pairs[i].says))
			fail_msg("\"%s\" does not say \"%s\"", err.text, pairs[i].says);
		roster_free(roster);
	}
}

static void there_are_ceilings(void **state)
{
	AUTO_FREE char *text = right();
	AUTO_FREE char *name = mem_alloc(ROSTER_NAME_MAX + 2);
	AUTO_FREE char *line = mem_alloc(1000);
	AUTO_FREE char *huge = mem_alloc(ROSTER_BYTES_MAX + 2);
	struct roster *roster = NULL;
	hst_error err = {0};

	(void)state;
	memset(name, 'a', ROSTER_NAME_MAX);
	assert_true(roster_name_is_fit(name));
	name[ROSTER_NAME_MAX] = 'a';
	assert_false(roster_name_is_fit(name));
	memset(line, 'a', 999);
	{
		AUTO_FREE char *broken = edited(text, "machine", line);

		assert_int_equal(roster_read(broken, strlen(broken), "roster", &roster, &err), HST_INVALID);
		assert_non_null(strstr(err.text, "roster:8: error: a line has at most 600 characters"));
	}
	memset(huge, '\n', ROSTER_BYTES_MAX + 1);
	assert_int_equal(roster_read(huge, ROSTER_BYTES_MAX + 1, "roster", &roster, &err), HST_INVALID);
	assert_non_null(strstr(err.text, "at most 1048576 bytes"));
}

static void there_are_not_too_many_lines_nor_operators(void **state)
{
	struct roster *roster = roster_house();
	hst_error err = {0};

	(void)state;
	for (int i = 0; i < ROSTER_OPERATORS_MAX; i++) {
		AUTO_FREE char *name = mem_printf("operator/number-%d", i);
		struct roster_member line = roster_house_operator(name, RIGHT_LOOK);

		roster_put(roster, &line);
		roster_member_clear(&line);
	}
	assert_int_equal(roster_house_sign(roster, "operator/ada", &err), HST_INVALID);
	assert_non_null(strstr(err.text, "at most 64 operators"));
	roster_free(roster);

	roster = roster_house();
	for (int i = 0; i < ROSTER_LINES_MAX; i++) {
		struct roster_member line = {.kind = ROSTER_REVOKED, .has_sign = true, .name = (char *)"operator/old"};

		randombytes_buf(line.sign, sizeof line.sign);
		roster_put(roster, &line);
	}
	assert_int_equal(roster_house_sign(roster, "operator/ada", &err), HST_INVALID);
	assert_non_null(strstr(err.text, "at most 4096 lines"));
	roster_free(roster);
}

/* No change of a single bit is believed, wherever it is. */
static void every_flipped_bit_is_refused(void **state)
{
	AUTO_FREE char *text = right();
	size_t length = strlen(text);
	size_t refused = 0;

	(void)state;
	for (size_t bit = 0; bit < length * 8; bit++) {
		struct roster *roster = NULL;
		hst_error err = {0};
		int code;

		text[bit / 8] = (char)(text[bit / 8] ^ (1 << bit % 8));
		code = roster_read(text, length, "roster", &roster, &err);
		if (code == HST_OK)
			code = roster_verify_first(roster, &err);
		if (code == HST_OK)
			fail_msg("bit %zu of byte %zu was not missed", bit % 8, bit / 8);
		assert_true(err.text[0]);
		refused++;
		roster_free(roster);
		text[bit / 8] = (char)(text[bit / 8] ^ (1 << bit % 8));
	}
	assert_int_equal(refused, length * 8);
}

/* It says no in words, or takes what is written as it was read; and what is believed says nothing but what was signed. */
static void changed_texts(void **state)
{
	static struct mutate it;
	AUTO_FREE char *text = right();
	struct roster *known = roster_house();
	int taken = 0;

	(void)state;
	mutate_begin(&it, "rosters");
	for (int i = 0; i < CASES; i++) {
		struct roster *roster = NULL;
		hst_error err = {0};
		AUTO_FREE char *bytes = NULL;
		AUTO_FREE char *again = NULL;

		mutate_make(&it, text, strlen(text));
		/* Exactly as long as it is, so that reading beyond it is seen. */
		bytes = mem_alloc(it.length + 1);
		memcpy(bytes, it.bytes, it.length);
		if (roster_read(bytes, it.length, "roster", &roster, &err) != HST_OK) {
			assert_true(err.text[0]);
			continue;
		}
		again = roster_write(roster);
		assert_int_equal(strlen(again), it.length);
		assert_memory_equal(again, it.bytes, it.length);
		if (roster_verify_next(known, roster, &err) == HST_OK)
			assert_string_equal(roster->head, known->head);
		taken++;
		roster_free(roster);
	}
	print_message("%d of %d were taken\n", taken, CASES);
	roster_free(known);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_refusal_names_line_and_cause),
		cmocka_unit_test(a_key_belongs_to_one),
		cmocka_unit_test(there_are_ceilings),
		cmocka_unit_test(there_are_not_too_many_lines_nor_operators),
		cmocka_unit_test(every_flipped_bit_is_refused),
		cmocka_unit_test(changed_texts),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
