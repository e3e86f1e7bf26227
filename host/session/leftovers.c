#include "session/leftovers.h"

#include "base/auto.h"
#include "base/log.h"
#include "base/mem.h"
#include "os/crash.h"
#include "os/files.h"
#include "session/folder.h"
#include "session/notes.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { FILE_BYTES_MAX = (NOTES_COUNT_MAX + 1) * (NOTES_LINE_MAX + 16), REAP_MS = 60000 };

static const char device_word[] = "device ", remove_word[] = "host remove ", driver_word[] = "driver ";

/* The notes of one dead hold, taken apart in place. */
struct leftover {
	char *bytes;
	const char *device;
	const char **driver, **remove;
	size_t driver_count, remove_count;
};

static void leftover_clear(struct leftover *leftover)
{
	free(leftover->bytes);
	free(leftover->driver);
	free(leftover->remove);
}

/* A line that the death cut short was not on disk, so what it announces was not done. */
static void take_apart(struct leftover *leftover)
{
	leftover->driver = mem_array(NOTES_COUNT_MAX, sizeof *leftover->driver);
	leftover->remove = mem_array(NOTES_COUNT_MAX, sizeof *leftover->remove);
	for (char *line = leftover->bytes, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		*end = '\0';
		if (strncmp(line, device_word, strlen(device_word)) == 0)
			leftover->device = line + strlen(device_word);
		else if (strncmp(line, driver_word, strlen(driver_word)) == 0 &&
			 leftover->driver_count < NOTES_COUNT_MAX)
			leftover->driver[leftover->driver_count++] = line + strlen(driver_word);
		else if (strncmp(line, remove_word, strlen(remove_word)) == 0 &&
			 leftover->remove_count < NOTES_COUNT_MAX)
			leftover->remove[leftover->remove_count++] = line + strlen(remove_word);
	}
}

/* False: its hold lives, or it is gone already. */
static bool read_dead(const char *path, struct leftover *ret)
{
	AUTO_CLOSE int fd = open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	*ret = (struct leftover){0};
	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
		return false;
	if (files_read(path, FILE_BYTES_MAX, &ret->bytes, NULL, NULL) != HST_OK)
		return false;
	take_apart(ret);
	return true;
}

/* The session first: its programs may still use the folders. */
static int undo(struct session_device *device, const struct leftover *leftover, hst_error *err)
{
	hst_call call = session_device_call(device, REAP_MS);
	int code = HST_OK;

	if (leftover->driver_count)
		code = driver_reap(device->driver, &call, leftover->driver, leftover->driver_count, err);
	for (size_t i = leftover->remove_count; !code && i-- > 0;)
		code = files_remove_tree(leftover->remove[i], err);
	return code;
}

static int undo_and_say(struct session_device *device, const struct leftover *leftover, const char *path)
{
	hst_error err = {0};
	int code;

	crash_point(CRASH_watch_before_undo);
	code = undo(device, leftover, &err);
	crash_point(CRASH_watch_undone);
	if (code == HST_OK)
		log_info("device %s: what a dead session process left was undone (%s, %zu notes)",
			 device->device->name, path, leftover->driver_count + leftover->remove_count);
	else if (code == HST_RETRY)
		log_info("device %s: what a dead session process left is not all undone yet (%s): %s",
			 device->device->name, path, err.text);
	else
		log_error("device %s: what a dead session process left could not be undone (%s): %s",
			  device->device->name, path, err.text);
	return code;
}

/* A file has its first line before it has its name, so that it can be read while its hold lives. */
static bool is_of_another(const char *path, const char *device)
{
	char line[NOTES_LINE_MAX + 1] = "", *end;
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 || read(fd, line, sizeof line - 1) <= 0 || (end = strchr(line, '\n')) == NULL)
		return false;
	*end = '\0';
	return strncmp(line, device_word, strlen(device_word)) == 0 && strcmp(line + strlen(device_word), device) != 0;
}

/* A host has as many files as sessions, and each of its watches looks every second: each looks into its own only. */
static bool is_known_as_another(struct leftovers *leftovers, const char *path, const struct dirent *entry, const char *device)
{
	void *inode = (void *)(uintptr_t)entry->d_ino;

	if (table_get(&leftovers->others, entry->d_name) == inode)
		return true;
	table_remove(&leftovers->others, entry->d_name);
	if (!is_of_another(path, device))
		return false;
	table_set(&leftovers->others, entry->d_name, inode);
	return true;
}

static void look_at(struct leftovers *leftovers, struct session_device *device, const char *folder,
		    const struct dirent *entry)
{
	const char *name = entry->d_name;
	AUTO_FREE char *path = files_join(folder, name);
	struct leftover leftover;

	if (table_get(&leftovers->given_up, name) || is_known_as_another(leftovers, path, entry, device->device->name))
		return;
	if (read_dead(path, &leftover) && leftover.device &&
	    strcmp(leftover.device, device->device->name) == 0) {
		int code = undo_and_say(device, &leftover, path);

		if (code == HST_OK)
			unlink(path);
		else if (code != HST_RETRY || ++leftovers->tries >= LEFTOVERS_TRIES_MAX)
			table_set(&leftovers->given_up, name, leftovers);
	}
	leftover_clear(&leftover);
}

void leftovers_init(struct leftovers *leftovers)
{
	table_init(&leftovers->given_up);
	table_init(&leftovers->others);
}

void leftovers_clear(struct leftovers *leftovers)
{
	table_clear(&leftovers->given_up);
	table_clear(&leftovers->others);
}

void leftovers_undo(struct leftovers *leftovers, struct session_device *device)
{
	AUTO_FREE char *folder = files_join(device->conf->state_dir, "notes");
	DIR *directory = opendir(folder);
	struct dirent *entry;

	/* There are none until the first hold of the host has opened a session. */
	if (!directory)
		return;
	while ((entry = readdir(directory)) != NULL) {
		const char *ending = strrchr(entry->d_name, '.');

		if (ending && strcmp(ending, ".notes") == 0)
			look_at(leftovers, device, folder, entry);
		/* Without its name it says nothing yet, and nothing was done. */
		else if (ending && strcmp(ending, ".new") == 0 && folder_maker_is_dead(entry->d_name))
			unlinkat(dirfd(directory), entry->d_name, 0);
	}
	closedir(directory);
}
