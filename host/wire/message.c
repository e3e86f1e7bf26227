/* Filling and reading one message. Its head as JSON is head.c. */
#include "wire/message.h"

#include "base/log.h"
#include "base/mem.h"
#include "schema/utf8.h"
#include "wire/head.h"

#include <inttypes.h>
#include <string.h>

/* Where the member stands in the row. A wrong name or type is a bug of the caller. */
static size_t message_member(const struct message *message, const char *name, char type)
{
	const struct message_row *row = message_row(message->word);

	for (size_t i = 0; row && i < row->member_count; i++)
		if (row->members[i].type == type && row->members[i].name[0] == name[0] &&
		    strcmp(row->members[i].name, name) == 0)
			return i;
	log_error("a message %s has no member %s of type %c", row ? row->word : "without a word", name, type);
	abort();
}

void message_init(struct message *message, enum word word, uint64_t id)
{
	const struct message_row *row = message_row(word);

	message->word = word;
	message->id = id;
	if (row)
		memset(message->head, 0, row->member_count * sizeof *message->head);
	message->payload = NULL;
	message->payload_length = 0;
	message->sealed = NULL;
	message->sealed_length = 0;
	message->stored = message->written = 0;
	message->store[0] = '\0';
}

void message_set_text(struct message *message, const char *name, const char *text)
{
	struct message_field *field = &message->head[message_member(message, name, 't')];
	size_t text_max = message_row(message->word)->text_max;
	size_t left = text ? strlen(text) : 0, at = message->stored;
	const size_t last = sizeof message->store - 1;

	if (field->set)
		message->written -=
			head_length(message->store + field->text, strlen(message->store + field->text));
	if (at > last)
		at = last;
	*field = (struct message_field){.text = at, .set = true};
	while (left) {
		size_t plain = utf8_plain_length(text, left < last - at ? left : last - at), n, length;

		if (plain > text_max - message->written)
			plain = text_max - message->written;
		memcpy(message->store + at, text, plain);
		at += plain;
		message->written += plain;
		text += plain;
		left -= plain;
		if (!left)
			break;
		n = utf8_character(text, left);
		const char *from = n ? text : "?";

		n = n ? n : 1;
		length = head_length(from, n);
		if (message->written + length > text_max || n > last - at)
			break;
		memcpy(message->store + at, from, n);
		at += n;
		message->written += length;
		text += n;
		left -= n;
	}
	message->store[at] = '\0';
	message->stored = at + 1;
}

void message_set_integer(struct message *message, const char *name, int64_t value)
{
	message->head[message_member(message, name, 'i')] =
		(struct message_field){.integer = value, .set = true};
}

void message_set_boolean(struct message *message, const char *name, bool value)
{
	message->head[message_member(message, name, 'b')] =
		(struct message_field){.integer = value, .set = true};
}

void message_set_payload(struct message *message, const void *bytes, size_t length)
{
	message->payload = length ? bytes : NULL;
	message->payload_length = length;
}

void message_set_sealed(struct message *message, const void *bytes, size_t length)
{
	message->sealed = length ? bytes : NULL;
	message->sealed_length = length;
}

const char *message_text(const struct message *message, const char *name)
{
	const struct message_field *field = &message->head[message_member(message, name, 't')];

	return field->set ? message->store + field->text : "";
}

int64_t message_integer(const struct message *message, const char *name)
{
	return message->head[message_member(message, name, 'i')].integer;
}

bool message_boolean(const struct message *message, const char *name)
{
	return message->head[message_member(message, name, 'b')].integer != 0;
}

char *message_payload_text(const struct message *message)
{
	return mem_copy(message->payload, message->payload_length);
}

void message_init_error(struct message *message, uint64_t id, int code, const hst_error *err)
{
	message_init(message, WORD_error, id);
	message_set_integer(message, "code", code);
	message_set_text(message, "reason", err ? err->reason : "");
	if (err)
		message_set_payload(message, err->text, strlen(err->text));
}

/* Never HST_OK: a peer that says so in an error does not know what it says. */
int message_read_error(const struct message *message, hst_error *err)
{
	int64_t code = message_integer(message, "code");
	const char *reason = message_text(message, "reason");
	int length = message->payload_length < HST_TEXT_MAX ? (int)message->payload_length : HST_TEXT_MAX;

	if (code > HST_RETRY || code < HST_BROKEN)
		code = HST_INVALID;
	return hst_fail_as(err, (hst_code)code, reason, "%.*s", length,
			   message->payload ? (const char *)message->payload : "");
}

int message_write_parts(const struct message *message, struct message_parts *ret, hst_error *err)
{
	const struct message_row *row = message_row(message->word);
	size_t length;
	int code;

	if (!row)
		return hst_fail(err, HST_INVALID, "a message without a word");
	if (message->payload_length > row->payload_max)
		return hst_fail(err, HST_INVALID, "the payload of %s has %zu bytes, at most %zu are allowed",
				row->word, message->payload_length, row->payload_max);
	if (message->sealed_length > row->sealed_max)
		return hst_fail(err, HST_INVALID, "the sealed part of %s has %zu bytes, at most %zu are allowed", row->word,
				message->sealed_length, row->sealed_max);
	code = message_write_head(message, ret->head, &length, err);
	if (code)
		return code;
	for (size_t i = 0; i < sizeof ret->id; i++)
		ret->id[i] = (unsigned char)(message->id >> (56 - 8 * i));
	ret->at[PART_WORD] = (struct message_part){row->word, strlen(row->word)};
	ret->at[PART_ID] = (struct message_part){ret->id, sizeof ret->id};
	ret->at[PART_HEAD] = (struct message_part){ret->head, length};
	ret->at[PART_PAYLOAD] = (struct message_part){message->payload, message->payload_length};
	ret->at[PART_SEALED] = (struct message_part){message->sealed, message->sealed_length};
	return HST_OK;
}

uint64_t message_part_id(const struct message_part *part)
{
	const unsigned char *bytes = part->bytes;
	uint64_t id = 0;

	if (part->length != 8)
		return 0;
	for (size_t i = 0; i < 8; i++)
		id = id << 8 | bytes[i];
	return id;
}

int message_read_parts(struct message *ret, const struct message_part parts[MESSAGE_PARTS], hst_error *err)
{
	enum word word = message_word(parts[PART_WORD].bytes, parts[PART_WORD].length);
	const struct message_row *row = message_row(word);
	int code;

	if (!row)
		return hst_fail(err, HST_INVALID, "\"%.*s\" is not in the list of messages",
				(int)(parts[PART_WORD].length < 32 ? parts[PART_WORD].length : 32),
				parts[PART_WORD].length ? (const char *)parts[PART_WORD].bytes : "");
	if (parts[PART_ID].length != 8)
		return hst_fail(err, HST_INVALID, "the id of %s has %zu bytes instead of 8", row->word,
				parts[PART_ID].length);
	if (parts[PART_PAYLOAD].length > row->payload_max)
		return hst_fail(err, HST_INVALID, "the payload of %s has %zu bytes, at most %zu are allowed",
				row->word, parts[PART_PAYLOAD].length, row->payload_max);
	if (parts[PART_SEALED].length > row->sealed_max)
		return hst_fail(err, HST_INVALID, "the sealed part of %s has %zu bytes, at most %zu are allowed", row->word,
				parts[PART_SEALED].length, row->sealed_max);
	code = message_read_head(ret, word, message_part_id(&parts[PART_ID]), parts[PART_HEAD].bytes,
				 parts[PART_HEAD].length, err);
	if (code)
		return code;
	message_set_payload(ret, parts[PART_PAYLOAD].bytes, parts[PART_PAYLOAD].length);
	message_set_sealed(ret, parts[PART_SEALED].bytes, parts[PART_SEALED].length);
	return HST_OK;
}
