#include "leftovers.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEPTH_MAX = 100 };

void leftovers_remove_display(const struct remains *remains)
{
	char socket[64], lock[64], text[16] = "";
	struct stat about;
	FILE *file;

	if (remains->display < 0 || remains->other_boot || proc_lives(&remains->xserver))
		return;

	/* A server that was killed leaves both behind. Another may have taken the display since, with a
	 * socket and a lock of its own. */
	snprintf(socket, sizeof socket, LEFTOVERS_SOCKETS "/X%d", remains->display);
	snprintf(lock, sizeof lock, "/tmp/.X%d-lock", remains->display);
	if (lstat(socket, &about) == 0 && S_ISSOCK(about.st_mode) &&
	    about.st_dev == remains->display_device && about.st_ino == remains->display_inode)
		unlink(socket);
	if (lstat(lock, &about) != 0 || !S_ISREG(about.st_mode) || about.st_uid != remains->uid)
		return;
	file = fopen(lock, "re");
	if (!file)
		return;
	if (fgets(text, sizeof text, file) && strtol(text, NULL, 10) == remains->xserver.pid)
		unlink(lock);
	fclose(file);
}

/*
 * Removes the entry `name` of `directory` with all below it, never through a link: the tree belongs to a
 * user, and this process may be root. Returns 0 or an errno.
 */
static int remove_entry(int directory, const char *name, int depth)
{
	struct dirent *entry;
	int fd, error = 0;
	DIR *listing;

	if (unlinkat(directory, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return errno;
	if (depth == DEPTH_MAX)
		return ELOOP;
	fd = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno;
	listing = fdopendir(fd);
	if (!listing) {
		close(fd);
		return ENOMEM;
	}
	while (error == 0 && (entry = readdir(listing)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			error = remove_entry(fd, entry->d_name, depth + 1);
	closedir(listing);
	if (error == 0 && unlinkat(directory, name, AT_REMOVEDIR) != 0 && errno != ENOENT)
		error = errno;
	return error;
}

int leftovers_remove_files(const struct remains *remains, hst_error *err)
{
	static const char *const names[] = {LEFTOVERS_COOKIE, LEFTOVERS_LOG, LEFTOVERS_RUNTIME};
	int directory, error = 0;

	if (!remains->run_dir[0])
		return HST_OK;
	directory = open(remains->run_dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (directory < 0 && errno == ENOENT)
		return HST_OK;
	if (directory < 0)
		return hst_fail_as(err, HST_BROKEN, "SessionCloseFailed", "%s cannot be opened: %s",
				   remains->run_dir, strerror(errno));
	for (size_t i = 0; i < sizeof names / sizeof *names && error == 0; i++) {
		error = remove_entry(directory, names[i], 0);
		if (error)
			hst_fail_as(err, HST_BROKEN, "SessionCloseFailed", "%s/%s cannot be removed: %s",
				    remains->run_dir, names[i], strerror(error));
	}
	close(directory);
	return error ? HST_BROKEN : HST_OK;
}
