/*
 * What happens to runs. What one batch tells of a run is kept until the batch ends and then written as one piece: a text of
 * JSON arrays, each with a comma before it, so that one piece can be added to another. Times in it are counted from when the
 * run was requested, which its row says; whole ones are of a happening that came without that, or three years later. The
 * first pieces stand in the rows of the run itself, one of which is written then anyway; once they have no room, or a piece
 * comes without its run, pieces are rows of their own behind it. What happened to the house, which is run 0, is one row for each happening, since they go one by one.
 */
#include "store/sqlite.h"

#include "base/mem.h"
#include "schema/value.h"

#include <stdlib.h>
#include <string.h>

enum {
	ROW_BYTES = 1024,	/* the second of a run's rows is written anew with each change of it */
	PIECE_BYTES = 1 << 16,	/* what is longer is continued in another piece */
	PIECE_BYTES_MAX = 1 << 26,
	NO_ROOM = -1,
};

static struct sqlite_place *place_of(struct sqlite_store *store, int64_t run)
{
	return &store->places[run % SQLITE_PLACES];
}

struct sqlite_place *sqlite_place(struct sqlite_store *store, int64_t run)
{
	struct sqlite_place *place = place_of(store, run);

	if (place->run != run)
		*place = (struct sqlite_place){.run = run, .row_bytes = NO_ROOM};
	return place;
}

void sqlite_told_new(struct sqlite_store *store, int64_t run)
{
	struct sqlite_place *place;

	if (run < 0 || run >= SQLITE_RUNS_MAX)
		return;
	place = sqlite_place(store, run);
	place->key = (run << SQLITE_KEY_BITS) + 1;
	place->row_bytes = 0;
}

const char *sqlite_told_take(struct sqlite_store *store, int64_t run)
{
	struct sqlite_place *place = place_of(store, run >= 0 ? run : 0);
	struct sqlite_piece *piece = place->piece ? &store->pieces[place->piece - 1] : NULL;

	if (place->run != run || !piece || place->row_bytes == NO_ROOM)
		return "";
	if (place->row_bytes + (int64_t)piece->told.length > ROW_BYTES) {
		place->row_bytes = NO_ROOM;
		return "";
	}
	place->row_bytes += (int64_t)piece->told.length;
	place->piece = 0;
	piece->run = 0;
	piece->taken = true;
	return piece->told.s;
}

/* Where the next row of a run's pieces goes. After a batch that was taken back nothing of it is known. */
static int find_place(struct sqlite_store *store, int64_t run, struct sqlite_place **ret, hst_error *err)
{
	sqlite3_stmt *statement = store->statements[SQL_LAST_HAPPENING];
	struct sqlite_place *place = sqlite_place(store, run);
	int code = HST_OK;

	*ret = place;
	place->row_bytes = NO_ROOM;
	if (place->key)
		return HST_OK;
	sqlite3_bind_int64(statement, 1, run);
	if (sqlite3_step(statement) != SQLITE_ROW)
		code = sqlite_fail(store, err);
	else if (sqlite3_column_type(statement, 0) == SQLITE_NULL)
		place->key = (run << SQLITE_KEY_BITS) + 1;
	else
		place->key = sqlite3_column_int64(statement, 0) + 1;
	sqlite3_reset(statement);
	return code;
}

static int put_piece(struct sqlite_store *store, const struct sqlite_piece *piece, hst_error *err)
{
	sqlite3_stmt *statement = store->statements[SQL_PUT_HAPPENING];
	struct sqlite_place *place;
	int code = find_place(store, piece->run, &place, err);

	if (!code && place->key >> SQLITE_KEY_BITS != piece->run)
		code = hst_fail(err, HST_INVALID, "too much has happened to run #%lld", (long long)piece->run);
	if (code)
		return code;
	place->piece = 0;
	sqlite3_bind_int64(statement, 1, place->key);
	sqlite3_bind_int64(statement, 2, piece->at_us);
	sqlite_bind_bytes(statement, 3, (struct store_bytes){piece->told.s, piece->told.length});
	code = sqlite_put(store, SQL_PUT_HAPPENING, err);
	if (!code)
		place->key++;
	return code;
}

int sqlite_told_write(struct sqlite_store *store, hst_error *err)
{
	int code = HST_OK;

	for (size_t i = 0; i < store->piece_count && !code; i++)
		if (!store->pieces[i].taken)
			code = put_piece(store, &store->pieces[i], err);
	store->piece_count = 0;
	if (code)
		store->spoiled = true;
	return code;
}

void sqlite_told_gone(struct sqlite_store *store, int64_t run)
{
	if (place_of(store, run)->run == run)
		*place_of(store, run) = (struct sqlite_place){0};
}

void sqlite_told_forget(struct sqlite_store *store)
{
	store->piece_count = 0;
	memset(store->places, 0, sizeof store->places);
}

void sqlite_told_clear(struct sqlite_store *store)
{
	for (size_t i = 0; i < store->piece_size; i++)
		text_clear(&store->pieces[i].told);
	free(store->pieces);
}

/* Texts of former batches are used again. */
static struct sqlite_piece *new_piece(struct sqlite_store *store, int64_t run)
{
	size_t had = store->piece_size;
	struct sqlite_piece *piece;

	store->pieces = mem_grow(store->pieces, &store->piece_size, store->piece_count + 1, sizeof *store->pieces);
	for (; had < store->piece_size; had++)
		text_init(&store->pieces[had].told, PIECE_BYTES_MAX);
	piece = &store->pieces[store->piece_count++];
	text_reset(&piece->told);
	piece->run = run;
	piece->at_us = INT64_MIN;
	piece->taken = false;
	return piece;
}

static struct sqlite_piece *piece_of(struct sqlite_store *store, int64_t run)
{
	struct sqlite_place *place = sqlite_place(store, run);

	if (run == 0)
		return new_piece(store, run);
	if (!place->piece || store->pieces[place->piece - 1].told.length > PIECE_BYTES) {
		new_piece(store, run);
		place->piece = store->piece_count;
	}
	return &store->pieces[place->piece - 1];
}

static void add_happening(struct text *to, const struct store_happening *happening)
{
	static const int64_t FAR_US = INT64_C(100000000000000); /* the same number stands in the statements (EACH_AT) */
	int64_t since = happening->at_us - happening->run_us;

	text_bytes(to, ",[", 2);
	text_integer(to, since < FAR_US && since > -FAR_US ? since : happening->at_us);
	text_bytes(to, ",", 1);
	text_integer(to, happening->step);
	text_bytes(to, ",", 1);
	json_quote(to, happening->what, strlen(happening->what));
	if (happening->detail) {
		text_bytes(to, ",", 1);
		text_add(to, happening->detail);
	}
	text_bytes(to, "]", 1);
}

int sqlite_put_happening(struct store *base, const struct store_happening *happening, hst_error *err)
{
	struct sqlite_store *store = (struct sqlite_store *)base;
	struct sqlite_piece *piece;
	int code = HST_OK;

	if (!store->in_batch)
		code = hst_fail(err, HST_INVALID, "a put outside of a batch");
	else if (happening->run < 0 || happening->run >= SQLITE_RUNS_MAX)
		code = hst_fail(err, HST_INVALID, "no run has the number %lld", (long long)happening->run);
	if (!code) {
		piece = piece_of(store, happening->run);
		add_happening(&piece->told, happening);
		if (happening->at_us > piece->at_us)
			piece->at_us = happening->at_us;
		if (piece->told.over)
			code = hst_fail(err, HST_INVALID, "what happened to run #%lld cannot be told in so many words",
					(long long)happening->run);
	}
	if (code)
		store->spoiled = true;
	return code;
}
