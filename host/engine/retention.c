#include "engine/retention.h"

#include "base/auto.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/engine.h"
#include "os/files.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	RUNS_AT_ONCE = 10,
	FOLDERS_AT_ONCE = 10,
	FIRST_MS = 60 * 1000,
	SLICE_MS = 100, /* between two slices */
	EVERY_MS = 10 * 60 * 1000,
};

struct retention {
	struct store *store;
	char *files_dir;
	DIR *folder; /* of the files, where it is being walked */
	int64_t runs, emptied, folders; /* removed since the last time that everything was looked at */
};

struct retention *retention_new(struct store *store, const char *files_dir)
{
	struct retention *retention = mem_alloc(sizeof *retention);

	retention->store = store;
	retention->files_dir = mem_text(files_dir);
	return retention;
}

void retention_free(struct retention *retention)
{
	if (!retention)
		return;
	if (retention->folder)
		closedir(retention->folder);
	free(retention->files_dir);
	free(retention);
}

/* 0 keeps for ever. */
static int64_t before(int64_t now_us, int64_t keep_ms)
{
	return keep_ms > 0 && keep_ms < now_us / 1000 ? now_us - keep_ms * 1000 : 0;
}

static int64_t shorter(int64_t a_ms, int64_t b_ms)
{
	if (a_ms <= 0 || b_ms <= 0)
		return a_ms > 0 ? a_ms : b_ms;
	return a_ms < b_ms ? a_ms : b_ms;
}

/* True: there is more. What fails is tried again the next time. */
static bool prune_store(struct retention *retention, const struct retention_terms *terms, int64_t now_us)
{
	const struct store_ops *ops = retention->store->ops;
	struct store_prune what = {.rows_before_us = before(now_us, terms->keep_runs_ms),
	                           .values_before_us = before(now_us, terms->keep_values_ms), .limit = RUNS_AT_ONCE};
	struct store_pruned pruned = {.more = false};
	hst_error err = {{0}, {0}};
	int rc = ops->begin(retention->store, &err), done;

	if (rc >= 0) {
		rc = ops->prune(retention->store, &what, &pruned, &err);
		done = ops->commit(retention->store, NULL, rc < 0 ? NULL : &err);
		rc = rc < 0 ? rc : done;
	}
	if (rc < 0) {
		log_error("what is old could not be removed from the store: %s", err.text);
		return false;
	}
	retention->runs += pruned.runs;
	retention->emptied += pruned.emptied;
	return pruned.more;
}

static bool see_end(void *arg, const struct store_run *run)
{
	*(int64_t *)arg = run->ended_us;
	return true;
}

/* When the run of this folder ended; 0: it goes on. Of one that the store does not know its own age is all there is. */
static int64_t ended_of(const struct retention *retention, const char *id, const char *path)
{
	const struct store_ops *ops = retention->store->ops;
	int64_t number, ended_us = 0;
	struct stat status;

	if (ops->find_run(retention->store, id, &number, NULL) == HST_OK &&
	    ops->run(retention->store, number, see_end, &ended_us, NULL) == HST_OK)
		return ended_us;
	return stat(path, &status) == 0 ? (int64_t)status.st_mtim.tv_sec * 1000000 : 0;
}

static void remove_tree(const char *path)
{
	hst_error err = {{0}, {0}};

	if (unlink(path) < 0 && errno != ENOENT && files_remove_tree(path, &err) < 0)
		log_warning("%s is old and cannot be removed: %s", path, err.text);
}

/* Pictures and results of each step; its log stays. */
static bool remove_files(const char *path)
{
	DIR *folder = opendir(path);
	struct dirent *step, *file;
	bool removed = false;

	while (folder && (step = readdir(folder))) {
		AUTO_FREE char *below = files_join(path, step->d_name);
		DIR *files = step->d_name[0] == '.' ? NULL : opendir(below);

		while (files && (file = readdir(files))) {
			AUTO_FREE char *old = files_join(below, file->d_name);

			if (strcmp(file->d_name, ".") == 0 || strcmp(file->d_name, "..") == 0 || strcmp(file->d_name, "log") == 0)
				continue;
			remove_tree(old);
			removed = true;
		}
		if (files)
			closedir(files);
	}
	if (folder)
		closedir(folder);
	return removed;
}

static void look_at_folder(struct retention *retention, const struct retention_terms *terms, const char *id, int64_t now_us)
{
	AUTO_FREE char *path = files_join(retention->files_dir, id);
	int64_t ended_us = ended_of(retention, id, path);
	int64_t logs_ms = shorter(terms->keep_values_ms, terms->keep_runs_ms);
	bool known = ended_us > 0;

	if (known && ended_us < before(now_us, logs_ms)) {
		remove_tree(path);
		retention->folders++;
	} else if (known && ended_us < before(now_us, terms->keep_files_ms)) {
		retention->folders += remove_files(path);
	}
}

/* True: there is more. */
static bool prune_files(struct retention *retention, const struct retention_terms *terms, int64_t now_us)
{
	struct dirent *entry = NULL;

	if (!retention->folder)
		retention->folder = opendir(retention->files_dir);
	for (int i = 0; retention->folder && i < FOLDERS_AT_ONCE && (entry = readdir(retention->folder)); i++)
		if (id_valid(entry->d_name))
			look_at_folder(retention, terms, entry->d_name, now_us);
	if (entry)
		return true;
	if (retention->folder)
		closedir(retention->folder);
	retention->folder = NULL;
	return false;
}

bool retention_slice(struct retention *retention, const struct retention_terms *terms, int64_t now_us)
{
	bool more = !retention->folder && prune_store(retention, terms, now_us);

	if (more || prune_files(retention, terms, now_us))
		return true;
	if (retention->runs || retention->emptied || retention->folders)
		log_info("retention: %lld runs and the values of %lld are gone, files of %lld runs", (long long)retention->runs,
		         (long long)retention->emptied, (long long)retention->folders);
	retention->runs = retention->emptied = retention->folders = 0;
	return false;
}

/* A batch that is open belongs to the messages of this turn. */
static void retention_due(void *arg)
{
	struct engine *engine = arg;
	const struct conf *conf = engine->definitions->conf;
	const struct retention_terms terms = {
		.keep_runs_ms = conf->keep_runs.ms, .keep_values_ms = conf->keep_values.ms, .keep_files_ms = conf->keep_files.ms};
	bool more = engine->batch_open || retention_slice(engine->retention, &terms, clock_wall_us());

	loop_in(engine->loop, more ? SLICE_MS : EVERY_MS, retention_due, engine);
}

void retention_start(struct engine *engine)
{
	engine->retention = retention_new(engine->store, engine->files_dir);
	loop_in(engine->loop, FIRST_MS, retention_due, engine);
}
