/*
 * Mails of growing sizes, each of a text, a page and an attachment, read by hostler-mail-parser again and again as the trigger has them
 * read. The answer is one JSON object on stdout, megabytes per second of each size.
 */
#include "samples.h"

#include "../../plugins/trigger/email/parser.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void no_log(hst_host *host, hst_level level, const char *text)
{
	(void)host;
	if (level >= HST_WARNING)
		fprintf(stderr, "mails: %s\n", text);
}

static bool never(hst_call *call)
{
	(void)call;
	return false;
}

static int take(void *context, struct email_attachment *attachment, hst_error *err)
{
	(void)context, (void)attachment, (void)err;
	return HST_OK;
}

static int drop(void *context, struct email_attachment *attachment, const void *bytes, size_t n, hst_error *err)
{
	(void)context, (void)attachment, (void)bytes, (void)n, (void)err;
	return HST_OK;
}

static void repeat(FILE *to, size_t bytes, const char *line)
{
	for (size_t n = 0; n < bytes; n += strlen(line))
		fputs(line, to);
}

/* A tenth text, a tenth page, the rest attached. */
static char *mail_of(size_t size, size_t *ret_n)
{
	char *mail = NULL;
	FILE *to = open_memstream(&mail, ret_n);

	if (!to)
		abort();
	fputs("From: Ada <ada@example.org>\r\nTo: inbox@example.com\r\nSubject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\n"
	      "Date: Sun, 22 Nov 2026 10:15:00 +0100\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\n"
	      "Content-Type: multipart/alternative; boundary=a\r\n\r\n--a\r\nContent-Type: text/plain; charset=utf-8\r\n"
	      "Content-Transfer-Encoding: quoted-printable\r\n\r\n", to);
	repeat(to, size / 10, "Gr=C3=BC=C3=9Fe from a line of an ordinary length, as people write them\r\n");
	fputs("\r\n--a\r\nContent-Type: text/html; charset=windows-1252\r\n\r\n", to);
	repeat(to, size / 10, "<p>Gr\xfc\xdf" "e from a line of an ordinary length, as <b>programs</b> write</p>\r\n");
	fputs("\r\n--a--\r\n--m\r\nContent-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n", to);
	repeat(to, size * 8 / 10, "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB\r\n");
	fputs("\r\n--m--\r\n", to);
	fclose(to);
	return mail;
}

static double mb_per_s(struct email_parser *parser, hst_call *call, size_t size, double seconds, size_t *runs)
{
	static const struct email_sink sink = {NULL, NULL, take, drop, NULL};
	struct email_limits limits = email_limits_usual;
	int64_t from_us = now_us(), until_us = from_us + (int64_t)(seconds * 1e6);
	size_t n = 0, read = 0;
	char *mail = mail_of(size, &n);

	limits.text_bytes = limits.html_bytes = 16 << 20;
	from_us = now_us();
	until_us = from_us + (int64_t)(seconds * 1e6);
	do {
		struct email_mail ret;
		hst_error err = {0};

		if (email_parser_mail(parser, call, mail, n, &limits, &sink, &ret, &err) != HST_OK || ret.cut) {
			fprintf(stderr, "mails: %s\n", err.text);
			exit(1);
		}
		read += n;
		++*runs;
	} while (now_us() < until_us);
	free(mail);
	return (double)read / (double)(now_us() - from_us);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		size_t size;
	} sizes[] = {{"16K", 16 << 10}, {"256K", 256 << 10}, {"4M", 4 << 20}, {"50M", 50 << 20}};
	hst_host host = {.size = sizeof host, .instance = "mails", .log = no_log, .cancelled = never};
	hst_call call = {.size = sizeof call, .host = &host, .deadline_us = INT64_MAX};
	double seconds = argc == 4 && strcmp(argv[1], "--seconds") == 0 ? atof(argv[2]) : 0;
	struct email_parser *parser = NULL;
	hst_error err = {0};
	size_t runs = 0;

	if (seconds <= 0)
		return fputs("usage: mails --seconds S PROGRAM\n", stderr), 2;
	if (email_parser_open(argv[3], &parser, &err) != HST_OK)
		return fprintf(stderr, "mails: %s\n", err.text), 1;
	printf("{");
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
		printf("\"%s\": %.1f, ", sizes[i].name, mb_per_s(parser, &call, sizes[i].size, seconds / 4, &runs));
	printf("\"runs\": %zu}\n", runs);
	email_parser_close(parser);
	return 0;
}
