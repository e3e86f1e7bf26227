#include "mail_shown.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static void show_addresses(FILE *to, const char *what, struct email_addresses list)
{
	for (size_t i = 0; i < list.n; i++)
		fprintf(to, "%s: [%s] %s\n", what, list.at[i].name, list.at[i].address);
}

static void show_date(FILE *to, hst_time date)
{
	time_t at = (time_t)(date.us / 1000000);
	char text[40] = "none";
	struct tm parts;

	if (date.us && gmtime_r(&at, &parts))
		strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
	fprintf(to, "date: %s\n", text);
}

static void show_head(FILE *to, const struct email_mail *mail)
{
	static const char *const importances[] = {"low", "normal", "high"};

	fprintf(to, "subject: %s\n", mail->subject);
	show_date(to, mail->date);
	show_addresses(to, "from", mail->from);
	show_addresses(to, "to", mail->to);
	show_addresses(to, "cc", mail->cc);
	show_addresses(to, "reply-to", mail->reply_to);
	fprintf(to, "message-id: %s\nin-reply-to: %s\n", mail->message_id, mail->in_reply_to);
	for (size_t i = 0; i < mail->references.n; i++)
		fprintf(to, "reference: %s\n", mail->references.at[i]);
	fprintf(to, "importance: %s\n", importances[mail->importance]);
	for (size_t i = 0; i < mail->headers_n; i++)
		fprintf(to, "header: %s: %s\n", mail->headers[i].name, mail->headers[i].value);
	for (size_t i = 0; i < mail->authentication_results.n; i++)
		fprintf(to, "authentication: %s\n", mail->authentication_results.at[i]);
}

char *mail_shown(const struct email_mail *mail)
{
	char *shown = NULL;
	size_t n = 0;
	FILE *to = open_memstream(&shown, &n);

	if (!to)
		abort();
	show_head(to, mail);
	fprintf(to, "text%s: {%s}\nhtml: {%s}\n", mail->text_of_html ? " of html" : "", mail->text, mail->html);
	for (size_t i = 0; i < mail->attachments_n; i++) {
		const struct email_attachment *it = &mail->attachments[i];

		fprintf(to, "attachment: %s %s %zu%s%s%s {%s}\n", it->name, it->type, it->size, it->inside ? " inside" : "",
		        it->refused ? " refused: " : "", it->refused ? it->refused : "", it->taken ? (const char *)it->taken : "");
	}
	fprintf(to, "%s", mail->cut ? "cut\n" : "");
	fclose(to);
	return shown;
}
