#include "place.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>

enum { NAMES_TRIED_MAX = 20, STEM_MAX = 200 };

/* Until its end a file that was made is not whole; links appear whole without a word of their own. */
static const uint32_t wanted_words = IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

void place_init(struct place *place, const char *path, const char *done, const char *failed)
{
	*place = (struct place){.path = path, .done_name = done, .failed_name = failed, .folder = -1, .done = -1, .failed = -1, .notify = -1};
}

static void close_one(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void place_close(struct place *place)
{
	close_one(&place->notify);
	close_one(&place->done);
	close_one(&place->failed);
	close_one(&place->folder);
}

const char *place_user(void)
{
	const struct passwd *user = getpwuid(geteuid());

	return user ? user->pw_name : "whom this process runs as";
}

static hst_code code_of(int number)
{
	return number == ENOENT ? HST_NOT_FOUND : number == EACCES || number == EPERM || number == EROFS ? HST_DENIED : HST_RETRY;
}

static int lacks_right(const struct place *place, int number, hst_error *err)
{
	return hst_fail(err, code_of(number),
			"files cannot be taken out of %.200s: %s; it must be readable and writable for the user %s, as by `setfacl -m "
			"u:%s:rwx %.200s` (of the package acl) or `chown`",
			place->path, strerror(number), place_user(), place_user(), place->path);
}

static int open_beside(const struct place *place, const char *name, int *ret, hst_error *err)
{
	int made = mkdirat(place->folder, name, 0770);

	if (made < 0 && errno != EEXIST)
		return lacks_right(place, errno, err);
	*ret = openat(place->folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (*ret < 0)
		return hst_fail(err, code_of(errno), "%.200s/%s is to take files that were taken over, and is no folder that could: %s", place->path,
				name, strerror(errno));
	if (faccessat(*ret, ".", W_OK | X_OK, AT_EACCESS) < 0)
		return hst_fail(err, HST_DENIED, "%.200s/%s cannot be written to by the user %s, who moves files there", place->path, name,
				place_user());
	return HST_OK;
}

/* Some file systems have no locks; there nobody is kept out. */
static int lock(const struct place *place, hst_error *err)
{
	if (flock(place->done, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
		return HST_OK;
	return hst_fail(err, HST_RETRY, "another process takes files out of %.200s; only one trigger can", place->path);
}

static int begin_to_watch(struct place *place, hst_error *err)
{
	char path[40];

	snprintf(path, sizeof path, "/proc/self/fd/%d", place->folder);
	place->notify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (place->notify < 0)
		return hst_fail(err, HST_RETRY, "the system watches no more folders (fs.inotify.max_user_instances): %s", strerror(errno));
	if (inotify_add_watch(place->notify, path, wanted_words) < 0)
		return hst_fail(err, HST_RETRY, "%.200s cannot be watched (fs.inotify.max_user_watches): %s", place->path, strerror(errno));
	return HST_OK;
}

int place_open(struct place *place, hst_error *err)
{
	int code;

	place_close(place);
	place->folder = open(place->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (place->folder < 0 && errno != EACCES)
		return hst_fail(err, code_of(errno), "the folder %.200s cannot be opened: %s", place->path, strerror(errno));
	if (place->folder < 0 || faccessat(place->folder, ".", R_OK | W_OK | X_OK, AT_EACCESS) < 0)
		code = lacks_right(place, errno, err);
	else
		code = HST_OK;
	if (code != HST_OK)
		place_close(place);
	return code;
}

int place_begin(struct place *place, hst_error *err)
{
	int code = place_open(place, err);

	if (code == HST_OK)
		code = open_beside(place, place->done_name, &place->done, err);
	if (code == HST_OK)
		code = open_beside(place, place->failed_name, &place->failed, err);
	if (code == HST_OK)
		code = lock(place, err);
	if (code == HST_OK)
		code = begin_to_watch(place, err);
	if (code != HST_OK)
		place_close(place);
	return code;
}

bool place_stands(const struct place *place)
{
	struct stat there, open;

	return stat(place->path, &there) == 0 && fstat(place->folder, &open) == 0 && there.st_dev == open.st_dev && there.st_ino == open.st_ino;
}

struct file_mark place_mark(const struct stat *file)
{
	return (struct file_mark){.inode = (uint64_t)file->st_ino,
				  .size = file->st_size,
				  .modified_ns = (int64_t)file->st_mtim.tv_sec * 1000000000 + file->st_mtim.tv_nsec};
}

/* It is looked at before it is opened, since opening a device may already do something. */
int place_open_file(const struct place *place, const char *name, struct stat *ret)
{
	struct stat before;
	int fd;

	if (fstatat(place->folder, name, &before, AT_SYMLINK_NOFOLLOW) < 0)
		return -1;
	if (!S_ISREG(before.st_mode)) {
		errno = ELOOP;
		return -1;
	}
	fd = openat(place->folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 || (fstat(fd, ret) == 0 && S_ISREG(ret->st_mode) && ret->st_ino == before.st_ino && ret->st_dev == before.st_dev))
		return fd;
	/* It was replaced in this moment, which is told of by itself. */
	close(fd);
	errno = ENOENT;
	return -1;
}

bool place_may_move(const struct place *place, const struct stat *file)
{
	struct stat folder;
	uid_t own = geteuid();

	if (own == 0 || fstat(place->folder, &folder) < 0 || !(folder.st_mode & S_ISVTX))
		return true;
	return file->st_uid == own || folder.st_uid == own;
}

/* 0, or what errno says. Where the file system cannot refuse to replace, a look before must do: only this process moves files there. */
static int rename_new(int from, const char *name, int to, const char *as)
{
	struct stat there;

	if (renameat2(from, name, to, as, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return errno;
	if (fstatat(to, as, &there, AT_SYMLINK_NOFOLLOW) == 0)
		return EEXIST;
	return renameat(from, name, to, as) == 0 ? 0 : errno;
}

/* "orders.csv" as "orders-20261122T153012-2.csv": sorted by name, those of one name stand in the order in which they came. */
static void other_name(char to[SEEN_NAME_MAX + 1], const char *name, int attempt)
{
	const char *dot = strrchr(name, '.');
	size_t stem = dot && dot > name && strlen(dot) <= 20 ? (size_t)(dot - name) : strlen(name);
	time_t now = time(NULL);
	struct tm parts;
	char stamp[24], number[16] = "";
	int kept = (int)(stem < STEM_MAX ? stem : STEM_MAX);

	/* A character is not cut in two. */
	while (kept && ((unsigned char)name[kept] & 0xc0) == 0x80)
		kept--;
	gmtime_r(&now, &parts);
	strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%S", &parts);
	if (attempt > 1)
		snprintf(number, sizeof number, "-%d", attempt);
	snprintf(to, SEEN_NAME_MAX + 1, "%.*s-%s%s%s", kept, name, stamp, number, name + stem);
}

bool place_move(const struct place *place, const char *name, const struct file_mark *mark, bool failed, hst_error *err)
{
	int to = failed ? place->failed : place->done, number = EEXIST;
	char as[SEEN_NAME_MAX + 1];
	struct stat there;
	struct file_mark now;

	if (fstatat(place->folder, name, &there, AT_SYMLINK_NOFOLLOW) < 0)
		return true;
	now = place_mark(&there);
	if (!file_mark_same(&now, mark))
		return true;
	snprintf(as, sizeof as, "%s", name);
	for (int attempt = 1; number == EEXIST && attempt <= NAMES_TRIED_MAX; attempt++) {
		number = rename_new(place->folder, name, to, as);
		other_name(as, name, attempt);
	}
	if (number == 0 || number == ENOENT)
		return true;
	hst_fail(err, HST_RETRY, "%.100s was taken over and cannot be moved to %.200s/%s: %s; until it is, no other file is taken over", name,
		 place->path, failed ? place->failed_name : place->done_name, strerror(number));
	return false;
}

bool place_heard(const struct place *place, struct seen *seen, bool (*wanted)(void *arg, const char *name), void *arg)
{
	_Alignas(struct inotify_event) char bytes[16384];
	bool whole = true;
	ssize_t n;

	while ((n = read(place->notify, bytes, sizeof bytes)) > 0)
		for (ssize_t at = 0; at < n;) {
			const struct inotify_event *event = (const struct inotify_event *)(const void *)(bytes + at);

			at += (ssize_t)sizeof *event + event->len;
			if (event->mask & (IN_Q_OVERFLOW | IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT))
				whole = false;
			else if (event->len && !(event->mask & IN_ISDIR) && wanted(arg, event->name))
				seen_add(seen, event->name, event->mask & (IN_CLOSE_WRITE | IN_MOVED_TO));
		}
	return whole;
}
