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

static const char two_files[] = "From: a@example.org, b@example.org\r\nSubject: \xc3\xa4\xc3\xa4\r\nX-One: 1\r\nX-Two: 2\r\n"
				"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n\xc3\xa4\xc3\xb6\xc3\xbc\r\n--b\r\n"
				"Content-Type: text/x-a; name=a\r\n\r\n12345\r\n--b\r\nContent-Type: text/x-b; name=b\r\n\r\n1234\r\n--b--\r\n";

static struct email_mail read_within(struct mail_house *house, const struct email_limits *limits, const struct email_sink *sink)
{
	struct email_mail mail;
	hst_error err = {0};

	if (email_parser_mail(house->parser, &house->host.call, two_files, sizeof two_files - 1, limits, sink, &mail, &err) != HST_OK)
		fail_msg("%s", err.text);
	return mail;
}

static void what_is_beyond_a_limit_is_left_out_and_that_is_said(void **unused)
{
	struct email_limits limits = email_limits_usual;
	struct mail_house house;
	struct email_mail mail;

	(void)unused;
	mail_house_open(&house);
	mail = read_within(&house, &limits, &house.sink);
	assert_false(mail.cut);
	assert_int_equal(mail.attachments_n, 2);
	limits.text_bytes = 3;
	mail = read_within(&house, &limits, &house.sink);
	assert_string_equal(mail.text, "\xc3\xa4");
	assert_true(mail.cut);
	limits.text_bytes = 100;
	limits.addresses = 1;
	limits.headers = 3;
	mail = read_within(&house, &limits, &house.sink);
	assert_int_equal(mail.from.n, 1);
	assert_int_equal(mail.headers_n, 3);
	assert_true(mail.cut);
	limits = email_limits_usual;
	limits.attachments = 1;
	mail = read_within(&house, &limits, &house.sink);
	assert_int_equal(mail.attachments_n, 1);
	assert_true(mail.cut);
	mail_house_close(&house);
}

static void attachments_that_are_too_large_are_described(void **unused)
{
	struct email_limits limits = email_limits_usual;
	struct mail_house house;
	struct email_mail mail;

	(void)unused;
	mail_house_open(&house);
	limits.attachment_bytes = 4;
	mail = read_within(&house, &limits, &house.sink);
	assert_int_equal(mail.attachments[0].size, 5);
	assert_non_null(strstr(mail.attachments[0].refused, "larger than one"));
	assert_null(mail.attachments[1].refused);
	assert_string_equal(mail.attachments[1].taken, "1234");
	limits.attachment_bytes = 5;
	limits.attachments_bytes = 8;
	mail = read_within(&house, &limits, &house.sink);
	assert_string_equal(mail.attachments[0].taken, "12345");
	assert_non_null(strstr(mail.attachments[1].refused, "together"));
	mail = read_within(&house, &limits, NULL);
	assert_string_equal(mail.attachments[0].refused, "not asked for");
	mail_house_close(&house);
}

static void a_head_is_what_stands_above_the_empty_line(void **unused)
{
	struct mail_house house;
	struct email_mail mail;
	hst_error err = {0};

	(void)unused;
	mail_house_open(&house);
	assert_int_equal(email_parser_head(house.parser, &house.host.call, two_files, sizeof two_files - 1, NULL, &mail, &err), HST_OK);
	assert_int_equal(mail.headers_n, 5);
	assert_string_equal(mail.from.at[1].address, "b@example.org");
	assert_string_equal(mail.text, "");
	assert_int_equal(mail.attachments_n, 0);
	mail_house_close(&house);
}

static void a_mail_that_is_too_large_is_refused(void **unused)
{
	struct mail_house house;
	struct email_mail mail;
	hst_error err = {0};

	(void)unused;
	mail_house_open(&house);
	assert_int_equal(email_parser_mail(house.parser, &house.host.call, two_files, EMAIL_RAW_MAX + 1, NULL, NULL, &mail, &err), HST_INVALID);
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
		cmocka_unit_test(what_is_beyond_a_limit_is_left_out_and_that_is_said),
		cmocka_unit_test(attachments_that_are_too_large_are_described),
		cmocka_unit_test(a_head_is_what_stands_above_the_empty_line),
		cmocka_unit_test(a_mail_that_is_too_large_is_refused),
	};

	if (argc == 3 && strcmp(argv[1], "--print") == 0)
		return print(argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
