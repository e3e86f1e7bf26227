#include "plugin/writers.h"

#include "base/auto.h"
#include "base/mem.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_trusted(uid_t owner)
{
	struct stat program;

	if (owner == 0 || owner == geteuid())
		return true;
	return stat("/proc/self/exe", &program) == 0 && owner == program.st_uid;
}

static int say_errno(const char *path, hst_error *err)
{
	return hst_fail(err, errno == ENOENT || errno == ENOTDIR ? HST_NOT_FOUND : HST_DENIED, "%s: %s", path,
			strerror(errno));
}

static int look(const char *path, struct stat *ret, hst_error *err)
{
	return lstat(path, ret) == 0 ? HST_OK : say_errno(path, err);
}

static int check_owner(const char *path, const struct stat *at, hst_error *err)
{
	if (is_trusted(at->st_uid))
		return HST_OK;
	return hst_fail(err, HST_DENIED,
			"%s belongs to user %u, who is neither root nor the user this program runs as; run: chown root %s",
			path, (unsigned)at->st_uid, path);
}

static int check_mode(const char *path, const struct stat *at, hst_error *err)
{
	if (!(at->st_mode & (S_IWGRP | S_IWOTH)))
		return HST_OK;
	return hst_fail(err, HST_DENIED,
			"%s can be written by others than its owner, who could put another plugin there; run: chmod go-w %s",
			path, path);
}

static int check_itself(const char *path, mode_t kind, const char *remedy, hst_error *err)
{
	struct stat at;
	int code = look(path, &at, err);

	if (code == HST_OK && (at.st_mode & S_IFMT) != kind)
		return hst_fail(err, HST_INVALID, "%s is not a %s", path, remedy);
	if (code == HST_OK)
		code = check_owner(path, &at, err);
	return code == HST_OK ? check_mode(path, &at, err) : code;
}

/* One folder further up, or a link on the way to it. Whoever owns the root owns everything. */
static int check_above(const char *path, hst_error *err)
{
	struct stat at;
	int code = look(path, &at, err);

	if (code == HST_OK && path[1])
		code = check_owner(path, &at, err);
	if (code != HST_OK || S_ISLNK(at.st_mode) || (at.st_mode & S_ISVTX))
		return code;
	return check_mode(path, &at, err);
}

/* Every folder on the way to `path`, but not `path`. */
static int check_way(const char *path, hst_error *err)
{
	int code = HST_OK;

	for (const char *slash = path; code == HST_OK && slash; slash = strchr(slash + 1, '/')) {
		AUTO_FREE char *above = mem_copy(path, slash == path ? 1 : (size_t)(slash - path));

		code = check_above(above, err);
	}
	return code;
}

int writers_check(const char *path, hst_error *err)
{
	AUTO_FREE char *folder = mem_copy(path, (size_t)(strrchr(path, '/') - path));
	AUTO_FREE char *whole = realpath(folder[0] ? folder : "/", NULL);
	int code;

	if (!whole)
		return say_errno(path, err);
	code = check_way(path, err);
	/* Where a link leads elsewhere, that way counts too. */
	if (code == HST_OK)
		code = check_way(whole, err);
	if (code == HST_OK)
		code = check_itself(whole, S_IFDIR, "folder", err);
	return code == HST_OK ? check_itself(path, S_IFREG, "regular file; copy the plugin there, a link is not followed", err)
			      : code;
}
