/*
 * One folder on an IMAP server, selected: what is in it, the bytes of a mail as they came, flags, moving, and the wait for news. Mails
 * are named by UID. Anything that goes wrong with the connection is HST_RETRY and says server and cause; the box is of no more use
 * then. Nothing here looks into a mail.
 */
#ifndef PLUGINS_TRIGGER_EMAIL_BOX_H
#define PLUGINS_TRIGGER_EMAIL_BOX_H

#include "stream.h"

struct email_box;

/* Signs in once the server is known to be the right one: *session is libetpan's. */
typedef int (*email_sign_in)(void *context, hst_call *call, mailimap *session, hst_error *err);

struct email_signing {
	email_sign_in sign_in;
	void *context;
};

/* Connects, signs in, selects. HST_DENIED: trying again soon would not help (certificate, sign-in). HST_NOT_FOUND: no such folder; the
 * text says which there are. `server` and `folder` must live as long as the box. */
int email_box_open(hst_call *call, const struct email_server *server, const struct email_signing *signing, const char *folder,
		   bool read_only, struct email_box **ret, hst_error *err);
void email_box_close(struct email_box *box); /* says goodbye where it can; NULL is fine */

/* HST_NOT_FOUND: the server has no such folder; the text says which there are. */
int email_box_has(struct email_box *box, hst_call *call, const char *folder, hst_error *err);

bool email_box_lives(const struct email_box *box); /* its connection was not lost */

uint32_t email_box_validity(const struct email_box *box);
uint32_t email_box_next(const struct email_box *box); /* no mail had this UID or a higher one when the folder was selected */

struct email_uids {
	uint32_t *at; /* rising; of the call's arena */
	size_t n;
};

/* What to look for. `to` 0: no end. `since_us` 0: whenever received, else on that day (UTC) or later. */
struct email_search {
	uint32_t from, to;
	bool unseen;
	int64_t since_us;
};

int email_box_search(struct email_box *box, hst_call *call, const struct email_search *search, struct email_uids *ret, hst_error *err);

struct email_raw {
	unsigned char *bytes;
	size_t n;
	size_t room;         /* what is mapped */
	int64_t received_us; /* when the server got it; 0: it does not say */
};

/*
 * The mail's bytes without marking it as read, in pieces, into memory of their own: email_raw_free, which is for a zeroed one as well.
 * HST_NOT_FOUND: it is not there any more. HST_INVALID: it is larger than `most`; received_us is set all the same.
 */
int email_box_fetch(struct email_box *box, hst_call *call, uint32_t uid, size_t most, struct email_raw *ret, hst_error *err);
void email_raw_free(struct email_raw *raw);

/* For what else is asked of this folder (touch.h): its session, with a new ceiling, and what to say when that failed. */
mailimap *email_box_session(struct email_box *box, hst_call *call);
int email_box_lost(struct email_box *box, const char *doing, int rc, hst_error *err);

bool email_box_can_idle(const struct email_box *box);

/* From now on the server says when something happens: its descriptor becomes readable. */
int email_box_idle(struct email_box *box, hst_call *call, hst_error *err);
bool email_box_idles(const struct email_box *box);
int email_box_fd(const struct email_box *box);
bool email_box_news(const struct email_box *box); /* something was said already that the descriptor does not show */

/* Before anything else is asked. HST_RETRY: the connection was lost meanwhile. */
int email_box_wake(struct email_box *box, hst_call *call, hst_error *err);

#endif
