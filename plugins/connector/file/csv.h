/*
 * Comma-separated values as RFC 4180 describes them, read row by row out of a file in memory: quotes, doubled
 * quotes, line breaks inside quotes, CR LF or LF, an optional byte order mark. The first row names the
 * columns. Empty lines are skipped; a row with more or fewer cells than the first is an error. Pure: no
 * allocation, the bytes are unquoted in place, and cells point into them.
 */
#ifndef PLUGINS_CONNECTOR_FILE_CSV_H
#define PLUGINS_CONNECTOR_FILE_CSV_H

#include <hostler/error.h>

#include <stddef.h>

enum { CSV_BYTES_MAX = 16 << 20, CSV_ROWS_MAX = 100000, CSV_COLUMNS_MAX = 256 };

struct csv_cell {
	const char *at; /* not ended by a NUL */
	size_t n;
};

struct csv_row {
	size_t line; /* where it starts, counted from 1 */
	size_t n;    /* 0: there are no more rows */
	struct csv_cell cells[CSV_COLUMNS_MAX];
};

struct csv {
	const char *path; /* for messages */
	char *at, *end;
	char separator;
	size_t line, rows;
	struct csv_row header;
};

/*
 * Reads the header: at least one column, none without a name, no name twice. `bytes` live as long as the
 * reader.
 */
int csv_open(struct csv *csv, const char *path, char *bytes, size_t n, char separator, hst_error *err);

/* The next row. Errors name file and line. */
int csv_next(struct csv *csv, struct csv_row *ret, hst_error *err);

/* The column of that name, or header.n. */
size_t csv_column(const struct csv *csv, const char *name);

#endif
