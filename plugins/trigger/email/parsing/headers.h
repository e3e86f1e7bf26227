/* The header section of a mail, or of a part of one: its lines, unfolded. In time and memory that grow with its size and no faster. */
#ifndef PLUGINS_TRIGGER_EMAIL_PARSING_HEADERS_H
#define PLUGINS_TRIGGER_EMAIL_PARSING_HEADERS_H

#include <glib.h>
#include <stdbool.h>

enum {
	MAIL_HEADERS_MAX = 10000,           /* of a mail; of a part a hundredth */
	MAIL_HEADERS_BYTES_MAX = 2 << 20,   /* of a mail together; of a part a twentieth */
	MAIL_HEADER_VALUE_MAX = 40 << 10,   /* of each; cut there */
};

struct mail_span {
	const char *at;
	gsize n;
};

struct mail_header {
	char *name, *value; /* as they stand, without line breaks and NUL; any bytes otherwise */
};

struct mail_section {
	GArray *headers; /* of struct mail_header */
	bool cut;        /* there were more, or longer ones */
	gsize body;      /* where what follows the section begins */
};

/* `whole`: of a mail. A line that is no header is passed over. Released by mail_section_clear. */
void mail_section_read(struct mail_section *section, struct mail_span from, bool whole);
void mail_section_clear(struct mail_section *section);

/* The value of the first of that name, or NULL. */
const char *mail_section_get(const struct mail_section *section, const char *name);

/* The end of the line that begins at `at`, behind its \n, or the end of all. */
gsize mail_line_end(struct mail_span from, gsize at);

#endif
