/*
 * The parts of a mail: what its multiparts are made of, flat and in order. gmime understands what stands within a line; where parts begin
 * and end is found here, in one pass over the mail and one over its lines that may be delimiters for each level, since gmime's own
 * parser can be made to need time that grows with the square of a mail's size.
 */
#ifndef PLUGINS_TRIGGER_EMAIL_PARSING_PARTS_H
#define PLUGINS_TRIGGER_EMAIL_PARSING_PARTS_H

#include "headers.h"

#include <gmime/gmime.h>

enum {
	MAIL_PARTS_MAX = 1000,
	MAIL_DEPTH_MAX = 20,               /* what is nested deeper is one part */
	MAIL_DELIMITERS_MAX = 2000000      /* lines that begin with --; what comes behind so many is not looked at */
};

struct mail_part {
	char *type;      /* lower case, "text/plain" */
	char *charset;   /* NULL: it says none */
	char *file_name; /* as it stands, decoded; NULL: it has none */
	GMimeContentEncoding encoding;
	bool attached;     /* it says that it is an attachment */
	bool inside;       /* it serves another part: a picture of the html, a signature, another form of the text */
	guint alternative; /* which outermost multipart/alternative it is below, directly or not; 0: none */
	struct mail_span body;
};

struct mail_parts {
	GArray *at; /* of struct mail_part */
	bool cut;   /* there were more */
};

/* `from` is the mail, `top` its section, which was read from there. Bodies point into `from`. Released by mail_parts_clear. */
void mail_parts_read(struct mail_parts *parts, struct mail_span from, const struct mail_section *top, GMimeParserOptions *options);
void mail_parts_clear(struct mail_parts *parts);

#endif
