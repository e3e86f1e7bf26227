#include "worker/call_files.h"

#include "base/auto.h"
#include "base/mem.h"
#include "os/failure.h"
#include "os/files.h"
#include "os/workroom.h"
#include "schema/file_name.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char folder_prefix[] = "files-";

void call_files_init(struct call_files *files)
{
	*files = (struct call_files){.front = "trigger", .lock = -1};
	files->last = &files->first;
}

static const char *parent_of(const char *parent)
{
	/* A plugin that is tried out has no house around it. */
	return parent && access(parent, W_OK) == 0 ? parent : workroom_temporary();
}

void call_files_sweep(const char *parent)
{
	workroom_sweep(parent_of(parent), folder_prefix);
}

static void file_free(struct call_file *file)
{
	free((char *)file->file.name);
	free(file->path);
	free(file);
}

void call_files_over(struct call_files *files)
{
	while (files->first) {
		struct call_file *file = files->first;

		files->first = file->next;
		file_free(file);
	}
	files->last = &files->first;
	files->n = 0;
	/* A folder that was needed once is made anew when it is needed again. */
	if (files->root)
		files_remove_tree(files->root, NULL);
	free(files->root);
	files->root = NULL;
	if (files->lock >= 0)
		close(files->lock);
	files->lock = -1;
}

void call_files_clear(struct call_files *files)
{
	call_files_over(files);
}

static int make_root(struct call_files *files, hst_error *err)
{
	AUTO_FREE char *in = NULL;
	AUTO_FREE char *made = NULL;
	int code;

	if (files->n >= FILES_OF_VALUE_MAX)
		return hst_fail(err, HST_INVALID, "a call has at most %d files", FILES_OF_VALUE_MAX);
	if (files->root)
		return HST_OK;
	code = workroom_make(parent_of(files->parent), folder_prefix, &files->root, &files->lock, err);
	if (code)
		return code;
	in = files_join(files->root, "in");
	made = files_join(files->root, "new");
	if (mkdir(in, 0700) < 0 || mkdir(made, 0700) < 0)
		return failure_of(errno, err, "make a folder in", files->root);
	return HST_OK;
}

static struct call_file *add(struct call_files *files, char *value_take, char *path_take)
{
	struct call_file *file = mem_alloc(sizeof *file);

	file->file.name = value_take;
	file->path = path_take;
	*files->last = file;
	files->last = &file->next;
	files->n++;
	return file;
}

static int make_file(const char *path, hst_error *err)
{
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	return fd < 0 ? failure_of(errno, err, "make", path) : HST_OK;
}

struct call_file *call_files_new(struct call_files *files, const char *name, hst_error *err)
{
	char safe[FILE_NAME_MAX + 1], numbered[FILE_NAME_MAX + 1];
	struct call_file *file;

	if (make_root(files, err) != HST_OK)
		return NULL;
	file_name_safe(safe, name ? name : "");
	for (size_t n = 1;; n++) {
		AUTO_FREE char *value = NULL;
		AUTO_FREE char *path = NULL;

		file_name_numbered(numbered, safe, n);
		value = mem_printf("%s/%s", files->front, numbered);
		path = mem_printf("%s/new/%s", files->root, numbered);
		/* At most so many are there as the call has files, so one of the numbers is free. */
		if (call_files_find(files, value) || access(path, F_OK) == 0)
			continue;
		if (make_file(path, err) != HST_OK)
			return NULL;
		file = add(files, take(value), take(path));
		file->made = true;
		return file;
	}
}

struct call_file *call_files_in(struct call_files *files, const char *value, hst_error *err)
{
	AUTO_FREE char *folder = NULL;
	char *path;

	if (make_root(files, err) != HST_OK)
		return NULL;
	folder = mem_printf("%s/in/%zu", files->root, ++files->folders);
	if (mkdir(folder, 0700) < 0) {
		failure_of(errno, err, "make the folder", folder);
		return NULL;
	}
	path = files_join(folder, file_value_name(value));
	if (make_file(path, err) != HST_OK) {
		free(path);
		return NULL;
	}
	return add(files, mem_text(value), path);
}

void call_files_named(struct call_files *files, const char *value)
{
	if (!call_files_find(files, value))
		add(files, mem_text(value), mem_text(""));
}

struct call_file *call_files_find(const struct call_files *files, const char *value)
{
	for (struct call_file *file = files->first; file; file = file->next)
		if (strcmp(file->file.name, value) == 0)
			return file;
	return NULL;
}

void call_files_gone(struct call_files *files, struct call_file *file)
{
	struct call_file **at = &files->first;

	while (*at != file)
		at = &(*at)->next;
	*at = file->next;
	if (!file->next)
		files->last = at;
	files->n--;
	unlink(file->path);
	file_free(file);
}
