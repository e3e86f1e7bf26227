/*
 * A folder: each file that comes into it is an event, once, and is moved away when that is stored.
 *
 *	[trigger incoming]
 *	plugin    = file
 *	directory = /srv/incoming
 *	match     = *.csv, *.txt
 *
 * What lies in the folder: place.c. When a file is whole: seen.c. That each makes one run, whatever dies: taken.c.
 */
#include "folder.h"

#include <string.h>

static const hst_field file_options[] = {
	HST_FIELD(struct file_config, directory, .required = true, .min = 1, .max = 3000, .doc = "the folder; those in it are not looked into"),
	HST_FIELD(struct file_config, match, .def = "*", .doc = "names that are taken, as a shell has them: *.csv, order-??.txt"),
	HST_FIELD(struct file_config, settle, .def = "2s", .max = 86400000,
		  .doc = "a file whose writer was not seen closing it counts when it has stayed the same for so long"),
	HST_FIELD(struct file_config, scan, .def = "1m", .min = 1000, .max = 86400000,
		  .doc = "how often the whole folder is looked through, for changes that the system does not tell of"),
	HST_FIELD(struct file_config, done, .def = "done", .min = 1, .max = 100, .doc = "the folder in it that files go to whose event is stored"),
	HST_FIELD(struct file_config, failed, .def = "failed", .min = 1, .max = 100, .doc = "the one for files that can never make an event"),
};

static const hst_field file_fields[] = {
	HST_FIELD(struct file_event, name, .doc = "the name of the file"),
	HST_FIELD(struct file_event, path, .doc = "where it was found; it is no longer there"),
	HST_FIELD(struct file_event, size, .doc = "its bytes"),
	HST_FIELD(struct file_event, modified, .doc = "when it was last written to"),
	HST_FIELD(struct file_event, file, .doc = "the file, as one of the run"),
};

static bool is_folder_name(const char *name)
{
	return name[0] != '.' && !strchr(name, '/');
}

static int folder_open(const void *config, hst_host *host, void **ret_state, hst_error *err)
{
	const struct file_config *options = config;
	struct folder *folder;

	if (options->directory[0] != '/')
		return hst_fail(err, HST_INVALID, "directory must be an absolute path, got \"%.200s\"", options->directory);
	if (!is_folder_name(options->done))
		return hst_fail(err, HST_INVALID, "done must be the name of a folder in the directory, got \"%s\"", options->done);
	if (!is_folder_name(options->failed) || strcmp(options->failed, options->done) == 0)
		return hst_fail(err, HST_INVALID, "failed must be the name of another folder in the directory, got \"%s\"", options->failed);
	if (!options->match.n)
		return hst_fail(err, HST_INVALID, "match has no pattern, so no file would ever be taken");
	folder = host->alloc(host->instance_arena, sizeof *folder);
	folder->config = options;
	folder->host = host;
	place_init(&folder->place, options->directory, options->done, options->failed);
	*ret_state = folder;
	return HST_OK;
}

static void folder_close(void *state)
{
	struct folder *folder = state;

	place_close(&folder->place);
	seen_clear(&folder->seen);
}

static int folder_check(void *state, hst_call *call, hst_error *err)
{
	const struct folder *folder = state;
	struct place place;
	int code;

	(void)call;
	place_init(&place, folder->config->directory, folder->config->done, folder->config->failed);
	code = place_open(&place, err);
	place_close(&place);
	return code;
}

/* All whose events are stored; what cannot be moved is said, and stays. */
static int move_taken(struct folder *folder, hst_error *err)
{
	struct taken *taken = &folder->taken;
	size_t left = 0;

	for (size_t i = 0; i < taken->n; i++) {
		const struct taken_file *file = &taken->at[i];

		if (!place_move(&folder->place, file->name, &file->mark, file->failed, err))
			taken->at[left++] = *file;
		else if (!file->failed)
			folder_looked(folder, file->name, "taken over");
	}
	taken->n = left;
	return left ? HST_RETRY : HST_OK;
}

/* That everything was moved, so that a file which somebody puts back is one that has come; and what was passed over. */
static int say_rest(struct folder *folder, hst_error *err)
{
	int code;

	/* Of what was tried nothing is left here that could be said again. */
	folder->again = false;
	if (!folder->taken.kept && !folder->looked_new)
		return HST_OK;
	code = taken_put(&folder->taken, true, folder->host, err);
	if (code == HST_OK)
		code = folder_put_looked(folder, err);
	if (code == HST_OK)
		code = hst_emit(folder->host, NULL, 0, err);
	if (code == HST_OK) {
		folder->taken.number++;
		folder->taken.kept = folder->looked_new = false;
	}
	return code;
}

static int load_looked(struct folder *folder, hst_call *call, hst_error *err)
{
	const void *bytes = NULL;
	size_t length = 0;
	int code = hst_state_get(call, HST_STATE_LOOKED, &bytes, &length, err);

	if (code == HST_OK)
		looked_read(&folder->looked, hst_copy(call, bytes, length));
	return code == HST_NOT_FOUND ? HST_OK : code;
}

static int begin(struct folder *folder, hst_call *call, hst_error *err)
{
	int code = HST_OK;

	if (folder->place.notify < 0 || !place_stands(&folder->place)) {
		folder->scan_us = 0;
		code = place_begin(&folder->place, err);
	}
	/* Behind the lock: what another process has taken is known then. */
	if (code == HST_OK && !folder->loaded) {
		code = taken_load(&folder->taken, call, err);
		if (code == HST_OK)
			code = load_looked(folder, call, err);
		folder->loaded = code == HST_OK;
	}
	return code == HST_OK ? move_taken(folder, err) : code;
}

static int folder_ready(void *state, hst_call *call, hst_error *err)
{
	struct folder *folder = state;
	struct batch *batch = hst_alloc(call, sizeof *batch);
	int code = begin(folder, call, err);
	bool more;

	if (code != HST_OK)
		return code;
	batch->call = call;
	if (!place_heard(&folder->place, &folder->seen, folder_wants, folder))
		folder->scan_us = 0;
	more = folder->seen.more && folder->seen.n < SEEN_MAX / 2;
	if (more || hst_now_us(folder->host) >= folder->scan_us)
		code = folder_scan(folder, err);
	if (code == HST_OK)
		code = folder_gather(folder, batch, err);
	if (code != HST_OK) {
		folder_give_back(folder, folder->again);
		return code;
	}
	if (folder->taken.n)
		code = folder_emit(folder, batch, err);
	else
		code = say_rest(folder, err);
	return code == HST_OK ? move_taken(folder, err) : code;
}

static int folder_watch(void *state, hst_call *call, hst_watch *ret, hst_error *err)
{
	const struct folder *folder = state;
	int64_t now_us = hst_now_us(call->host), due_us = seen_due_us(&folder->seen, now_us, folder->config->settle.ms * 1000);

	(void)err;
	ret->fd = folder->place.notify;
	ret->at.us = folder->place.notify < 0 || folder->taken.kept ? now_us : folder->scan_us;
	if (due_us && due_us < ret->at.us)
		ret->at.us = due_us;
	return HST_OK;
}

static const hst_trigger_ops folder_ops = {
	.size = sizeof folder_ops,
	.watch = folder_watch,
	.ready = folder_ready,
};

HST_PLUGIN(file) = {
	.abi = HST_ABI,
	.size = sizeof(hst_plugin),
	.kind = HST_TRIGGER,
	.name = "file",
	.version = "1.0",
	.summary = "Each file that comes into a folder",
	.options = HST_FIELDS(file_options),
	.config_size = sizeof(struct file_config),
	.event = HST_FIELDS(file_fields),
	.open = folder_open,
	.check = folder_check,
	.close = folder_close,
	.ops = &folder_ops,
	.about = "A file is taken over as soon as its writer closes it or it is moved into the folder; one whose end nobody saw, because it lies\n"
		 "there already, was linked, is empty or comes over a network file system, when its size and time have stayed the same for\n"
		 "`settle`. It becomes a file of the run, `${trigger.file}`, and when its event is stored it is moved to `done`, a folder in the\n"
		 "directory that is made where it is missing. A name that is taken there gets the time behind it.\n\n"
		 "Each file makes one run, whatever is killed or restarted meanwhile. Somebody who moves a file from `done` back into the\n"
		 "directory wants it taken again, and it is.\n\n"
		 "Not taken are names that begin with a dot, folders, links, pipes and devices, names that are no UTF-8 or have control\n"
		 "characters, and what the trigger's user may not read; `hostler why TRIGGER` says what became of the last files. What can never make an event,\n"
		 "such as a file of more than 256 MiB, goes to `failed`, and `hostler events` says why.\n\n"
		 "The user that hostler runs as needs the right to write in the directory, since it moves files there. Only one trigger can\n"
		 "take files out of one directory.",
};
