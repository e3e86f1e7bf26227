/*
 * Heads as JSON. A head is one flat object of at most 512 bytes with known members, read and written for
 * every message, so this is a reader and a writer of exactly that. With json-c the checks that it leaves out
 * (doubled names, types, ranges, the flatness itself) would be as long as the reader is, and each message
 * would cost a tree of allocations.
 */
#include "wire/head.h"

#include "base/text.h"
#include "schema/utf8.h"
#include "wire/message.h"

#include <string.h>

/* How a byte is written: as it is, behind a backslash, or as \u00XX. */
static char head_escape(unsigned char byte)
{
	switch (byte) {
	case '"':
	case '\\':
		return (char)byte;
	case '\n':
		return 'n';
	case '\r':
		return 'r';
	case '\t':
		return 't';
	default:
		return byte < 0x20 ? 'u' : '\0';
	}
}

size_t head_length(const char *text, size_t length)
{
	size_t at = utf8_plain_length(text, length), n = at;

	while (at < length) {
		char escape = head_escape((unsigned char)text[at++]);
		size_t plain = utf8_plain_length(text + at, length - at);

		n += plain + (escape == '\0' ? 1 : escape == 'u' ? 6 : 2);
		at += plain;
	}
	return n;
}

struct writer {
	char *at, *end; /* one byte is kept for the NUL */
	bool over;
};

static void write_bytes(struct writer *writer, const char *bytes, size_t n)
{
	if ((size_t)(writer->end - writer->at) < n) {
		writer->over = true;
		return;
	}
	memcpy(writer->at, bytes, n);
	writer->at += n;
}

static void write_text(struct writer *writer, const char *text)
{
	static const char digits[] = "0123456789abcdef";
	size_t left = strlen(text);

	write_bytes(writer, "\"", 1);
	while (left) {
		size_t plain = utf8_plain_length(text, left);
		char escape;

		write_bytes(writer, text, plain);
		text += plain;
		left -= plain;
		if (!left)
			break;
		escape = head_escape((unsigned char)*text);
		if (escape == '\0')
			write_bytes(writer, text, 1);
		else if (escape == 'u')
			write_bytes(writer,
				    (char[]){'\\', 'u', '0', '0', digits[*text >> 4], digits[*text & 15]}, 6);
		else
			write_bytes(writer, (char[]){'\\', escape}, 2);
		text++;
		left--;
	}
	write_bytes(writer, "\"", 1);
}

static void write_integer(struct writer *writer, int64_t value)
{
	char digits[INTEGER_SIZE];
	const char *at = integer_text(value, digits);

	write_bytes(writer, at, (size_t)(digits + INTEGER_SIZE - 1 - at));
}

int message_write_head(const struct message *message, char to[HEAD_BYTES_MAX + 1], size_t *ret_length,
		       hst_error *err)
{
	const struct message_row *row = message_row(message->word);
	struct writer writer = {.at = to, .end = to + HEAD_BYTES_MAX};
	const char *before = "{\"";

	for (size_t i = 0; i < row->member_count; i++) {
		const struct message_member *member = &row->members[i];
		const struct message_field *field = &message->head[i];

		if (!field->set && member->optional)
			continue;
		if (!field->set)
			return hst_fail(err, HST_INVALID, "%s needs the member \"%s\"", row->word,
					member->name);
		write_bytes(&writer, before, 2);
		write_bytes(&writer, member->name, member->length);
		write_bytes(&writer, "\":", 2);
		if (member->type == 't')
			write_text(&writer, message->store + field->text);
		else if (member->type == 'i')
			write_integer(&writer, field->integer);
		else
			write_bytes(&writer, field->integer ? "true" : "false", field->integer ? 4 : 5);
		before = ",\"";
	}
	write_bytes(&writer, writer.at == to ? "{}" : "}", writer.at == to ? 2 : 1);
	if (writer.over)
		return hst_fail(err, HST_INVALID, "the head of %s is over %d bytes", row->word,
				HEAD_BYTES_MAX);
	*writer.at = '\0';
	*ret_length = (size_t)(writer.at - to);
	return HST_OK;
}

struct reader {
	const char *at, *end;
	const struct message_row *row;
	hst_error *err;
};

static void read_blanks(struct reader *reader)
{
	while (reader->at < reader->end && (unsigned char)*reader->at <= ' ' && memchr(" \t\r\n", *reader->at, 4))
		reader->at++;
}

/* Takes the byte if it is the next one that is not blank. */
static inline bool read_byte(struct reader *reader, char byte)
{
	if (reader->at < reader->end && *reader->at != byte)
		read_blanks(reader);
	if (reader->at == reader->end || *reader->at != byte)
		return false;
	reader->at++;
	return true;
}

static bool read_word(struct reader *reader, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(reader->end - reader->at) < n || memcmp(reader->at, word, n) != 0)
		return false;
	reader->at += n;
	return true;
}

static bool read_hex(struct reader *reader, unsigned *ret)
{
	unsigned code = 0;

	if (reader->end - reader->at < 4)
		return false;
	for (int i = 0; i < 4; i++) {
		char c = *reader->at++;

		if (c >= '0' && c <= '9')
			code = code << 4 | (unsigned)(c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			code = code << 4 | (unsigned)((c | 0x20) - 'a' + 10);
		else
			return false;
	}
	*ret = code;
	return true;
}

static size_t write_character(char *to, unsigned code)
{
	static const unsigned char first[] = {0, 0, 0xc0, 0xe0, 0xf0};
	size_t n = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

	for (size_t i = n; i-- > 1; code >>= 6)
		to[i] = (char)(0x80 | (code & 0x3f));
	to[0] = (char)(first[n] | code);
	return n;
}

/* What stands behind a backslash, written as UTF-8; 0: it is none of JSON's, or the byte 0, which C strings
 * cannot hold. */
static size_t read_escape(struct reader *reader, char to[4])
{
	static const char names[] = "\"\\/bfnrt", bytes[] = "\"\\/\b\f\n\r\t";
	const char *name;
	unsigned code, low;

	if (reader->at == reader->end)
		return 0;
	if (*reader->at != 'u') {
		name = memchr(names, *reader->at++, sizeof names - 1);
		to[0] = name ? bytes[name - names] : '\0';
		return name ? 1 : 0;
	}
	reader->at++;
	if (!read_hex(reader, &code) || code == 0 || (code & 0xfc00) == 0xdc00)
		return 0;
	if ((code & 0xfc00) == 0xd800) {
		if (!read_word(reader, "\\u") || !read_hex(reader, &low) || (low & 0xfc00) != 0xdc00)
			return 0;
		code = 0x10000 + ((code & 0x3ff) << 10 | (low & 0x3ff));
	}
	return write_character(to, code);
}

/* A text behind its first quote, into the message. What it takes is never longer than the head that it stands
 * in. */
static int read_text(struct reader *reader, struct message *message, struct message_field *ret)
{
	char *start = message->store + message->stored, *to = start;

	while (reader->at < reader->end && *reader->at != '"') {
		size_t n = utf8_plain_length(reader->at, (size_t)(reader->end - reader->at));

		if (n) {
			memcpy(to, reader->at, n);
			to += n;
			reader->at += n;
			message->written += n;
			continue;
		}
		if ((unsigned char)*reader->at < 0x20)
			return hst_fail(reader->err, HST_INVALID,
					"the head of %s has a raw control character", reader->row->word);
		if (*reader->at == '\\') {
			reader->at++;
			n = read_escape(reader, to);
			if (!n)
				return hst_fail(reader->err, HST_INVALID, "the head of %s has a bad escape",
						reader->row->word);
		} else {
			n = utf8_character(reader->at, (size_t)(reader->end - reader->at));
			if (!n)
				return hst_fail(reader->err, HST_INVALID, "the head of %s is not UTF-8",
						reader->row->word);
			memcpy(to, reader->at, n);
			reader->at += n;
		}
		message->written += head_length(to, n);
		to += n;
	}
	if (reader->at == reader->end)
		return hst_fail(reader->err, HST_INVALID, "the head of %s ends inside a text",
				reader->row->word);
	reader->at++;
	*to++ = '\0';
	message->stored += (size_t)(to - start);
	*ret = (struct message_field){.text = (size_t)(start - message->store), .set = true};
	return HST_OK;
}

/* An integer as JSON writes it, without fraction or exponent, within 64 bits. */
static bool read_integer(struct reader *reader, int64_t *ret)
{
	bool negative = read_word(reader, "-");
	uint64_t value = 0, most = (uint64_t)INT64_MAX + negative;
	const char *first = reader->at;

	for (; reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9'; reader->at++) {
		uint64_t digit = (uint64_t)(*reader->at - '0');

		if (value > (most - digit) / 10 || (reader->at == first + 1 && *first == '0'))
			return false;
		value = value * 10 + digit;
	}
	if (reader->at == first || (reader->at < reader->end && strchr(".eE", *reader->at)))
		return false;
	*ret = negative ? (int64_t)-value : (int64_t)value;
	return true;
}

static int read_value(struct reader *reader, struct message *message, const struct message_member *member,
		      struct message_field *field)
{
	static const struct {
		char type;
		const char *name;
	} types[] = {{'t', "a text"}, {'i', "an integer"}, {'b', "true or false"}};

	if (member->type == 't' && read_byte(reader, '"'))
		return read_text(reader, message, field);
	read_blanks(reader);
	if (member->type == 'i' && read_integer(reader, &field->integer))
		field->set = true;
	else if (member->type == 'b' && read_word(reader, "true"))
		*field = (struct message_field){.integer = 1, .set = true};
	else if (member->type == 'b' && read_word(reader, "false"))
		*field = (struct message_field){.integer = 0, .set = true};
	if (field->set)
		return HST_OK;
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (types[i].type == member->type)
			hst_fail(reader->err, HST_INVALID, "the member \"%s\" of %s must be %s", member->name,
				 reader->row->word, types[i].name);
	return HST_INVALID;
}

/*
 * "name": value. Names are compared as they stand there: ours need no escapes. Who writes them as the row has them, as we do,
 * has them found at the first look: `expected` is the one behind the last.
 */
static int read_member(struct reader *reader, struct message *message, size_t *expected)
{
	const struct message_row *row = reader->row;
	const char *name, *end;
	size_t length;

	if (!read_byte(reader, '"'))
		return hst_fail(reader->err, HST_INVALID, "the head of %s is not an object of JSON",
				row->word);
	name = reader->at;
	end = memchr(name, '"', (size_t)(reader->end - name));
	if (!end)
		return hst_fail(reader->err, HST_INVALID, "the head of %s ends inside a name", row->word);
	length = (size_t)(end - name);
	reader->at = end + 1;
	for (size_t tried = 0; tried < row->member_count; tried++) {
		size_t i = (*expected + tried) % row->member_count;
		const struct message_member *member = &row->members[i];

		if (member->length != length || memcmp(member->name, name, length) != 0)
			continue;
		*expected = i + 1;
		if (message->head[i].set)
			return hst_fail(reader->err, HST_INVALID, "%s has the member \"%s\" twice", row->word,
					member->name);
		if (!read_byte(reader, ':'))
			return hst_fail(reader->err, HST_INVALID, "%s: a colon is missing behind \"%s\"",
					row->word, member->name);
		return read_value(reader, message, member, &message->head[i]);
	}
	return hst_fail(reader->err, HST_INVALID, "%s has no member \"%.*s\"", row->word,
			(int)(length < 64 ? length : 64), name);
}

int message_read_head(struct message *message, enum word word, uint64_t id, const char *head, size_t length,
		      hst_error *err)
{
	const struct message_row *row = message_row(word);
	struct reader reader = {.at = head, .end = head + length, .row = row, .err = err};

	if (length > HEAD_BYTES_MAX)
		return hst_fail(err, HST_INVALID, "the head of %s has %zu bytes, at most %d are allowed",
				row->word, length, HEAD_BYTES_MAX);
	message_init(message, word, id);
	if (!read_byte(&reader, '{'))
		return hst_fail(err, HST_INVALID, "the head of %s is not an object of JSON", row->word);
	if (!read_byte(&reader, '}')) {
		size_t expected = 0;

		do {
			int code = read_member(&reader, message, &expected);

			if (code)
				return code;
		} while (read_byte(&reader, ','));
		if (!read_byte(&reader, '}'))
			return hst_fail(err, HST_INVALID, "the head of %s is not an object of JSON",
					row->word);
	}
	read_blanks(&reader);
	if (reader.at != reader.end)
		return hst_fail(err, HST_INVALID, "the head of %s has bytes behind its end", row->word);
	for (size_t i = 0; i < row->member_count; i++)
		if (!row->members[i].optional && !message->head[i].set)
			return hst_fail(err, HST_INVALID, "%s needs the member \"%s\"", row->word,
					row->members[i].name);
	return HST_OK;
}
