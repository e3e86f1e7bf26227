#include "csv.h"

#include <stdbool.h>
#include <string.h>

static bool at_line_end(const struct csv *csv)
{
	return csv->at == csv->end || csv->at[0] == '\n' ||
	       (csv->at[0] == '\r' && csv->at + 1 < csv->end && csv->at[1] == '\n');
}

static void skip_line_end(struct csv *csv)
{
	if (csv->at == csv->end)
		return;
	csv->at += csv->at[0] == '\r' ? 2 : 1;
	csv->line++;
}

/* Behind the opening quote. Doubled quotes become one, so what follows them moves forward. */
static int read_quoted(struct csv *csv, struct csv_cell *ret, hst_error *err)
{
	size_t opened = csv->line;
	char *to = csv->at, *start = csv->at;

	for (;;) {
		if (csv->at == csv->end)
			return hst_fail(err, HST_INVALID,
					"%.200s:%zu: the quote that opens here is never closed", csv->path,
					opened);
		if (*csv->at == '"') {
			csv->at++;
			if (csv->at == csv->end || *csv->at != '"')
				break;
		}
		csv->line += *csv->at == '\n';
		*to++ = *csv->at++;
	}
	if (!at_line_end(csv) && *csv->at != csv->separator)
		return hst_fail(
			err, HST_INVALID,
			"%.200s:%zu: text stands behind a closing quote; a quote inside quotes is doubled",
			csv->path, csv->line);
	*ret = (struct csv_cell){start, (size_t)(to - start)};
	return HST_OK;
}

static int read_plain(struct csv *csv, struct csv_cell *ret, hst_error *err)
{
	const char *start = csv->at;

	while (!at_line_end(csv) && *csv->at != csv->separator) {
		if (*csv->at == '"')
			return hst_fail(
				err, HST_INVALID,
				"%.200s:%zu: a quote stands inside a cell that does not begin with one",
				csv->path, csv->line);
		csv->at++;
	}
	*ret = (struct csv_cell){start, (size_t)(csv->at - start)};
	return HST_OK;
}

static int read_row(struct csv *csv, struct csv_row *ret, hst_error *err)
{
	while (csv->at < csv->end && at_line_end(csv))
		skip_line_end(csv);
	ret->line = csv->line;
	ret->n = 0;
	if (csv->at == csv->end)
		return HST_OK;
	for (;;) {
		bool quoted = csv->at < csv->end && *csv->at == '"';
		int code;

		if (ret->n == CSV_COLUMNS_MAX)
			return hst_fail(err, HST_INVALID, "%.200s:%zu: the row has more than %d columns",
					csv->path, ret->line, CSV_COLUMNS_MAX);
		csv->at += quoted;
		code = quoted ? read_quoted(csv, &ret->cells[ret->n], err)
			      : read_plain(csv, &ret->cells[ret->n], err);
		if (code != HST_OK)
			return code;
		ret->n++;
		if (at_line_end(csv)) {
			skip_line_end(csv);
			return HST_OK;
		}
		csv->at++; /* the separator */
	}
}

static bool cells_equal(struct csv_cell a, struct csv_cell b)
{
	return a.n == b.n && memcmp(a.at, b.at, a.n) == 0;
}

static int check_header(const struct csv *csv, hst_error *err)
{
	const struct csv_row *header = &csv->header;

	if (header->n == 0)
		return hst_fail(err, HST_INVALID, "%.200s is empty: its first row must name the columns",
				csv->path);
	for (size_t i = 0; i < header->n; i++) {
		if (header->cells[i].n == 0)
			return hst_fail(err, HST_INVALID, "%.200s:%zu: column %zu has no name", csv->path,
					header->line, i + 1);
		for (size_t j = 0; j < i; j++)
			if (cells_equal(header->cells[i], header->cells[j]))
				return hst_fail(err, HST_INVALID,
						"%.200s:%zu: columns %zu and %zu have the same name",
						csv->path, header->line, j + 1, i + 1);
	}
	return HST_OK;
}

int csv_open(struct csv *csv, const char *path, char *bytes, size_t n, char separator, hst_error *err)
{
	static const char byte_order_mark[] = "\xef\xbb\xbf";
	int code;

	csv->path = path;
	csv->at = bytes;
	csv->end = bytes + n;
	csv->separator = separator;
	csv->line = 1;
	csv->rows = 0;
	if (n >= 3 && memcmp(bytes, byte_order_mark, 3) == 0)
		csv->at += 3;
	if ((code = read_row(csv, &csv->header, err)) != HST_OK)
		return code;
	return check_header(csv, err);
}

int csv_next(struct csv *csv, struct csv_row *ret, hst_error *err)
{
	int code = read_row(csv, ret, err);

	if (code != HST_OK || ret->n == 0)
		return code;
	if (ret->n != csv->header.n)
		return hst_fail(err, HST_INVALID,
				"%.200s:%zu: the row has %zu columns, the first row has %zu", csv->path,
				ret->line, ret->n, csv->header.n);
	if (csv->rows == CSV_ROWS_MAX)
		return hst_fail(err, HST_INVALID, "%.200s:%zu: the file has more than %d rows", csv->path,
				ret->line, CSV_ROWS_MAX);
	csv->rows++;
	return HST_OK;
}

size_t csv_column(const struct csv *csv, const char *name)
{
	struct csv_cell wanted = {name, strlen(name)};
	size_t i = 0;

	while (i < csv->header.n && !cells_equal(csv->header.cells[i], wanted))
		i++;
	return i;
}
