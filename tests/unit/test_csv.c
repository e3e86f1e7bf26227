/* Rows of comma-separated values as RFC 4180 writes them, and what is wrong with others. */
#include "../../plugins/connector/file/csv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

/*
 * Reads all of `text` from a block of exactly its size and writes it as "[a|b][c|d]"; a failure as "!LINE:
 * text".
 */
static void check_rows(const char *text, size_t n, char separator, const char *want)
{
	char *bytes = malloc(n ? n : 1), got[4096] = "";
	struct csv *csv = calloc(1, sizeof *csv);
	struct csv_row *row = calloc(1, sizeof *row);
	hst_error err = {0};
	size_t length = 0;
	int code;

	memcpy(bytes, text, n);
	code = csv_open(csv, "f.csv", bytes, n, separator, &err);
	if (code == HST_OK)
		*row = csv->header;
	while (code == HST_OK && row->n) {
		for (size_t i = 0; i < row->n; i++)
			length += (size_t)snprintf(got + length, sizeof got - length, "%c%.*s", i ? '|' : '[',
						   (int)row->cells[i].n, row->cells[i].at);
		length += (size_t)snprintf(got + length, sizeof got - length, "]");
		code = csv_next(csv, row, &err);
	}
	if (code != HST_OK)
		snprintf(got, sizeof got, "%s", err.text);
	assert_string_equal(got, want);
	free(row);
	free(csv);
	free(bytes);
}

#define CHECK(text, want) check_rows(text, sizeof(text) - 1, ',', want)

static void rows_and_line_ends(void **unused)
{
	(void)unused;
	CHECK("a,b\n1,2\n", "[a|b][1|2]");
	CHECK("a,b\r\n1,2\r\n", "[a|b][1|2]");
	CHECK("a,b\n1,2", "[a|b][1|2]");
	CHECK("a\n", "[a]");
	CHECK("a,b\n,\n1,\n,2\n", "[a|b][|][1|][|2]");
	CHECK("a,b\n1,", "[a|b][1|]");
	CHECK("a,b\n\n\r\n1,2\n\n", "[a|b][1|2]");
	CHECK("a\r,b\n1\r2,3\n", "[a\r|b][1\r2|3]");
	CHECK(" a , b\n", "[ a | b]");
}

static void a_byte_order_mark_is_no_part_of_the_first_name(void **unused)
{
	(void)unused;
	CHECK("\xef\xbb\xbf"
	      "a,b\n1,2\n",
	      "[a|b][1|2]");
	CHECK("\xef\xbb\xbf\"a\",b\n", "[a|b]");
}

static void quotes(void **unused)
{
	(void)unused;
	CHECK("a,b\n\"1,2\",\"say \"\"hi\"\"\"\n", "[a|b][1,2|say \"hi\"]");
	CHECK("a,b\n\"x\r\ny\",\"\"\n", "[a|b][x\r\ny|]");
	CHECK("a\n\"\"\n", "[a][]");
	CHECK("a\n\"\"\"\"\n", "[a][\"]");
	CHECK("a,b\n\"1\",\"2\"", "[a|b][1|2]");
	CHECK("a,b\r\n\"1\",\"2\"\r\n", "[a|b][1|2]");
}

static void other_separators(void **unused)
{
	static const char semicolons[] = "a;b\n1,5;2\n", tabs[] = "a\tb\n\"1\t5\"\t2\n";

	(void)unused;
	check_rows(semicolons, sizeof semicolons - 1, ';', "[a|b][1,5|2]");
	check_rows(tabs, sizeof tabs - 1, '\t', "[a|b][1\t5|2]");
}

static void errors_name_file_and_line(void **unused)
{
	(void)unused;
	CHECK("a,b\n1,2\n3\n", "f.csv:3: the row has 1 columns, the first row has 2");
	CHECK("a,b\n\n1,2,3\n", "f.csv:3: the row has 3 columns, the first row has 2");
	CHECK("a,b\n\"x\ny\",2\n3\n", "f.csv:4: the row has 1 columns, the first row has 2");
	CHECK("a,b\n1,\"2\n3,4\n", "f.csv:2: the quote that opens here is never closed");
	CHECK("a,b\n1,\"", "f.csv:2: the quote that opens here is never closed");
	CHECK("a,b\n1,\"2\"3\n",
	      "f.csv:2: text stands behind a closing quote; a quote inside quotes is doubled");
	CHECK("a,b\n1,2\"3\n", "f.csv:2: a quote stands inside a cell that does not begin with one");
	CHECK("a,,b\n", "f.csv:1: column 2 has no name");
	CHECK("\n\na,b,a\n", "f.csv:3: columns 1 and 3 have the same name");
	CHECK("", "f.csv is empty: its first row must name the columns");
	CHECK("\xef\xbb\xbf\r\n\n", "f.csv is empty: its first row must name the columns");
}

static void ceilings(void **unused)
{
	enum { LONG = CSV_COLUMNS_MAX * 5 + 8, MANY = 4 + 2 * (CSV_ROWS_MAX + 1) };
	struct csv *csv = calloc(1, sizeof *csv);
	struct csv_row *row = calloc(1, sizeof *row);
	char *bytes = calloc(1, MANY);
	hst_error err = {0};
	size_t n = 0;
	int code;

	(void)unused;
	for (int i = 0; i < CSV_COLUMNS_MAX; i++)
		n += (size_t)snprintf(bytes + n, LONG - n, "%sc%d", i ? "," : "", i);
	assert_int_equal(csv_open(csv, "f.csv", bytes, n, ',', &err), HST_OK);
	assert_int_equal(csv->header.n, CSV_COLUMNS_MAX);
	n += (size_t)snprintf(bytes + n, LONG - n, ",x");
	assert_int_equal(csv_open(csv, "f.csv", bytes, n, ',', &err), HST_INVALID);
	assert_string_equal(err.text, "f.csv:1: the row has more than 256 columns");

	n = (size_t)snprintf(bytes, MANY, "a\n");
	for (int i = 0; i <= CSV_ROWS_MAX; i++) {
		bytes[n++] = '1';
		bytes[n++] = '\n';
	}
	assert_int_equal(csv_open(csv, "f.csv", bytes, n, ',', &err), HST_OK);
	while ((code = csv_next(csv, row, &err)) == HST_OK)
		assert_int_equal(row->n, 1);
	assert_int_equal(code, HST_INVALID);
	assert_string_equal(err.text, "f.csv:100002: the file has more than 100000 rows");
	free(bytes);
	free(row);
	free(csv);
}

static void columns_by_name(void **unused)
{
	char bytes[] = "number,name\n";
	struct csv *csv = calloc(1, sizeof *csv);

	(void)unused;
	assert_int_equal(csv_open(csv, "f.csv", bytes, sizeof bytes - 1, ',', NULL), HST_OK);
	assert_int_equal(csv_column(csv, "number"), 0);
	assert_int_equal(csv_column(csv, "name"), 1);
	assert_int_equal(csv_column(csv, "num"), 2);
	assert_int_equal(csv_column(csv, ""), 2);
	free(csv);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_and_line_ends),
		cmocka_unit_test(a_byte_order_mark_is_no_part_of_the_first_name),
		cmocka_unit_test(quotes),
		cmocka_unit_test(other_separators),
		cmocka_unit_test(errors_name_file_and_line),
		cmocka_unit_test(ceilings),
		cmocka_unit_test(columns_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
