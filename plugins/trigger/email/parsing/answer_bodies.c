/* What a mail says below its header section: its text, its html, and its attachments with their bytes. */
#include "answer.h"

#include "../parser.h"
#include "charsets.h"
#include "html.h"
#include "names.h"

#include <string.h>

enum {
	STEP = 48 << 10,           /* bytes that are decoded at a time */
	HTML_READ_MAX = 4 << 20    /* of a page, to make text of it */
};

struct bodies {
	struct mail_say *say;
	const uint64_t *limits;
	GArray *parts;
	bool *said; /* of each part: it is in the text or the html, or another form of what is */
	bool whole;
};

static struct mail_part *part_at(const struct bodies *it, guint i)
{
	return &g_array_index(it->parts, struct mail_part, i);
}

/* One that is shown, and not attached. */
static bool is_shown(const struct mail_part *part, const char *type)
{
	return !part->attached && !part->file_name && strcmp(part->type, type) == 0;
}

/* Old programs write their bytes between lines of their own, and some text in front. */
static struct mail_span behind_begin(struct mail_span body)
{
	for (gsize at = 0; at < body.n; at = mail_line_end(body, at)) {
		if (body.n - at > 6 && memcmp(body.at + at, "begin ", 6) == 0) {
			gsize end = mail_line_end(body, at);

			return (struct mail_span){body.at + end, body.n - end};
		}
	}
	return (struct mail_span){body.at, 0};
}

/* Hands the decoded bytes to `each`, step by step, until it says no. */
static void decode(const struct mail_part *part, bool (*each)(void *context, const char *bytes, gsize n), void *context)
{
	struct mail_span body = part->body;
	g_autofree char *to = NULL;
	GMimeEncoding encoding;

	g_mime_encoding_init_decode(&encoding, part->encoding);
	if (part->encoding == GMIME_CONTENT_ENCODING_UUENCODE) {
		body = behind_begin(body);
		encoding.state |= GMIME_UUDECODE_STATE_BEGIN;
	}
	to = g_malloc(g_mime_encoding_outlen(&encoding, STEP) + 64);
	for (gsize at = 0; at < body.n; at += STEP) {
		gsize n = MIN((gsize)STEP, body.n - at);

		if (!each(context, to, g_mime_encoding_step(&encoding, body.at + at, n, to)))
			return;
	}
}

struct gathered {
	GString *bytes;
	gsize max;
	bool cut;
};

static bool gather(void *context, const char *bytes, gsize n)
{
	struct gathered *gathered = context;
	gsize fits = MIN(n, gathered->max - gathered->bytes->len);

	g_string_append_len(gathered->bytes, bytes, (gssize)fits);
	gathered->cut = fits < n;
	return !gathered->cut;
}

/* What the part says, appended to `to` as UTF-8 until that is `max` long. */
static bool append_text(const struct mail_part *part, GString *to, gsize max)
{
	struct gathered gathered = {g_string_new(NULL), 4 * max + 64, false};
	bool whole;

	decode(part, gather, &gathered);
	whole = mail_charsets_append(to, gathered.bytes->str, gathered.bytes->len, part->charset, max) && !gathered.cut;
	g_string_free(gathered.bytes, TRUE);
	return whole;
}

/* Lines end with \n alone; other control characters are blanks, but for tabs and the page break. */
static void tidy(GString *text)
{
	gsize to = 0;

	for (gsize i = 0; i < text->len; i++) {
		char c = text->str[i];

		if (c == '\r' && i + 1 < text->len && text->str[i + 1] == '\n')
			continue;
		if (c == '\r')
			c = '\n';
		else if (((unsigned char)c < ' ' && c != '\n' && c != '\t' && c != '\f') || c == 0x7f)
			c = ' ';
		text->str[to++] = c;
	}
	g_string_truncate(text, to);
}

static void append_page(struct bodies *it, const struct mail_part *part, GString *to)
{
	g_autoptr(GString) page = g_string_new(NULL);

	it->whole = append_text(part, page, HTML_READ_MAX) && it->whole;
	it->whole = mail_html_text(to, page->str, page->len, it->limits[EMAIL_LIMIT_TEXT]) && it->whole;
}

/* The first of a type among the parts that are forms of the same; NULL where there is none. */
static const struct mail_part *form_of(const struct bodies *it, guint alternative, const char *type)
{
	for (guint i = 0; i < it->parts->len; i++)
		if (part_at(it, i)->alternative == alternative && is_shown(part_at(it, i), type))
			return part_at(it, i);
	return NULL;
}

struct texts {
	GString *text, *html;
	bool plain, pages; /* some of the text was plain, some was made of html */
};

static void separate(GString *text)
{
	if (text->len > 0 && text->str[text->len - 1] != '\n')
		g_string_append_c(text, '\n');
}

static bool is_blank(const GString *text, gsize from)
{
	return text->len - from == strspn(text->str + from, " \t\r\n");
}

/* A plain part with nothing in it, as some programs put beside a page, is none. Whether it has said something. */
static bool add_plain(struct bodies *it, GString *text, const struct mail_part *plain)
{
	gsize from = text->len;

	it->whole = append_text(plain, text, it->limits[EMAIL_LIMIT_TEXT]) && it->whole;
	if (!is_blank(text, from))
		return true;
	g_string_truncate(text, from);
	return false;
}

static void add_forms(struct bodies *it, struct texts *texts, const struct mail_part *plain, const struct mail_part *html)
{
	if (texts->text->len + 1 >= it->limits[EMAIL_LIMIT_TEXT]) {
		it->whole = false;
	} else {
		separate(texts->text);
		if (plain && add_plain(it, texts->text, plain)) {
			texts->plain = true;
		} else if (html) {
			append_page(it, html, texts->text);
			texts->pages = true;
		}
	}
	if (html)
		it->whole = append_text(html, texts->html, it->limits[EMAIL_LIMIT_HTML]) && it->whole;
}

/* Parts that are shown one after another, as programs show them; of those that say the same the plain one is text, the other html. */
static void find_texts(struct bodies *it, struct texts *texts)
{
	guint seen = 0;

	for (guint i = 0; i < it->parts->len; i++) {
		const struct mail_part *part = part_at(it, i);
		const struct mail_part *plain = is_shown(part, "text/plain") ? part : NULL, *html = is_shown(part, "text/html") ? part : NULL;

		if (!plain && !html)
			continue;
		it->said[i] = true;
		if (part->alternative && part->alternative <= seen)
			continue;
		if (part->alternative) {
			seen = part->alternative;
			plain = form_of(it, seen, "text/plain");
			html = form_of(it, seen, "text/html");
		}
		add_forms(it, texts, plain, html);
	}
}

static void say_texts(struct bodies *it)
{
	struct texts texts = {.text = g_string_new(NULL), .html = g_string_new(NULL)};

	find_texts(it, &texts);
	tidy(texts.text);
	mail_say_long(it->say, EMAIL_TEXT, texts.text->str, texts.text->len);
	if (texts.pages && !texts.plain)
		mail_say(it->say, EMAIL_TEXT_OF_HTML, NULL, 0);
	mail_say_long(it->say, EMAIL_HTML, texts.html->str, texts.html->len);
	g_string_free(texts.text, TRUE);
	g_string_free(texts.html, TRUE);
}

static bool count(void *context, const char *bytes, gsize n)
{
	(void)bytes;
	*(uint64_t *)context += n;
	return true;
}

static bool give(void *context, const char *bytes, gsize n)
{
	struct mail_say *say = context;

	mail_say_long(say, EMAIL_BYTES, bytes, n);
	return !say->failed;
}

static enum email_left_out left_out(const struct bodies *it, uint64_t size, uint64_t left)
{
	if (!it->limits[EMAIL_LIMIT_GIVE])
		return EMAIL_NOT_ASKED;
	if (size > it->limits[EMAIL_LIMIT_ATTACHMENT])
		return EMAIL_TOO_LARGE;
	return size > left ? EMAIL_TOGETHER_TOO_LARGE : EMAIL_GIVEN;
}

static void say_attachment(struct bodies *it, const struct mail_part *part, guint number, uint64_t *left)
{
	g_autofree char *name = mail_names_fit(part->file_name, part->type, number);
	g_autoptr(GString) head = g_string_new(NULL);
	enum email_left_out why;
	unsigned char bytes[8];
	uint64_t size = 0;

	decode(part, count, &size);
	why = left_out(it, size, *left);
	email_put64(bytes, size);
	g_string_append_len(head, (const char *)bytes, sizeof bytes);
	g_string_append_c(head, part->inside ? 1 : 0);
	g_string_append_c(head, (char)why);
	g_string_append_len(head, part->type, (gssize)strlen(part->type) + 1);
	g_string_append(head, name);
	mail_say(it->say, EMAIL_ATTACHMENT, head->str, head->len);
	if (why == EMAIL_GIVEN) {
		*left -= size;
		decode(part, give, it->say);
	}
}

static void say_attachments(struct bodies *it)
{
	uint64_t left = it->limits[EMAIL_LIMIT_ALL_ATTACHMENTS];
	guint number = 0;

	for (guint i = 0; i < it->parts->len && !it->say->failed; i++) {
		if (it->said[i])
			continue;
		if (number == it->limits[EMAIL_LIMIT_ATTACHMENTS]) {
			it->whole = false;
			return;
		}
		say_attachment(it, part_at(it, i), ++number, &left);
	}
}

bool mail_answer_bodies(struct mail_say *say, const struct mail_parts *parts, const uint64_t *limits)
{
	struct bodies it = {say, limits, parts->at, g_new0(bool, parts->at->len + 1), true};

	say_texts(&it);
	say_attachments(&it);
	g_free(it.said);
	return it.whole;
}
