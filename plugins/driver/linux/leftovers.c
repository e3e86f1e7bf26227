#include "leftovers.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* Removed in one go at most: somebody waits for the answer. A folder is counted when it is opened and when it
 * is moved. */
enum { ENTRIES_MAX = 200000 };

/*
 * The tree belongs to a user, who may have nested it deeper than a path or a stack can be, and this process
 * may be root. So it is made flat: what is found to be a folder in a folder of `top` is moved up into `top`,
 * where it is emptied in its turn. Every step works through descriptors, follows no link, and stays in the
 * file system of `top`.
 */
struct clearing {
	int top;
	dev_t device;
	unsigned named; /* names given to folders that were moved up */
	size_t left;	/* entries that may still be looked at; 0: enough for this time */
};

bool leftovers_is_served(int display)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), error;

	snprintf(address.sun_path, sizeof address.sun_path, LEFTOVERS_SOCKETS "/X%d", display);
	error = fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) == 0 ? 0 : errno;
	if (fd >= 0)
		close(fd);
	return error != ECONNREFUSED && error != ENOENT;
}

bool leftovers_is_own_mark(const hst_call *call, const char *mark)
{
	const char *house = hst_house(call->host);

	return !house || strncmp(mark, house, strlen(house)) == 0;
}

/* The process that the lock of a display names; 0: there is no lock; -1: it is not this user's. */
static pid_t locked_by(const char *lock, uid_t uid)
{
	/* What is looked at is what is open: its user may have put a pipe in its place since, which root would wait at. */
	int fd = open(lock, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	char text[16] = "";
	struct stat about;
	pid_t pid = fd < 0 && errno == ENOENT ? 0 : -1;

	if (fd >= 0 && fstat(fd, &about) == 0 && S_ISREG(about.st_mode) && about.st_uid == uid && read(fd, text, sizeof text - 1) > 0)
		pid = (pid_t)strtol(text, NULL, 10);
	if (fd >= 0)
		close(fd);
	return pid;
}

/*
 * A server that was killed leaves both behind. Another may have taken the display since: it first makes a lock of its own, and then a
 * socket, which may even have the inode of the one before, since what has become free is given away next.
 */
void leftovers_remove_display(const struct remains *remains)
{
	char path[64], lock[64];
	struct stat about;
	pid_t holder;

	if (remains->display < 0 || remains->other_boot || proc_lives(&remains->xserver))
		return;
	snprintf(path, sizeof path, LEFTOVERS_SOCKETS "/X%d", remains->display);
	snprintf(lock, sizeof lock, "/tmp/.X%d-lock", remains->display);
	holder = locked_by(lock, remains->uid);
	if (holder != 0 && holder != remains->xserver.pid)
		return;
	if (lstat(path, &about) == 0 && S_ISSOCK(about.st_mode) && about.st_dev == remains->display_device &&
	    about.st_ino == remains->display_inode && !leftovers_is_served(remains->display))
		unlink(path);
	if (holder == remains->xserver.pid)
		unlink(lock);
}

/* Returns 0, EISDIR when it is a folder, or another errno. */
static int remove_one(struct clearing *clearing, int directory, const char *name)
{
	if (clearing->left == 0)
		return EAGAIN;
	clearing->left--;
	if (unlinkat(directory, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EPERM)
		return errno;
	/* Some file systems say that of a folder. */
	if (unlinkat(directory, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	return errno == ENOTEMPTY || errno == EEXIST ? EISDIR : EPERM;
}

static int open_folder(int directory, const char *name)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(directory, name, flags);

	/* Its owner may have barred it, and may then be who we are. */
	if (fd < 0 && errno == EACCES && fchmodat(directory, name, 0700, AT_SYMLINK_NOFOLLOW) == 0)
		fd = openat(directory, name, flags);
	return fd;
}

/* A folder of our own that cannot be written to could neither be emptied nor moved. */
static int open_for_emptying(const struct clearing *clearing, int directory, const char *name, int *ret_fd)
{
	struct stat about;
	int fd = open_folder(directory, name), error = 0;

	if (fd < 0)
		return errno;
	if (fstat(fd, &about) != 0)
		error = errno;
	else if (about.st_dev != clearing->device)
		error = EBUSY;
	else if ((about.st_mode & 0700) != 0700 && fchmod(fd, 0700) != 0)
		error = errno;
	if (error)
		close(fd);
	else
		*ret_fd = fd;
	return error;
}

static int move_up(struct clearing *clearing, int directory, const char *name)
{
	char fresh[32];
	int fd, error = open_for_emptying(clearing, directory, name, &fd);

	if (error)
		return error == ENOENT ? 0 : error;
	close(fd);
	do {
		if (clearing->left == 0)
			return EAGAIN;
		clearing->left--;
		snprintf(fresh, sizeof fresh, ".hostler-%u", clearing->named++);
		error = renameat2(directory, name, clearing->top, fresh, RENAME_NOREPLACE) == 0 ? 0 : errno;
	} while (error == EEXIST);
	return error == ENOENT ? 0 : error;
}

/* Calls `folder` for each entry that is one, and removes the others. Takes `fd`. */
static int empty(struct clearing *clearing, int fd,
		 int (*folder)(struct clearing *clearing, int directory, const char *name))
{
	DIR *listing = fdopendir(fd);
	struct dirent *entry;
	int error = 0;

	if (!listing) {
		close(fd);
		return ENOMEM;
	}
	while (error == 0 && (entry = readdir(listing)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		error = remove_one(clearing, fd, entry->d_name);
		if (error == EISDIR)
			error = folder(clearing, fd, entry->d_name);
	}
	closedir(listing);
	return error;
}

static int remove_flat(struct clearing *clearing, int directory, const char *name)
{
	int fd, error = open_for_emptying(clearing, directory, name, &fd);

	if (!error)
		error = empty(clearing, fd, move_up);
	if (!error && unlinkat(directory, name, AT_REMOVEDIR) != 0)
		error = errno;
	/* What was moved up, or made meanwhile, is for the next pass. */
	return error == ENOENT || error == ENOTEMPTY || error == EEXIST ? 0 : error;
}

/*
 * Removes the entry `name` of `directory` with all below it. Returns 0 or an errno; EAGAIN: there is more
 * than one go may take, and less than before.
 */
static int remove_entry(int directory, const char *name)
{
	struct clearing clearing = {.left = ENTRIES_MAX};
	struct stat about;
	int error = remove_one(&clearing, directory, name);

	if (error != EISDIR)
		return error;
	clearing.top = open_folder(directory, name);
	if (clearing.top < 0)
		return errno;
	if (fstat(clearing.top, &about) != 0 || fchmod(clearing.top, 0700) != 0) {
		error = errno;
		close(clearing.top);
		return error;
	}
	clearing.device = about.st_dev;
	do {
		int fd = openat(clearing.top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		error = fd < 0 ? errno : empty(&clearing, fd, remove_flat);
		if (!error && unlinkat(directory, name, AT_REMOVEDIR) != 0 && errno != ENOENT)
			error = errno;
		if (clearing.left > 0 && (error == ENOTEMPTY || error == EEXIST))
			clearing.left--;
	} while (clearing.left > 0 && (error == ENOTEMPTY || error == EEXIST));
	close(clearing.top);
	return error == ENOTEMPTY || error == EEXIST ? EAGAIN : error;
}

int leftovers_remove_files(const struct remains *remains, hst_error *err)
{
	static const char *const names[] = {LEFTOVERS_COOKIE, LEFTOVERS_MARK, LEFTOVERS_LOG, LEFTOVERS_RUNTIME};
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
		error = remove_entry(directory, names[i]);
		if (error)
			hst_fail_as(err, error == EAGAIN ? HST_RETRY : HST_BROKEN, "SessionCloseFailed",
				    "%s/%s cannot be removed: %s", remains->run_dir, names[i],
				    error == EAGAIN ? "there is too much in it for one go" : strerror(error));
	}
	close(directory);
	if (error == EAGAIN)
		return HST_RETRY;
	return error ? HST_BROKEN : HST_OK;
}
