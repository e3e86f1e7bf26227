/*
 * Removing trees. A tree is removed flat: each pass empties the top directory, and what is not empty inside a
 * directory of the top is moved up into the top for the next pass. So no depth of nesting takes more than two
 * descriptors, and since every name is used relative to an open directory, nothing swapped in meanwhile leads
 * outside.
 */
#include "os/files.h"

#include "base/auto.h"
#include "base/mem.h"
#include "os/failure.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* A tree takes about as many passes as it is deep; more than this means that somebody goes on filling it. */
enum { TREE_PASSES_MAX = 1000000 };

struct tree {
	const char *path;
	DIR *top;
	dev_t device;
	unsigned long moved; /* how many names were given to what was moved up */
	hst_error *err;
};

static int tree_fail(const struct tree *tree, const char *name)
{
	int number = errno;
	AUTO_FREE char *subject = mem_printf("%s in the tree %s", name, tree->path);

	return failure_of(number, tree->err, "remove", subject);
}

/* Opens a directory for emptying it. One of our own is made writable first: packages are kept read-only. */
static int tree_open(int parent, const char *name)
{
	const int flags = O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	AUTO_CLOSE int handle = openat(parent, name, flags | O_PATH);
	struct stat status;
	char self[64];

	if (handle < 0 || fstat(handle, &status) < 0)
		return -1;
	if ((status.st_mode & 0700) != 0700 && status.st_uid == geteuid()) {
		/* By way of /proc it is this directory that changes, not what may have its name by now. */
		snprintf(self, sizeof self, "/proc/self/fd/%d", handle);
		if (chmod(self, 0700) < 0)
			return -1;
	}
	return openat(handle, ".", flags | O_RDONLY);
}

static DIR *tree_list(int parent, const char *name)
{
	AUTO_CLOSE int fd = tree_open(parent, name);
	DIR *list = fd < 0 ? NULL : fdopendir(fd);

	if (list)
		take_fd(&fd);
	return list;
}

/* The next name in the directory, or NULL: errno 0 says that it was the last. */
static const char *tree_next(DIR *directory)
{
	struct dirent *entry;

	do {
		errno = 0;
		entry = readdir(directory);
	} while (entry && (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0));
	return entry ? entry->d_name : NULL;
}

/* Removes a name, unless it is a directory with something in it: then *ret_full. */
static int tree_unlink(const struct tree *tree, int directory, const char *name, bool *ret_full)
{
	*ret_full = false;
	if (unlinkat(directory, name, 0) == 0 || errno == ENOENT)
		return HST_OK;
	if (errno != EISDIR)
		return tree_fail(tree, name);
	if (unlinkat(directory, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return HST_OK;
	if (errno != ENOTEMPTY && errno != EEXIST)
		return tree_fail(tree, name);
	*ret_full = true;
	return HST_OK;
}

/* Moves a directory up into the top, under a name that is free there. */
static int tree_lift(struct tree *tree, int directory, const char *name)
{
	AUTO_CLOSE int writable = tree_open(directory, name);
	char lifted[32];

	/* Opening it was for the sake of its mode: moving a directory changes what ".." in it means. */
	if (writable < 0)
		return tree_fail(tree, name);
	do {
		snprintf(lifted, sizeof lifted, ".lifted-%lu", tree->moved++);
		if (renameat(directory, name, dirfd(tree->top), lifted) == 0)
			return HST_OK;
	} while (errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR);
	return tree_fail(tree, name);
}

static int tree_empty(struct tree *tree, const char *name)
{
	DIR *directory = tree_list(dirfd(tree->top), name);
	struct stat status;
	const char *inner;
	int code = HST_OK;

	if (!directory)
		return tree_fail(tree, name);
	if (fstat(dirfd(directory), &status) < 0)
		code = tree_fail(tree, name);
	else if (status.st_dev != tree->device)
		code = hst_fail(tree->err, HST_DENIED,
				"%s in the tree %s is another file system; unmount it first", name,
				tree->path);
	while (!code && (inner = tree_next(directory)) != NULL) {
		bool full;

		code = tree_unlink(tree, dirfd(directory), inner, &full);
		if (!code && full)
			code = tree_lift(tree, dirfd(directory), inner);
	}
	if (!code && errno)
		code = tree_fail(tree, name);
	closedir(directory);
	return code;
}

/* One pass over the top directory. *ret_seen: there was something in it, so another pass has to look. */
static int tree_pass(struct tree *tree, bool *ret_seen)
{
	const char *name;

	*ret_seen = false;
	rewinddir(tree->top);
	while ((name = tree_next(tree->top)) != NULL) {
		bool full;
		int code = tree_unlink(tree, dirfd(tree->top), name, &full);

		/* Emptied directories go in the next pass. */
		if (!code && full)
			code = tree_empty(tree, name);
		if (code)
			return code;
		*ret_seen = true;
	}
	return errno ? tree_fail(tree, ".") : HST_OK;
}

static int tree_clear(struct tree *tree)
{
	struct stat status;
	bool seen = true;

	if (fstat(dirfd(tree->top), &status) < 0)
		return tree_fail(tree, ".");
	tree->device = status.st_dev;
	for (int pass = 0; seen; pass++) {
		int code = tree_pass(tree, &seen);

		if (code)
			return code;
		if (pass == TREE_PASSES_MAX)
			return hst_fail(tree->err, HST_RETRY,
					"cannot remove %s: it is filled again while it is emptied",
					tree->path);
	}
	return HST_OK;
}

int files_remove_tree(const char *path, hst_error *err)
{
	AUTO_FREE char *bare = mem_text(path);
	struct tree tree = {.path = bare, .err = err};
	int code;

	/* With a slash behind it a link would be followed. */
	for (size_t n = strlen(bare); n > 1 && bare[n - 1] == '/'; n--)
		bare[n - 1] = '\0';
	tree.top = tree_list(AT_FDCWD, bare);
	if (!tree.top && (errno == ENOTDIR || errno == ELOOP)) {
		/* A file or a link in the place of the directory; a missing one under a file is not there
		 * either. */
		if (unlink(bare) == 0 || errno == ENOENT || errno == ENOTDIR)
			return HST_OK;
		return failure_of(errno, err, "remove", bare);
	}
	if (!tree.top)
		return errno == ENOENT ? HST_OK : failure_of(errno, err, "remove", bare);
	code = tree_clear(&tree);
	closedir(tree.top);
	if (!code && rmdir(bare) < 0 && errno != ENOENT)
		code = failure_of(errno, err, "remove", bare);
	return code;
}
