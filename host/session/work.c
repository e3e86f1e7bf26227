#include "session/work.h"

#include "base/auto.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "desktop/flowrun_kill.h"
#include "os/failure.h"
#include "os/files.h"
#include "session/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* log, screenshots/ and out/ with files in them: nothing is nested deeper. */
enum { DEPTH_MAX = 2 };

enum { DIGEST_LENGTH = 64, NUMBER_LENGTH = 19 };

static const char unnamed_prefix[] = ".new-";

/* With exactly this mode, whatever the umask. What is in the way was left by a process that died half-way. */
static int make_fresh(const char *path, mode_t mode, hst_error *err)
{
	int code = HST_OK;

	if (mkdir(path, 0700) < 0) {
		if (errno != EEXIST)
			return failure_of(errno, err, "make", path);
		code = files_remove_tree(path, err);
		if (!code && mkdir(path, 0700) < 0)
			code = failure_of(errno, err, "make", path);
	}
	if (!code && chmod(path, mode) < 0)
		code = failure_of(errno, err, "set the mode of", path);
	return code;
}

/* Locked before it gets the name that a sweep looks at. */
static int make_locked(struct session_work *work, const char *unnamed, hst_error *err)
{
	AUTO_FREE char *run = files_join(unnamed, "run");
	AUTO_FREE char *results = files_join(unnamed, "results");
	int code = make_fresh(unnamed, 0711, err);

	if (code)
		return code;
	work->lock = open(unnamed, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (work->lock < 0 || flock(work->lock, LOCK_EX | LOCK_NB) < 0)
		return failure_of(errno, err, "lock", unnamed);
	code = make_fresh(run, 0711, err);
	if (!code)
		code = make_fresh(results, 0700, err);
	if (!code && rename(unnamed, work->root) < 0)
		code = failure_of(errno, err, "name", work->root);
	return code;
}

int work_make(struct session_work *work, const char *state_dir, hst_error *err)
{
	AUTO_FREE char *all = files_join(state_dir, "work");
	AUTO_FREE char *unnamed = mem_printf("%s/%s%d", all, unnamed_prefix, (int)getpid());
	int code = folder_own(all, 0755, err); /* the gateway looks who is at work */

	*work = (struct session_work){.root = mem_printf("%s/%d-%" PRId64, all, (int)getpid(), clock_wall_us()),
				      .lock = -1};
	work->run = files_join(work->root, "run");
	work->results = files_join(work->root, "results");
	if (!code)
		code = make_locked(work, unnamed, err);
	if (code) {
		files_remove_tree(unnamed, NULL);
		work_remove(work);
	}
	return code;
}

/* Whether this user can walk through. Further groups of the user are not asked for: a session has them, but
 * it need not. */
static bool lets_through(const struct stat *status, int64_t uid, int64_t gid)
{
	if ((int64_t)status->st_uid == uid)
		return status->st_mode & S_IXUSR;
	if ((int64_t)status->st_gid == gid)
		return status->st_mode & S_IXGRP;
	return status->st_mode & S_IXOTH;
}

static int check_folder(const char *folder, int64_t uid, int64_t gid, hst_error *err)
{
	struct stat status;

	if (stat(folder, &status) < 0)
		return failure_of(errno, err, "look at", folder);
	if (S_ISDIR(status.st_mode) && !lets_through(&status, uid, gid))
		return hst_fail(err, HST_DENIED,
				"the folder %s bars the session's user (uid %" PRId64 "); run: chmod o+x %s",
				folder, uid, folder);
	return HST_OK;
}

int work_check_reach(const char *path, int64_t uid, int64_t gid, hst_error *err)
{
	int code = HST_OK;

	if (uid < 0 || uid == (int64_t)geteuid())
		return HST_OK;
	for (const char *slash = path; !code && slash; slash = strchr(slash + 1, '/')) {
		AUTO_FREE char *folder = mem_copy(path, slash == path ? 1 : (size_t)(slash - path));

		code = check_folder(folder, uid, gid, err);
	}
	return code ? code : check_folder(path, uid, gid, err);
}

static bool is_digest(const char *name)
{
	return strlen(name) == DIGEST_LENGTH && strspn(name, "0123456789abcdef") == DIGEST_LENGTH;
}

static bool is_step_and_token(const char *name)
{
	static const char digits[] = "0123456789";
	size_t step = strspn(name, digits), token = name[step] ? strspn(name + step + 1, digits) : 0;

	return step && step <= NUMBER_LENGTH && name[step] == '-' && token && token <= NUMBER_LENGTH &&
	       !name[step + 1 + token];
}

static const struct {
	const char *folder, *form;
	bool (*is_name)(const char *name);
} kinds[] = {
	[WORK_PACKAGES] = {"gateway/packages", "a digest of 64 hexadecimal digits", is_digest},
	[WORK_RESULTS] = {"gateway/results", "STEP-TOKEN", is_step_and_token},
	[WORK_INPUTS] = {"gateway/inputs", "STEP-TOKEN", is_step_and_token},
};

int work_check_name(enum work_kind kind, const char *name, hst_error *err)
{
	if (kinds[kind].is_name(name))
		return HST_OK;
	return hst_fail(err, HST_DENIED, "a folder below %s is named by %s, not \"%.100s\"",
			kinds[kind].folder, kinds[kind].form, name);
}

/*
 * Its owner is whoever owns the folder it lies in. The gateway may put something else in its place meanwhile: what it could
 * put there is its own already.
 */
static int make_gateways(int top, const char *folder, const char *name, const struct open_how *how)
{
	AUTO_CLOSE int all = (int)syscall(SYS_openat2, top, folder, how, sizeof *how);
	AUTO_CLOSE int fd = -1;
	struct stat owner;

	if (all < 0 || fstat(all, &owner) < 0 || (mkdirat(all, name, 0700) < 0 && errno != EEXIST))
		return -1;
	fd = openat(all, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || ((owner.st_uid != geteuid() || owner.st_gid != getegid()) && fchown(fd, owner.st_uid, owner.st_gid) < 0))
		return -1;
	return take_fd(&fd);
}

int work_open_gateways(const char *state_dir, enum work_kind kind, const char *name, hst_error *err)
{
	struct open_how how = {.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
			       .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
	AUTO_FREE char *path = mem_printf("%s/%s", kinds[kind].folder, name);
	AUTO_CLOSE int top = -1;
	int fd;

	if (work_check_name(kind, name, err) != HST_OK)
		return -1;
	top = open(state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fd = top < 0 ? -1 : (int)syscall(SYS_openat2, top, path, &how, sizeof how);
	if (fd < 0 && errno == ENOENT && kind == WORK_RESULTS)
		fd = make_gateways(top, kinds[kind].folder, name, &how);
	if (fd < 0)
		failure_of(errno, err, "open the gateway's folder", path);
	return fd;
}

int work_open_file(int folder, const char *path, hst_error *err)
{
	struct open_how how = {.flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
			       .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV};
	AUTO_CLOSE int fd = (int)syscall(SYS_openat2, folder, path, &how, sizeof how);
	struct stat status, owner;

	if (fd < 0 || fstat(fd, &status) < 0 || fstat(folder, &owner) < 0) {
		failure_of(errno, err, "open what the gateway fetched", path);
		return -1;
	}
	/* A second name of somebody else's file is none of the gateway's. */
	if (!S_ISREG(status.st_mode) || status.st_uid != owner.st_uid) {
		hst_fail(err, HST_INVALID, "%s is no regular file of the gateway's", path);
		return -1;
	}
	return take_fd(&fd);
}

static int give(int directory, const char *name, const struct stat *owner, int depth, hst_error *err)
{
	AUTO_CLOSE int fd = -1;
	struct dirent *entry;
	DIR *inner;
	int code = HST_OK;

	if (fchownat(directory, name, owner->st_uid, owner->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		return failure_of(errno, err, "hand over", name);
	fd = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || depth == DEPTH_MAX)
		return HST_OK;
	inner = fdopendir(take_fd(&fd));
	while (inner && !code && (entry = readdir(inner)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			code = give(dirfd(inner), entry->d_name, owner, depth + 1, err);
	if (inner)
		closedir(inner);
	return code;
}

static int move_all(DIR *from, int to, hst_error *err)
{
	struct dirent *entry;
	struct stat owner;
	int code = HST_OK;

	if (fstat(to, &owner) < 0)
		return failure_of(errno, err, "look at", "the folder for results");
	while (!code && (entry = readdir(from)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (owner.st_uid != geteuid() || owner.st_gid != getegid())
			code = give(dirfd(from), entry->d_name, &owner, 1, err);
		if (!code && renameat(dirfd(from), entry->d_name, to, entry->d_name) < 0)
			code = failure_of(errno, err, "hand over", entry->d_name);
	}
	return code;
}

static bool is_empty(DIR *folder)
{
	struct dirent *entry;
	bool empty = true;

	while (empty && (entry = readdir(folder)) != NULL)
		empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
	rewinddir(folder);
	return empty;
}

/* A run whose results could not be handed over has left them behind: they are nothing of the next one's. */
bool work_has_results(const struct session_work *work)
{
	DIR *folder = opendir(work->results);
	bool empty = folder && is_empty(folder);

	if (folder)
		closedir(folder);
	return !empty;
}

int work_hand_over(const struct session_work *work, const char *state_dir, const char *name, hst_error *err)
{
	AUTO_CLOSE int target = -1;
	DIR *from = opendir(work->results);
	int code = HST_OK;

	if (!from)
		return failure_of(errno, err, "open", work->results);
	if (!is_empty(from)) {
		target = work_open_gateways(state_dir, WORK_RESULTS, name, err);
		code = target < 0 ? HST_DENIED : move_all(from, target, err);
	}
	closedir(from);
	return code;
}

void work_remove(struct session_work *work)
{
	hst_error err = {0};

	if (!work->root)
		return;
	if (files_remove_tree(work->root, &err) != HST_OK)
		log_warning("a work folder stays: %s", err.text);
	if (work->lock >= 0)
		close(work->lock);
	free(work->root);
	free(work->run);
	free(work->results);
	*work = (struct session_work){.lock = -1};
}

static void sweep_one(const char *all, const char *name)
{
	AUTO_FREE char *path = files_join(all, name);
	AUTO_FREE char *work = files_join(path, "run/flow");
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	hst_error err = {0};

	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
		return;
	flow_kill_strays(work);
	if (files_remove_tree(path, &err) == HST_OK)
		log_info("%s was left by a dead session process and is removed", path);
	else
		log_warning("a work folder stays: %s", err.text);
}

void work_sweep(const char *state_dir)
{
	AUTO_FREE char *all = files_join(state_dir, "work");
	DIR *directory = opendir(all);
	struct dirent *entry;

	/* There is none until the first run. */
	if (!directory)
		return;
	while ((entry = readdir(directory)) != NULL) {
		bool unnamed = strncmp(entry->d_name, unnamed_prefix, strlen(unnamed_prefix)) == 0;

		if (unnamed ? folder_maker_is_dead(entry->d_name + strlen(unnamed_prefix))
			    : entry->d_name[0] != '.')
			sweep_one(all, entry->d_name);
	}
	closedir(directory);
}
