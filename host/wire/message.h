/*
 * One message: word, request id, head, payload, sealed part. The same struct is filled by a sender and by a receiver.
 *
 * On the wire a message is five parts: the word, the id (8 bytes, big-endian), the head (a flat JSON object
 * of at most 512 bytes), the payload (at most 1 MiB, carried unread), and what is sealed (at most 512 KiB, seal/items.h). Decoding is strict: a word that is not
 * in the list, a member that is unknown, missing, doubled or of another type, or a part too many is an error.
 */
#ifndef HOST_WIRE_MESSAGE_H
#define HOST_WIRE_MESSAGE_H

#include "wire/messages.h"

#include <hostler/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct message_field {
	int64_t integer; /* and booleans */
	size_t text; /* where it begins in `store`: no pointer, so that a message can be assigned and returned
		      */
	bool set;
};

struct message {
	enum word word;
	uint64_t id; /* chosen by who asks; a reply repeats it; 0: no reply is expected */
	struct message_field head[HEAD_MEMBERS_MAX]; /* in the order of the row's members */
	const void *payload;			     /* not owned; NULL when empty */
	size_t payload_length;
	const void *sealed; /* like the payload */
	size_t sealed_length;
	size_t stored;	/* bytes used of `store` */
	size_t written; /* bytes that the texts will take in the head, quotes not counted */
	char store[HEAD_BYTES_MAX +
		   HEAD_MEMBERS_MAX]; /* texts of the head, so that a message owns its head */
};

/* An empty message. Setting a member that the row does not have, or with another type, ends the program: that
 * is a bug. */
void message_init(struct message *message, enum word word, uint64_t id);
void message_set_text(struct message *message, const char *name,
		      const char *text); /* copied; cut at what fits into the head */
void message_set_integer(struct message *message, const char *name, int64_t value);
void message_set_boolean(struct message *message, const char *name, bool value);
void message_set_payload(struct message *message, const void *bytes, size_t length); /* not copied */
void message_set_sealed(struct message *message, const void *bytes, size_t length);  /* not copied */

/* A member of a checked message; "" or 0 where an optional one was left out. */
const char *message_text(const struct message *message, const char *name);
int64_t message_integer(const struct message *message, const char *name);
bool message_boolean(const struct message *message, const char *name);

/* The payload as text with a NUL behind it, caller frees. */
char *message_payload_text(const struct message *message);

/* An answer to `asked` that says what went wrong. The text becomes the payload and must live as long as the
 * message. */
void message_init_error(struct message *message, uint64_t id, int code, const hst_error *err);

/* What an `error` message says, back into code and hst_error. */
int message_read_error(const struct message *message, hst_error *err);

/* The head as JSON, NUL-terminated. HST_INVALID: it has a required member unset or is over the ceiling. */
int message_write_head(const struct message *message, char to[HEAD_BYTES_MAX + 1], size_t *ret_length,
		       hst_error *err);

/* Fills everything but payload and sealed part from what came in. */
int message_read_head(struct message *message, enum word word, uint64_t id, const char *head, size_t length,
		      hst_error *err);

/* The parts of a message, whatever carries them: frames.c and stream.c. */
enum { PART_WORD, PART_ID, PART_HEAD, PART_PAYLOAD, PART_SEALED, MESSAGE_PARTS };

struct message_part {
	const void *bytes;
	size_t length;
};

struct message_parts {
	struct message_part at[MESSAGE_PARTS]; /* they point into the row, this struct and the message */
	unsigned char id[8];
	char head[HEAD_BYTES_MAX + 1];
};

/* HST_INVALID: a required member is unset, or the payload or the sealed part is over what the row allows. */
int message_write_parts(const struct message *message, struct message_parts *ret, hst_error *err);

/* The message's payload and sealed part point to what the parts point to. *ret is unspecified on failure. */
int message_read_parts(struct message *ret, const struct message_part parts[MESSAGE_PARTS], hst_error *err);

/* The id of a part, 0 when it is none: for answers to what could not be read. */
uint64_t message_part_id(const struct message_part *part);

#endif
