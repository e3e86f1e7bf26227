#include "seal/redact.h"

#include "seal/redact_forms.h"
#include "seal/redact_tree.h"
#include "seal/select.h"

#include "base/auto.h"
#include "base/mem.h"
#include "base/text.h"

#include "schema/utf8.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* What is read at once. A last piece that is shorter than PIECE_LEAST begins earlier. */
enum { SLICE = 16 << 10, PIECE_LEAST = 16, TEXT_MAX = 1 << 20 };

_Static_assert((int)REDACT_PIECE_MAX <= (int)REDACT_FORMS_MAX, "a piece has all its forms");

struct redact {
	struct redact_tree tree;
	uint64_t version;
};

struct redact *redact_new(void)
{
	struct redact *redact = mem_alloc(sizeof *redact);

	redact_tree_init(&redact->tree);
	return redact;
}

void redact_free(struct redact *redact)
{
	if (!redact)
		return;
	redact_tree_clear(&redact->tree);
	free(redact);
}

static int add_form(void *arg, const char *bytes, size_t n, hst_error *err)
{
	struct redact *redact = arg;

	return n < REDACT_BYTES_MIN ? HST_OK : redact_tree_add(&redact->tree, bytes, n, REDACT_STATES_MAX, err);
}

/* How many bytes from the front are a piece; a character of UTF-8 is not cut. */
static size_t piece_of(const char *bytes, size_t n)
{
	size_t cut = REDACT_PIECE_MAX;

	if (n <= REDACT_PIECE_MAX)
		return n;
	while (cut > REDACT_PIECE_MAX - 4 && ((unsigned char)bytes[cut] & 0xc0) == 0x80)
		cut--;
	return cut;
}

static int add_pieces(struct redact *redact, const char *bytes, size_t n, hst_error *err)
{
	size_t at = 0;
	int code = HST_OK;

	while (at < n && code == HST_OK) {
		size_t length = piece_of(bytes + at, n - at), from = at;

		if (at && length < PIECE_LEAST) {
			from = n - PIECE_LEAST;
			while (from && ((unsigned char)bytes[from] & 0xc0) == 0x80)
				from--;
		}
		code = redact_forms(bytes + from, at + length - from, add_form, redact, err);
		at += length;
	}
	return code;
}

static int add_lines(struct redact *redact, const char *bytes, size_t n, hst_error *err)
{
	const char *end = bytes + n;
	int code = HST_OK;

	if (!memchr(bytes, '\n', n))
		return HST_OK;
	while (bytes < end && code == HST_OK) {
		const char *line_end = memchr(bytes, '\n', (size_t)(end - bytes));
		size_t length = (size_t)((line_end ? line_end : end) - bytes);

		if (length && bytes[length - 1] == '\r')
			length--;
		if (length >= REDACT_LINE_MIN)
			code = add_pieces(redact, bytes, length, err);
		bytes = line_end ? line_end + 1 : end;
	}
	return code;
}

int redact_add_bytes(struct redact *redact, const void *bytes, size_t n, hst_error *err)
{
	int code;

	if (n < REDACT_BYTES_MIN)
		return HST_OK;
	if (n > SECRET_BYTES_MAX)
		return hst_fail(err, HST_INVALID, "a secret has over %d bytes, and cannot be kept out of what is printed", SECRET_BYTES_MAX);
	redact->version++;
	code = add_pieces(redact, bytes, n, err);
	return code == HST_OK ? add_lines(redact, bytes, n, err) : code;
}

static int add_secret(void *arg, const hst_secret *secret, hst_error *err)
{
	size_t length;
	const void *bytes = secret_bytes(secret, &length);

	return redact_add_bytes(arg, bytes, length, err);
}

int redact_add(struct redact *redact, const hst_secret *secret, hst_error *err)
{
	int code = add_secret(redact, secret, err);

	return code == HST_OK && secret_form(secret) == SECRET_JSON ? select_each(secret, add_secret, redact, err) : code;
}

void redact_stream_init(struct redact_stream *stream, struct redact *redact)
{
	*stream = (struct redact_stream){.redact = redact};
}

static void wipe(struct redact_stream *stream)
{
	if (stream->held)
		sodium_memzero(stream->held, stream->size);
	free(stream->held);
	free(stream->ends);
	stream->held = NULL;
	stream->ends = NULL;
	stream->size = 0;
}

void redact_stream_clear(struct redact_stream *stream)
{
	wipe(stream);
	redact_stream_init(stream, stream->redact);
}

static void step(struct redact_stream *stream, size_t at)
{
	const struct redact_tree *tree = &stream->redact->tree;

	stream->state = redact_tree_step(tree, stream->state, (uint8_t)stream->held[at]);
	/* In a longer text that was found before stays what was found. */
	if (tree->nodes[stream->state].found > stream->ends[at])
		stream->ends[at] = tree->nodes[stream->state].found;
}

/* There is room for the longest secret and one slice; what waits is looked at anew with the secrets there are now. */
static void follow(struct redact_stream *stream)
{
	struct redact *redact = stream->redact;
	struct redact_stream old = *stream;
	size_t size = redact->tree.longest + SLICE;

	if (stream->version == redact->version && stream->held)
		return;
	redact_tree_link(&redact->tree);
	stream->version = redact->version;
	stream->state = 0;
	if (size > stream->size) {
		stream->held = mem_alloc(size);
		stream->ends = mem_array(size, sizeof *stream->ends);
		stream->size = size;
		if (old.length) {
			memcpy(stream->held, old.held, old.length);
			memcpy(stream->ends, old.ends, old.length * sizeof *stream->ends);
		}
		wipe(&old);
	}
	for (size_t at = 0; at < stream->length; at++)
		step(stream, at);
}

/* Passes so many of the held bytes on. */
static void pass_on(struct redact_stream *stream, size_t n, redact_add_fn add, void *arg)
{
	size_t from = 0;

	for (size_t at = 0; at < n; at++) {
		bool secret = stream->ends[at] != 0;

		if (secret && at > from)
			add(arg, stream->held + from, at - from);
		if (secret && !stream->inside)
			add(arg, REDACT_INSTEAD, sizeof REDACT_INSTEAD - 1);
		if (secret)
			from = at + 1;
		stream->inside = secret;
	}
	if (n > from)
		add(arg, stream->held + from, n - from);
	memmove(stream->held, stream->held + n, stream->length - n);
	memmove(stream->ends, stream->ends + n, (stream->length - n) * sizeof *stream->ends);
	stream->length -= n;
}

/* A secret of so many bytes that ends at one of them ends, one byte shorter, at the one before it. */
static void spread(struct redact_stream *stream)
{
	for (size_t at = stream->length; at-- > 1;)
		if (stream->ends[at] > 1 && stream->ends[at] - 1 > stream->ends[at - 1])
			stream->ends[at - 1] = stream->ends[at] - 1;
}

static bool looks_for_nothing(const struct redact_stream *stream)
{
	return !stream->redact || !stream->redact->tree.count;
}

/* Up to where nothing waits any more. */
static size_t take_some(struct redact_stream *stream, const char *bytes, size_t n, redact_add_fn add, void *arg)
{
	size_t taken = 0;

	do {
		stream->held[stream->length] = bytes[taken++];
		stream->ends[stream->length] = 0;
		step(stream, stream->length++);
	} while (stream->state && taken < n && taken < SLICE);
	spread(stream);
	pass_on(stream, stream->length - stream->redact->tree.nodes[stream->state].depth, add, arg);
	return taken;
}

void redact_feed(struct redact_stream *stream, const char *bytes, size_t n, redact_add_fn add, void *arg)
{
	if (looks_for_nothing(stream)) {
		if (n)
			add(arg, bytes, n);
		return;
	}
	follow(stream);
	while (n) {
		size_t plain = stream->state ? 0 : redact_tree_plain(&stream->redact->tree, bytes, n);
		size_t taken = plain ? plain : take_some(stream, bytes, n, add, arg);

		if (plain) {
			add(arg, bytes, plain);
			stream->inside = false;
		}
		bytes += taken;
		n -= taken;
	}
}

void redact_flush(struct redact_stream *stream, redact_add_fn add, void *arg)
{
	if (stream->length)
		pass_on(stream, stream->length, add, arg);
	stream->state = 0;
	stream->inside = false;
}

static void add_to_text(void *arg, const char *bytes, size_t n)
{
	text_bytes(arg, bytes, n);
}

char *redact_text(struct redact *redact, const char *text)
{
	struct redact_stream stream;
	struct text clean;

	text_init(&clean, TEXT_MAX);
	redact_stream_init(&stream, redact);
	redact_feed(&stream, text, strlen(text), add_to_text, &clean);
	redact_flush(&stream, add_to_text, &clean);
	redact_stream_clear(&stream);
	return text_take(&clean);
}
