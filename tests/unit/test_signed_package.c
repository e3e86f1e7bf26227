/*
 * The signature of a desktop flow: whose word it is, over exactly which files, and that nothing else is taken for it. What is in
 * tests/fixtures/seal/package.signed was signed once and must be believed by every later version; `test_signed_package --write
 * FILE` writes it.
 */
#include "desktop/package.h"
#include "roster_house.h"
#include "seal/items.h"
#include "seal/signed_package.h"

#include "base/auto.h"
#include "base/mem.h"
#include "os/files.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The list of docs/security.md. */
static struct package_file files[] = {
	{"bin/enter.sh", 18, true, "5c1f1b6d1d7ed4c5ac4bd5e8b8ef4e1d4b2a6f7aa0b0a9a6cf3ce4a1ec1c8e51"},
	{"desktop-flow.ini", 61, false, "0f3a0c64f6c1d0fd9a8a1e4f9f8ba36f3f20d8e1fbbd27f0d96a0b1b6d3c2e77"},
};
static const char digest_of_files[] = "15b1fab6951b8313ba9d2da961669eb02180401ef601306b97181dfaf862fc2a";

static struct signed_package made(const struct roster *roster, const char *signer)
{
	struct signed_package package = {.name = "enter-invoice", .version = "1.4", .at = 1790000000};
	struct seal_pairs pairs;

	memcpy(package.cluster, roster->cluster, sizeof package.cluster);
	package_digest(files, 2, package.digest);
	snprintf(package.signer, sizeof package.signer, "%s", signer);
	roster_pairs(signer, &pairs);
	signed_package_sign(&package, &pairs);
	return package;
}

static void put(struct text *to, const struct signed_package *package)
{
	text_init(to, SIGNED_PACKAGE_BYTES_MAX);
	signed_package_write(to, package);
	assert_false(to->over);
}

static void refused(const struct roster *roster, const struct signed_package *package, const char *why)
{
	hst_error err = {0};

	assert_int_equal(signed_package_verify(package, roster, &err), HST_DENIED);
	assert_string_equal(err.reason, "PackageUnsigned");
	if (!strstr(err.text, why))
		fail_msg("\"%s\" does not say \"%s\"", err.text, why);
}

static void what_was_signed_once_is_believed(void **state)
{
	struct roster *roster = roster_house();
	AUTO_FREE char *path = roster_fixture("package.signed"), *bytes = NULL;
	struct signed_package package, again = made(roster, "operator/ada");
	AUTO(text) struct text text;
	hst_error err = {0};
	size_t length = 0;

	(void)state;
	assert_int_equal(files_read(path, SIGNED_PACKAGE_BYTES_MAX, &bytes, &length, &err), HST_OK);
	assert_int_equal(signed_package_read(bytes, length, &package, &err), HST_OK);
	assert_int_equal(signed_package_verify(&package, roster, &err), HST_OK);
	assert_string_equal(package.name, "enter-invoice");
	assert_string_equal(package.version, "1.4");
	assert_string_equal(package.digest, digest_of_files);
	assert_string_equal(package.signer, "operator/ada");
	assert_int_equal(package.at, 1790000000);
	put(&text, &again);
	assert_string_equal(text.s, bytes);
	assert_int_equal(item_kind_of(bytes, length), ITEM_PACKAGE);
	roster_free(roster);
}

static void every_flipped_bit_is_refused(void **state)
{
	struct roster *roster = roster_house();
	struct signed_package package = made(roster, "operator/ada"), read;
	AUTO(text) struct text text;
	hst_error err = {0};
	size_t formed = 0;

	(void)state;
	put(&text, &package);
	for (size_t i = 0; i < 8 * text.length; i++) {
		bool forms;

		text.s[i / 8] = (char)(text.s[i / 8] ^ 1 << i % 8);
		forms = signed_package_read(text.s, text.length, &read, &err) == HST_OK;
		formed += forms;
		if (forms && signed_package_verify(&read, roster, &err) == HST_OK)
			fail_msg("bit %zu of \"%s\" may be another", i, text.s);
		text.s[i / 8] = (char)(text.s[i / 8] ^ 1 << i % 8);
	}
	/* Most of the flipped ones can be read, so it is the signature that has refused them. */
	assert_true(formed > text.length);
	roster_free(roster);
}

static void other_text_is_no_signature(void **state)
{
	struct roster *roster = roster_house();
	struct signed_package package = made(roster, "operator/ada"), read;
	AUTO(text) struct text right;
	hst_error err = {0};
	static const struct {
		const char *from, *to;
	} changes[] = {
		{"HSP1", "HSP2"}, {"at 1", "at 01"}, {"at 1", "at -1"}, {"at 1", "at +1"}, {"at 1", "at 1 "}, {"at 1790000000", "at 99999999999999999999"},
		{"name e", "name E"}, {"name enter-invoice", "name "}, {"name enter", "name /enter"}, {"version 1.4", "version 1/4"},
		{"version 1.4", "version 1 4"}, {"version 1.4\n", ""}, {"digest ", "digest  "}, {"digest ", "digest 0"}, {"signed ada", "signed operator/ada"},
		{"signed ada", "signed "}, {"\nsigned", "\n\nsigned"}, {"HSP1\n", "HSP1\r\n"},
	};

	(void)state;
	put(&right, &package);
	for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
		const char *at = strstr(right.s, changes[i].from);
		AUTO_FREE char *wrong = NULL;

		assert_non_null(at);
		wrong = mem_printf("%.*s%s%s", (int)(at - right.s), right.s, changes[i].to, at + strlen(changes[i].from));
		if (signed_package_read(wrong, strlen(wrong), &read, &err) != HST_INVALID)
			fail_msg("\"%s\" was taken", wrong);
	}
	for (size_t n = 0; n < right.length; n++)
		assert_int_equal(signed_package_read(right.s, n, &read, &err), HST_INVALID);
	assert_int_equal(signed_package_read(right.s, right.length + 1, &read, &err), HST_INVALID);
	roster_free(roster);
}

static void only_an_administrator_of_this_house_is_believed(void **state)
{
	struct roster *roster = roster_house(), *other = roster_copy(roster);
	struct signed_package package;

	(void)state;
	package = made(roster, "operator/bob");
	refused(roster, &package, "bob, who has not the right \"admin\"");
	package = made(roster, "operator/eve");
	refused(roster, &package, "eve, who is no operator");
	package = made(roster, "operator/mallory");
	refused(roster, &package, "mallory, who is no operator");
	package = made(roster, "operator/nobody");
	refused(roster, &package, "nobody, who is no operator");
	package = made(roster, "operator/ada");
	refused(NULL, &package, "nobody has said yet");
	other->cluster[0] ^= 1;
	refused(other, &package, "for another house");
	memcpy(package.cluster, other->cluster, sizeof package.cluster);
	refused(other, &package, "not of the key that ada has");
	roster_free(other);
	roster_free(roster);
}

static void a_revoked_key_is_believed_no_more(void **state)
{
	struct roster *roster = roster_house();
	struct signed_package package = made(roster, "operator/ada");
	struct roster_member again = roster_house_operator("operator/bob", RIGHT_LOOK | RIGHT_ADMIN);

	(void)state;
	assert_int_equal(signed_package_verify(&package, roster, NULL), HST_OK);
	assert_true(roster_revoke(roster, "operator/ada"));
	refused(roster, &package, "ada, who is no operator");
	/* Somebody else of that name has another key. */
	free(again.name);
	again.name = mem_text("operator/ada");
	roster_put(roster, &again);
	roster_member_clear(&again);
	refused(roster, &package, "not of the key that ada has");
	roster_free(roster);
}

static int write_fixture(const char *path)
{
	struct roster *roster = roster_house();
	struct signed_package package = made(roster, "operator/ada");
	AUTO(text) struct text text;
	int code;

	put(&text, &package);
	code = files_replace(path, text.s, text.length, 0644, false, NULL);
	roster_free(roster);
	return code != HST_OK;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_signed_once_is_believed),
		cmocka_unit_test(every_flipped_bit_is_refused),
		cmocka_unit_test(other_text_is_no_signature),
		cmocka_unit_test(only_an_administrator_of_this_house_is_believed),
		cmocka_unit_test(a_revoked_key_is_believed_no_more),
	};

	if (sodium_init() < 0)
		return 1;
	if (argc == 3 && strcmp(argv[1], "--write") == 0)
		return write_fixture(argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
