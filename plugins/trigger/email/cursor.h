/*
 * How far a folder was gone through: every mail up to a UID was dealt with. Kept as state in the transaction of the events, so a mail is
 * either dealt with together with its event, or not at all. docs/email.md says why this, with the keys of events, makes one run of each
 * mail.
 */
#ifndef PLUGINS_TRIGGER_EMAIL_CURSOR_H
#define PLUGINS_TRIGGER_EMAIL_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How many mails wait at most to be marked, moved or deleted; as many as one emit takes over. */
enum { EMAIL_TOUCHES_MAX = 50, EMAIL_CURSOR_BYTES = 2048 };

/* Which of the mails up to `until` count; all of those above do. */
enum email_counting { EMAIL_COUNT_ALL, EMAIL_COUNT_UNSEEN, EMAIL_COUNT_SINCE };

struct email_cursor {
	uint32_t validity, uid; /* UIDVALIDITY; up to this UID all is dealt with */
	uint32_t until;
	enum email_counting counting;
	int64_t since_us;       /* with EMAIL_COUNT_SINCE: those received earlier were dealt with before */
	int64_t began_us;       /* those received earlier never count; 0: all do */
	int64_t caught_up_us;   /* when nothing was left to be looked at, the last time */
	uint32_t touches[EMAIL_TOUCHES_MAX]; /* taken over, and perhaps not yet marked, moved or deleted */
	size_t touches_n;
};

/* The folder is seen for the first time: `start` is an enum email_start, `next` its UIDNEXT. */
void email_cursor_begin(struct email_cursor *cursor, int start, uint32_t validity, uint32_t next, int64_t now_us);

/*
 * Its UIDVALIDITY is another one: all numbers are new, and old mails look like new ones. Those that were received well before it was
 * gone through the last time count as dealt with; the others are looked at again, and the keys of their events know them.
 */
void email_cursor_renumbered(struct email_cursor *cursor, uint32_t validity, uint32_t next);

/* What to search for next: mails from *ret_from to *ret_to (0: no end), perhaps only unread ones or those received since. */
void email_cursor_next(const struct email_cursor *cursor, uint32_t *ret_from, uint32_t *ret_to, bool *ret_unseen, int64_t *ret_since_us);

/* That search has found nothing more. True: there is another one to be made. */
bool email_cursor_exhausted(struct email_cursor *cursor, int64_t now_us);

/* Whether a mail that was found counts, given when the server got it (0: it does not say). */
bool email_cursor_counts(const struct email_cursor *cursor, uint32_t uid, int64_t received_us);

/* As text, with `of` (whose folder, where) behind it; its length. */
size_t email_cursor_write(const struct email_cursor *cursor, const char *of, char *to, size_t size);

/* False: it is none, or of another folder. */
bool email_cursor_read(const char *text, const char *of, struct email_cursor *ret);

#endif
