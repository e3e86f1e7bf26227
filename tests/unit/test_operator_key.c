/* The key file of an operator: open, behind a passphrase, of older versions, broken. */
#include "seal/key_word.h"
#include "seal/operator_key.h"

#include "base/auto.h"
#include "base/mem.h"
#include "os/files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <sodium.h>

#include <cmocka.h>

struct desk {
	char folder[64], *path;
};

static int setup(void **state)
{
	struct desk *desk = mem_alloc(sizeof *desk);

	strcpy(desk->folder, "/tmp/hostler-test-operator-XXXXXX");
	assert_non_null(mkdtemp(desk->folder));
	desk->path = files_join(desk->folder, "config/operator.key");
	*state = desk;
	return 0;
}

static int teardown(void **state)
{
	struct desk *desk = *state;

	assert_int_equal(files_remove_tree(desk->folder, NULL), HST_OK);
	free(desk->path);
	free(desk);
	return 0;
}

static void what_is_written_is_read_again_by_its_owner_alone(void **state)
{
	struct desk *desk = *state;
	struct operator_key key, again = {.name = ""};
	struct stat found;
	hst_error err = {{0}, {0}};

	assert_int_equal(operator_key_read(desk->path, &again, &err), HST_NOT_FOUND);
	operator_key_make(&key, "ada");
	key.has_host = true;
	key.host[3] = 7;
	assert_int_equal(operator_key_write(&key, desk->path, &err), HST_OK);
	assert_int_equal(stat(desk->path, &found), 0);
	assert_int_equal(found.st_mode & 0777, 0600);
	assert_int_equal(operator_key_read(desk->path, &again, &err), HST_OK);
	assert_memory_equal(&key, &again, sizeof key);
	operator_key_clear(&again);
	assert_true(sodium_is_zero((const uint8_t *)&again, sizeof again));
}

static void names_that_no_roster_can_have_are_made_fit(void **state)
{
	static const struct {
		const char *name, *is;
	} names[] = {{"ada", "operator/ada"}, {"CORP\\ada", "operator/CORP_ada"}, {"-x y", "operator/_x_y"}, {"a.b-c@d", "operator/a.b-c@d"},
	             {".a", "operator/_a"}};
	struct operator_key key;

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		operator_key_make(&key, names[i].name);
		assert_string_equal(key.name, names[i].is);
		assert_true(roster_name_is_fit(key.name + strlen("operator/")));
	}
}

static void the_file_of_an_older_version_is_completed(void **state)
{
	static const char older[] = "self operator/ada 0B0lUvY16dRLNXeJViK8geUNE8C3YQXj89c749IopBc CDHpZAuV0CW5nIHkbqE3fHh51858dT3aWTtj1miiMyA\n"
				    "host 0B0lUvY16dRLNXeJViK8geUNE8C3YQXj89c749IopBc\n";
	struct operator_key key = {.name = ""};
	hst_error err = {{0}, {0}};

	(void)state;
	assert_int_equal(operator_key_parse(older, sizeof older - 1, "older", &key, &err), HST_OK);
	assert_string_equal(key.name, "operator/ada");
	assert_true(key.has_host);
	assert_false(key.has_seed); /* so that whoever may write it does */
	assert_false(sodium_is_zero(key.pairs.sign_public, SEAL_KEY_BYTES));
	operator_key_clear(&key);
}

static void a_passphrase_guards_all_secret_halves(void **state)
{
	struct desk *desk = *state;
	struct operator_key key, again = {.name = ""};
	char secret[SEAL_KEY_TEXT];
	AUTO_FREE char *bytes = NULL;
	hst_error err = {{0}, {0}};

	operator_key_make(&key, "ada");
	assert_int_equal(operator_key_guard(&key, "", &err), HST_INVALID);
	assert_int_equal(operator_key_guard(&key, "correct horse", &err), HST_OK);
	assert_int_equal(operator_key_write(&key, desk->path, &err), HST_OK);
	assert_int_equal(files_read(desk->path, 4096, &bytes, NULL, &err), HST_OK);
	seal_key_text(key.wire_secret, secret);
	assert_null(strstr(bytes, secret));
	seal_key_text(key.seed, secret);
	assert_null(strstr(bytes, secret));

	assert_int_equal(operator_key_read(desk->path, &again, &err), HST_OK);
	assert_true(again.locked && again.guarded);
	assert_memory_equal(again.wire_public, key.wire_public, SEAL_KEY_BYTES);
	assert_memory_equal(again.pairs.sign_public, key.pairs.sign_public, SEAL_KEY_BYTES);
	assert_true(sodium_is_zero(again.wire_secret, SEAL_KEY_BYTES));
	assert_int_equal(operator_key_unlock(&again, "correct house", &err), HST_DENIED);
	assert_string_equal(err.reason, "PassphraseWrong");
	assert_true(again.locked);
	assert_int_equal(operator_key_unlock(&again, "correct horse", &err), HST_OK);
	assert_false(again.locked);
	assert_memory_equal(again.wire_secret, key.wire_secret, SEAL_KEY_BYTES);
	assert_memory_equal(&again.pairs, &key.pairs, sizeof key.pairs);

	/* A host that is noted later changes nothing of what is behind the passphrase. */
	operator_key_clear(&again);
	assert_int_equal(operator_key_read(desk->path, &again, &err), HST_OK);
	again.has_host = true;
	assert_int_equal(operator_key_write(&again, desk->path, &err), HST_OK);
	assert_int_equal(operator_key_read(desk->path, &again, &err), HST_OK);
	assert_int_equal(operator_key_unlock(&again, "correct horse", &err), HST_OK);
	operator_key_clear(&again);
	operator_key_clear(&key);
}

/* The public halves belong to what is behind the passphrase. */
static void no_other_public_half_can_be_put_before_a_box(void **state)
{
	struct operator_key ada, eve;
	hst_error err = {{0}, {0}};

	(void)state;
	operator_key_make(&ada, "ada");
	operator_key_make(&eve, "ada");
	assert_int_equal(operator_key_guard(&ada, "x", &err), HST_OK);
	ada.locked = true;
	ada.pairs.open_public[0] ^= 1;
	assert_int_equal(operator_key_unlock(&ada, "x", &err), HST_DENIED);
	ada.pairs.open_public[0] ^= 1;
	strcpy(ada.name, "operator/eve");
	assert_int_equal(operator_key_unlock(&ada, "x", &err), HST_DENIED);
	strcpy(ada.name, "operator/ada");
	assert_int_equal(operator_key_unlock(&ada, "x", &err), HST_OK);
}

static void a_word_says_name_and_keys_or_what_is_wrong(void **state)
{
	struct operator_key key;
	struct roster_member line, again = {.name = NULL};
	AUTO_FREE char *word = NULL;
	AUTO_FREE char *broken = NULL;
	hst_error err = {{0}, {0}};

	(void)state;
	operator_key_make(&key, "ada");
	line = operator_key_line(&key, RIGHT_NONE);
	word = key_word_write(&line);
	assert_int_equal(key_word_read(word, &again, &err), HST_OK);
	assert_string_equal(again.name, "operator/ada");
	assert_memory_equal(again.wire, key.wire_public, SEAL_KEY_BYTES);
	assert_memory_equal(again.open, key.pairs.open_public, SEAL_KEY_BYTES);
	assert_memory_equal(again.sign, key.pairs.sign_public, SEAL_KEY_BYTES);
	assert_int_equal(again.rights, RIGHT_NONE);
	roster_member_clear(&again);

	/* Whatever character is another one, it is noticed. */
	for (size_t i = 5; i < strlen(word); i++) {
		free(broken);
		broken = mem_text(word);
		broken[i] = broken[i] == 'x' ? 'y' : 'x';
		assert_int_equal(key_word_read(broken, &again, &err), HST_INVALID);
	}
	broken[20] = '\0';
	assert_int_equal(key_word_read(broken, &again, &err), HST_INVALID);
	assert_string_equal(err.text, "the key was not copied whole");
	assert_int_equal(key_word_read("hsj1.AAAA", &again, &err), HST_INVALID);
	assert_non_null(strstr(err.text, "hok1."));
	roster_member_clear(&line);
	operator_key_clear(&key);
}

#define KEY "0B0lUvY16dRLNXeJViK8geUNE8C3YQXj89c749IopBc"

static void what_is_no_key_is_refused_without_repeating_it(void **state)
{
	static const struct {
		const char *text, *says;
	} wrong[] = {
		{"", ":0: error: it is no key of an operator"},
		{"host " KEY "\n", ":1: error: it is no key of an operator"},
		{"self worker/x " KEY " " KEY "\n", ":1: error: it is no key of an operator"},
		{"self operator/ada " KEY "\n", ":1: error: there is one such line, and it reads \"self operator/NAME WIRE WIRE_SECRET\""},
		{"self operator/ada " KEY " SECRETSECRET\n", ":1: error: a key is 43 characters"},
		{"self operator/ada " KEY " " KEY "\nself operator/ada " KEY " " KEY "\n", ":2: error: there is one such line"},
		{"self operator/ada " KEY " " KEY "\nseal operator/eve " KEY "\n", ":2: error: it speaks of two operators"},
		{"self operator/ada " KEY " " KEY "\npassword x\n", ":2: error: a line begins with self, seal, host, locked or passphrase"},
		{"locked operator/ada " KEY " " KEY " " KEY "\n", ":1: error: it is no key of an operator"},
		{"passphrase 0 8 a b c\n", ":1: error: its passphrase would cost more than it may"},
		{"passphrase 1 99999999 a b c\n", ":1: error: its passphrase would cost more than it may"},
		{"passphrase 1 8 a b c\n", ":1: error: a word of it is not 16 bytes"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		struct operator_key key = {.name = ""};
		hst_error err = {{0}, {0}};

		assert_int_equal(operator_key_parse(wrong[i].text, strlen(wrong[i].text), "FILE", &key, &err), HST_INVALID);
		if (strncmp(err.text, "FILE:", 5) != 0 || !strstr(err.text, wrong[i].says) || strstr(err.text, "SECRETSECRET"))
			fail_msg("case %zu: \"%s\"", i, err.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_written_is_read_again_by_its_owner_alone, setup, teardown),
		cmocka_unit_test(names_that_no_roster_can_have_are_made_fit),
		cmocka_unit_test(the_file_of_an_older_version_is_completed),
		cmocka_unit_test_setup_teardown(a_passphrase_guards_all_secret_halves, setup, teardown),
		cmocka_unit_test(no_other_public_half_can_be_put_before_a_box),
		cmocka_unit_test(a_word_says_name_and_keys_or_what_is_wrong),
		cmocka_unit_test(what_is_no_key_is_refused_without_repeating_it),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
