/*
 * What hostler-mail-parser says of a mail, read by the worker. Whoever wrote the mail may have made that process say anything at all: a
 * frame that is not exactly as frames.h has it, a count or size beyond the limits, a text that is not what it has to be, ends
 * the reading.
 */
#ifndef PLUGINS_TRIGGER_EMAIL_REPLY_H
#define PLUGINS_TRIGGER_EMAIL_REPLY_H

#include "frames.h"
#include "parser.h"

struct email_list {
	void *at;
	size_t n, room;
};

struct email_reply {
	struct email_mail mail; /* complete once it has `ended` */
	bool ended;
	bool of_sink; /* a failure is what the sink has returned, and no nonsense */

	const struct email_limits *limits;
	const struct email_sink *sink; /* NULL: none */
	bool head;                     /* only the header section was asked for */
	enum email_kind last;
	size_t header_bytes, authentication_bytes;
	uint64_t given, left; /* of attachments together; of the one that is being given */
	bool giving;
	struct email_list from, to, cc, reply_to, references, headers, authentication, text, html;
	void **memory; /* all that `mail` names and no list has */
	size_t memory_n, memory_room;
	size_t n;
	unsigned char frame[EMAIL_FRAME_HEAD + EMAIL_FRAME_MAX];
};

/* Zeroed before its first use. What it read before is released. `limits` and `sink` live until the answer has ended. */
void email_reply_begin(struct email_reply *reply, bool head, const struct email_limits *limits, const struct email_sink *sink);

/* Any number of bytes as they come; nothing may follow the end. HST_BROKEN: nonsense, and the text says of what kind. */
int email_reply_take(struct email_reply *reply, const void *bytes, size_t n, hst_error *err);

void email_reply_clear(struct email_reply *reply);

#endif
