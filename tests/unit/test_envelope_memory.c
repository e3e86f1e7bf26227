/* What is remembered of envelopes that were opened: serials and uses. */
#include "seal_house.h"

#include "os/files.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct seal_house house;

static int set_up(void **state)
{
	(void)state;
	seal_house_init(&house);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	seal_house_clear(&house);
	return 0;
}

/* The right envelope, sealed as the header says now, is refused for this. */
static void refused(const char *reason)
{
	size_t length = 0;
	uint8_t *bytes = seal_house_seal(&house, "hunter2", &length);

	seal_house_refuses(&house, MEMBER_INBOX, bytes, length, reason);
	free(bytes);
}

static void an_old_serial_is_refused_once_a_newer_one_was_opened(void **state)
{
	size_t length = 0, newer_length = 0;
	uint8_t *bytes = seal_house_seal(&house, "hunter2", &length), *newer;

	(void)state;
	seal_house_opens_as(&house, MEMBER_INBOX, bytes, length, "hunter2");
	house.header.serial = 5;
	newer = seal_house_seal(&house, "hunter3", &newer_length);
	seal_house_opens_as(&house, MEMBER_INBOX, bytes, length, "hunter2");
	seal_house_opens_as(&house, MEMBER_INBOX, newer, newer_length, "hunter3");
	seal_house_refuses(&house, MEMBER_INBOX, bytes, length, "EnvelopeSerial");
	seal_house_opens_as(&house, MEMBER_INBOX, newer, newer_length, "hunter3");
	/* Of another name it says nothing. */
	house.header.name = "till";
	house.header.serial = 1;
	free(bytes);
	bytes = seal_house_seal(&house, "hunter4", &length);
	seal_house_opens_as(&house, MEMBER_INBOX, bytes, length, "hunter4");
	free(bytes);
	free(newer);
}

static void one_that_could_not_be_opened_is_not_remembered(void **state)
{
	size_t length = 0;
	uint8_t *bytes = seal_house_seal(&house, "hunter2", &length), *other;

	(void)state;
	house.header.serial = 9;
	house.check.sink = "other";
	refused("EnvelopeSink");
	house.check.sink = house.header.sinks[0];
	other = seal_house_seal(&house, "hunter2", &length);
	house.pairs[MEMBER_OLD].open_public[0] ^= 1;
	seal_house_refuses(&house, MEMBER_OLD, other, length, "EnvelopeNotForUs");
	seal_house_opens_as(&house, MEMBER_INBOX, bytes, length, "hunter2");
	free(other);
	free(bytes);
}

static void one_use_opens_it_once(void **state)
{
	size_t length = 0;
	uint8_t *bytes = seal_house_seal(&house, "hunter2", &length);

	(void)state;
	house.check.use = "3/17/password";
	seal_house_opens_as(&house, MEMBER_INBOX, bytes, length, "hunter2");
	seal_house_refuses(&house, MEMBER_INBOX, bytes, length, "EnvelopeReplayed");
	house.check.use = "3/18/password";
	seal_house_opens_as(&house, MEMBER_INBOX, bytes, length, "hunter2");
	house.check.use = "3/17/password";
	seal_house_refuses(&house, MEMBER_INBOX, bytes, length, "EnvelopeReplayed");
	/* Sealed again it is another one. */
	free(bytes);
	bytes = seal_house_seal(&house, "hunter2", &length);
	seal_house_opens_as(&house, MEMBER_INBOX, bytes, length, "hunter2");
	free(bytes);
}

/* What was opened a moment ago is opened faster, and held against everything that may have changed since all the same. */
static void what_comes_again_is_checked_again(void **state)
{
	size_t length = 0;
	uint8_t *bytes = seal_house_seal(&house, "hunter2", &length), *other;

	(void)state;
	seal_house_opens_as(&house, MEMBER_INBOX, bytes, length, "hunter2");
	assert_int_equal(house.memory.recent.count, 1);
	seal_house_opens_as(&house, MEMBER_INBOX, bytes, length, "hunter2");
	assert_int_equal(house.memory.recent.count, 1);
	house.rights = 0;
	seal_house_refuses(&house, MEMBER_INBOX, bytes, length, "EnvelopeSigner");
	house.rights = RIGHT_ADMIN;
	house.house.least = 6;
	seal_house_refuses(&house, MEMBER_INBOX, bytes, length, "EnvelopeEpoch");
	house.house.least = 3;
	house.check.sink = "other";
	seal_house_refuses(&house, MEMBER_INBOX, bytes, length, "EnvelopeSink");
	house.check.sink = house.header.sinks[0];
	house.check.now_us = 2001;
	seal_house_refuses(&house, MEMBER_INBOX, bytes, length, "EnvelopeExpired");
	house.check.now_us = 1500;
	/* With another key for the signer, or for whoever opens it, it is not the same any more. */
	house.pairs[MEMBER_ADA].sign_public[0] ^= 1;
	seal_house_refuses(&house, MEMBER_INBOX, bytes, length, "EnvelopeSignature");
	house.pairs[MEMBER_ADA].sign_public[0] ^= 1;
	house.pairs[MEMBER_INBOX].open_public[0] ^= 1;
	seal_house_refuses(&house, MEMBER_INBOX, bytes, length, "EnvelopeNotForUs");
	house.pairs[MEMBER_INBOX].open_public[0] ^= 1;
	for (size_t i = 0; i < length; i++) {
		hst_secret *secret = NULL;
		hst_error err = {0};

		bytes[i] ^= 1;
		assert_int_not_equal(seal_house_open(&house, MEMBER_INBOX, bytes, length, &secret, &err), HST_OK);
		bytes[i] ^= 1;
	}
	seal_house_opens_as(&house, MEMBER_INBOX, bytes, length, "hunter2");
	/* Only the last ones are known. */
	for (int i = 0; i < ENVELOPE_RECENT_MAX; i++) {
		other = seal_house_seal(&house, "hunter3", &length);
		seal_house_opens_as(&house, MEMBER_INBOX, other, length, "hunter3");
		seal_house_opens_as(&house, MEMBER_INBOX, other, length, "hunter3");
		free(other);
	}
	assert_int_equal(house.memory.recent.count, ENVELOPE_RECENT_MAX);
	seal_house_opens_as(&house, MEMBER_INBOX, bytes, length, "hunter2");
	free(bytes);
}

static void memory_has_a_ceiling(void **state)
{
	struct envelope_header header = house.header;
	char text[32];

	(void)state;
	for (int i = 0; i < ENVELOPE_USES_MAX + 10; i++) {
		snprintf(text, sizeof text, "%d", i);
		assert_false(envelope_memory_used(&house.memory, &header, text));
		envelope_memory_opened(&house.memory, &header, text);
	}
	assert_int_equal(house.memory.uses.n, ENVELOPE_USES_MAX);
	assert_false(envelope_memory_used(&house.memory, &header, "9"));
	assert_true(envelope_memory_used(&house.memory, &header, "10"));
	header.name = text;
	for (int i = 1; i < ENVELOPE_NAMES_MAX; i++) {
		snprintf(text, sizeof text, "%d", i);
		assert_true(envelope_memory_serial_fits(&house.memory, &header));
		envelope_memory_opened(&house.memory, &header, NULL);
	}
	header.name = "one more";
	assert_false(envelope_memory_serial_fits(&house.memory, &header));
	header.name = "ledger";
	assert_true(envelope_memory_serial_fits(&house.memory, &header));
}

static void named_secrets_are_remembered_by_the_next_process(void **state)
{
	char path[] = "/tmp/hostler-test-XXXXXX";
	struct envelope_header newer = house.header, older = house.header, other = house.header;
	struct envelope_memory next;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	unlink(path);
	envelope_memory_init(&next);
	assert_int_equal(envelope_memory_read(&next, path, NULL), HST_NOT_FOUND);
	newer.serial = 7;
	older.serial = 6;
	other.kind = ENVELOPE_STATE;
	other.serial = 9;
	envelope_memory_opened(&house.memory, &other, NULL);
	assert_false(house.memory.unkept);
	envelope_memory_opened(&house.memory, &newer, NULL);
	assert_true(house.memory.unkept);
	assert_int_equal(envelope_memory_write(&house.memory, path, NULL), HST_OK);
	envelope_memory_opened(&house.memory, &newer, NULL);
	assert_false(house.memory.unkept);

	assert_int_equal(envelope_memory_read(&next, path, NULL), HST_OK);
	assert_false(envelope_memory_serial_fits(&next, &older));
	assert_true(envelope_memory_serial_fits(&next, &newer));
	other.serial = 1;
	assert_true(envelope_memory_serial_fits(&next, &other));
	/* Two processes of one instance lose nothing of each other's. */
	other = newer;
	other.name = "another";
	envelope_memory_opened(&house.memory, &other, NULL);
	assert_int_equal(envelope_memory_write(&house.memory, path, NULL), HST_OK);
	newer.serial = 8;
	envelope_memory_opened(&next, &newer, NULL);
	assert_int_equal(envelope_memory_write(&next, path, NULL), HST_OK);
	envelope_memory_clear(&next);
	assert_int_equal(envelope_memory_read(&next, path, NULL), HST_OK);
	other.serial = 6;
	assert_false(envelope_memory_serial_fits(&next, &other));
	newer.serial = 7;
	assert_false(envelope_memory_serial_fits(&next, &newer));
	envelope_memory_clear(&next);
	unlink(path);
}

static void what_is_no_file_of_serials_is_said(void **state)
{
	static const char *const bad[] = {"7\n", "0 ledger\n", "-1 ledger\n", "7 \n", "ledger 7\n", "7ledger\n"};
	char path[] = "/tmp/hostler-test-XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_int_equal(files_replace(path, bad[i], strlen(bad[i]), 0600, false, NULL), HST_OK);
		assert_int_equal(envelope_memory_read(&house.memory, path, NULL), HST_INVALID);
	}
	unlink(path);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(an_old_serial_is_refused_once_a_newer_one_was_opened),
		TEST(one_that_could_not_be_opened_is_not_remembered),
		TEST(one_use_opens_it_once),
		TEST(what_comes_again_is_checked_again),
		TEST(memory_has_a_ceiling),
		TEST(named_secrets_are_remembered_by_the_next_process),
		TEST(what_is_no_file_of_serials_is_said),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
