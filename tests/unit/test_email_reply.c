/* What the worker believes of the process that reads mails: answers in order and within limits, and nothing else at all. */
#include "../../plugins/trigger/email/reply.h"

#include "base/auto.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct email_limits few = {.text_bytes = 10, .html_bytes = 10, .header_bytes = 20, .headers = 2, .addresses = 1,
                                        .attachments = 2, .attachment_bytes = 10, .attachments_bytes = 12};

static size_t given;

static int take_it(void *context, struct email_attachment *attachment, hst_error *err)
{
	(void)context;
	given = 0;
	return strcmp(attachment->name, "no") == 0 ? hst_fail(err, HST_DENIED, "not this one") : HST_OK;
}

static int count(void *context, struct email_attachment *attachment, const void *bytes, size_t n, hst_error *err)
{
	(void)context, (void)attachment, (void)bytes, (void)err;
	given += n;
	return HST_OK;
}

static const struct email_sink sink = {NULL, NULL, take_it, count, NULL};

static struct email_reply reply;

static void put(FILE *to, unsigned char kind, const void *bytes, size_t n)
{
	unsigned char head[EMAIL_FRAME_HEAD] = {kind};

	email_put32(head + 1, (uint32_t)n);
	fwrite(head, 1, sizeof head, to);
	fwrite(bytes, 1, n, to);
}

#define FRAME(to, kind, text) put(to, kind, text, sizeof text - 1)
#define END(to) put(to, EMAIL_END, "", 0)

static int heard(void (*say)(FILE *to), bool head, hst_error *err)
{
	AUTO_FREE char *bytes = NULL;
	size_t n = 0;
	FILE *to = open_memstream(&bytes, &n);

	assert_non_null(to);
	say(to);
	fclose(to);
	email_reply_begin(&reply, head, &few, &sink);
	return email_reply_take(&reply, bytes, n, err);
}

static void say_all(FILE *to)
{
	FRAME(to, EMAIL_SUBJECT, "subject");
	FRAME(to, EMAIL_FROM, "Ada\0ada@example.org");
	FRAME(to, EMAIL_HEADER, "A\0b");
	FRAME(to, EMAIL_TEXT, "\xc3");
	FRAME(to, EMAIL_TEXT, "\xa4");
	FRAME(to, EMAIL_ATTACHMENT, "\5\0\0\0\0\0\0\0\1\0text/plain\0a");
	FRAME(to, EMAIL_BYTES, "12");
	FRAME(to, EMAIL_BYTES, "345");
	FRAME(to, EMAIL_ATTACHMENT, "\2\0\0\0\0\0\0\0\0\0text/plain\0no");
	FRAME(to, EMAIL_BYTES, "12");
	FRAME(to, EMAIL_CUT, "");
	END(to);
}

static void an_answer_in_order_is_believed(void **unused)
{
	hst_error err = {0};

	(void)unused;
	if (heard(say_all, false, &err) != HST_OK)
		fail_msg("%s", err.text);
	assert_true(reply.ended && reply.mail.cut);
	assert_string_equal(reply.mail.text, "\xc3\xa4");
	assert_string_equal(reply.mail.from.at[0].address, "ada@example.org");
	assert_int_equal(reply.mail.attachments_n, 2);
	assert_true(reply.mail.attachments[0].inside);
	assert_string_equal(reply.mail.attachments[1].refused, "not this one");
	email_reply_clear(&reply);
}

#define SAYS(name, ...)                 \
	static void name(FILE *to)      \
	{                               \
		__VA_ARGS__;            \
		END(to);                \
	}

SAYS(unknown_kind, FRAME(to, 99, "x"))
SAYS(no_kind, FRAME(to, 0, "x"))
SAYS(ready_again, FRAME(to, EMAIL_READY, "\1\7"))
SAYS(two_subjects, FRAME(to, EMAIL_SUBJECT, "a"); FRAME(to, EMAIL_SUBJECT, "b"))
SAYS(out_of_order, FRAME(to, EMAIL_TEXT, "a"); FRAME(to, EMAIL_SUBJECT, "b"))
SAYS(line_break, FRAME(to, EMAIL_SUBJECT, "a\r\nBcc: b"))
SAYS(broken_utf8, FRAME(to, EMAIL_SUBJECT, "a\xff"))
SAYS(overlong_utf8, FRAME(to, EMAIL_SUBJECT, "\xc0\xaf"))
SAYS(half_a_pair, FRAME(to, EMAIL_SUBJECT, "\xed\xa0\x80"))
SAYS(nul, FRAME(to, EMAIL_SUBJECT, "a\0b"))
SAYS(next_line, FRAME(to, EMAIL_SUBJECT, "a\xc2\x85"))
SAYS(no_date, FRAME(to, EMAIL_DATE, "\xff\xff\xff\xff\xff\xff\xff\xff"))
SAYS(short_date, FRAME(to, EMAIL_DATE, "1"))
SAYS(address_with_blank, FRAME(to, EMAIL_FROM, "\0a b@c"))
SAYS(address_without_name, FRAME(to, EMAIL_FROM, "a@b"))
SAYS(two_addresses, FRAME(to, EMAIL_TO, "\0a@b"); FRAME(to, EMAIL_TO, "\0c@d"))
SAYS(importance, FRAME(to, EMAIL_IMPORTANCE, "\3"))
SAYS(header_name, FRAME(to, EMAIL_HEADER, "A:\0b"))
SAYS(too_many_headers, FRAME(to, EMAIL_HEADER, "A\0b"); FRAME(to, EMAIL_HEADER, "A\0b"); FRAME(to, EMAIL_HEADER, "A\0b"))
SAYS(too_long_headers, FRAME(to, EMAIL_HEADER, "A\0" "12345678901234567890"))
SAYS(too_much_text, FRAME(to, EMAIL_TEXT, "12345"); FRAME(to, EMAIL_TEXT, "678901"))
SAYS(half_a_character, FRAME(to, EMAIL_TEXT, "\xc3"))
SAYS(bell, FRAME(to, EMAIL_TEXT, "\a"))
SAYS(slash, FRAME(to, EMAIL_ATTACHMENT, "\0\0\0\0\0\0\0\0\0\0a/b\0../a"))
SAYS(dots, FRAME(to, EMAIL_ATTACHMENT, "\0\0\0\0\0\0\0\0\0\0a/b\0.."))
SAYS(no_type, FRAME(to, EMAIL_ATTACHMENT, "\0\0\0\0\0\0\0\0\0\0a/B\0name"))
SAYS(too_large, FRAME(to, EMAIL_ATTACHMENT, "\13\0\0\0\0\0\0\0\0\0a/b\0name"); FRAME(to, EMAIL_BYTES, "12345678901"))
SAYS(huge, FRAME(to, EMAIL_ATTACHMENT, "\0\0\0\0\0\0\0\200\0\1a/b\0name"))
SAYS(bytes_of_none, FRAME(to, EMAIL_BYTES, "1"))
SAYS(bytes_too_many, FRAME(to, EMAIL_ATTACHMENT, "\1\0\0\0\0\0\0\0\0\0a/b\0name"); FRAME(to, EMAIL_BYTES, "12"))
SAYS(bytes_too_few, FRAME(to, EMAIL_ATTACHMENT, "\3\0\0\0\0\0\0\0\0\0a/b\0name"); FRAME(to, EMAIL_BYTES, "12"))
SAYS(bytes_of_one_left_out, FRAME(to, EMAIL_ATTACHMENT, "\1\0\0\0\0\0\0\0\0\1a/b\0name"); FRAME(to, EMAIL_BYTES, "1"))
SAYS(two_ends, END(to))

static void frame_beyond_all(FILE *to)
{
	fwrite("\3\xff\xff\xff\xff", 1, 5, to);
}

static const struct {
	const char *name;
	void (*say)(FILE *to);
} nonsense[] = {
	{"an unknown kind", unknown_kind}, {"no kind", no_kind}, {"ready again", ready_again}, {"two subjects", two_subjects},
	{"out of order", out_of_order}, {"a line break", line_break}, {"broken UTF-8", broken_utf8}, {"overlong UTF-8", overlong_utf8},
	{"half a pair", half_a_pair}, {"a NUL", nul}, {"another line break", next_line}, {"no date", no_date}, {"a short date", short_date},
	{"an address with a blank", address_with_blank}, {"an address without a name", address_without_name},
	{"two addresses", two_addresses}, {"an importance", importance}, {"the name of a header", header_name},
	{"too many headers", too_many_headers}, {"too long headers", too_long_headers}, {"too much text", too_much_text},
	{"half a character", half_a_character}, {"a bell", bell}, {"a slash", slash}, {"dots", dots}, {"no type", no_type},
	{"too large", too_large}, {"huge", huge}, {"bytes of none", bytes_of_none}, {"too many bytes", bytes_too_many},
	{"too few bytes", bytes_too_few}, {"bytes of one left out", bytes_of_one_left_out}, {"two ends", two_ends},
	{"a frame beyond all", frame_beyond_all},
};

static void nonsense_is_not_believed(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof nonsense / sizeof nonsense[0]; i++) {
		hst_error err = {0};
		int code = heard(nonsense[i].say, false, &err);

		if (code != HST_BROKEN || !strstr(err.text, "nonsense"))
			fail_msg("%s: %d %s", nonsense[i].name, code, err.text);
		email_reply_clear(&reply);
	}
}

static void of_a_head_there_is_no_text(void **unused)
{
	hst_error err = {0};

	(void)unused;
	assert_int_equal(heard(say_all, true, &err), HST_BROKEN);
	email_reply_clear(&reply);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_in_order_is_believed),
		cmocka_unit_test(nonsense_is_not_believed),
		cmocka_unit_test(of_a_head_there_is_no_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
