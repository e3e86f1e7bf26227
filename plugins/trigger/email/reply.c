#include "reply.h"

#include "texts.h"

#include <stdlib.h>
#include <string.h>

struct frame {
	const char *at;
	size_t n;
};

static void *must(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

static void *list_add(struct email_list *list, size_t size)
{
	if (list->n == list->room) {
		list->room = list->room ? 2 * list->room : 16;
		list->at = must(realloc(list->at, list->room * size));
	}
	return (char *)list->at + list->n++ * size;
}

static void list_append(struct email_list *list, struct frame more)
{
	if (list->n + more.n > list->room) {
		list->room = 2 * (list->n + more.n);
		list->at = must(realloc(list->at, list->room));
	}
	memcpy((char *)list->at + list->n, more.at, more.n);
	list->n += more.n;
}

static void *keep(struct email_reply *reply, void *memory)
{
	if (reply->memory_n == reply->memory_room) {
		reply->memory_room = reply->memory_room ? 2 * reply->memory_room : 64;
		reply->memory = must(realloc(reply->memory, reply->memory_room * sizeof *reply->memory));
	}
	reply->memory[reply->memory_n++] = must(memory);
	return memory;
}

static const char *keep_text(struct email_reply *reply, struct frame text)
{
	char *copy = keep(reply, malloc(text.n + 1));

	memcpy(copy, text.at, text.n);
	copy[text.n] = '\0';
	return copy;
}

static int nonsense(hst_error *err, const char *what)
{
	return hst_fail(err, HST_BROKEN, "the mail parser says nonsense: %s", what);
}

/* Apart at the first NUL. */
static bool split(struct frame frame, struct frame *ret_first, struct frame *ret_second)
{
	const char *nul = memchr(frame.at, '\0', frame.n);

	if (!nul)
		return false;
	*ret_first = (struct frame){frame.at, (size_t)(nul - frame.at)};
	*ret_second = (struct frame){nul + 1, frame.n - ret_first->n - 1};
	return true;
}

static int take_subject(struct email_reply *reply, enum email_kind kind, struct frame frame, hst_error *err)
{
	(void)kind;
	if (!email_texts_line(frame.at, frame.n))
		return nonsense(err, "a subject that is no line");
	reply->mail.subject = keep_text(reply, frame);
	return HST_OK;
}

static int take_date(struct email_reply *reply, enum email_kind kind, struct frame frame, hst_error *err)
{
	uint64_t seconds = email_get64((const unsigned char *)frame.at);

	(void)kind;
	if (seconds == 0 || seconds > 253402300799)
		return nonsense(err, "a date that is none");
	reply->mail.date.us = (int64_t)seconds * 1000000;
	return HST_OK;
}

static int take_id(struct email_reply *reply, enum email_kind kind, struct frame frame, hst_error *err)
{
	const char *id;

	if (!email_texts_word(frame.at, frame.n))
		return nonsense(err, "an id that is none");
	id = keep_text(reply, frame);
	if (kind == EMAIL_MESSAGE_ID)
		reply->mail.message_id = id;
	else if (kind == EMAIL_IN_REPLY_TO)
		reply->mail.in_reply_to = id;
	else if (reply->references.n == 1000)
		return nonsense(err, "too many references");
	else
		*(const char **)list_add(&reply->references, sizeof id) = id;
	return HST_OK;
}

static int take_address(struct email_reply *reply, enum email_kind kind, struct frame frame, hst_error *err)
{
	struct email_list *list = kind == EMAIL_FROM ? &reply->from : kind == EMAIL_TO ? &reply->to : kind == EMAIL_CC ? &reply->cc : &reply->reply_to;
	struct frame name, address;

	if (list->n >= reply->limits->addresses)
		return nonsense(err, "too many addresses");
	if (!split(frame, &name, &address) || !email_texts_line(name.at, name.n) || !email_texts_word(address.at, address.n))
		return nonsense(err, "an address that is none");
	*(struct email_address *)list_add(list, sizeof(struct email_address)) =
		(struct email_address){keep_text(reply, name), keep_text(reply, address)};
	return HST_OK;
}

static int take_importance(struct email_reply *reply, enum email_kind kind, struct frame frame, hst_error *err)
{
	(void)kind;
	if ((unsigned char)frame.at[0] > EMAIL_HIGH)
		return nonsense(err, "an importance that is none");
	reply->mail.importance = (email_importance)frame.at[0];
	return HST_OK;
}

static int take_header(struct email_reply *reply, enum email_kind kind, struct frame frame, hst_error *err)
{
	struct frame name, value;

	(void)kind;
	if (!split(frame, &name, &value) || !email_texts_name(name.at, name.n) || !email_texts_line(value.at, value.n))
		return nonsense(err, "a header that is none");
	reply->header_bytes += name.n + value.n;
	if (reply->headers.n >= reply->limits->headers || reply->header_bytes > reply->limits->header_bytes)
		return nonsense(err, "too many headers");
	*(struct email_header *)list_add(&reply->headers, sizeof(struct email_header)) =
		(struct email_header){keep_text(reply, name), keep_text(reply, value)};
	return HST_OK;
}

static int take_authentication(struct email_reply *reply, enum email_kind kind, struct frame frame, hst_error *err)
{
	(void)kind;
	reply->authentication_bytes += frame.n;
	if (!email_texts_line(frame.at, frame.n))
		return nonsense(err, "an Authentication-Results that is no line");
	if (reply->authentication.n >= reply->limits->headers || reply->authentication_bytes > reply->limits->header_bytes)
		return nonsense(err, "too much of Authentication-Results");
	*(const char **)list_add(&reply->authentication, sizeof(char *)) = keep_text(reply, frame);
	return HST_OK;
}

/* What it says as a whole is looked at at the end. */
static int take_piece(struct email_reply *reply, enum email_kind kind, struct frame frame, hst_error *err)
{
	struct email_list *list = kind == EMAIL_TEXT ? &reply->text : &reply->html;

	if (list->n + frame.n > (kind == EMAIL_TEXT ? reply->limits->text_bytes : reply->limits->html_bytes))
		return nonsense(err, "too much text");
	list_append(list, frame);
	return HST_OK;
}

static int sink_says(struct email_reply *reply, int code)
{
	reply->of_sink = code != HST_OK;
	return code;
}

static int end_attachment(struct email_reply *reply, hst_error *err)
{
	reply->giving = false;
	if (!reply->sink || !reply->sink->done)
		return HST_OK;
	return sink_says(reply, reply->sink->done(reply->sink->context, &reply->mail.attachments[reply->mail.attachments_n - 1], err));
}

/* Asks the sink; when it will not have it, what comes of its bytes is passed over. */
static int begin_attachment(struct email_reply *reply, struct email_attachment *attachment, hst_error *err)
{
	hst_error why = {0};
	int code;

	reply->left = attachment->size;
	reply->given += attachment->size;
	if (!reply->sink || attachment->size > reply->limits->attachment_bytes || reply->given > reply->limits->attachments_bytes)
		return nonsense(err, "bytes that nobody has asked for");
	code = reply->sink->take(reply->sink->context, attachment, &why);
	if (code == HST_DENIED)
		attachment->refused = keep_text(reply, (struct frame){why.text, strlen(why.text)});
	else if (code != HST_OK)
		return err ? *err = why, sink_says(reply, code) : sink_says(reply, code);
	reply->giving = code == HST_OK;
	return reply->giving && reply->left == 0 ? end_attachment(reply, err) : HST_OK;
}

static int take_attachment(struct email_reply *reply, enum email_kind kind, struct frame frame, hst_error *err)
{
	static const char *const left_out[EMAIL_LEFT_OUT_COUNT] = {NULL, "not asked for", "larger than one attachment may be",
	                                                           "the attachments of the mail together are larger than they may be"};
	struct email_attachment *attachment;
	struct frame type, name;
	uint64_t size = email_get64((const unsigned char *)frame.at);
	unsigned char inside = (unsigned char)frame.at[8], why = (unsigned char)frame.at[9];

	(void)kind;
	if (reply->left > 0 || reply->mail.attachments_n >= reply->limits->attachments)
		return nonsense(err, "an attachment too many");
	if (!split((struct frame){frame.at + 10, frame.n - 10}, &type, &name) || !email_texts_type(type.at, type.n) ||
	    !email_texts_file(name.at, name.n) || size > EMAIL_RAW_MAX || inside > 1 || why >= EMAIL_LEFT_OUT_COUNT)
		return nonsense(err, "an attachment that is none");
	attachment = &reply->mail.attachments[reply->mail.attachments_n++];
	*attachment = (struct email_attachment){.name = keep_text(reply, name), .type = keep_text(reply, type), .size = (size_t)size,
	                                        .inside = inside, .refused = left_out[why]};
	return why == EMAIL_GIVEN ? begin_attachment(reply, attachment, err) : HST_OK;
}

static int take_bytes(struct email_reply *reply, enum email_kind kind, struct frame frame, hst_error *err)
{
	int code;

	(void)kind;
	if (frame.n > reply->left)
		return nonsense(err, "more bytes than an attachment has");
	reply->left -= frame.n;
	if (!reply->giving)
		return HST_OK;
	code = reply->sink->bytes(reply->sink->context, &reply->mail.attachments[reply->mail.attachments_n - 1], frame.at, frame.n, err);
	if (code != HST_OK)
		return sink_says(reply, code);
	return reply->left == 0 ? end_attachment(reply, err) : HST_OK;
}

static int take_mark(struct email_reply *reply, enum email_kind kind, struct frame frame, hst_error *err)
{
	(void)frame, (void)err;
	if (kind == EMAIL_CUT)
		reply->mail.cut = true;
	else
		reply->mail.text_of_html = true;
	return HST_OK;
}

static int take_end(struct email_reply *reply, enum email_kind kind, struct frame frame, hst_error *err)
{
	struct email_mail *mail = &reply->mail;

	(void)kind, (void)frame;
	if (reply->left > 0)
		return nonsense(err, "an attachment that is not there as a whole");
	if (!email_texts_text(reply->text.at, reply->text.n) || !email_texts_valid(reply->html.at, reply->html.n))
		return nonsense(err, "a text that is none");
	list_append(&reply->text, (struct frame){"", 1});
	list_append(&reply->html, (struct frame){"", 1});
	mail->text = reply->text.at;
	mail->html = reply->html.at;
	mail->from = (struct email_addresses){reply->from.at, reply->from.n};
	mail->to = (struct email_addresses){reply->to.at, reply->to.n};
	mail->cc = (struct email_addresses){reply->cc.at, reply->cc.n};
	mail->reply_to = (struct email_addresses){reply->reply_to.at, reply->reply_to.n};
	mail->references = (hst_texts){reply->references.n, reply->references.at};
	mail->headers = reply->headers.at;
	mail->headers_n = reply->headers.n;
	mail->authentication_results = (hst_texts){reply->authentication.n, reply->authentication.at};
	reply->ended = true;
	return HST_OK;
}

/* What may come in an answer, and how long it is. */
static const struct {
	int (*take)(struct email_reply *reply, enum email_kind kind, struct frame frame, hst_error *err);
	size_t least, most;
	bool once, below; /* below the header section */
} kinds[EMAIL_KINDS] = {
	[EMAIL_SUBJECT] = {take_subject, 0, EMAIL_VALUE_MAX, true, false},
	[EMAIL_DATE] = {take_date, 8, 8, true, false},
	[EMAIL_MESSAGE_ID] = {take_id, 1, 998, true, false},
	[EMAIL_IN_REPLY_TO] = {take_id, 1, 998, true, false},
	[EMAIL_REFERENCE] = {take_id, 1, 998, false, false},
	[EMAIL_FROM] = {take_address, 2, 2000, false, false},
	[EMAIL_TO] = {take_address, 2, 2000, false, false},
	[EMAIL_CC] = {take_address, 2, 2000, false, false},
	[EMAIL_REPLY_TO] = {take_address, 2, 2000, false, false},
	[EMAIL_IMPORTANCE] = {take_importance, 1, 1, true, false},
	[EMAIL_HEADER] = {take_header, 2, EMAIL_VALUE_MAX, false, false},
	[EMAIL_AUTHENTICATION] = {take_authentication, 0, EMAIL_VALUE_MAX, false, false},
	[EMAIL_TEXT] = {take_piece, 1, EMAIL_FRAME_MAX, false, true},
	[EMAIL_TEXT_OF_HTML] = {take_mark, 0, 0, true, true},
	[EMAIL_HTML] = {take_piece, 1, EMAIL_FRAME_MAX, false, true},
	[EMAIL_ATTACHMENT] = {take_attachment, 13, 1000, false, true},
	[EMAIL_BYTES] = {take_bytes, 1, EMAIL_FRAME_MAX, false, true},
	[EMAIL_CUT] = {take_mark, 0, 0, true, false},
	[EMAIL_END] = {take_end, 0, 0, true, false},
};

static int check_kind(const struct email_reply *reply, unsigned kind, size_t n, hst_error *err)
{
	bool back = kind == EMAIL_ATTACHMENT && reply->last == EMAIL_BYTES;

	if (kind >= EMAIL_KINDS || !kinds[kind].take || (reply->head && kinds[kind].below))
		return nonsense(err, "a frame that has no place here");
	if ((kind < reply->last && !back) || (kind == reply->last && kinds[kind].once))
		return nonsense(err, "frames that are not in order");
	if (n < kinds[kind].least || n > kinds[kind].most)
		return nonsense(err, "a frame that is too long or too short");
	return HST_OK;
}

/* How many bytes the frame has of which `reply->n` are there; as many as are needed to say that, first. */
static size_t wanted(const struct email_reply *reply)
{
	return reply->n < EMAIL_FRAME_HEAD ? EMAIL_FRAME_HEAD : EMAIL_FRAME_HEAD + email_get32(reply->frame + 1);
}

static int take_frame(struct email_reply *reply, hst_error *err)
{
	enum email_kind kind = (enum email_kind)reply->frame[0];
	int code = kinds[kind].take(reply, kind, (struct frame){(const char *)reply->frame + EMAIL_FRAME_HEAD, reply->n - EMAIL_FRAME_HEAD}, err);

	reply->last = kind;
	reply->n = 0;
	return code;
}

int email_reply_take(struct email_reply *reply, const void *bytes, size_t n, hst_error *err)
{
	const unsigned char *at = bytes;
	int code = HST_OK;

	while (n > 0 && code == HST_OK) {
		size_t part = wanted(reply) - reply->n;

		if (reply->ended)
			return nonsense(err, "something behind its end");
		part = part < n ? part : n;
		memcpy(reply->frame + reply->n, at, part);
		reply->n += part;
		at += part;
		n -= part;
		if (reply->n == EMAIL_FRAME_HEAD && part > 0)
			code = check_kind(reply, reply->frame[0], email_get32(reply->frame + 1), err);
		if (code == HST_OK && reply->n >= EMAIL_FRAME_HEAD && reply->n == wanted(reply))
			code = take_frame(reply, err);
	}
	return code;
}

void email_reply_begin(struct email_reply *reply, bool head, const struct email_limits *limits, const struct email_sink *sink)
{
	email_reply_clear(reply);
	reply->head = head;
	reply->limits = limits;
	reply->sink = sink;
	reply->mail = (struct email_mail){.subject = "", .message_id = "", .in_reply_to = "", .importance = EMAIL_NORMAL, .text = "", .html = ""};
	reply->mail.attachments = keep(reply, calloc(limits->attachments + 1, sizeof *reply->mail.attachments));
}

void email_reply_clear(struct email_reply *reply)
{
	struct email_list *const lists[] = {&reply->from, &reply->to, &reply->cc, &reply->reply_to, &reply->references, &reply->headers,
	                                    &reply->authentication, &reply->text, &reply->html};

	for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
		free(lists[i]->at);
	for (size_t i = 0; i < reply->memory_n; i++)
		free(reply->memory[i]);
	free(reply->memory);
	memset(reply, 0, offsetof(struct email_reply, frame));
}
