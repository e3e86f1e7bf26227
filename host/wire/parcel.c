#include "wire/parcel.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

void parcel_reserve(struct parcel *parcel, size_t more)
{
	if (parcel->done == parcel->used)
		parcel->done = parcel->used = 0;
	if (parcel->done && parcel->used + more > parcel->size) {
		memmove(parcel->at, parcel->at + parcel->done, parcel->used - parcel->done);
		parcel->used -= parcel->done;
		parcel->done = 0;
	}
	parcel->at = mem_grow(parcel->at, &parcel->size, parcel->used + more, 1);
}

void parcel_clear(struct parcel *parcel)
{
	free(parcel->at);
	*parcel = (struct parcel){0};
}

static void add_length(struct parcel *parcel, size_t n)
{
	const unsigned char length[PARCEL_LENGTH_BYTES] = {(unsigned char)(n >> 24), (unsigned char)(n >> 16), (unsigned char)(n >> 8),
							   (unsigned char)n};

	memcpy(parcel->at + parcel->used, length, sizeof length);
	parcel->used += sizeof length;
}

int parcel_add(struct parcel *parcel, const struct message *message, hst_error *err)
{
	struct message_parts parts;
	size_t length = 0;
	int code = message_write_parts(message, &parts, err);

	if (code)
		return code;
	for (size_t i = 0; i < MESSAGE_PARTS; i++)
		length += PARCEL_LENGTH_BYTES + parts.at[i].length;
	parcel_reserve(parcel, PARCEL_LENGTH_BYTES + length);
	add_length(parcel, length);
	for (size_t i = 0; i < MESSAGE_PARTS; i++) {
		add_length(parcel, parts.at[i].length);
		if (parts.at[i].length)
			memcpy(parcel->at + parcel->used, parts.at[i].bytes, parts.at[i].length);
		parcel->used += parts.at[i].length;
	}
	return HST_OK;
}

static size_t read_length(const char *at)
{
	const unsigned char *bytes = (const unsigned char *)at;

	return (size_t)bytes[0] << 24 | (size_t)bytes[1] << 16 | (size_t)bytes[2] << 8 | bytes[3];
}

size_t parcel_portion(const struct parcel *parcel)
{
	size_t left = parcel_left(parcel), portion = 0;

	if (left <= PARCEL_BYTES)
		return left;
	while (portion < left) {
		size_t next = PARCEL_LENGTH_BYTES + read_length(parcel->at + parcel->done + portion);

		if (portion && portion + next > PARCEL_BYTES)
			break;
		portion += next;
	}
	return portion;
}

static int take_apart(const char *body, size_t length, struct message_part parts[MESSAGE_PARTS], hst_error *err)
{
	const char *end = body + length;

	for (size_t i = 0; i < MESSAGE_PARTS; i++) {
		if ((size_t)(end - body) < PARCEL_LENGTH_BYTES || (size_t)(end - body) - PARCEL_LENGTH_BYTES < read_length(body))
			return hst_fail(err, HST_INVALID, "a part of a message is longer than the message");
		parts[i] = (struct message_part){body + PARCEL_LENGTH_BYTES, read_length(body)};
		body += PARCEL_LENGTH_BYTES + parts[i].length;
	}
	return body == end ? HST_OK : hst_fail(err, HST_INVALID, "a message has bytes behind its last part");
}

int parcel_next(struct parcel *parcel, struct message *ret, uint64_t *ret_id, hst_error *err)
{
	struct message_part parts[MESSAGE_PARTS];
	const char *at = parcel->at + parcel->done;
	size_t left = parcel_left(parcel), length;
	int code;

	*ret_id = 0;
	ret->word = WORD_NONE;
	if (left < PARCEL_LENGTH_BYTES)
		return hst_fail(err, HST_RETRY, "no whole message is there");
	length = read_length(at);
	if (length > PARCEL_MESSAGE_MAX)
		return hst_fail(err, HST_BROKEN, "a message of %zu bytes, at most %d are allowed", length, PARCEL_MESSAGE_MAX);
	if (left - PARCEL_LENGTH_BYTES < length)
		return hst_fail(err, HST_RETRY, "no whole message is there");
	code = take_apart(at + PARCEL_LENGTH_BYTES, length, parts, err);
	parcel->done += PARCEL_LENGTH_BYTES + length;
	if (code)
		return code;
	*ret_id = message_part_id(&parts[PART_ID]);
	return message_read_parts(ret, parts, err);
}
