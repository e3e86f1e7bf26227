/* Mails: whatever comes, the parser's answer is one that the worker believes, within the limits it was asked for. */
#include "fuzz.h"

#include "../../plugins/trigger/email/reply.h"
#include "../../plugins/trigger/email/parsing/answer.h"

#include "base/auto.h"

#include <stdbool.h>
#include <string.h>

const char fuzz_name[] = "mail";
const int fuzz_cases = 6000;

static const struct email_limits few = {.text_bytes = 2000, .html_bytes = 1000, .header_bytes = 3000, .headers = 20, .addresses = 5,
                                        .attachments = 4, .attachment_bytes = 500, .attachments_bytes = 800};
static const uint64_t same[EMAIL_LIMIT_COUNT] = {2000, 1000, 3000, 20, 5, 4, 500, 800, 1};

static size_t given;

static int take_it(void *context, struct email_attachment *attachment, hst_error *err)
{
	(void)context, (void)attachment, (void)err;
	given = 0;
	return HST_OK;
}

static int count(void *context, struct email_attachment *attachment, const void *bytes, size_t n, hst_error *err)
{
	(void)context, (void)attachment, (void)bytes, (void)err;
	given += n;
	return HST_OK;
}

static int whole(void *context, struct email_attachment *attachment, hst_error *err)
{
	(void)context, (void)err;
	fuzz_must(given == attachment->size);
	return HST_OK;
}

static const struct email_sink sink = {NULL, NULL, take_it, count, whole};
static struct email_reply reply;

static bool hear(void *context, const void *bytes, gsize n)
{
	hst_error err = {0};

	(void)context;
	if (email_reply_take(&reply, bytes, n, &err) != HST_OK) {
		fprintf(stderr, "%s\n", err.text);
		fuzz_must(false);
	}
	return true;
}

static void ask(enum email_asked asked, const uint8_t *bytes, size_t length)
{
	static struct mail_say say;

	say = (struct mail_say){.write = hear};
	email_reply_begin(&reply, asked == EMAIL_ASK_HEAD, &few, &sink);
	mail_answer(&say, asked, same, (struct mail_span){(const char *)bytes, length});
	fuzz_must(reply.ended && !say.failed);
	fuzz_must(strlen(reply.mail.text) <= few.text_bytes && strlen(reply.mail.html) <= few.html_bytes);
	fuzz_taken += reply.mail.headers_n > 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static bool prepared;
	AUTO_FREE uint8_t *exactly = fuzz_exactly(bytes, length);

	if (!prepared)
		mail_answer_prepare();
	prepared = true;
	ask(EMAIL_ASK_MAIL, exactly, length);
	ask(EMAIL_ASK_HEAD, exactly, length);
	email_reply_clear(&reply);
	return 0;
}
