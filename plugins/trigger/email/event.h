/* The event of a mail: its fields, and the key by which it is known should it turn up again. */
#ifndef PLUGINS_TRIGGER_EMAIL_EVENT_H
#define PLUGINS_TRIGGER_EMAIL_EVENT_H

#include "box.h"
#include "parser.h"

struct email_event {
	const char *from, *from_name;
	hst_texts to, cc;
	const char *reply_to;
	const char *subject;
	hst_time date;
	const char *message_id, *in_reply_to;
	hst_texts references;
	hst_choice importance;
	const char *text, *html;
	const hst_value *headers;
	hst_files attachments;
	hst_texts left_out;
	bool cut;
	hst_time received;
};

enum { EMAIL_EVENT_N = 18 };
extern const hst_field email_event_fields[EMAIL_EVENT_N];

/* What the parser is to leave out, so that an event fits into one emit. */
struct email_limits email_event_limits(void);

/* All in the call's arena. `files` are those of its attachments that were taken. The text of a mail that would be too large as JSON is cut,
 * its html left out. *ret_bytes: what it is as JSON, at most. */
struct email_event *email_event_of(hst_call *call, const struct email_mail *mail, const struct email_raw *raw, const hst_files *files,
				   size_t *ret_bytes);

/*
 * What makes this mail the one it is: its Message-ID together with what it says and when; or, where it has none, its bytes and when the
 * server got it. Not its number in the folder. docs/email.md says why. `contents` is a digest of the attachments that were taken.
 */
enum { EMAIL_CONTENTS_BYTES = 32 };
const char *email_event_key(hst_call *call, const struct email_mail *mail, const struct email_raw *raw,
			    const unsigned char contents[EMAIL_CONTENTS_BYTES]);

#endif
