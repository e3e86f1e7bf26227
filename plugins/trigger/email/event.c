#include "event.h"

#include <hostler/fields.h>
#include <hostler/value.h>

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of all that one emit may carry (1 MiB as JSON), so that two of them always fit. */
enum { EVENT_JSON_MAX = 480 << 10, TEXT_WHEN_CUT = 60 << 10, KEY_BYTES = 16 };

static const char *const importances[] = {"low", "normal", "high", NULL};

const hst_field email_event_fields[EMAIL_EVENT_N] = {
	HST_FIELD(struct email_event, from, .doc = "address of the sender; whoever writes a mail can put anything there"),
	HST_FIELD(struct email_event, from_name, .doc = "the sender's name, as it was written"),
	HST_FIELD(struct email_event, to, .doc = "addresses it was sent to"),
	HST_FIELD(struct email_event, cc, .doc = "addresses that got a copy"),
	HST_FIELD(struct email_event, reply_to, .doc = "where an answer is to go: the address for answers, or else the sender's"),
	HST_FIELD(struct email_event, subject, .doc = "the subject, one line"),
	HST_FIELD(struct email_event, date, .doc = "when it was written, as the mail says; where it does not, when the server got it"),
	HST_FIELD(struct email_event, message_id, .doc = "its Message-ID without < and >, for in_reply_to of an answer"),
	HST_FIELD(struct email_event, in_reply_to, .doc = "Message-ID of the mail that it answers"),
	HST_FIELD(struct email_event, references, .doc = "Message-IDs of the mails before it, the oldest first"),
	HST_FIELD(struct email_event, importance, .choices = importances, .doc = "how important the sender calls it"),
	HST_FIELD(struct email_event, text, .doc = "what it says, as plain text; of a mail that is html alone, made of that"),
	HST_FIELD(struct email_event, html, .doc = "what it says as html, as it came: not made safe to be shown"),
	HST_FIELD(struct email_event, headers, .doc = "its headers from the top, a list of records of name and value"),
	HST_FIELD(struct email_event, attachments, .doc = "what is attached, as files; none unless include_attachments"),
	HST_FIELD(struct email_event, left_out, .doc = "what is attached and not among the files, each with the reason"),
	HST_FIELD(struct email_event, cut, .doc = "whether something of it was longer than an event can be and is left out"),
	HST_FIELD(struct email_event, received, .doc = "when the server got it"),
};

struct email_limits email_event_limits(void)
{
	struct email_limits limits = email_limits_usual;

	limits.text_bytes = 150 << 10;
	limits.html_bytes = 200 << 10;
	limits.header_bytes = 32 << 10;
	limits.headers = 300;
	limits.addresses = 200;
	return limits;
}

/* As JSON has it, at most: a control character takes six bytes. */
static size_t json_bytes(const char *text)
{
	size_t n = 4;

	for (; *text; text++)
		n += (unsigned char)*text < ' ' && *text != '\n' && *text != '\t' && *text != '\r' ? 6 : strchr("\"\\\n\t\r/\x7f", *text) ? 2 : 1;
	return n;
}

static size_t list_bytes(const hst_texts *texts)
{
	size_t n = 0;

	for (size_t i = 0; i < texts->n; i++)
		n += json_bytes(texts->at[i]);
	return n;
}

/* What the parser says ends with its next answer; an event goes on until it is stored. */
static const char *keep(hst_call *call, const char *text)
{
	return hst_copy(call, text, strlen(text));
}

static hst_texts keep_all(hst_call *call, const hst_texts *texts)
{
	const char **at = hst_alloc(call, (texts->n + 1) * sizeof *at);

	for (size_t i = 0; i < texts->n; i++)
		at[i] = keep(call, texts->at[i]);
	return (hst_texts){texts->n, at};
}

static hst_texts addresses_of(hst_call *call, const struct email_addresses *addresses)
{
	const char **at = hst_alloc(call, (addresses->n + 1) * sizeof *at);

	for (size_t i = 0; i < addresses->n; i++)
		at[i] = keep(call, addresses->at[i].address);
	return (hst_texts){addresses->n, at};
}

static const hst_value *headers_of(hst_call *call, const struct email_mail *mail, size_t *bytes)
{
	hst_value *list = hst_make_list(call);

	for (size_t i = 0; i < mail->headers_n; i++) {
		const struct email_header *header = &mail->headers[i];
		hst_value *record = hst_make_record(call);

		hst_set(call, record, "name", hst_make_text(call, header->name, strlen(header->name)));
		hst_set(call, record, "value", hst_make_text(call, header->value, strlen(header->value)));
		hst_append(call, list, record);
		*bytes += json_bytes(header->name) + json_bytes(header->value) + 20;
	}
	return list;
}

/* "report.pdf: larger than …" */
static hst_texts left_out_of(hst_call *call, const struct email_mail *mail)
{
	const char **at = hst_alloc(call, (mail->attachments_n + 1) * sizeof *at);
	size_t n = 0;

	for (size_t i = 0; i < mail->attachments_n; i++) {
		const struct email_attachment *attachment = &mail->attachments[i];
		char *line;

		if (!attachment->refused || attachment->inside)
			continue;
		line = hst_alloc(call, EMAIL_NAME_MAX + 300);
		snprintf(line, EMAIL_NAME_MAX + 300, "%s: %.200s", attachment->name, attachment->refused);
		at[n++] = line;
	}
	return (hst_texts){n, at};
}

/* At the end of a character. */
static const char *cut_text(hst_call *call, const char *text, size_t n)
{
	while (n && ((unsigned char)text[n] >> 6) == 2)
		n--;
	return hst_copy(call, text, n);
}

static void fit(hst_call *call, struct email_event *event, size_t *bytes)
{
	size_t html = json_bytes(event->html), text = json_bytes(event->text);

	if (*bytes + html + text > EVENT_JSON_MAX && *event->html) {
		event->html = "";
		event->cut = true;
		html = 0;
	}
	if (*bytes + html + text > EVENT_JSON_MAX && strlen(event->text) > TEXT_WHEN_CUT) {
		event->text = cut_text(call, event->text, TEXT_WHEN_CUT);
		event->cut = true;
		text = json_bytes(event->text);
	}
	*bytes += html + text;
}

struct email_event *email_event_of(hst_call *call, const struct email_mail *mail, const struct email_raw *raw, const hst_files *files,
				   size_t *ret_bytes)
{
	struct email_event *event = hst_alloc(call, sizeof *event);
	size_t bytes = 1024 + files->n * 300;

	*event = (struct email_event){
		.from = keep(call, mail->from.n ? mail->from.at[0].address : ""),
		.from_name = keep(call, mail->from.n ? mail->from.at[0].name : ""),
		.to = addresses_of(call, &mail->to),
		.cc = addresses_of(call, &mail->cc),
		.reply_to = keep(call, mail->reply_to.n ? mail->reply_to.at[0].address : mail->from.n ? mail->from.at[0].address : ""),
		.subject = keep(call, mail->subject),
		.date.us = mail->date.us ? mail->date.us : raw->received_us,
		.message_id = keep(call, mail->message_id),
		.in_reply_to = keep(call, mail->in_reply_to),
		.references = keep_all(call, &mail->references),
		.importance.index = (int)mail->importance,
		.text = keep(call, mail->text),
		.html = keep(call, mail->html),
		.headers = headers_of(call, mail, &bytes),
		.attachments = *files,
		.left_out = left_out_of(call, mail),
		.cut = mail->cut,
		.received.us = raw->received_us,
	};
	bytes += json_bytes(event->from) + json_bytes(event->from_name) + list_bytes(&event->to) + list_bytes(&event->cc) +
		 json_bytes(event->reply_to) + json_bytes(event->subject) + json_bytes(event->message_id) + json_bytes(event->in_reply_to) +
		 list_bytes(&event->references) + list_bytes(&event->left_out);
	fit(call, event, &bytes);
	*ret_bytes = bytes;
	return event;
}

/* Each with its length in front, so that no two rows of texts are the same bytes. */
static void add(gnutls_hash_hd_t digest, const void *bytes, uint64_t n)
{
	gnutls_hash(digest, &n, sizeof n);
	gnutls_hash(digest, bytes, (size_t)n);
}

static void add_text(gnutls_hash_hd_t digest, const char *text)
{
	add(digest, text, strlen(text));
}

static void add_what_it_says(gnutls_hash_hd_t digest, const struct email_mail *mail)
{
	add_text(digest, mail->message_id);
	add_text(digest, mail->from.n ? mail->from.at[0].address : "");
	add_text(digest, mail->subject);
	add(digest, &mail->date.us, sizeof mail->date.us);
	add_text(digest, mail->text);
	add_text(digest, mail->html);
	for (size_t i = 0; i < mail->attachments_n; i++) {
		uint64_t size = mail->attachments[i].size;

		add_text(digest, mail->attachments[i].name);
		add(digest, &size, sizeof size);
	}
}

const char *email_event_key(hst_call *call, const struct email_mail *mail, const struct email_raw *raw,
			    const unsigned char contents[EMAIL_CONTENTS_BYTES])
{
	char *key = hst_alloc(call, 2 * KEY_BYTES + 8);
	unsigned char bytes[32];
	gnutls_hash_hd_t digest;
	bool named = *mail->message_id;

	if (gnutls_hash_init(&digest, GNUTLS_DIG_SHA256) < 0)
		abort();
	if (named) {
		add_what_it_says(digest, mail);
		add(digest, contents, EMAIL_CONTENTS_BYTES);
	} else {
		add(digest, &raw->received_us, sizeof raw->received_us);
		add(digest, raw->bytes, raw->n);
	}
	gnutls_hash_deinit(digest, bytes);
	snprintf(key, 8, "%s:", named ? "id" : "raw");
	for (size_t i = 0; i < KEY_BYTES; i++)
		snprintf(key + strlen(key), 3, "%02x", bytes[i]);
	return key;
}
