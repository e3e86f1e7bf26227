/* Which mails make runs, whose sender a server vouches for, and how texts of strangers are shown. */
#include "../../plugins/trigger/email/authentication.h"
#include "../../plugins/trigger/email/filter.h"
#include "../../plugins/trigger/printable.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#define TEXTS(...) \
	{sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *), (const char *const[]){__VA_ARGS__}}
#define ADDRESSES(...) \
	{(const struct email_address[]){__VA_ARGS__}, sizeof((const struct email_address[]){__VA_ARGS__}) / sizeof(struct email_address)}

static const struct email_mail invoice = {
	.from = ADDRESSES({"Ada", "Ada@Example.org"}),
	.to = ADDRESSES({"", "robot@example.com"}, {"", "second@example.net"}),
	.cc = ADDRESSES({"", "boss@example.com"}),
	.subject = "Ihre RECHNUNG \xc3\x9c" "ber 10",
	.message_id = "1@example.org",
	.importance = EMAIL_HIGH,
	.text = "",
	.html = "",
};

static void passes(const struct email_config *config, const struct email_mail *mail)
{
	char why[160];
	const char *option = email_filter(config, mail, true, why, sizeof why);

	if (option)
		fail_msg("turned away by %s: %s", option, why);
}

static void fails(const struct email_config *config, const struct email_mail *mail, const char *option, const char *says)
{
	char why[160];
	const char *said = email_filter(config, mail, true, why, sizeof why);

	assert_non_null(said);
	assert_string_equal(said, option);
	if (!strstr(why, says))
		fail_msg("\"%s\" does not say \"%s\"", why, says);
}

static void without_filters_everything_passes(void **unused)
{
	static const struct email_config none;
	static const struct email_mail empty = {.subject = "", .text = "", .html = "", .message_id = ""};

	(void)unused;
	passes(&none, &invoice);
	passes(&none, &empty);
}

static void one_of_several_addresses_is_enough(void **unused)
{
	const struct email_config exact = {.from = TEXTS("eve@example.org", "ada@example.ORG")}, domain = {.to = TEXTS("@EXAMPLE.net")},
					 other = {.from = TEXTS("@ample.org", "ada@example.or")}, copy = {.cc = TEXTS("chef@example.com")};
	const struct email_mail nobody = {.subject = ""};

	(void)unused;
	passes(&exact, &invoice);
	passes(&domain, &invoice);
	fails(&other, &invoice, "from", "it is from Ada@Example.org");
	fails(&copy, &invoice, "cc", "boss@example.com");
	fails(&exact, &nobody, "from", "nobody");
}

static void capitals_of_a_subject_do_not_matter(void **unused)
{
	static const struct {
		const char *wanted;
		bool passes;
	} tries[] = {{"rechnung", true}, {"\xc3\xbc" "BER", true}, {"10", true}, {"Rechnungen", false}, {"", true}, {"ber 100", false}};

	(void)unused;
	for (size_t i = 0; i < sizeof tries / sizeof tries[0]; i++) {
		const struct email_config config = {.subject = tries[i].wanted};

		if (tries[i].passes)
			passes(&config, &invoice);
		else
			fails(&config, &invoice, "subject", "another one");
	}
}

static void importance_and_attachments(void **unused)
{
	static struct email_attachment picture = {.name = "logo.png", .type = "image/png", .inside = true},
				       bill = {.name = "Bill.PDF", .type = "application/pdf"};
	const struct email_config high = {.importance = {EMAIL_WANTED_HIGH}}, low = {.importance = {EMAIL_WANTED_LOW}},
					 attached = {.with_attachments = true};
	struct email_mail mail = invoice;
	char why[80];

	(void)unused;
	passes(&high, &invoice);
	fails(&low, &invoice, "importance", "it is high");
	fails(&attached, &invoice, "with_attachments", "nothing");
	mail.attachments = &picture;
	mail.attachments_n = 1;
	fails(&attached, &mail, "with_attachments", "nothing");
	mail.attachments = &bill;
	passes(&attached, &mail);
	/* Of a header alone nobody knows what is attached. */
	assert_null(email_filter(&attached, &invoice, false, why, sizeof why));
}

static void attachments_are_chosen_by_name_or_type(void **unused)
{
	static const struct email_attachment bill = {.name = "Bill.PDF", .type = "application/pdf"},
					     picture = {.name = "logo.png", .type = "image/png", .inside = true},
					     photo = {.name = "photo", .type = "image/jpeg"}, hidden = {.name = ".pdf", .type = "text/plain"};
	const struct email_config all = {.include_attachments = true}, none = {.include_attachments = false},
					 some = {.include_attachments = true, .attachment_types = TEXTS(".pdf", "image/*")};

	(void)unused;
	assert_null(email_filter_attachment(&all, &bill));
	assert_non_null(email_filter_attachment(&none, &bill));
	assert_non_null(email_filter_attachment(&all, &picture));
	assert_null(email_filter_attachment(&some, &bill));
	assert_null(email_filter_attachment(&some, &photo));
	assert_non_null(email_filter_attachment(&some, &hidden));
}

static void a_server_vouches_for_a_sender(void **unused)
{
	static const struct {
		const char *value;
		bool passes;
	} tries[] = {
		{"mx.example.com; dmarc=pass (p=reject) header.from=example.org", true},
		{"MX.example.com 1; spf=fail smtp.mailfrom=x@evil.test; dkim=pass header.d=example.org header.s=k", true},
		{"mx.example.com; spf=pass smtp.mailfrom=bounce@example.org", true},
		{"mx.example.com; dkim=pass header.i=@example.org", true},
		{"mx.example.com;dmarc = pass header.from = example.org", true},
		{"mx.example.com; dkim=pass header.d=evil.test", false},
		{"mx.example.com; dkim=pass header.d=org", false},
		{"mx.example.com; dkim=pass header.d=mail.example.org", false},
		{"mx.example.com; dkim=pass header.d=ample.org", false},
		{"mx.example.com; dmarc=fail header.from=example.org", false},
		{"mx.example.com; dmarc=passed header.from=example.org", false},
		{"mx.example.com; dmarc=pass header.from=evil.test", false},
		{"mx.example.com; spf=pass smtp.helo=example.org", false},
		{"mx.example.com; none", false},
		{"mx.example.com", false},
		{"evil.test; dmarc=pass header.from=example.org", false},
		{"mx.example.com.evil.test; dmarc=pass header.from=example.org", false},
		{"; dmarc=pass header.from=example.org", false},
		{"", false},
		/* What a sender could have a server repeat: comments and quoted texts are not results. */
		{"mx.example.com; spf=fail (; dmarc=pass header.from=example.org) smtp.mailfrom=evil.test", false},
		{"mx.example.com; spf=fail smtp.mailfrom=\"; dmarc=pass header.from=example.org\"", false},
		{"mx.example.com; spf=fail (never \\) ends; dmarc=pass header.from=example.org", false},
		{"mx.example.com; dkim=fail reason=\"pass\" header.d=example.org", false},
		{"mx.example.com; (((((; dmarc=pass", false},
		/* What stands before the last @ is the sender's to choose. */
		{"mx.example.com; spf=pass smtp.mailfrom=\"x@example.org\"@evil.test", false},
		{"mx.example.com; spf=pass smtp.mailfrom=\"x@example.org\" (who) @evil.test", false},
		{"mx.example.com; spf=pass smtp.mailfrom=x@example.org(who)@evil.test", false},
		{"mx.example.com; dkim=pass header.i=\"x\\\"@example.org\"@evil.test", false},
		{"mx.example.com; dkim=pass header.i=a.\"@example.org\"@evil.test", false},
		{"mx.example.com; spf=pass smtp.mailfrom=\"a b\"@example.org", true},
	};

	(void)unused;
	for (size_t i = 0; i < sizeof tries / sizeof tries[0]; i++) {
		struct email_mail mail = invoice;
		char why[160] = "";

		/* A second one, of whoever sent the mail, says whatever he likes. */
		mail.authentication_results = (hst_texts)TEXTS(tries[i].value, "mx.example.com; dmarc=pass header.from=example.org");
		if (email_authentic("mx.example.com", &mail, why, sizeof why) != tries[i].passes)
			fail_msg("\"%s\": %s", tries[i].value, tries[i].passes ? why : "passes");
		assert_true(tries[i].passes || *why);
	}
}

/* Whatever is before it, a domain that begins with another one's name is not that one. */
static void no_length_makes_another_domain_of_one(void **unused)
{
	static const char *const properties[] = {"dkim=pass header.i=", "dkim=pass header.d=", "spf=pass smtp.mailfrom=", "dmarc=pass header.from="};
	struct email_mail mail = invoice;
	char value[700], why[160];

	(void)unused;
	for (size_t i = 0; i < sizeof properties / sizeof properties[0]; i++)
		for (int n = 0; n < 600; n++) {
			snprintf(value, sizeof value, "mx.example.com; %s%0*d@example.org.evil.test", properties[i], n, 0);
			mail.authentication_results = (hst_texts)TEXTS(value);
			if (email_authentic("mx.example.com", &mail, why, sizeof why))
				fail_msg("%s vouches for example.org", value);
		}
}

static void nobody_vouches_for_two_senders(void **unused)
{
	const struct email_config config = {.require_authentication = "mx.example.com"};
	struct email_mail mail = invoice;

	(void)unused;
	fails(&config, &mail, "require_authentication", "no server");
	mail.authentication_results = (hst_texts)TEXTS("mx.example.com; dmarc=pass header.from=example.org");
	passes(&config, &mail);
	mail.from = (struct email_addresses)ADDRESSES({"", "ada@example.org"}, {"", "boss@example.com"});
	fails(&config, &mail, "require_authentication", "several");
}

static void shown_texts_are_one_short_line(void **unused)
{
	static const struct {
		const char *text, *shown;
	} tries[] = {
		{"Invoice 1", "Invoice 1"},
		{"", ""},
		{"  a\r\n\tb  ", "a b"},
		{"\x1b[31mred", "[31mred"},
		{"r\xe2\x80\xae" "evil", "r evil"},
		{"bad \xff\xc3 byte", "bad ?? byte"},
		{"\xc3\xa4\xc3\xb6\xc3\xbc", "\xc3\xa4\xc3\xb6\xc3\xbc"},
		{"0123456789012345678901234567890", "0123456789012345678901234567890"},
		{"01234567890123456789012345678901", "0123456789012345678901234567\xe2\x80\xa6"},
		{"012345678901234567890123456\xc3\xa4\xc3\xa4\xc3\xa4", "012345678901234567890123456\xe2\x80\xa6"},
		{"overlong \xc0\xaf", "overlong ??"},
	};

	(void)unused;
	for (size_t i = 0; i < sizeof tries / sizeof tries[0]; i++) {
		char shown[32];

		printable(tries[i].text, shown, sizeof shown);
		assert_string_equal(shown, tries[i].shown);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_filters_everything_passes),
		cmocka_unit_test(one_of_several_addresses_is_enough),
		cmocka_unit_test(capitals_of_a_subject_do_not_matter),
		cmocka_unit_test(importance_and_attachments),
		cmocka_unit_test(attachments_are_chosen_by_name_or_type),
		cmocka_unit_test(a_server_vouches_for_a_sender),
		cmocka_unit_test(no_length_makes_another_domain_of_one),
		cmocka_unit_test(nobody_vouches_for_two_senders),
		cmocka_unit_test(shown_texts_are_one_short_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
