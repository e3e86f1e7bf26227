/* A connector that reads, makes and hands on files of the run. */
#include <hostler/connector.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TEXT_MAX = 4096 };

static int clerk_open(const void *config, hst_host *host, void **ret_state, hst_error *err)
{
	(void)config, (void)host, (void)err;
	*ret_state = NULL;
	return HST_OK;
}

struct read_input {
	hst_file *file;
	hst_files files;
};
static const hst_field read_inputs[] = {
	HST_FIELD(struct read_input, file, .doc = "is read"),
	HST_FIELD(struct read_input, files, .doc = "are read, too"),
};
struct read_output {
	const char *text, *names, *folder;
	int64_t bytes;
};
static const hst_field read_outputs[] = {
	HST_FIELD(struct read_output, text, .doc = "the beginning of the first"),
	HST_FIELD(struct read_output, names, .doc = "of all of them, with blanks between"),
	HST_FIELD(struct read_output, folder, .doc = "where the last one lay"),
	HST_FIELD(struct read_output, bytes, .doc = "of all together"),
};

static int read_one(hst_call *call, const hst_file *file, struct read_output *out, hst_error *err)
{
	const char *path = hst_file_path(call, file), *slash = strrchr(path, '/');
	struct stat status;
	char *names, *text;
	FILE *in;
	size_t n;

	if (!slash || stat(path, &status) < 0)
		return hst_fail(err, HST_INVALID, "the file is not there: \"%s\"", path);
	n = strlen(out->names) + strlen(slash) + 1;
	names = hst_alloc(call, n);
	snprintf(names, n, "%s%s%s", out->names, *out->names ? " " : "", slash + 1);
	out->names = names;
	out->folder = hst_copy(call, path, (size_t)(slash - path));
	out->bytes += status.st_size;
	if (out->text)
		return HST_OK;
	text = hst_alloc(call, TEXT_MAX + 1);
	in = fopen(path, "rb");
	if (!in)
		return hst_fail(err, HST_INVALID, "%s cannot be opened", path);
	if (!fread(text, 1, TEXT_MAX, in))
		text[0] = '\0';
	fclose(in);
	out->text = text;
	return HST_OK;
}

static int clerk_read(void *state, hst_call *call, const void *input, const hst_value *values, void *output,
                      const hst_value **ret_values, hst_error *err)
{
	const struct read_input *in = input;
	struct read_output *out = output;
	int code = HST_OK;

	(void)state, (void)values, (void)ret_values;
	out->names = "";
	if (in->file)
		code = read_one(call, in->file, out, err);
	for (size_t i = 0; i < in->files.n && code == HST_OK; i++)
		code = read_one(call, in->files.at[i], out, err);
	return code;
}

struct make_input {
	const char *name, *text;
	int64_t size, n;
};
static const hst_field make_inputs[] = {
	HST_FIELD(struct make_input, name, .required = true, .doc = "that it is to have"),
	HST_FIELD(struct make_input, text, .def = "", .doc = "what is in it"),
	HST_FIELD(struct make_input, size, .def = "0", .doc = "it is made this large"),
	HST_FIELD(struct make_input, n, .def = "1", .doc = "so many of them"),
};
struct make_output {
	hst_file *file;
	hst_files files;
};
static const hst_field make_outputs[] = {
	HST_FIELD(struct make_output, file, .doc = "the first"),
	HST_FIELD(struct make_output, files, .doc = "all"),
};

static int clerk_make(void *state, hst_call *call, const void *input, const hst_value *values, void *output,
                      const hst_value **ret_values, hst_error *err)
{
	const struct make_input *in = input;
	struct make_output *out = output;
	hst_file **all = hst_alloc(call, (size_t)(in->n + 1) * sizeof(hst_file *));

	(void)state, (void)values, (void)ret_values;
	out->files.at = all;
	for (; (int64_t)out->files.n < in->n; out->files.n++) {
		hst_file *file = hst_file_new(call, in->name, err);
		FILE *made = file ? fopen(hst_file_path(call, file), "wb") : NULL;

		if (!made)
			return HST_RETRY;
		fputs(in->text, made);
		fclose(made);
		if (in->size && truncate(hst_file_path(call, file), in->size) < 0)
			return hst_fail(err, HST_RETRY, "it cannot be made so large");
		all[out->files.n] = file;
	}
	out->file = all[0];
	return HST_OK;
}

struct hand_input {
	hst_file *file;
};
static const hst_field hand_fields[] = {
	HST_FIELD(struct hand_input, file, .required = true, .doc = "is handed on"),
};

static int clerk_hand_on(void *state, hst_call *call, const void *input, const hst_value *values, void *output,
                         const hst_value **ret_values, hst_error *err)
{
	(void)state, (void)call, (void)values, (void)ret_values, (void)err;
	*(struct hand_input *)output = *(const struct hand_input *)input;
	return HST_OK;
}

static const hst_action actions[] = {
	{.name = "read", .summary = "Reads files", .inputs = HST_FIELDS(read_inputs), .input_size = sizeof(struct read_input),
	 .outputs = HST_FIELDS(read_outputs), .output_size = sizeof(struct read_output), .flags = HST_IDEMPOTENT, .run = clerk_read},
	{.name = "make", .summary = "Makes files", .inputs = HST_FIELDS(make_inputs), .input_size = sizeof(struct make_input),
	 .outputs = HST_FIELDS(make_outputs), .output_size = sizeof(struct make_output), .run = clerk_make},
	{.name = "hand_on", .summary = "Gives back what it was given", .inputs = HST_FIELDS(hand_fields), .input_size = sizeof(struct hand_input),
	 .outputs = HST_FIELDS(hand_fields), .output_size = sizeof(struct hand_input), .run = clerk_hand_on},
};

HST_PLUGIN(clerk) = {
	.abi = HST_ABI, .size = sizeof(hst_plugin), .kind = HST_CONNECTOR,
	.name = "clerk", .version = "1.0", .summary = "Does paperwork",
	.open = clerk_open, .actions = actions, .action_count = sizeof actions / sizeof *actions,
};
