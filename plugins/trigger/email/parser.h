/*
 * Taking mails apart. A mail is bytes that anybody on the Internet has written, and the worker of a trigger holds a password and a
 * connection to the mail server; so another process reads them, hostler-mail-parser, which gives up everything before it does: it has
 * no network, no files, no credentials, no other programs. It gets one mail after another through a pipe and says through another what
 * is in them. What it says is believed no more than the mail was: reply.h reads it, and every text that comes out of here is
 * UTF-8 without NUL and within the limits, whatever became of that process.
 *
 * The process is started by the first mail, goes on from one to the next, and is replaced now and then, so that nothing gathers in it.
 * When it dies, says what makes no sense, or takes longer than `limits.wait_ms`, it is killed, and the same mail is tried with a new
 * one, three times in all: somebody may have killed it for another reason. Then the mail is set aside: HST_INVALID.
 *
 * Used by one thread. Nothing of it blocks longer than three times `limits.wait_ms`. Codes of email_parser_head and email_parser_mail,
 * none of which leaves a process behind that is not in order:
 *
 *   HST_INVALID    this mail cannot be read, and never will be: it is larger than EMAIL_RAW_MAX, or three processes could not do it in
 *                  time or in their memory. Say so, mark it as done, go on with the next.
 *   HST_RETRY      no process could be started (memory, number of processes): return it from `ready`; the same mail is for later
 *   HST_CANCELLED  hst_cancelled(call) was true
 *   HST_BROKEN     the program is not there, or cannot confine itself on this machine: no mail at all can be read
 *   any other      what the sink has returned
 *
 * No mail is refused because of its form: a broken one is understood as far as it can be. Missing texts are "", never NULL.
 */
#ifndef PLUGINS_TRIGGER_EMAIL_PARSER_H
#define PLUGINS_TRIGGER_EMAIL_PARSER_H

#include <hostler/host.h>

#include <stdbool.h>
#include <stddef.h>

enum {
	EMAIL_RAW_MAX = 64 << 20, /* bytes of one mail as it came */
	EMAIL_NAME_MAX = 200      /* bytes of the name of an attachment */
};

/*
 * What is beyond a limit is left out, and that is said. The program has some of its own: multiparts deeper than 20 levels are one
 * attachment, of more than 1,000 parts the rest is not looked at, nor is a header section beyond 2 MiB or 10,000 headers. A mail within a
 * mail is an attachment, message/rfc822.
 */
struct email_limits {
	size_t text_bytes, html_bytes;  /* each is cut at the end of a character */
	size_t header_bytes;            /* of names and values of `headers` together */
	size_t headers;                 /* how many of them, and of authentication_results */
	size_t addresses;               /* of each list */
	size_t attachments;             /* how many are described at all */
	size_t attachment_bytes;        /* of each; a larger one is described, and `refused` says so */
	size_t attachments_bytes;       /* of all that are given to the sink together */
	int64_t wait_ms;                /* for one try */
};

/* 1 MiB text, 1 MiB html, 256 KiB of 1,000 headers, 1,000 addresses, 100 attachments of 50 MiB together, 20 s. */
extern const struct email_limits email_limits_usual;

struct email_address {
	const char *name;    /* as people read it, decoded; "" where there is none */
	const char *address; /* "ada@example.org": never with a blank, a line break, or < > ; "" is left out of lists */
};

struct email_addresses {
	const struct email_address *at;
	size_t n;
};

struct email_header {
	const char *name;  /* as it stands: "X-Spam-Score" */
	const char *value; /* unfolded, encoded words decoded, in UTF-8; control characters are blanks */
};

struct email_attachment {
	const char *name; /* fit for a file: one name without / and control characters, no dot in front, 1 to EMAIL_NAME_MAX bytes of UTF-8;
	                     made up ("attachment-2.pdf") where the mail has none. Two may have the same one. */
	const char *type; /* lower case: "application/pdf" */
	size_t size;      /* decoded bytes */
	bool inside;      /* belongs to the html: a picture shown in it, not one that somebody attached */
	const char *refused; /* a sentence why its bytes were left out, or NULL: the sink has all of them */
	void *taken;         /* the sink's own */
};

typedef enum email_importance { EMAIL_LOW, EMAIL_NORMAL, EMAIL_HIGH } email_importance;

struct email_mail {
	struct email_addresses from, to, cc, reply_to;
	const char *subject; /* decoded, one line */
	hst_time date;       /* of the header Date; us 0 where it has none that can be read */
	/* Without the < > around them, and without blanks; `references` has the oldest first. */
	const char *message_id, *in_reply_to;
	hst_texts references;
	email_importance importance; /* of Importance, X-Priority, Priority, X-MSMail-Priority: the first that says something */

	/* All headers from the top, those above as well. Whoever sends a mail can write any of them. */
	const struct email_header *headers;
	size_t headers_n;
	/*
	 * The values of Authentication-Results from the top, unfolded and not decoded otherwise. A server puts its own above
	 * those that came with the mail; only those above the first one that another server could have written mean anything.
	 */
	hst_texts authentication_results;

	/* Only of email_parser_mail: */
	const char *text; /* the text/plain of it, lines end with \n; where it has none, what its html says as text */
	bool text_of_html;
	const char *html; /* as it came, in UTF-8: NOT made safe; "" where there is none */
	struct email_attachment *attachments; /* in the order of the mail */
	size_t attachments_n;
	bool cut; /* something of texts, headers, addresses or the list of attachments was beyond a limit and is not here */
};

/*
 * Takes the bytes of attachments. NULL for no sink, or a member `take` that is NULL: attachments are described and not given, and
 * `refused` is "not asked for".
 */
struct email_sink {
	void *context;
	/* A new try begins: whatever was taken in one before is to be dropped. May be NULL. */
	void (*begin)(void *context);
	/*
	 * Before its bytes, which are `size`; name, type, size and inside are there. HST_OK: they follow. HST_DENIED: they do not, err->text
	 * becomes `refused`. Any other code ends the call with it.
	 */
	int (*take)(void *context, struct email_attachment *attachment, hst_error *err);
	/* At most 64 KiB at a time, in order. Another code than HST_OK ends the call with it. */
	int (*bytes)(void *context, struct email_attachment *attachment, const void *bytes, size_t n, hst_error *err);
	/* All `size` bytes were given. May be NULL. */
	int (*done)(void *context, struct email_attachment *attachment, hst_error *err);
};

struct email_parser;

/*
 * `program` is the path of hostler-mail-parser; NULL: where it was installed, seen from the file this code lies in. Starts nothing yet
 * but looks whether it is there: HST_BROKEN where it is not. What it takes is released by email_parser_close.
 */
int email_parser_open(const char *program, struct email_parser **ret, hst_error *err);

/*
 * The header section alone, for filters; `raw` may be the whole mail, of which nothing is read below the first empty line. `limits` NULL:
 * the usual ones. All that *ret names belongs to the parser and lives until the next call with it, so that a thousand mails in one call of
 * `ready` take the memory of one; copy what is needed longer (hst_emit copies). *ret is left untouched on failure.
 */
int email_parser_head(struct email_parser *parser, hst_call *call, const void *raw, size_t n, const struct email_limits *limits,
                      struct email_mail *ret, hst_error *err);

/* The whole mail. On failure the sink keeps what it has taken: it is the caller's to drop. */
int email_parser_mail(struct email_parser *parser, hst_call *call, const void *raw, size_t n, const struct email_limits *limits,
                      const struct email_sink *sink, struct email_mail *ret, hst_error *err);

/* Ends the process. NULL is fine. */
void email_parser_close(struct email_parser *parser);

#endif
