/* An answer on its way to the worker: frames of ../frames.h, gathered and written together. */
#ifndef PLUGINS_TRIGGER_EMAIL_PARSING_SAY_H
#define PLUGINS_TRIGGER_EMAIL_PARSING_SAY_H

#include "../frames.h"
#include "headers.h"

struct mail_say {
	bool (*write)(void *context, const void *bytes, gsize n); /* false: nobody hears it any more */
	void *context;
	bool failed; /* write has said so, and is not called again */
	gsize n;
	char waiting[EMAIL_FRAME_MAX + EMAIL_FRAME_HEAD];
};

void mail_say(struct mail_say *say, enum email_kind kind, const void *bytes, gsize n);

/* One frame: first, NUL, second. */
void mail_say_pair(struct mail_say *say, enum email_kind kind, const char *first, gsize first_n, const char *second, gsize second_n);

/* Something of any length, in as many frames as it takes; none for nothing. */
void mail_say_long(struct mail_say *say, enum email_kind kind, const char *bytes, gsize n);

void mail_say_flush(struct mail_say *say);

#endif
