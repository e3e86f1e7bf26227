/*
 * What the worker of a mail trigger and hostler-mail-parser say to each other over a socket pair: frames of a kind (one byte), a length
 * (four bytes, little endian) and so many bytes. The worker sends one mail and reads until EMAIL_END; both are of one build, and the
 * parser says in its first frame of which.
 */
#ifndef PLUGINS_TRIGGER_EMAIL_FRAMES_H
#define PLUGINS_TRIGGER_EMAIL_FRAMES_H

#include <stddef.h>
#include <stdint.h>

enum {
	EMAIL_FRAMES_VERSION = 1,
	EMAIL_FRAME_HEAD = 5,             /* kind and length */
	EMAIL_FRAME_MAX = 64 << 10,       /* bytes of an answer's frame */
	EMAIL_VALUE_MAX = 48 << 10,       /* of one name and value together, one address, one id */
	EMAIL_LIMITS_BYTES = 9 * 8,       /* in front of a mail: limits of enum email_limit, eight bytes each */
};

/* From the worker. */
enum email_asked { EMAIL_ASK_HEAD = 'H', EMAIL_ASK_MAIL = 'M' };

enum email_limit {
	EMAIL_LIMIT_TEXT, EMAIL_LIMIT_HTML, EMAIL_LIMIT_HEADER, EMAIL_LIMIT_HEADERS, EMAIL_LIMIT_ADDRESSES, EMAIL_LIMIT_ATTACHMENTS,
	EMAIL_LIMIT_ATTACHMENT, EMAIL_LIMIT_ALL_ATTACHMENTS,
	EMAIL_LIMIT_GIVE, /* 0: bytes of attachments are not asked for */
	EMAIL_LIMIT_COUNT
};

/*
 * From the parser. READY once, or UNFIT, when it starts. In an answer kinds from SUBJECT on come in this order, EMAIL_BYTES between the
 * attachments they belong to; those marked 1 at most once.
 */
enum email_kind {
	EMAIL_READY = 1,   /* version, then one byte: what of enum email_confined is in force */
	EMAIL_UNFIT,       /* why it cannot work on this machine */
	EMAIL_SUBJECT,     /* 1 */
	EMAIL_DATE,        /* 1; seconds since 1970, eight bytes */
	EMAIL_MESSAGE_ID,  /* 1 */
	EMAIL_IN_REPLY_TO, /* 1 */
	EMAIL_REFERENCE,
	EMAIL_FROM,        /* name, NUL, address */
	EMAIL_TO,
	EMAIL_CC,
	EMAIL_REPLY_TO,
	EMAIL_IMPORTANCE,  /* 1; one byte: enum email_importance */
	EMAIL_HEADER,      /* name, NUL, value */
	EMAIL_AUTHENTICATION,
	EMAIL_TEXT,        /* a piece of it */
	EMAIL_TEXT_OF_HTML, /* 1; empty */
	EMAIL_HTML,        /* a piece of it */
	EMAIL_ATTACHMENT,  /* size (eight bytes), inside (one), enum email_left_out (one), type, NUL, name */
	EMAIL_BYTES,       /* some of the attachment before it that was not left out; exactly its size together */
	EMAIL_CUT,         /* 1; empty */
	EMAIL_END,         /* 1; empty */
	EMAIL_KINDS
};

enum email_left_out { EMAIL_GIVEN, EMAIL_NOT_ASKED, EMAIL_TOO_LARGE, EMAIL_TOGETHER_TOO_LARGE, EMAIL_LEFT_OUT_COUNT };

/* What a parser has given up: system calls but a few, files once more by Landlock, memory; or nothing of these, to have sanitizers work. */
enum email_confined { EMAIL_NO_CALLS = 1, EMAIL_NO_FILES = 2, EMAIL_MEMORY_LIMITED = 4, EMAIL_WITH_SANITIZERS = 8 };

static inline void email_put32(unsigned char to[4], uint32_t number)
{
	for (int i = 0; i < 4; i++)
		to[i] = (unsigned char)(number >> (8 * i));
}

static inline uint32_t email_get32(const unsigned char from[4])
{
	uint32_t number = 0;

	for (int i = 0; i < 4; i++)
		number |= (uint32_t)from[i] << (8 * i);
	return number;
}

static inline void email_put64(unsigned char to[8], uint64_t number)
{
	email_put32(to, (uint32_t)number);
	email_put32(to + 4, (uint32_t)(number >> 32));
}

static inline uint64_t email_get64(const unsigned char from[8])
{
	return email_get32(from) | (uint64_t)email_get32(from + 4) << 32;
}

#endif
