/* One mail: fetched, taken apart, held against the filters, made an event. */
#ifndef PLUGINS_TRIGGER_EMAIL_TAKE_H
#define PLUGINS_TRIGGER_EMAIL_TAKE_H

#include "box.h"
#include "cursor.h"
#include "../looked.h"
#include "options.h"
#include "parser.h"

struct email_taking {
	const struct email_config *config;
	struct email_box *box;
	struct email_parser *parser;
	const struct email_cursor *cursor;
	struct looked *looked;
};

struct email_taken {
	hst_event event;
	bool wanted;       /* there is an event */
	bool looked;       /* it was looked at, and that was noted */
	size_t json_bytes; /* of the event */
	size_t files, file_bytes; /* of its attachments */
};

/* On failure the mail is as new as it was: nothing was noted of it. */
int email_take(const struct email_taking *taking, hst_call *call, uint32_t uid, struct email_taken *ret, hst_error *err);

#endif
