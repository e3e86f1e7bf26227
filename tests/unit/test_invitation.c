/* Invitations: what is written is read, and a line that was altered, cut or made up is refused without repeating it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "wire/invitation.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct invitation example(void)
{
	struct invitation invitation = {.until_us = INT64_C(1800000000000000)};

	snprintf(invitation.address, sizeof invitation.address, "tcp://10.0.0.5:8421");
	snprintf(invitation.name, sizeof invitation.name, "ts-01");
	memset(invitation.host, 7, KEY_BYTES);
	keys_random(&invitation.pair);
	return invitation;
}

static void what_is_written_is_read(void **state)
{
	struct invitation one = example(), two;
	char *line = invitation_write(&one), *padded = mem_printf(" \t%s\r\n", line);

	(void)state;
	assert_int_equal(invitation_read(line, &two, NULL), HST_OK);
	assert_string_equal(two.address, one.address);
	assert_string_equal(two.name, one.name);
	assert_true(two.until_us == one.until_us);
	assert_memory_equal(two.host, one.host, KEY_BYTES);
	assert_memory_equal(&two.pair, &one.pair, sizeof two.pair);
	assert_int_equal(invitation_read(padded, &two, NULL), HST_OK);
	assert_string_equal(two.name, "ts-01");
	free(padded);
	invitation_forget(line);
}

static void what_is_about_the_roster_is_there_or_not(void **state)
{
	struct invitation one = example(), two;
	char *line = invitation_write(&one);

	(void)state;
	assert_int_equal(invitation_read(line, &two, NULL), HST_OK);
	assert_false(two.signs);
	invitation_forget(line);
	one.signs = true;
	memset(&one.pin, 3, sizeof one.pin);
	memset(one.seed, 9, sizeof one.seed);
	line = invitation_write(&one);
	assert_int_equal(invitation_read(line, &two, NULL), HST_OK);
	assert_true(two.signs);
	assert_memory_equal(&two.pin, &one.pin, sizeof two.pin);
	assert_memory_equal(two.seed, one.seed, sizeof two.seed);
	assert_memory_equal(&two.pair, &one.pair, sizeof two.pair);
	invitation_forget(line);
	invitation_clear(&two);
	assert_true(sodium_is_zero(two.seed, sizeof two.seed));
}

static void the_longest_parts_fit(void **state)
{
	struct invitation one = example(), two;
	char *line;

	(void)state;
	memset(one.address, 'a', INVITATION_PART_MAX);
	memset(one.name, 'n', INVITATION_PART_MAX);
	one.signs = true;
	line = invitation_write(&one);
	assert_true(strlen(line) <= INVITATION_LINE_MAX);
	assert_int_equal(invitation_read(line, &two, NULL), HST_OK);
	assert_int_equal(strlen(two.address), INVITATION_PART_MAX);
	invitation_forget(line);
}

static void unreadable(const char *line, const char *part)
{
	struct invitation invitation;
	hst_error err = {0};

	assert_int_equal(invitation_read(line, &invitation, &err), HST_INVALID);
	assert_string_equal(err.reason, "InvitationUnreadable");
	if (!strstr(err.text, part))
		fail_msg("\"%s\" does not say \"%s\"", err.text, part);
	assert_true(sodium_is_zero((const uint8_t *)&invitation, sizeof invitation));
}

static void every_character_counts(void **state)
{
	struct invitation one = example();
	char *line = invitation_write(&one), *changed;
	size_t length = strlen(line);

	(void)state;
	for (size_t i = 5; i < length; i++) {
		changed = mem_text(line);
		changed[i] = changed[i] == 'A' ? 'B' : 'A';
		unreadable(changed, "not whole");
		changed[i] = '\0';
		unreadable(changed, "not whole");
		free(changed);
	}
	changed = mem_printf("%sAAAA", line);
	unreadable(changed, "not whole");
	free(changed);
	changed = mem_printf("%s again", line);
	unreadable(changed, "not whole");
	free(changed);
	invitation_forget(line);
}

static void what_is_none_is_told_apart(void **state)
{
	char *longest = mem_alloc(5000);

	(void)state;
	unreadable("", "hsj1.");
	unreadable("hello", "hsj1.");
	unreadable("hsl1.AAAA", "hsj1.");
	unreadable("hsj2.AAAA", "another version");
	unreadable("hsj1.", "not whole");
	unreadable("hsj1.????", "not whole");
	memset(longest, 'A', 4999);
	memcpy(longest, "hsj1.", 5);
	longest[4999] = '\0';
	unreadable(longest, "not whole");
	free(longest);
}

/* A right checksum over wrong parts: whoever writes such a line means harm. */
static void parts_are_checked_even_when_the_sum_is_right(void **state)
{
	static const uint8_t bodies[][8] = {{0}, {1, '\n', 1, 'a'}, {200, 'a'}, {1, 'a', 1, 'b', 0, 0}};
	static const size_t lengths[] = {1, 4, 2, 6};

	(void)state;
	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		uint8_t bytes[12], sum[crypto_generichash_BYTES];
		char line[64] = "hsj1.";

		memcpy(bytes, bodies[i], lengths[i]);
		crypto_generichash(sum, sizeof sum, bytes, lengths[i], NULL, 0);
		memcpy(bytes + lengths[i], sum, 4);
		sodium_bin2base64(line + 5, sizeof line - 5, bytes, lengths[i] + 4, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
		unreadable(line, "not whole");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(what_is_about_the_roster_is_there_or_not), cmocka_unit_test(the_longest_parts_fit),
		cmocka_unit_test(every_character_counts),
		cmocka_unit_test(what_is_none_is_told_apart),
		cmocka_unit_test(parts_are_checked_even_when_the_sum_is_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
