/*
 * Compositions: a value made of pieces, literals and envelopes, each with a path into what is sealed in it. Whoever puts one
 * together knows the literals alone; the pieces are joined where they are used.
 */
#ifndef HOST_SEAL_COMPOSITION_H
#define HOST_SEAL_COMPOSITION_H

#include "base/text.h"
#include "seal/envelope_open.h"

#include <hostler/error.h>

#include <stddef.h>
#include <stdint.h>

enum { COMPOSITION_PIECES_MAX = 64, COMPOSITION_BYTES_MAX = 512 << 10 };

struct composition_piece {
	enum { PIECE_LITERAL, PIECE_ENVELOPE } kind;
	const char *path; /* of an envelope: "" or seal/select.h's; of a literal "" */
	const void *bytes;
	size_t length;
};

struct composition {
	size_t count;
	struct composition_piece pieces[COMPOSITION_PIECES_MAX]; /* they point into the bytes */
};

/* The form alone, that of its envelopes included. HST_INVALID, reason EnvelopeForm: not written the one way there is. */
int composition_read(const void *bytes, size_t length, struct composition *ret, hst_error *err);

/* Appends to an empty text. Literals beside each other become one, empty ones none. One envelope alone, without a path, is
 * appended as it is. HST_INVALID: no envelope, too many pieces, a wrong path. */
int composition_write(struct text *to, const struct composition_piece *pieces, size_t n, hst_error *err);

/*
 * The value of an item: of an envelope what is sealed in it; of a composition its pieces, each opened with all checks. One
 * piece alone has the value it points to; several are joined into a text, in which a text stands as it is and all else as JSON.
 * A piece is opened for the use "USE#NUMBER", since one envelope may be in several. Reasons are those of envelope_open, and
 * EnvelopeBroken where a path leads nowhere.
 */
int composition_open(const void *item, size_t length, const struct envelope_check *check, const struct seal_pairs *own, hst_secret **ret,
                     hst_error *err);

#endif
