/*
 * Runs that are no longer among the newest get their places in the tables that help to find them (sqlite.h), 2048 at a time.
 * Where all of those were put since the store was opened, what `settled` has of them is known without looking at them again.
 */
#include "store/sqlite.h"

#include <string.h>

enum { SETTLED_RUNS = 1 << SQLITE_NEW_BITS };

/* Of the runs that follow the one with the number `from`, as many as are settled at once. */
static struct sqlite_block *block_of(struct sqlite_store *store, int64_t from)
{
	return &store->blocks[(from >> SQLITE_NEW_BITS) & (SQLITE_BLOCKS - 1)];
}

int64_t sqlite_settled(int64_t newest)
{
	return ((newest >> SQLITE_NEW_BITS) - 1) * SETTLED_RUNS;
}

static void see_id(struct sqlite_block *block, const char *id)
{
	if (!block->runs || strcmp(id, block->least) < 0)
		memcpy(block->least, id, strlen(id) + 1);
	if (!block->runs || strcmp(id, block->most) > 0)
		memcpy(block->most, id, strlen(id) + 1);
	block->runs++;
}

static void see_end(struct sqlite_block *block, int64_t number, int64_t ended_us)
{
	size_t nth = (size_t)(number - block->from - 1);
	uint64_t bit = UINT64_C(1) << nth % 64;

	if (!ended_us) {
		block->ended[nth / 64] &= ~bit;
		return;
	}
	block->ended[nth / 64] |= bit;
	if (!block->ended_from || ended_us < block->ended_from)
		block->ended_from = ended_us;
	if (ended_us > block->ended_to)
		block->ended_to = ended_us;
}

/* One with an id that is no id makes a block that is looked at again. */
void sqlite_settle_later(struct sqlite_store *store, const struct store_run *run, bool new)
{
	int64_t from = (run->number - 1) >> SQLITE_NEW_BITS << SQLITE_NEW_BITS;
	struct sqlite_block *block = block_of(store, from);

	if (new && (block->from != from || !block->runs))
		*block = (struct sqlite_block){.from = from};
	if (block->from != from)
		return;
	if (new && run->id && strlen(run->id) < ID_SIZE)
		see_id(block, run->id);
	see_end(block, run->number, run->ended_us);
}

static bool all_ended(const struct sqlite_block *block)
{
	uint64_t all = UINT64_MAX;

	for (size_t i = 0; i < sizeof block->ended / sizeof *block->ended; i++)
		all &= block->ended[i];
	return all == UINT64_MAX;
}

static int settle_from(struct sqlite_store *store, enum sqlite_statement which, int64_t from, hst_error *err)
{
	sqlite3_bind_int64(store->statements[which], 1, from);
	sqlite3_bind_int64(store->statements[which], 2, from + SETTLED_RUNS);
	return sqlite_put(store, which, err);
}

static int put_settled(struct sqlite_store *store, const struct sqlite_block *block, hst_error *err)
{
	sqlite3_stmt *statement = store->statements[SQL_PUT_SETTLED];

	sqlite3_bind_int64(statement, 1, block->from + SETTLED_RUNS);
	sqlite_bind_text(statement, 2, block->least);
	sqlite_bind_text(statement, 3, block->most);
	sqlite3_bind_int64(statement, 4, block->ended_from);
	sqlite3_bind_int64(statement, 5, block->ended_to);
	return sqlite_put(store, SQL_PUT_SETTLED, err);
}

static int settle(struct sqlite_store *store, int64_t from, hst_error *err)
{
	const struct sqlite_block *block = block_of(store, from);
	bool whole = block->from == from && block->runs == SETTLED_RUNS;
	int code = whole ? put_settled(store, block, err) : settle_from(store, SQL_SETTLE, from, err);

	if (code || (whole && all_ended(block)))
		return code;
	return settle_from(store, SQL_SETTLE_RUNS, from, err);
}

int sqlite_settle_until(struct sqlite_store *store, int64_t last, hst_error *err)
{
	int code = HST_OK;

	for (int64_t from = sqlite_settled(last); !code && from < sqlite_settled(store->last_run) && from < last; from += SETTLED_RUNS)
		code = settle(store, from, err);
	return code;
}

int sqlite_put_settled(struct sqlite_store *store, const struct store_run *run, bool there, hst_error *err)
{
	enum sqlite_statement mark = run->ended_us ? SQL_CLOSE_RUN : SQL_OPEN_RUN;
	int code;

	if (!there)
		return settle(store, sqlite_settled(run->number - 1) + SETTLED_RUNS, err);
	sqlite3_bind_int64(store->statements[mark], 1, run->number);
	code = sqlite_put(store, mark, err);
	if (code || !run->ended_us)
		return code;
	sqlite3_bind_int64(store->statements[SQL_PUT_ENDED], 1, run->ended_us);
	sqlite3_bind_int64(store->statements[SQL_PUT_ENDED], 2, run->number);
	return sqlite_put(store, SQL_PUT_ENDED, err);
}

void sqlite_settle_forget(struct sqlite_store *store)
{
	memset(store->blocks, 0, sizeof store->blocks);
}
