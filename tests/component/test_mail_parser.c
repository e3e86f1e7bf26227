/*
 * hostler-mail-parser and the worker's half of it, on mails of tests/fixtures/mail: what NAME.eml says is NAME.says. With --print NAME.eml it
 * says what it would be.
 */
#include "mail_house.h"
#include "mail_shown.h"

#include "base/auto.h"
#include "base/mem.h"
#include "os/files.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *read_file(const char *folder, const char *name, size_t *ret_n)
{
	AUTO_FREE char *path = files_join(folder, name);
	hst_error err = {0};
	char *bytes = NULL;

	if (files_read(path, EMAIL_RAW_MAX, &bytes, ret_n, &err) != HST_OK)
		fail_msg("%s", err.text);
	return bytes;
}

static char *shown_of(struct mail_house *house, const char *folder, const char *name)
{
	struct email_mail mail;
	hst_error err = {0};
	size_t n = 0;
	AUTO_FREE char *raw = read_file(folder, name, &n);

	if (mail_house_read(house, raw, n, &mail, &err) != HST_OK)
		fail_msg("%s: %s", name, err.text);
	return mail_shown(&mail);
}

static int is_mail(const struct dirent *entry)
{
	size_t n = strlen(entry->d_name);

	return n > 4 && strcmp(entry->d_name + n - 4, ".eml") == 0;
}

static void every_fixture_says_what_stands_beside_it(void **unused)
{
	const char *source = getenv("SRCDIR");
	AUTO_FREE char *folder = mem_printf("%s/tests/fixtures/mail", source ? source : ".");
	struct dirent **entries = NULL;
	int count = scandir(folder, &entries, is_mail, alphasort);
	struct mail_house house;

	(void)unused;
	assert_true(count > 20);
	mail_house_open(&house);
	for (int i = 0; i < count; i++) {
		AUTO_FREE char *says = mem_printf("%.*s.says", (int)strlen(entries[i]->d_name) - 4, entries[i]->d_name);
		AUTO_FREE char *expected = read_file(folder, says, NULL);
		AUTO_FREE char *shown = shown_of(&house, folder, entries[i]->d_name);

		print_message("%s\n", entries[i]->d_name);
		assert_string_equal(shown, expected);
		free(entries[i]);
	}
	free(entries);
	mail_house_close(&house);
}

static int print(const char *path)
{
	struct mail_house house;
	AUTO_FREE char *shown = NULL;

	mail_house_open(&house);
	shown = shown_of(&house, "/", path);
	fputs(shown, stdout);
	mail_house_close(&house);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_fixture_says_what_stands_beside_it),
	};

	if (argc == 3 && strcmp(argv[1], "--print") == 0)
		return print(argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
