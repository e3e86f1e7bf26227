#include "engine/backups.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "schema/value.h"
#include "store/copy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A slice takes about a millisecond; the pauses leave the loop to everybody else. */
enum { SLICE_EVERY_MS = 4, FORGOTTEN_AFTER_US = 60 * 1000 * 1000 };

struct engine_backup {
	struct store_copy *copy; /* NULL: it is over */
	struct store_copied copied;
	struct loop_timer *timer;
	char *path;
	int64_t asked_us; /* when somebody last asked about it */
	int code;
	hst_error err; /* why it failed */
};

static char *path_of(const struct engine *engine)
{
	return mem_printf("%s.backup", engine->definitions->conf->store_path);
}

static void backup_remove(struct engine *engine)
{
	struct engine_backup *backup = engine->backup;

	if (!backup)
		return;
	loop_cancel(engine->loop, &backup->timer);
	store_copy_free(backup->copy);
	unlink(backup->path);
	free(backup->path);
	free(backup);
	engine->backup = NULL;
}

static void slice(void *arg);

static void arm(struct engine *engine)
{
	engine->backup->timer = loop_in(engine->loop, engine->backup->copy ? SLICE_EVERY_MS : FORGOTTEN_AFTER_US / 1000, slice, engine);
}

static void copy_over(struct engine_backup *backup)
{
	store_copy_free(backup->copy);
	backup->copy = NULL;
}

static void slice(void *arg)
{
	struct engine *engine = arg;
	struct engine_backup *backup = engine->backup;
	int code = HST_OK;

	backup->timer = NULL;
	if (clock_steady_us() - backup->asked_us > FORGOTTEN_AFTER_US) {
		log_warning("a backup that nobody asks about any more is given up");
		backup_remove(engine);
		return;
	}
	if (backup->copy && !engine->batch_open)
		code = store_copy_step(backup->copy, &backup->copied, &backup->err);
	if (code < 0 && code != HST_RETRY) {
		backup->code = code;
		log_error("the backup failed: %s", backup->err.text);
	}
	if (backup->copy && (backup->code || backup->copied.over))
		copy_over(backup);
	arm(engine);
}

static void set_state(const struct engine_backup *backup, hst_value *answer)
{
	value_set_text(answer, "path", backup->path);
	value_set_integer(answer, "done", backup->copied.done);
	value_set_integer(answer, "total", backup->copied.total);
	value_set_boolean(answer, "over", backup->copied.over);
}

int backups_begin(struct engine *engine, hst_value *answer, hst_error *err)
{
	struct engine_backup *backup;
	struct store_copy *copy = NULL;
	char *path;
	int code;

	if (engine->backup && engine->backup->copy)
		return hst_fail_as(err, HST_RETRY, "BackupRuns", "a backup is being made already; try again when it is over");
	backup_remove(engine);
	path = path_of(engine);
	code = engine->store->ops->copy(engine->store, path, &copy, err);
	if (code) {
		free(path);
		return code;
	}
	backup = mem_alloc(sizeof *backup);
	*backup = (struct engine_backup){.copy = copy, .path = path, .asked_us = clock_steady_us()};
	engine->backup = backup;
	arm(engine);
	set_state(backup, answer);
	return HST_OK;
}

int backups_state(struct engine *engine, hst_value *answer, hst_error *err)
{
	struct engine_backup *backup = engine->backup;

	if (!backup)
		return hst_fail(err, HST_NOT_FOUND, "no backup is being made");
	if (backup->code) {
		int code = backup->code;

		*err = backup->err;
		backup_remove(engine);
		return code;
	}
	backup->asked_us = clock_steady_us();
	set_state(backup, answer);
	return HST_OK;
}

int backups_end(struct engine *engine, hst_value *answer, hst_error *err)
{
	(void)answer;
	(void)err;
	backup_remove(engine);
	return HST_OK;
}

void backups_open(struct engine *engine)
{
	char *path = path_of(engine);

	if (unlink(path) < 0 && errno != ENOENT)
		log_warning("%s, which is left from a backup, cannot be removed: %s", path, strerror(errno));
	free(path);
}

void backups_close(struct engine *engine)
{
	backup_remove(engine);
}
