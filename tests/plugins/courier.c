/*
 * A trigger that emits files: each text NAME.parcel in its folder is an event of that key, and every line of it a file, the name it is to
 * have, a tab, and the path its bytes are taken from. What was emitted is renamed to NAME.parcel.gone.
 */
#include <hostler/trigger.h>
#include <hostler/value.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILES_MAX = 100, EVERY_US = 50000 };

struct courier {
	const char *folder;
};

static const hst_field options[] = {
	HST_FIELD(struct courier, folder, .required = true, .doc = "where parcels are put"),
};

struct parcel {
	const char *name;
	hst_file *first;
	hst_files all;
};

static const hst_field event_fields[] = {
	HST_FIELD(struct parcel, name, .required = true, .doc = "of the parcel"),
	HST_FIELD(struct parcel, first, .doc = "the first file"),
	HST_FIELD(struct parcel, all, .doc = "all of them"),
};

static int courier_open(const void *config, hst_host *host, void **ret_state, hst_error *err)
{
	(void)host, (void)err;
	*ret_state = (void *)(uintptr_t)config;
	return HST_OK;
}

static int courier_watch(void *state, hst_call *call, hst_watch *ret, hst_error *err)
{
	(void)state, (void)err;
	ret->fd = -1;
	ret->at.us = hst_now_us(call->host) + EVERY_US;
	return HST_OK;
}

static int copy(const char *from, const char *to, hst_error *err)
{
	char bytes[65536];
	FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
	size_t n;

	while (in && out && (n = fread(bytes, 1, sizeof bytes, in)) > 0)
		fwrite(bytes, 1, n, out);
	if (in)
		fclose(in);
	if (!in || !out || fclose(out) != 0)
		return hst_fail(err, HST_RETRY, "%s cannot be copied to %s", from, to);
	return HST_OK;
}

static int add(hst_call *call, struct parcel *parcel, char *line, hst_error *err)
{
	char *tab = strchr(line, '\t');
	hst_file **all = (hst_file **)(uintptr_t)parcel->all.at;

	if (!tab || parcel->all.n == FILES_MAX)
		return HST_OK;
	*tab = '\0';
	all[parcel->all.n] = hst_file_new(call, line, err);
	if (!all[parcel->all.n])
		return HST_RETRY;
	if (!parcel->first)
		parcel->first = all[parcel->all.n];
	return copy(tab + 1, hst_file_path(call, all[parcel->all.n++]), err);
}

static int emit(const struct courier *courier, hst_call *call, const char *name, hst_error *err)
{
	char path[4200], gone[4300], line[8192];
	struct parcel parcel = {.name = hst_copy(call, name, strlen(name)), .all = {.at = hst_alloc(call, FILES_MAX * sizeof(hst_file *))}};
	const hst_event event = {.key = parcel.name, .data = &parcel};
	FILE *file;
	int code = HST_OK;

	snprintf(path, sizeof path, "%s/%s", courier->folder, name);
	file = fopen(path, "r");
	while (file && code == HST_OK && fgets(line, sizeof line, file)) {
		line[strcspn(line, "\n")] = '\0';
		code = add(call, &parcel, line, err);
	}
	if (file)
		fclose(file);
	if (code == HST_OK)
		code = hst_emit(call->host, &event, 1, err);
	snprintf(gone, sizeof gone, "%s.gone", path);
	if (code == HST_OK && rename(path, gone) < 0)
		return hst_fail(err, HST_RETRY, "%s cannot be renamed", path);
	return code;
}

static int courier_ready(void *state, hst_call *call, hst_error *err)
{
	const struct courier *courier = state;
	DIR *folder = opendir(courier->folder);
	struct dirent *entry;
	int code = HST_OK;

	while (folder && code == HST_OK && (entry = readdir(folder))) {
		const char *dot = strrchr(entry->d_name, '.');

		if (dot && strcmp(dot, ".parcel") == 0)
			code = emit(courier, call, entry->d_name, err);
	}
	if (folder)
		closedir(folder);
	return code;
}

/* Adds a note of its own to what was given. */
static int courier_press(void *state, hst_call *call, const hst_value *inputs, hst_event *ret_event, hst_error *err)
{
	hst_value *values = hst_make_record(call), *all = hst_make_list(call);
	hst_file *note = hst_file_new(call, "note.txt", err);
	FILE *file = note ? fopen(hst_file_path(call, note), "w") : NULL;

	(void)state;
	if (!file)
		return HST_RETRY;
	fputs("pressed", file);
	fclose(file);
	for (size_t i = 0; i < hst_count(call, inputs); i++)
		hst_set(call, values, hst_name_at(call, inputs, i), hst_at(call, inputs, i));
	hst_append(call, all, hst_make_text(call, hst_file_name(call, note), strlen(hst_file_name(call, note))));
	hst_set(call, values, "all", all);
	ret_event->values = values;
	return HST_OK;
}

static const hst_trigger_ops ops = {
	.size = sizeof ops, .watch = courier_watch, .ready = courier_ready, .press = courier_press};

HST_PLUGIN(courier) = {
	.abi = HST_ABI, .size = sizeof(hst_plugin), .kind = HST_TRIGGER,
	.name = "courier", .version = "1.0", .summary = "Brings parcels",
	.options = HST_FIELDS(options), .config_size = sizeof(struct courier),
	.event = HST_FIELDS(event_fields), .open = courier_open, .ops = &ops,
};
