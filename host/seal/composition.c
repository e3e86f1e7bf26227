#include "seal/composition.h"

#include "seal/form.h"
#include "seal/items.h"
#include "seal/select.h"

#include "base/auto.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

static const char magic[] = "HSC1";

enum { MAGIC = sizeof magic - 1, BYTE_LITERAL = 1, BYTE_ENVELOPE = 2 };

/* Of literals: length in four bytes, bytes. Of envelopes: path with its zero byte, counted in two bytes; then the same. */
static int read_piece(struct form *form, struct composition *to, hst_error *err)
{
	struct composition_piece *piece = &to->pieces[to->count], *before = to->count ? piece - 1 : NULL;
	const uint8_t *path, *bytes;
	size_t path_length;
	uint64_t kind = 0;

	*piece = (struct composition_piece){.path = ""};
	form_take_number(form, 1, &kind);
	if (kind == BYTE_ENVELOPE) {
		piece->kind = PIECE_ENVELOPE;
		if (!form_take_counted(form, 2, &path, &path_length) || !path_length || path[path_length - 1] ||
		    strlen((const char *)path) != path_length - 1 || !select_path_right((const char *)path))
			return FORM_REFUSE(err, "a composition has a wrong path");
		piece->path = (const char *)path;
	} else if (kind != BYTE_LITERAL) {
		return FORM_REFUSE(err, "a composition has a piece of an unknown kind");
	}
	if (!form_take_counted(form, 4, &bytes, &piece->length) || !piece->length)
		return FORM_REFUSE(err, "a composition has a piece of a wrong length");
	if (kind == BYTE_LITERAL && before && before->kind == PIECE_LITERAL)
		return FORM_REFUSE(err, "a composition has two literals that could be one");
	piece->bytes = bytes;
	to->count++;
	return HST_OK;
}

static int check_envelopes(const struct composition *composition, hst_error *err)
{
	AUTO_FREE struct envelope *envelope = mem_alloc(sizeof *envelope);
	size_t envelopes = 0;

	for (size_t i = 0; i < composition->count; i++) {
		const struct composition_piece *piece = &composition->pieces[i];
		int code = piece->kind == PIECE_ENVELOPE ? envelope_read(piece->bytes, piece->length, envelope, err) : HST_OK;

		if (code != HST_OK)
			return code;
		if (piece->kind == PIECE_ENVELOPE && envelope->header.kind == ENVELOPE_FILE)
			return FORM_REFUSE(err, "a composition has a file in it");
		envelopes += piece->kind == PIECE_ENVELOPE;
	}
	if (!envelopes)
		return FORM_REFUSE(err, "a composition has no envelope");
	if (composition->count == 1 && !composition->pieces[0].path[0])
		return FORM_REFUSE(err, "a composition has nothing but an envelope");
	return HST_OK;
}

int composition_read(const void *bytes, size_t length, struct composition *ret, hst_error *err)
{
	struct form form = {bytes, (const uint8_t *)bytes + length};
	const uint8_t *front;
	int code = HST_OK;

	ret->count = 0;
	if (length > COMPOSITION_BYTES_MAX)
		return FORM_REFUSE(err, "a composition has over %d bytes", COMPOSITION_BYTES_MAX);
	if (!form_take(&form, MAGIC, &front) || memcmp(front, magic, MAGIC) != 0)
		return FORM_REFUSE(err, "these bytes are no composition");
	while (code == HST_OK && form_left(&form)) {
		if (ret->count == COMPOSITION_PIECES_MAX)
			return FORM_REFUSE(err, "a composition has over %d pieces", COMPOSITION_PIECES_MAX);
		code = read_piece(&form, ret, err);
	}
	return code == HST_OK ? check_envelopes(ret, err) : code;
}

static void write_piece(struct text *to, const struct composition_piece *piece)
{
	form_add_number(to, piece->kind == PIECE_ENVELOPE ? BYTE_ENVELOPE : BYTE_LITERAL, 1);
	if (piece->kind == PIECE_ENVELOPE) {
		form_add_number(to, strlen(piece->path) + 1, 2);
		text_bytes(to, piece->path, strlen(piece->path) + 1);
	}
	form_add_number(to, piece->length, 4);
	text_bytes(to, piece->bytes, piece->length);
}

static void write_literal(struct text *to, struct text *literal)
{
	if (literal->length)
		write_piece(to, &(struct composition_piece){.kind = PIECE_LITERAL, .bytes = literal->s, .length = literal->length});
	to->over = to->over || literal->over;
	text_reset(literal);
}

int composition_write(struct text *to, const struct composition_piece *pieces, size_t n, hst_error *err)
{
	AUTO_FREE struct composition *again = mem_alloc(sizeof *again);
	AUTO(text) struct text literal;

	text_init(&literal, COMPOSITION_BYTES_MAX);
	if (n == 1 && pieces[0].kind == PIECE_ENVELOPE && !pieces[0].path[0]) {
		text_bytes(to, pieces[0].bytes, pieces[0].length);
		return HST_OK;
	}
	text_add(to, magic);
	for (size_t i = 0; i < n; i++) {
		if (pieces[i].kind == PIECE_LITERAL) {
			text_bytes(&literal, pieces[i].bytes, pieces[i].length);
			continue;
		}
		if (strlen(pieces[i].path) > SELECT_BYTES_MAX)
			return FORM_REFUSE(err, "the path into a sealed value has over %d bytes", SELECT_BYTES_MAX);
		write_literal(to, &literal);
		write_piece(to, &pieces[i]);
	}
	write_literal(to, &literal);
	if (to->over)
		return FORM_REFUSE(err, "a composition would be too long");
	return composition_read(to->s, to->length, again, err);
}

/* What a piece stands for; *ret is left alone for a literal. */
static int open_piece(const struct composition_piece *piece, const struct envelope_check *check, const struct seal_pairs *own,
                      hst_secret **ret, hst_error *err)
{
	AUTO_FREE struct envelope *envelope = mem_alloc(sizeof *envelope);
	AUTO(secret) hst_secret *whole = NULL;
	int code = envelope_read(piece->bytes, piece->length, envelope, err);

	if (code == HST_OK)
		code = envelope_open(envelope, check, own, &whole, err);
	if (code != HST_OK)
		return code;
	code = select_part(whole, piece->path, ret, err);
	if (code == HST_NOT_FOUND || code == HST_INVALID)
		return hst_fail_as(err, HST_DENIED, "EnvelopeBroken", "%s is not what is looked for: %s", envelope->header.name,
		                   piece->path[0] ? piece->path : "it is null, or no JSON");
	return code;
}

static int join(const struct composition *composition, hst_secret *const *parts, hst_secret **ret, hst_error *err)
{
	size_t total = 0, length;
	uint8_t *at;
	int code;

	for (size_t i = 0; i < composition->count; i++) {
		length = composition->pieces[i].length;
		if (parts[i])
			secret_bytes(parts[i], &length);
		total += length;
	}
	if (total > SECRET_BYTES_MAX)
		return hst_fail(err, HST_INVALID, "what is put together of sealed values has over %d bytes", SECRET_BYTES_MAX);
	code = secret_room(total, ret, err);
	if (code != HST_OK)
		return code;
	at = secret_fill(*ret);
	for (size_t i = 0; i < composition->count; i++) {
		const void *bytes = composition->pieces[i].bytes;

		length = composition->pieces[i].length;
		if (parts[i])
			bytes = secret_bytes(parts[i], &length);
		memcpy(at, bytes, length);
		at += length;
	}
	return HST_OK;
}

static int open_pieces(const struct composition *composition, const struct envelope_check *check, const struct seal_pairs *own,
                       hst_secret **parts, hst_error *err)
{
	int code = HST_OK;

	for (size_t i = 0; i < composition->count && code == HST_OK; i++) {
		AUTO_FREE char *use = check->use ? mem_printf("%s#%zu", check->use, i) : NULL;
		struct envelope_check piece_check = *check;

		piece_check.use = use;
		if (composition->pieces[i].kind == PIECE_ENVELOPE)
			code = open_piece(&composition->pieces[i], &piece_check, own, &parts[i], err);
	}
	return code;
}

static int open_composition(const struct composition *composition, const struct envelope_check *check, const struct seal_pairs *own,
                            hst_secret **ret, hst_error *err)
{
	hst_secret *parts[COMPOSITION_PIECES_MAX] = {NULL};
	int code = open_pieces(composition, check, own, parts, err);

	if (code == HST_OK && composition->count == 1)
		*ret = take(parts[0]);
	else if (code == HST_OK)
		code = join(composition, parts, ret, err);
	for (size_t i = 0; i < composition->count; i++)
		secret_free(parts[i]);
	return code;
}

int composition_open(const void *item, size_t length, const struct envelope_check *check, const struct seal_pairs *own, hst_secret **ret,
                     hst_error *err)
{
	AUTO_FREE struct envelope *envelope = NULL;
	AUTO_FREE struct composition *composition = NULL;
	int code;

	if (item_kind_of(item, length) == ITEM_ENVELOPE) {
		envelope = mem_alloc(sizeof *envelope);
		code = envelope_read(item, length, envelope, err);
		return code == HST_OK ? envelope_open(envelope, check, own, ret, err) : code;
	}
	composition = mem_alloc(sizeof *composition);
	code = composition_read(item, length, composition, err);
	return code == HST_OK ? open_composition(composition, check, own, ret, err) : code;
}
