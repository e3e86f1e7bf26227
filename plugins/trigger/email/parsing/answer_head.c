/* What the header section of a mail says: who, to whom, when, about what; and all of it as it stands. */
#include "answer.h"

#include "../parser.h"
#include "../texts.h"
#include "addresses.h"
#include "charsets.h"

#include <string.h>

struct saying {
	struct mail_say *say;
	const struct mail_section *section;
	const uint64_t *limits;
	GMimeParserOptions *options;
	bool whole;
};

enum {
	ADDRESSES_BYTES_MAX = 256 << 10, /* of all headers of one kind */
	REFERENCES_MAX = 1000,
	DECODED_MAX = EMAIL_VALUE_MAX - 512 /* beside the name */
};

/* Decoded, in UTF-8, one line. */
static GString *decoded(struct saying *it, const char *value)
{
	g_autofree char *text = g_mime_utils_header_decode_text(it->options, value);
	GString *line = g_string_new(text);

	it->whole = mail_charsets_line(line, DECODED_MAX) && it->whole;
	return line;
}

static void say_subject(struct saying *it)
{
	const char *value = mail_section_get(it->section, "Subject");

	if (value) {
		g_autoptr(GString) subject = decoded(it, value);

		g_strstrip(subject->str);
		mail_say(it->say, EMAIL_SUBJECT, subject->str, strlen(subject->str));
	}
}

/* From 1970 to 9999: what events can hold. */
static void say_date(struct saying *it)
{
	const char *value = mail_section_get(it->section, "Date");
	g_autoptr(GDateTime) date = value ? g_mime_utils_header_decode_date(value) : NULL;
	gint64 seconds = date ? g_date_time_to_unix(date) : 0;
	unsigned char bytes[8];

	if (seconds <= 0 || seconds > 253402300799)
		return;
	email_put64(bytes, (uint64_t)seconds);
	mail_say(it->say, EMAIL_DATE, bytes, sizeof bytes);
}

/* As the worker will look at it. */
static bool is_fit(const char *id, gsize most)
{
	gsize n = strlen(id);

	return n <= most && email_texts_word(id, n);
}

static void say_ids(struct saying *it, const char *header, enum email_kind kind, int most)
{
	const char *value = mail_section_get(it->section, header);
	GMimeReferences *ids = value ? g_mime_references_parse(it->options, value) : NULL;
	int n = ids ? g_mime_references_length(ids) : 0;

	for (int i = 0, said = 0; i < n && said < most; i++) {
		const char *id = g_mime_references_get_message_id(ids, i);

		if (is_fit(id, 998)) {
			mail_say(it->say, kind, id, strlen(id));
			said++;
		}
	}
	/* Some programs leave out < and >. */
	if (n == 0 && most == 1 && value && is_fit(value, 998))
		mail_say(it->say, kind, value, strlen(value));
	if (n > most && most > 1)
		it->whole = false;
	if (ids)
		g_mime_references_free(ids);
}

static void say_addresses(struct saying *it, InternetAddressList *list, enum email_kind kind, uint64_t *left)
{
	for (int i = 0; i < internet_address_list_length(list); i++) {
		InternetAddress *address = internet_address_list_get_address(list, i);

		if (INTERNET_ADDRESS_IS_GROUP(address)) {
			say_addresses(it, internet_address_group_get_members(INTERNET_ADDRESS_GROUP(address)), kind, left);
		} else if (INTERNET_ADDRESS_IS_MAILBOX(address)) {
			const char *to = internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(address));
			g_autoptr(GString) name = g_string_new(internet_address_get_name(address));

			if (!to || !is_fit(to, 320))
				continue;
			if (*left == 0) {
				it->whole = false;
				return;
			}
			--*left;
			it->whole = mail_charsets_line(name, 1000) && it->whole;
			mail_say_pair(it->say, kind, name->str, name->len, to, strlen(to));
		}
	}
}

static void say_list(struct saying *it, const char *value, enum email_kind kind, uint64_t *left)
{
	while (*value) {
		gsize n = mail_addresses_piece(value);
		g_autofree char *piece = g_strndup(value, n);
		InternetAddressList *list = n > 0 ? internet_address_list_parse(it->options, piece) : NULL;

		if (list) {
			say_addresses(it, list, kind, left);
			g_object_unref(list);
		}
		if (n == 0) {
			it->whole = false;
			return;
		}
		value += n;
	}
}

/* Some programs write several. */
static void say_header_of_addresses(struct saying *it, const char *name, enum email_kind kind)
{
	uint64_t left = it->limits[EMAIL_LIMIT_ADDRESSES];
	gsize bytes = 0;

	for (guint i = 0; i < it->section->headers->len; i++) {
		const struct mail_header *header = &g_array_index(it->section->headers, struct mail_header, i);

		if (g_ascii_strcasecmp(header->name, name) != 0)
			continue;
		bytes += strlen(header->value);
		if (bytes > ADDRESSES_BYTES_MAX) {
			it->whole = false;
			return;
		}
		say_list(it, header->value, kind, &left);
	}
}

/* What programs write for it, in the order in which they are asked. */
static const struct {
	const char *header, *begins;
	email_importance importance;
} importances[] = {
	{"Importance", "high", EMAIL_HIGH},
	{"Importance", "low", EMAIL_LOW},
	{"Importance", "normal", EMAIL_NORMAL},
	{"X-Priority", "1", EMAIL_HIGH},
	{"X-Priority", "2", EMAIL_HIGH},
	{"X-Priority", "3", EMAIL_NORMAL},
	{"X-Priority", "4", EMAIL_LOW},
	{"X-Priority", "5", EMAIL_LOW},
	{"Priority", "urgent", EMAIL_HIGH},
	{"Priority", "non-urgent", EMAIL_LOW},
	{"Priority", "normal", EMAIL_NORMAL},
	{"X-MSMail-Priority", "high", EMAIL_HIGH},
	{"X-MSMail-Priority", "low", EMAIL_LOW},
	{"X-MSMail-Priority", "normal", EMAIL_NORMAL},
};

static void say_importance(struct saying *it)
{
	for (gsize i = 0; i < G_N_ELEMENTS(importances); i++) {
		const char *value = mail_section_get(it->section, importances[i].header);
		gsize n = strlen(importances[i].begins);

		if (value && g_ascii_strncasecmp(value, importances[i].begins, n) == 0 && !g_ascii_isalnum(value[n])) {
			unsigned char importance = (unsigned char)importances[i].importance;

			mail_say(it->say, EMAIL_IMPORTANCE, &importance, 1);
			return;
		}
	}
}

static void say_headers(struct saying *it)
{
	uint64_t left = it->limits[EMAIL_LIMIT_HEADER], most = it->limits[EMAIL_LIMIT_HEADERS];

	for (guint i = 0; i < it->section->headers->len; i++) {
		const struct mail_header *header = &g_array_index(it->section->headers, struct mail_header, i);
		g_autoptr(GString) value = NULL;
		gsize n = strlen(header->name);

		if (most == 0) {
			it->whole = false;
			return;
		}
		value = decoded(it, header->value);
		if (n + value->len > left) {
			it->whole = false;
			continue;
		}
		left -= n + value->len;
		most--;
		mail_say_pair(it->say, EMAIL_HEADER, header->name, n, value->str, value->len);
	}
}

/* Not decoded: what is encoded in it was not written by the server whose word is asked for. */
static void say_authentication(struct saying *it)
{
	uint64_t left = it->limits[EMAIL_LIMIT_HEADER], most = it->limits[EMAIL_LIMIT_HEADERS];

	for (guint i = 0; i < it->section->headers->len; i++) {
		const struct mail_header *header = &g_array_index(it->section->headers, struct mail_header, i);
		g_autoptr(GString) value = NULL;

		if (g_ascii_strcasecmp(header->name, "Authentication-Results") != 0)
			continue;
		value = g_string_new(header->value);
		it->whole = mail_charsets_line(value, DECODED_MAX) && it->whole;
		if (most == 0 || value->len > left) {
			it->whole = false;
			return;
		}
		most--;
		left -= value->len;
		mail_say(it->say, EMAIL_AUTHENTICATION, value->str, value->len);
	}
}

bool mail_answer_head(struct mail_say *say, const struct mail_section *section, const uint64_t *limits, GMimeParserOptions *options)
{
	struct saying it = {say, section, limits, options, true};

	say_subject(&it);
	say_date(&it);
	say_ids(&it, "Message-ID", EMAIL_MESSAGE_ID, 1);
	say_ids(&it, "In-Reply-To", EMAIL_IN_REPLY_TO, 1);
	say_ids(&it, "References", EMAIL_REFERENCE, REFERENCES_MAX);
	say_header_of_addresses(&it, "From", EMAIL_FROM);
	say_header_of_addresses(&it, "To", EMAIL_TO);
	say_header_of_addresses(&it, "Cc", EMAIL_CC);
	say_header_of_addresses(&it, "Reply-To", EMAIL_REPLY_TO);
	say_importance(&it);
	say_headers(&it);
	say_authentication(&it);
	return it.whole;
}
