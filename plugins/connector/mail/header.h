/*
 * Header lines of a mail as RFC 5322, 2047 and 2231 have them, of texts that have no line breaks: each is checked for that first. What is
 * returned lives in the call's arena, has no line end of its own, and no line of it is longer than 998 bytes.
 */
#ifndef PLUGINS_CONNECTOR_MAIL_HEADER_H
#define PLUGINS_CONNECTOR_MAIL_HEADER_H

#include "address.h"

enum { MAIL_IDS_MAX = 50, MAIL_ID_MAX = 250 };

/* HST_INVALID when it has a control character, a line break among them: nobody adds a header through a subject. */
int mail_check_line(const char *field, const char *text, hst_error *err);

/* "Subject: …", with encoded words where the text is more than plain ASCII. */
const char *mail_text_header(hst_call *call, const char *name, const char *text);

/* "To: …", one address a line. */
const char *mail_address_header(hst_call *call, const char *name, const struct mail_addresses *addresses);

/* "Content-Disposition: attachment; filename=…", for any name that a file can have. */
const char *mail_attachment_header(hst_call *call, const char *filename);

/* Ids of mails, with blanks between, with or without their < >; those that are there already are left out. */
struct mail_ids {
	size_t n;
	const char *at[MAIL_IDS_MAX];
};
int mail_ids_read(hst_call *call, const char *field, const char *text, struct mail_ids *to, hst_error *err);
const char *mail_ids_header(hst_call *call, const char *name, const struct mail_ids *ids);

/* "Date: Sun, 22 Nov 2026 15:00:00 +0000" */
const char *mail_date_header(hst_call *call, int64_t now_us);

#endif
