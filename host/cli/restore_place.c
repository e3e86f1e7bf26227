#include "cli/restore_place.h"

#include "base/auto.h"
#include "base/clock.h"
#include "base/mem.h"
#include "cli/backup_pack.h"
#include "os/failure.h"
#include "os/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Of the state folder, besides the store: what a backup has takes the place of what is there. */
static const char *const exchanged[] = {"host.seed", "host.pub", "roster", "admitted"};

/* Files that SQLite keeps beside a store belong to it. */
static const char *const endings[] = {"", "-wal", "-shm", "-journal"};

int restore_place_open(struct restore_place *place, const struct conf *conf, int64_t now_us, hst_error *err)
{
	char at[40];
	int code;

	clock_iso(now_us, at, sizeof at);
	at[strlen("2026-11-21T23:31:52")] = '\0';
	for (char *colon = at; *colon; colon++)
		if (*colon == ':')
			*colon = '.';
	place->conf = conf;
	place->staging = files_join(conf->state_dir, "restore.new");
	place->store = files_join(place->staging, BACKUP_STORE);
	place->aside = mem_printf("%s/before-restore-%s", conf->state_dir, at);
	code = files_remove_tree(place->staging, err);
	return code < 0 ? code : files_make_directory(place->staging, 0700, err);
}

void restore_place_close(struct restore_place *place)
{
	if (place->staging)
		files_remove_tree(place->staging, NULL);
	free(place->staging);
	free(place->store);
	free(place->aside);
}

/* Fine when there is nothing to be moved. */
static int move(const char *from, const char *to, hst_error *err)
{
	return rename(from, to) == 0 || errno == ENOENT ? HST_OK : failure_of(errno, err, "move", from);
}

static int sync_all(const struct restore_place *place, hst_error *err)
{
	AUTO_CLOSE int fd = open(place->conf->state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || syncfs(fd) < 0)
		return failure_of(errno, err, "write", place->conf->state_dir);
	return HST_OK;
}

static int exchange_store(const struct restore_place *place, hst_error *err)
{
	AUTO_FREE char *folder = files_beside(place->conf->store_path, ".");
	const char *name = strrchr(place->conf->store_path, '/') + 1;
	int code = HST_OK;

	for (size_t i = 0; !code && i < sizeof endings / sizeof endings[0]; i++) {
		AUTO_FREE char *from = mem_printf("%s%s", place->conf->store_path, endings[i]);
		AUTO_FREE char *to = mem_printf("%s/%s%s", place->aside, name, endings[i]);

		code = move(from, to, err);
	}
	if (!code)
		code = files_make_directory(folder, 0700, err);
	return code < 0 ? code : move(place->store, place->conf->store_path, err);
}

static int exchange_one(const struct restore_place *place, const char *name, hst_error *err)
{
	AUTO_FREE char *from = files_join(place->staging, name);
	AUTO_FREE char *to = files_join(place->conf->state_dir, name);
	AUTO_FREE char *aside = files_join(place->aside, name);
	int code;

	if (access(from, F_OK) < 0)
		return HST_OK;
	code = move(to, aside, err);
	return code ? code : move(from, to, err);
}

/* A run's files that are there stay; those of runs that are not come from the backup. */
static int add_files(const struct restore_place *place, hst_error *err)
{
	AUTO_FREE char *from = files_join(place->staging, "files");
	AUTO_FREE char *to = files_join(place->conf->state_dir, "files");
	DIR *folder = opendir(from);
	struct dirent *entry;
	int code = folder ? files_make_directory(to, 0750, err) : HST_OK;

	code = code < 0 ? code : HST_OK;
	while (!code && folder && (entry = readdir(folder))) {
		AUTO_FREE char *run = files_join(from, entry->d_name);
		AUTO_FREE char *there = files_join(to, entry->d_name);

		if (entry->d_name[0] != '.' && access(there, F_OK) < 0)
			code = move(run, there, err);
	}
	if (folder)
		closedir(folder);
	return code;
}

static int mark(const struct restore_place *place, const char *name, hst_error *err)
{
	AUTO_FREE char *path = files_join(place->conf->state_dir, name);

	return files_replace(path, place->aside, strlen(place->aside), 0600, true, err);
}

static void unmark(const struct restore_place *place, const char *name)
{
	AUTO_FREE char *path = files_join(place->conf->state_dir, name);

	unlink(path);
}

int restore_place_exchange(struct restore_place *place, hst_error *err)
{
	int code = sync_all(place, err);

	if (!code)
		code = files_make_directory(place->aside, 0700, err);
	if (code >= 0)
		code = mark(place, "restoring", err);
	if (code >= 0)
		code = exchange_store(place, err);
	for (size_t i = 0; code >= 0 && i < sizeof exchanged / sizeof exchanged[0]; i++)
		code = exchange_one(place, exchanged[i], err);
	if (code >= 0)
		code = add_files(place, err);
	/* Started by root, the engine is another user: hostlerd gives it what is here. */
	if (code >= 0)
		code = mark(place, "restored", err);
	if (code >= 0)
		code = sync_all(place, err);
	if (code < 0)
		return code;
	unmark(place, "restoring");
	return sync_all(place, err);
}
