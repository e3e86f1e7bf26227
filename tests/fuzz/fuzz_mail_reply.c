/* What a parser that somebody has taken over says of a mail: it is believed whole or not at all, however it comes in pieces. */
#include "fuzz.h"

#include "../../plugins/trigger/email/reply.h"
#include "../../plugins/trigger/email/texts.h"

#include "base/auto.h"

#include <stdbool.h>
#include <string.h>

const char fuzz_name[] = "mail_reply";
const int fuzz_cases = 30000;

static const struct email_limits few = {.text_bytes = 3000, .html_bytes = 3000, .header_bytes = 3000, .headers = 30, .addresses = 5,
                                        .attachments = 12, .attachment_bytes = 500, .attachments_bytes = 800};

static size_t given;

static int take_it(void *context, struct email_attachment *attachment, hst_error *err)
{
	(void)context;
	given = 0;
	return attachment->size % 5 == 4 ? hst_fail(err, HST_DENIED, "not this one") : HST_OK;
}

static int count(void *context, struct email_attachment *attachment, const void *bytes, size_t n, hst_error *err)
{
	(void)context, (void)bytes, (void)err;
	given += n;
	fuzz_must(given <= attachment->size);
	return HST_OK;
}

static int whole(void *context, struct email_attachment *attachment, hst_error *err)
{
	(void)context, (void)err;
	fuzz_must(given == attachment->size);
	return HST_OK;
}

static void fits(const struct email_mail *mail)
{
	fuzz_must(strlen(mail->text) <= few.text_bytes && strlen(mail->html) <= few.html_bytes);
	fuzz_must(email_texts_line(mail->subject, strlen(mail->subject)) && email_texts_text(mail->text, strlen(mail->text)));
	fuzz_must(mail->headers_n <= few.headers && mail->to.n <= few.addresses && mail->attachments_n <= few.attachments);
	for (size_t i = 0; i < mail->from.n; i++)
		fuzz_must(!strpbrk(mail->from.at[i].address, " \r\n<>") && !strpbrk(mail->from.at[i].name, "\r\n"));
	for (size_t i = 0; i < mail->attachments_n; i++)
		fuzz_must(*mail->attachments[i].name && !strchr(mail->attachments[i].name, '/') && mail->attachments[i].name[0] != '.');
}

/* Whether it was believed, in pieces of that size. */
static bool read_in_pieces(const uint8_t *bytes, size_t length, size_t piece)
{
	static const struct email_sink sink = {NULL, NULL, take_it, count, whole};
	static struct email_reply reply;
	hst_error err = {0};
	int code = HST_OK;
	bool believed;

	email_reply_begin(&reply, length > 0 && bytes[0] == 0, &few, &sink);
	for (size_t at = 0; at < length && code == HST_OK; at += piece)
		code = email_reply_take(&reply, bytes + at, length - at < piece ? length - at : piece, &err);
	believed = code == HST_OK && reply.ended;
	fuzz_must(code == HST_OK || strncmp(err.text, "the mail parser says nonsense", 29) == 0);
	if (believed)
		fits(&reply.mail);
	email_reply_clear(&reply);
	return believed;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	AUTO_FREE uint8_t *exactly = fuzz_exactly(bytes, length);
	bool believed = read_in_pieces(exactly, length, length + 1);

	fuzz_must(read_in_pieces(exactly, length, 1) == believed);
	fuzz_must(read_in_pieces(exactly, length, 7) == believed);
	fuzz_taken += believed;
	return 0;
}
