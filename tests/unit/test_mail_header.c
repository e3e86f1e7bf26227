/* Header lines of mails: how they are folded and encoded, and what no header is made of. What they mean is tried by real readers in
 * tests/component/mail.py. */
#include "../../plugins/connector/mail/header.h"

#include "base/arena.h"
#include "plugin/instance.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static hst_host host;
static hst_call call;

static int set_up(void **state)
{
	*state = arena_new();
	plugin_plain_host(&host, "post", *state);
	plugin_plain_call(&call, &host, *state);
	return 0;
}

static int tear_down(void **state)
{
	arena_free(*state);
	return 0;
}

/* Every line is short, and all but the first begin with a blank: no text makes a header of its own. */
static void lines_are_sound(const char *header)
{
	for (const char *line = header; line;) {
		const char *end = strstr(line, "\r\n");
		size_t n = end ? (size_t)(end - line) : strlen(line);

		assert_true(n > 0 && n <= 998);
		assert_null(memchr(line, '\r', n));
		assert_null(memchr(line, '\n', n));
		assert_true(line == header || *line == ' ');
		line = end ? end + 2 : NULL;
	}
}

static void plain_text_stays_as_it_is(void **state)
{
	(void)state;
	assert_string_equal(mail_text_header(&call, "Subject", "Order 1042"), "Subject: Order 1042");
	assert_string_equal(mail_text_header(&call, "Subject", "a  b"), "Subject: a  b");
}

static void long_text_is_folded_at_blanks(void **state)
{
	char text[901] = "";
	const char *header;

	(void)state;
	for (size_t i = 0; i < 90; i++)
		memcpy(text + 10 * i, "nine bytes", 10);
	header = mail_text_header(&call, "Subject", text);
	lines_are_sound(header);
	assert_non_null(strstr(header, "\r\n"));
	memset(text, 'x', 900);
	lines_are_sound(mail_text_header(&call, "Subject", text));
}

static void what_is_not_plain_is_encoded_without_cutting_a_character(void **state)
{
	/* 44 bytes of ASCII push the two bytes of the last letter over the edge of a word. */
	const char *edge = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaö";

	(void)state;
	assert_string_equal(mail_text_header(&call, "Subject", "Grüße"), "Subject: =?UTF-8?B?R3LDvMOfZQ==?=");
	assert_string_equal(mail_text_header(&call, "Subject", "=?x?="), "Subject: =?UTF-8?B?PT94Pz0=?=");
	assert_string_equal(mail_text_header(&call, "Subject", " a"), "Subject: =?UTF-8?B?IGE=?=");
	assert_string_equal(mail_text_header(&call, "Subject", edge),
			    "Subject: =?UTF-8?B?YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE=?=\r\n =?UTF-8?B?w7Y=?=");
}

static void a_line_break_is_no_part_of_a_line(void **state)
{
	static const char *const wrong[] = {"a\nb", "a\rb", "a\r\nBcc: x@y", "a\x01", "a\x7f", "a\tb"};
	hst_error err = {0};

	(void)state;
	assert_int_equal(mail_check_line("subject", "ä b", &err), HST_OK);
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		assert_int_equal(mail_check_line("subject", wrong[i], &err), HST_INVALID);
	assert_non_null(strstr(err.text, "subject"));
}

static void names_of_people_are_quoted_or_encoded(void **state)
{
	const char *const people[] = {"Ada <a@x.org>", "\"Doe, \\\"Bob\\\" <x>\" <b@x.org>", "Ærø <c@x.org>", "d@x.org"};
	struct mail_addresses addresses = {0};
	hst_error err = {0};

	(void)state;
	assert_int_equal(mail_addresses_read(&call, "to", &(hst_texts){.n = 4, .at = people}, &addresses, &err), HST_OK);
	assert_string_equal(mail_address_header(&call, "To", &addresses),
			    "To: Ada <a@x.org>,\r\n \"Doe, \\\"Bob\\\" <x>\" <b@x.org>,\r\n =?UTF-8?B?w4Zyw7g=?=\r\n <c@x.org>,\r\n d@x.org");
	assert_true(mail_addresses_have(&addresses, "A@X.ORG"));
	assert_false(mail_addresses_have(&addresses, "e@x.org"));
}

static void names_of_files_survive(void **state)
{
	static const struct {
		const char *name, *header;
	} names[] = {
		{"invoice 7.pdf", "Content-Disposition: attachment; filename=\"invoice 7.pdf\""},
		{"a\"b.pdf", "Content-Disposition: attachment;\r\n filename*0*=UTF-8''a%22b.pdf"},
		{"ä;.pdf", "Content-Disposition: attachment;\r\n filename*0*=UTF-8''%C3%A4%3B.pdf"},
		{"a\r\nBcc: x", "Content-Disposition: attachment;\r\n filename*0*=UTF-8''a%0D%0ABcc%3A%20x"},
	};
	char longest[201] = "";

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		assert_string_equal(mail_attachment_header(&call, names[i].name), names[i].header);
	for (size_t i = 0; i < 200; i += 2)
		memcpy(longest + i, "ö", 2);
	lines_are_sound(mail_attachment_header(&call, longest));
	assert_non_null(strstr(mail_attachment_header(&call, longest), ";\r\n filename*9*="));
}

static void a_conversation_keeps_its_beginning_and_its_end(void **state)
{
	char id[24], header[] = "References: <first@x>\r\n <a1@x>";
	struct mail_ids ids = {0};
	hst_error err = {0};

	(void)state;
	assert_int_equal(mail_ids_read(&call, "references", "<first@x>  a1@x <first@x>", &ids, &err), HST_OK);
	assert_string_equal(mail_ids_header(&call, "References", &ids), header);
	for (int i = 2; i < 200; i++) {
		snprintf(id, sizeof id, "<a%d@x>", i);
		assert_int_equal(mail_ids_read(&call, "references", id, &ids, &err), HST_OK);
	}
	assert_int_equal(ids.n, MAIL_IDS_MAX);
	assert_string_equal(ids.at[0], "first@x");
	assert_string_equal(ids.at[ids.n - 1], "a199@x");
	lines_are_sound(mail_ids_header(&call, "References", &ids));
}

static void a_date_is_english_and_utc(void **state)
{
	(void)state;
	assert_string_equal(mail_date_header(&call, 1795359600LL * 1000000), "Date: Sun, 22 Nov 2026 15:00:00 +0000");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(plain_text_stays_as_it_is, set_up, tear_down),
		cmocka_unit_test_setup_teardown(long_text_is_folded_at_blanks, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_not_plain_is_encoded_without_cutting_a_character, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_line_break_is_no_part_of_a_line, set_up, tear_down),
		cmocka_unit_test_setup_teardown(names_of_people_are_quoted_or_encoded, set_up, tear_down),
		cmocka_unit_test_setup_teardown(names_of_files_survive, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_conversation_keeps_its_beginning_and_its_end, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_date_is_english_and_utc, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
