#include "store/sqlite_rows.h"

#include "base/auto.h"
#include "base/mem.h"
#include "base/text.h"

#include <stdlib.h>

enum { TABLE_BYTES_MAX = 4096 };

struct rows_table {
	sqlite3_vtab base; /* first */
	const struct sqlite_rows *rows;
};

struct rows_cursor {
	sqlite3_vtab_cursor base; /* first */
	const struct sqlite_rows *rows;
	size_t at;
};

const char *sqlite_rows_more(const struct record_shape *shape)
{
	return shape == &record_run ? "told" : "key";
}

static int rows_connect(sqlite3 *db, void *rows, int argc, const char *const *argv, sqlite3_vtab **ret, char **ret_err)
{
	const struct record_shape *shape = ((const struct sqlite_rows *)rows)->shape;
	struct rows_table *table = mem_alloc(sizeof *table);
	AUTO(text) struct text sql;
	int code;

	(void)argc;
	(void)argv;
	(void)ret_err;
	text_init(&sql, TABLE_BYTES_MAX);
	text_add(&sql, "CREATE TABLE rows(");
	for (size_t i = 0; i < shape->n; i++)
		text_addf(&sql, "\"%s\", ", shape->columns[i].name);
	text_addf(&sql, "%s)", sqlite_rows_more(shape));
	code = sqlite3_declare_vtab(db, sql.s);
	table->rows = rows;
	*ret = &table->base;
	return code;
}

static int rows_disconnect(sqlite3_vtab *table)
{
	free(table);
	return SQLITE_OK;
}

static int rows_plan(sqlite3_vtab *table, sqlite3_index_info *plan)
{
	(void)table;
	plan->estimatedCost = 100;
	plan->estimatedRows = 100;
	return SQLITE_OK;
}

static int rows_open(sqlite3_vtab *table, sqlite3_vtab_cursor **ret)
{
	struct rows_cursor *cursor = mem_alloc(sizeof *cursor);

	cursor->rows = ((struct rows_table *)table)->rows;
	*ret = &cursor->base;
	return SQLITE_OK;
}

static int rows_close(sqlite3_vtab_cursor *cursor)
{
	free(cursor);
	return SQLITE_OK;
}

static int rows_filter(sqlite3_vtab_cursor *cursor, int plan, const char *name, int argc, sqlite3_value **argv)
{
	(void)plan;
	(void)name;
	(void)argc;
	(void)argv;
	((struct rows_cursor *)cursor)->at = 0;
	return SQLITE_OK;
}

static int rows_next(sqlite3_vtab_cursor *cursor)
{
	((struct rows_cursor *)cursor)->at++;
	return SQLITE_OK;
}

static int rows_eof(sqlite3_vtab_cursor *base)
{
	const struct rows_cursor *cursor = (struct rows_cursor *)base;

	return cursor->at >= cursor->rows->n;
}

/* Bytes are text to SQLite, so that people can read it in SQL. */
static int rows_column(sqlite3_vtab_cursor *base, sqlite3_context *to, int at)
{
	const struct rows_cursor *cursor = (struct rows_cursor *)base;
	const struct record_shape *shape = cursor->rows->shape;
	const struct sqlite_row *row = &cursor->rows->at[cursor->at];
	const struct record_column *column = &shape->columns[at];
	const void *member;

	if ((size_t)at == shape->n) {
		if (row->told)
			sqlite3_result_text(to, row->told, -1, SQLITE_STATIC);
		else
			sqlite3_result_int64(to, row->key);
		return SQLITE_OK;
	}
	member = record_at(row->record, column);
	if (column->kind == RECORD_INTEGER) {
		sqlite3_result_int64(to, *(const int64_t *)member);
	} else if (column->kind == RECORD_TEXT) {
		if (*(char *const *)member)
			sqlite3_result_text(to, *(char *const *)member, -1, SQLITE_STATIC);
	} else {
		const struct store_bytes *bytes = member;

		if (bytes->bytes)
			sqlite3_result_text64(to, bytes->bytes, bytes->length, SQLITE_STATIC, SQLITE_UTF8);
	}
	return SQLITE_OK;
}

static int rows_rowid(sqlite3_vtab_cursor *cursor, sqlite3_int64 *ret)
{
	*ret = (sqlite3_int64)((struct rows_cursor *)cursor)->at;
	return SQLITE_OK;
}

/* Without xCreate: the table is there by its name, in no schema. */
static const sqlite3_module rows_module = {
	.xConnect = rows_connect,
	.xDisconnect = rows_disconnect,
	.xBestIndex = rows_plan,
	.xOpen = rows_open,
	.xClose = rows_close,
	.xFilter = rows_filter,
	.xNext = rows_next,
	.xEof = rows_eof,
	.xColumn = rows_column,
	.xRowid = rows_rowid,
};

int sqlite_rows_open(sqlite3 *db, const char *name, struct sqlite_rows *rows)
{
	return sqlite3_create_module_v2(db, name, &rows_module, rows, NULL);
}

void sqlite_rows_clear(struct sqlite_rows *rows)
{
	free(rows->at);
}

void sqlite_rows_add(struct sqlite_rows *rows, struct sqlite_row row)
{
	rows->at = mem_grow(rows->at, &rows->size, rows->n + 1, sizeof *rows->at);
	rows->at[rows->n++] = row;
}
