/*
 * Reads and writes text files below one folder, looks rows up in CSV files, and copies files of the run there and back.
 *
 *	[connector orders]
 *	plugin = file
 *	root   = orders
 *
 * The host makes the option `root` absolute, relative to the file that says it, so a relative one is refused
 * here.
 */
#include "csv.h"
#include "tree.h"
#include "utf8.h"

#include <hostler/connector.h>
#include <hostler/value.h>

#include <string.h>

enum { TEXT_MAX = 1 << 20, ROWS_JSON_MAX = 1 << 20, FILE_MAX = 256 << 20 };

struct file_config {
	const char *root;
	hst_choice separator;
};

static const char *const separators[] = {"comma", "semicolon", "tab", NULL};
static const char separator_bytes[] = {',', ';', '\t'};

static const hst_field file_options[] = {
	HST_FIELD(struct file_config, root, .required = true, .min = 1, .max = 4000,
		  .doc = "folder below which all files lie"),
	HST_FIELD(struct file_config, separator, .choices = separators, .def = "comma",
		  .doc = "what stands between the cells of a CSV file"),
};

static int file_open(const void *config, hst_host *host, void **ret_state, hst_error *err)
{
	const struct file_config *file = config;

	(void)host;
	if (file->root[0] != '/')
		return hst_fail(err, HST_INVALID, "root must be an absolute path, got \"%.200s\"",
				file->root);
	*ret_state = (void *)(uintptr_t)config;
	return HST_OK;
}

static int file_check(void *state, hst_call *call, hst_error *err)
{
	const struct file_config *config = state;

	(void)call;
	return file_check_root(config->root, err);
}

struct read_input {
	const char *file;
	int64_t max;
};

struct read_output {
	const char *text;
	int64_t size;
};

static const hst_field read_inputs[] = {
	HST_FIELD(struct read_input, file, .required = true, .doc = "the file, relative to root"),
	HST_FIELD(struct read_input, max, .def = "1048576", .min = 1, .max = TEXT_MAX,
		  .doc = "a file of more bytes is an error"),
};

static const hst_field read_outputs[] = {
	HST_FIELD(struct read_output, text, .doc = "the whole file"),
	HST_FIELD(struct read_output, size, .doc = "its length in bytes"),
};

static int file_run_read(void *state, hst_call *call, const void *input, const hst_value *values,
			 void *output, const hst_value **ret_values, hst_error *err)
{
	const struct file_config *config = state;
	const struct read_input *in = input;
	struct read_output *out = output;
	char *bytes;
	size_t n;
	int code;

	(void)values, (void)ret_values;
	if ((code = file_read(call, config->root, in->file, (size_t)in->max, &bytes, &n, err)) != HST_OK)
		return code;
	if ((code = file_check_text(in->file, bytes, n, err)) != HST_OK)
		return code;
	out->text = bytes;
	out->size = (int64_t)n;
	return HST_OK;
}

struct write_input {
	const char *file;
	const char *text;
	bool newline;
};

struct write_output {
	int64_t bytes;
};

static const hst_field write_inputs[] = {
	HST_FIELD(struct write_input, file, .required = true,
		  .doc = "the file, relative to root; its folder must be there"),
	HST_FIELD(struct write_input, text, .required = true, .doc = "what the file holds afterwards"),
};

static const hst_field append_inputs[] = {
	HST_FIELD(struct write_input, file, .required = true,
		  .doc = "the file, relative to root; its folder must be there"),
	HST_FIELD(struct write_input, text, .required = true, .doc = "what is added to its end"),
	HST_FIELD(struct write_input, newline, .def = "yes",
		  .doc = "end the text with a line break if it has none"),
};

static const hst_field write_outputs[] = {
	HST_FIELD(struct write_output, bytes, .doc = "how many bytes were written"),
};

static int file_run_write(void *state, hst_call *call, const void *input, const hst_value *values,
			  void *output, const hst_value **ret_values, hst_error *err)
{
	const struct file_config *config = state;
	const struct write_input *in = input;
	struct write_output *out = output;
	size_t n = strlen(in->text);

	(void)values, (void)ret_values;
	out->bytes = (int64_t)n;
	return file_replace(call, config->root, in->file, in->text, n, err);
}

static int file_run_append(void *state, hst_call *call, const void *input, const hst_value *values,
			   void *output, const hst_value **ret_values, hst_error *err)
{
	const struct file_config *config = state;
	const struct write_input *in = input;
	struct write_output *out = output;
	size_t n = strlen(in->text);
	char *line = hst_alloc(call, n + 1);

	(void)values, (void)ret_values;
	memcpy(line, in->text, n);
	if (in->newline && (n == 0 || line[n - 1] != '\n'))
		line[n++] = '\n';
	out->bytes = (int64_t)n;
	return file_append(call, config->root, in->file, line, n, err);
}

static int open_csv(const struct file_config *config, hst_call *call, const char *path, struct csv *ret,
		    hst_error *err)
{
	char *bytes;
	size_t n;
	int code;

	if ((code = file_read(call, config->root, path, CSV_BYTES_MAX, &bytes, &n, err)) != HST_OK)
		return code;
	if ((code = file_check_text(path, bytes, n, err)) != HST_OK)
		return code;
	return csv_open(ret, path, bytes, n, separator_bytes[config->separator.index], err);
}

/* Names of the columns, ended by NULs, to be members of records. */
static const char **column_names(hst_call *call, const struct csv *csv)
{
	const char **names = hst_alloc(call, csv->header.n * sizeof *names);

	for (size_t i = 0; i < csv->header.n; i++)
		names[i] = hst_copy(call, csv->header.cells[i].at, csv->header.cells[i].n);
	return names;
}

static hst_value *record_of(hst_call *call, const char **names, const struct csv_row *row)
{
	hst_value *record = hst_make_record(call);

	for (size_t i = 0; i < row->n; i++)
		hst_set(call, record, names[i], hst_make_text(call, row->cells[i].at, row->cells[i].n));
	return record;
}

/* The next row, unless nobody waits for it any more. */
static int next_row(hst_call *call, struct csv *csv, struct csv_row *row, hst_error *err)
{
	if (csv->rows % 1024 == 0 && hst_cancelled(call))
		return hst_fail(err, HST_CANCELLED, "%.200s: reading was stopped at line %zu", csv->path,
				csv->line);
	return csv_next(csv, row, err);
}

struct csv_input {
	const char *file;
};

struct csv_output {
	const hst_value *rows;
	int64_t count;
};

static const hst_field csv_inputs[] = {
	HST_FIELD(struct csv_input, file, .required = true, .doc = "the CSV file, relative to root"),
};

static const hst_field csv_outputs[] = {
	HST_FIELD(struct csv_output, rows, .as = HST_TYPE_TABLE,
		  .doc = "one record for each row but the first"),
	HST_FIELD(struct csv_output, count, .doc = "how many they are"),
};

/* At least what the row takes as JSON: {"name":"cell", and so on. */
static size_t json_size(const struct csv *csv, const struct csv_row *row)
{
	size_t size = 2;

	for (size_t i = 0; i < row->n; i++)
		size += csv->header.cells[i].n + row->cells[i].n + strlen("\"\":\"\"");
	return size;
}

static int file_run_read_csv(void *state, hst_call *call, const void *input, const hst_value *values,
			     void *output, const hst_value **ret_values, hst_error *err)
{
	const struct csv_input *in = input;
	struct csv_output *out = output;
	hst_value *rows = hst_make_list(call);
	const char **names;
	struct csv_row row;
	struct csv csv;
	size_t size = 0;
	int code;

	(void)values, (void)ret_values;
	if ((code = open_csv(state, call, in->file, &csv, err)) != HST_OK)
		return code;
	names = column_names(call, &csv);
	while ((code = next_row(call, &csv, &row, err)) == HST_OK && row.n) {
		size += json_size(&csv, &row);
		if (size > ROWS_JSON_MAX)
			return hst_fail(err, HST_INVALID,
					"%.200s:%zu: the rows up to here are more than 1 MiB as JSON; use "
					"read_row, or split it",
					in->file, row.line);
		hst_append(call, rows, record_of(call, names, &row));
	}
	out->rows = rows;
	out->count = (int64_t)csv.rows;
	return code;
}

struct row_input {
	const char *file;
	const char *where;
	const char *is;
	bool required;
};

struct row_output {
	const hst_value *row;
	bool found;
	int64_t matches;
};

static const hst_field row_inputs[] = {
	HST_FIELD(struct row_input, file, .required = true, .doc = "the CSV file, relative to root"),
	HST_FIELD(struct row_input, where, .required = true, .doc = "name of a column"),
	HST_FIELD(struct row_input, is, .required = true,
		  .doc = "what stands there in the wanted row, exactly"),
	HST_FIELD(struct row_input, required, .def = "yes", .doc = "fail when there is no such row"),
};

static const hst_field row_outputs[] = {
	HST_FIELD(struct row_output, row, .derived = true,
		  .doc = "the first such row as a record of its columns; absent when there is none"),
	HST_FIELD(struct row_output, found, .derived = true, .doc = "whether there is such a row"),
	HST_FIELD(struct row_output, matches, .derived = true, .doc = "how many such rows there are"),
};

static int fail_no_column(hst_call *call, const struct csv *csv, const char *wanted, hst_error *err)
{
	enum { SHOWN = 200 };
	char *known = hst_alloc(call, SHOWN + 1);
	size_t n = 0;

	for (size_t i = 0; i < csv->header.n; i++) {
		const struct csv_cell *cell = &csv->header.cells[i];

		if (n + cell->n + 2 > SHOWN)
			break;
		memcpy(known + n, i ? ", " : "", i ? 2 : 0);
		n += i ? 2 : 0;
		memcpy(known + n, cell->at, cell->n);
		n += cell->n;
	}
	return hst_fail(err, HST_INVALID, "%.100s has no column \"%.60s\"; it has %s", csv->path, wanted,
			known);
}

static int file_run_read_row(void *state, hst_call *call, const void *input, const hst_value *values,
			     void *output, const hst_value **ret_values, hst_error *err)
{
	const struct row_input *in = input;
	struct row_output *out = output;
	size_t column, wanted = strlen(in->is);
	struct csv_row row;
	struct csv csv;
	int code;

	(void)values, (void)ret_values;
	if ((code = open_csv(state, call, in->file, &csv, err)) != HST_OK)
		return code;
	column = csv_column(&csv, in->where);
	if (column == csv.header.n)
		return fail_no_column(call, &csv, in->where, err);
	while ((code = next_row(call, &csv, &row, err)) == HST_OK && row.n) {
		if (row.cells[column].n != wanted || memcmp(row.cells[column].at, in->is, wanted) != 0)
			continue;
		if (!out->found)
			out->row = record_of(call, column_names(call, &csv), &row);
		out->found = true;
		out->matches++;
	}
	if (code != HST_OK)
		return code;
	if (!out->found && in->required)
		return hst_fail(err, HST_NOT_FOUND, "%.200s has no row in which \"%.60s\" is \"%.100s\"",
				in->file, in->where, in->is);
	return HST_OK;
}

struct take_input {
	const char *file;
};

struct take_output {
	hst_file *file;
	int64_t size;
};

static const hst_field take_inputs[] = {
	HST_FIELD(struct take_input, file, .required = true, .doc = "the file, relative to root; up to 256 MiB"),
};

static const hst_field take_outputs[] = {
	HST_FIELD(struct take_output, file, .doc = "the file of the run, under its own name"),
	HST_FIELD(struct take_output, size, .doc = "its length in bytes"),
};

static int file_run_take(void *state, hst_call *call, const void *input, const hst_value *values, void *output,
			 const hst_value **ret_values, hst_error *err)
{
	const struct file_config *config = state;
	const struct take_input *in = input;
	struct take_output *out = output;

	(void)values, (void)ret_values;
	out->file = hst_file_new(call, in->file, err);
	if (!out->file)
		return HST_RETRY;
	return file_copy_out(call, config->root, in->file, hst_file_path(call, out->file), FILE_MAX, &out->size, err);
}

struct put_input {
	hst_file *from;
	const char *file;
};

static const hst_field put_inputs[] = {
	HST_FIELD(struct put_input, from, .required = true, .doc = "a file of the run"),
	HST_FIELD(struct put_input, file, .doc = "where it goes, relative to root; its folder must be there; without it, its own name in root"),
};

static int file_run_put(void *state, hst_call *call, const void *input, const hst_value *values, void *output,
			const hst_value **ret_values, hst_error *err)
{
	const struct file_config *config = state;
	const struct put_input *in = input;
	struct write_output *out = output;
	const char *from = hst_file_path(call, in->from), *slash = strrchr(from, '/');

	(void)values, (void)ret_values;
	return file_copy_in(call, config->root, in->file && *in->file ? in->file : slash ? slash + 1 : "", from, &out->bytes, err);
}

static const hst_action file_actions[] = {
	{
		.name = "read",
		.summary = "Reads a text file",
		.inputs = HST_FIELDS(read_inputs),
		.input_size = sizeof(struct read_input),
		.outputs = HST_FIELDS(read_outputs),
		.output_size = sizeof(struct read_output),
		.flags = HST_IDEMPOTENT,
		.run = file_run_read,
	},
	{
		.name = "write",
		.summary = "Replaces a text file, or makes it",
		.inputs = HST_FIELDS(write_inputs),
		.input_size = sizeof(struct write_input),
		.outputs = HST_FIELDS(write_outputs),
		.output_size = sizeof(struct write_output),
		.flags = HST_IDEMPOTENT,
		.run = file_run_write,
	},
	{
		.name = "append",
		.summary = "Adds to the end of a text file, or makes it",
		.inputs = HST_FIELDS(append_inputs),
		.input_size = sizeof(struct write_input),
		.outputs = HST_FIELDS(write_outputs),
		.output_size = sizeof(struct write_output),
		.run = file_run_append,
	},
	{
		.name = "take",
		.summary = "Copies a file below root into the run",
		.inputs = HST_FIELDS(take_inputs),
		.input_size = sizeof(struct take_input),
		.outputs = HST_FIELDS(take_outputs),
		.output_size = sizeof(struct take_output),
		.flags = HST_IDEMPOTENT,
		.run = file_run_take,
	},
	{
		.name = "put",
		.summary = "Copies a file of the run to below root, or replaces what is there",
		.inputs = HST_FIELDS(put_inputs),
		.input_size = sizeof(struct put_input),
		.outputs = HST_FIELDS(write_outputs),
		.output_size = sizeof(struct write_output),
		.flags = HST_IDEMPOTENT,
		.run = file_run_put,
	},
	{
		.name = "read_csv",
		.summary = "Reads all rows of a CSV file",
		.inputs = HST_FIELDS(csv_inputs),
		.input_size = sizeof(struct csv_input),
		.outputs = HST_FIELDS(csv_outputs),
		.output_size = sizeof(struct csv_output),
		.flags = HST_IDEMPOTENT,
		.run = file_run_read_csv,
	},
	{
		.name = "read_row",
		.summary = "Looks a row up in a CSV file",
		.inputs = HST_FIELDS(row_inputs),
		.input_size = sizeof(struct row_input),
		.outputs = HST_FIELDS(row_outputs),
		.output_size = sizeof(struct row_output),
		.flags = HST_IDEMPOTENT,
		.run = file_run_read_row,
	},
};

HST_PLUGIN(file) = {
	.abi = HST_ABI,
	.size = sizeof(hst_plugin),
	.kind = HST_CONNECTOR,
	.name = "file",
	.version = "1.0",
	.summary = "Reads and writes text and CSV files below one folder, and copies files of the run there and back",
	.options = HST_FIELDS(file_options),
	.config_size = sizeof(struct file_config),
	.actions = file_actions,
	.action_count = sizeof file_actions / sizeof file_actions[0],
	.open = file_open,
	.check = file_check,
};
