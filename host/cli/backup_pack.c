#include "cli/backup_pack.h"

#include "base/auto.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "os/failure.h"
#include "os/files.h"
#include "store/archive.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unknown"
#endif

enum { ABOUT_MAX = 4096, DEPTH_MAX = 5 };

/* Of the state folder; what is not there is left out. */
static const char *const kept[] = {"host.seed", "host.pub", "roster", "in-force.ini"};

void backup_progress(const struct cli *cli, const char *what, int64_t done, int64_t all)
{
	if (!cli->json && isatty(STDERR_FILENO) && all > 0)
		fprintf(stderr, "\r%s: %lld %%\033[K", what, (long long)(done * 100 / all));
}

void backup_progress_over(const struct cli *cli)
{
	if (!cli->json && isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
}

static void on_bytes(void *arg, int64_t bytes)
{
	struct backup_pack *pack = arg;

	pack->bytes += bytes;
	backup_progress(pack->cli, pack->file, pack->bytes, pack->all > pack->bytes ? pack->all : pack->bytes);
}

static int add_about(struct backup_pack *pack, struct archive_writer *writer, hst_error *err)
{
	AUTO(text) struct text about;
	char made[40];

	text_init(&about, ABOUT_MAX);
	clock_iso(pack->made_us, made, sizeof made);
	text_addf(&about, "format = %d\nprogram = hostler %s\nmade = %s\nmade_us = %lld\nstore_version = %lld\nruns = %lld\nunfinished = %lld\n"
			  "files = %s\n",
		  BACKUP_FORMAT, PACKAGE_VERSION, made, (long long)pack->made_us, (long long)pack->look.version,
		  (long long)pack->look.runs, (long long)pack->look.unfinished, pack->files ? "yes" : "no");
	return archive_add(writer, BACKUP_ABOUT, 0600, about.s, about.length, err);
}

/* A file that has gone meanwhile is none: what is deleted while a backup is made need not be in it. */
static int add_path(struct backup_pack *pack, struct archive_writer *writer, const char *name, hst_error *err)
{
	AUTO_FREE char *path = files_join(pack->conf->state_dir, name);
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat status;

	if (fd < 0 && errno == ENOENT)
		return HST_OK;
	if (fd < 0 || fstat(fd, &status) < 0)
		return failure_of(errno, err, "open", path);
	if (!S_ISREG(status.st_mode))
		return HST_OK;
	return archive_add_file(writer, name, status.st_mode & 0777, fd, on_bytes, pack, err);
}

/* What came for events that are not stored yet is no run's, and what is not whole is nobody's. */
static bool is_kept(const char *name)
{
	size_t length = strlen(name);
	bool partial = name[0] == '.' && length > 5 && strcmp(name + length - 5, ".part") == 0;

	return strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && strcmp(name, ".staged") != 0 && !partial;
}

/* Plain files and folders only, in no order that means anything. */
static int add_folder(struct backup_pack *pack, struct archive_writer *writer, const char *name, int depth, hst_error *err)
{
	AUTO_FREE char *path = files_join(pack->conf->state_dir, name);
	DIR *folder = opendir(path);
	struct dirent *entry;
	int code = HST_OK;

	if (!folder)
		return errno == ENOENT ? HST_OK : failure_of(errno, err, "open", path);
	while (!code && (entry = readdir(folder))) {
		AUTO_FREE char *below = mem_printf("%s/%s", name, entry->d_name);
		AUTO_FREE char *whole = files_join(pack->conf->state_dir, below);
		struct stat status;

		if (!is_kept(entry->d_name) || lstat(whole, &status) < 0)
			continue;
		if (S_ISDIR(status.st_mode) && depth < DEPTH_MAX) {
			code = add_folder(pack, writer, below, depth + 1, err);
		} else if (S_ISREG(status.st_mode)) {
			code = add_path(pack, writer, below, err);
			pack->file_count += entry->d_name[0] != '.';
		}
	}
	closedir(folder);
	return code;
}

static int add_all(struct backup_pack *pack, struct archive_writer *writer, hst_error *err)
{
	struct stat status;
	int code = add_about(pack, writer, err);

	pack->all = fstat(pack->store, &status) == 0 ? status.st_size : 0;
	if (!code)
		code = archive_add_file(writer, BACKUP_STORE, 0600, pack->store, on_bytes, pack, err);
	for (size_t i = 0; !code && i < sizeof kept / sizeof kept[0]; i++)
		code = add_path(pack, writer, kept[i], err);
	if (!code)
		code = add_folder(pack, writer, "admitted", 0, err);
	pack->file_count = 0;
	if (!code && pack->files)
		code = add_folder(pack, writer, "files", 0, err);
	return code;
}

int backup_pack(struct backup_pack *pack, hst_error *err)
{
	struct archive_writer *writer = NULL;
	int code = archive_create(pack->file, &writer, err);

	if (!code)
		code = add_all(pack, writer, err);
	if (!code)
		code = archive_finish(writer, pack->force, err);
	archive_free(writer);
	return code;
}
