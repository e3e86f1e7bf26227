#include "mail_hostile.h"

#include <stddef.h>
#include <string.h>

enum { MIB = 1 << 20, LARGE = 50 * MIB };

static void times_of(FILE *to, size_t n, const char *bytes, size_t length)
{
	char block[64 << 10];
	size_t each = sizeof block / length;

	for (size_t i = 0; i < each; i++)
		memcpy(block + i * length, bytes, length);
	for (; n > each; n -= each)
		fwrite(block, length, each, to);
	fwrite(block, length, n, to);
}

static void times(FILE *to, size_t n, const char *text)
{
	times_of(to, n, text, strlen(text));
}

static void begin(FILE *to, const char *type)
{
	fprintf(to, "From: eve@example.org\r\nSubject: hostile\r\nContent-Type: %s\r\n\r\n", type);
}

static void headers(FILE *to)
{
	for (int i = 0; i < 100000; i++)
		fprintf(to, "X-Header-%d: value %d\r\n", i, i);
	fputs("\r\ntext\r\n", to);
}

static void same_header(FILE *to)
{
	times(to, 100000, "Authentication-Results: mx.example.com; spf=pass\r\nTo: a@example.org, b@example.org\r\n");
	fputs("\r\n", to);
}

static void types(FILE *to)
{
	times(to, 100000, "Content-Type: multipart/mixed; boundary=a\r\n");
	fputs("\r\n--a\r\n\r\ntext\r\n--a--\r\n", to);
}

static void depth(FILE *to)
{
	begin(to, "multipart/mixed; boundary=b0");
	for (int i = 0; i < 1000; i++)
		fprintf(to, "--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n", i, i + 1);
	fputs("--b1000\r\n\r\ndeep\r\n", to);
}

static void depth_and_delimiters(FILE *to)
{
	begin(to, "multipart/mixed; boundary=b0");
	for (int i = 0; i < 20; i++)
		fprintf(to, "--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n", i, i + 1);
	times(to, LARGE / 4, "--b\n");
}

static void mails_in_mails(FILE *to)
{
	times(to, 100000, "Content-Type: message/rfc822\r\n\r\n");
	fputs("deep\r\n", to);
}

static void parts(FILE *to)
{
	begin(to, "multipart/mixed; boundary=b");
	times(to, MIB, "--b\r\n\r\nx\r\n");
}

static void pages_of_parts(FILE *to)
{
	begin(to, "multipart/alternative; boundary=b");
	times(to, 100000, "--b\r\nContent-Type: text/html\r\n\r\n<p>x\r\n");
}

static void large_attachment(FILE *to)
{
	begin(to, "application/octet-stream\r\nContent-Transfer-Encoding: base64");
	times(to, LARGE / 78, "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB\r\n");
}

static void large_text(FILE *to)
{
	begin(to, "text/plain; charset=gb18030");
	times(to, LARGE / 4, "\x81\x30\x81\x30");
}

static void wide_escapes(FILE *to)
{
	begin(to, "text/plain; charset=iso-2022-jp");
	times(to, LARGE / 6, "\033$B\033(B");
}

static void quoted(FILE *to)
{
	begin(to, "text/plain; charset=nonsense\r\nContent-Transfer-Encoding: quoted-printable");
	times(to, LARGE / 3, "=FF");
}

static void line_without_colon(FILE *to)
{
	times(to, LARGE, "a");
}

static void header_without_end(FILE *to)
{
	fputs("Subject: ", to);
	times(to, LARGE, "a");
}

static void folded_without_end(FILE *to)
{
	fputs("Subject: a\r\n", to);
	times(to, LARGE / 4, " b\r\n");
}

static void parts_headers_without_end(FILE *to)
{
	begin(to, "multipart/mixed; boundary=b");
	for (int i = 0; i < 50; i++) {
		fputs("--b\r\n", to);
		times(to, MIB / 8, "Xx: y\r\n\t");
	}
}

static void line_of_text(FILE *to)
{
	begin(to, "text/plain");
	times(to, LARGE, "a");
}

static void continuations(FILE *to)
{
	fputs("Content-Type: application/octet-stream", to);
	for (int i = 0; i < 10000; i++)
		fprintf(to, ";\r\n name*%d*=utf-8''%%C3%%A9", i);
	fputs("\r\nContent-Disposition: attachment", to);
	for (int i = 10000; i > 0; i--)
		fprintf(to, ";\r\n filename*%d=x", i);
	fputs("\r\n\r\nx\r\n", to);
}

static void encoded_words(FILE *to)
{
	for (int i = 0; i < 200; i++) {
		fputs("Subject:", to);
		times(to, 1000, "\r\n =?gb18030?B?gTCBMIEwgTA=?=");
		fputs("\r\n", to);
	}
	fputs("From: ", to);
	times(to, 3000, "=?utf-8?Q?=?=?= =?=?");
	fputs(" <a@example.org>\r\n\r\n", to);
}

static void addresses(FILE *to)
{
	static const char *const kinds[] = {"a:", "a b,", "(", "<", "\"", "a@[", "a.", ",", "@a,", "a@b (", ";:", "\\", "a b ", "<a@b>,"};

	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		fputs(i % 3 == 0 ? "From: " : i % 3 == 1 ? "To: " : "Cc: ", to);
		times(to, 20000, kinds[i]);
		fputs("\r\n", to);
	}
	fputs("\r\n", to);
}

static void ids(FILE *to)
{
	fputs("Message-ID: ", to);
	times(to, 10000, "<(");
	fputs("\r\nDate: ", to);
	times(to, 10000, "Mon, 1 ");
	fputs("\r\nReferences:", to);
	times(to, 100000, "\r\n <a@b>");
	fputs("\r\nIn-Reply-To: ", to);
	times(to, 20000, "((");
	fputs("\r\n\r\n", to);
}

static void pages(FILE *to)
{
	static const char *const kinds[] = {"<", "<!--", "<script>", "&", "<a ", "</", "&#x", "<p>", "<style", "a<!-->", "&amp"};

	begin(to, "multipart/mixed; boundary=b");
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		fputs("--b\r\nContent-Type: text/html\r\n\r\n", to);
		times(to, 500000, kinds[i]);
		fputs("\r\n", to);
	}
}

static void nothing_but_zero(FILE *to)
{
	times_of(to, LARGE, "", 1);
}

static void uu(FILE *to)
{
	begin(to, "text/plain\r\nContent-Transfer-Encoding: uuencode");
	times(to, LARGE / 6, "begin ");
}

const struct mail_hostile mail_hostile_all[] = {
	{"100,000 headers", headers},
	{"100,000 times the same headers", same_header},
	{"100,000 content types", types},
	{"multiparts 1,000 deep", depth},
	{"multiparts 20 deep, 12 million lines that may be delimiters", depth_and_delimiters},
	{"100,000 mails in one another", mails_in_mails},
	{"a million parts", parts},
	{"100,000 forms of the same", pages_of_parts},
	{"an attachment of 50 MiB", large_attachment},
	{"50 MiB of gb18030", large_text},
	{"50 MiB of escapes", wide_escapes},
	{"50 MiB of quoted bytes", quoted},
	{"a line of 50 MiB without a colon", line_without_colon},
	{"a header of 50 MiB", header_without_end},
	{"a header on 12 million lines", folded_without_end},
	{"parts with headers without end", parts_headers_without_end},
	{"a line of text of 50 MiB", line_of_text},
	{"10,000 continuations", continuations},
	{"200,000 encoded words", encoded_words},
	{"addresses that are none", addresses},
	{"ids and dates that are none", ids},
	{"pages that are none", pages},
	{"50 MiB of NUL", nothing_but_zero},
	{"begin without end", uu},
	{NULL, NULL},
};
