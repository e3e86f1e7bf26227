/*
 * Rows that a statement takes from memory: a virtual table with the columns of a shape of records and one more. So one statement
 * puts all runs of a batch, and nothing is bound and reset for each of them.
 */
#ifndef HOST_STORE_SQLITE_ROWS_H
#define HOST_STORE_SQLITE_ROWS_H

#include "store/record.h"

#include <sqlite3.h>

struct sqlite_row {
	const void *record;
	const char *told; /* the column behind a run's */
	int64_t key;	  /* behind a step's */
};

struct sqlite_rows {
	const struct record_shape *shape;
	struct sqlite_row *at;
	size_t n, size;
};

/* The rows are there for statements under this name, as they are when one runs; `rows` lives as long as the database. Returns what
 * SQLite does. */
int sqlite_rows_open(sqlite3 *db, const char *name, struct sqlite_rows *rows);
void sqlite_rows_clear(struct sqlite_rows *rows);

void sqlite_rows_add(struct sqlite_rows *rows, struct sqlite_row row); /* borrows what it points to */

/* The name of that further column. */
const char *sqlite_rows_more(const struct record_shape *shape);

#endif
