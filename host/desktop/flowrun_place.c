#include "desktop/flowrun_place.h"

#include "base/auto.h"
#include "base/mem.h"
#include "os/failure.h"
#include "os/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

enum { FIFO_READS = 32 }; /* more than it holds */

/* A directory of the flow's user, opened before its owner could put anything in its place. */
static int make_directory(int parent, const char *name, int64_t uid, int64_t gid, int *ret_fd, hst_error *err)
{
	AUTO_CLOSE int fd = -1;

	if (mkdirat(parent, name, 0700) < 0)
		return failure_of(errno, err, "make the work directory", name);
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fchmod(fd, 0700) < 0 || (uid >= 0 && fchown(fd, (uid_t)uid, (gid_t)gid) < 0))
		return failure_of(errno, err, "hand over the work directory", name);
	if (ret_fd)
		*ret_fd = take_fd(&fd);
	return HST_OK;
}

static int make_work(struct flow_place *place, hst_error *err)
{
	const int64_t uid = place->uid, gid = place->gid;
	int code = make_directory(place->root_fd, "flow", -1, -1, &place->work_fd, err);

	/* The inner ones first: as long as the outer one is ours nobody else can interfere. */
	if (!code)
		code = make_directory(place->work_fd, "in", uid, gid, NULL, err);
	if (!code)
		code = make_directory(place->work_fd, "out", uid, gid, NULL, err);
	if (!code && uid >= 0 && fchown(place->work_fd, (uid_t)uid, (gid_t)gid) < 0)
		code = failure_of(errno, err, "hand over the work directory", place->work);
	return code;
}

static int make_events(struct flow_place *place, hst_error *err)
{
	const int64_t uid = place->uid, gid = place->gid;

	if (mkfifoat(place->root_fd, "events", 0600) < 0)
		return failure_of(errno, err, "make the FIFO", place->events);
	place->events_fd = openat(place->root_fd, "events", O_RDWR | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	if (place->events_fd < 0 || fchmod(place->events_fd, 0600) < 0 ||
	    (uid >= 0 && fchown(place->events_fd, (uid_t)uid, (gid_t)gid) < 0))
		return failure_of(errno, err, "hand over the FIFO", place->events);
	return HST_OK;
}

int flow_place_make(struct flow_place *place, const char *root, int64_t uid, int64_t gid, hst_error *err)
{
	int code;

	*place = (struct flow_place){
		.work = files_join(root, "flow"),
		.events = files_join(root, "events"),
		.control = files_join(root, "control"),
		.root_fd = open(root, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC),
		.work_fd = -1,
		.uid = uid,
		.gid = gid,
		.events_fd = -1,
		.input = {-1, -1},
		.output = {-1, -1},
	};
	if (place->root_fd < 0)
		return failure_of(errno, err, "open the work directory", root);
	/* The flow's user comes through, but sees nothing and changes nothing. */
	if (uid >= 0 && fchmod(place->root_fd, 0711) < 0)
		return failure_of(errno, err, "set the mode of", root);
	code = make_work(place, err);
	if (!code)
		code = make_events(place, err);
	if (!code)
		code = flow_place_control(place, "run", err);
	return code ? code : flow_place_ready(place, err);
}

int flow_place_ready(struct flow_place *place, hst_error *err)
{
	if (place->input[0] >= 0)
		return HST_OK;
	if (pipe2(place->input, O_CLOEXEC) < 0 || pipe2(place->output, O_CLOEXEC) < 0 ||
	    fcntl(place->input[1], F_SETFL, O_NONBLOCK) < 0 || fcntl(place->output[0], F_SETFL, O_NONBLOCK) < 0) {
		failure_of(errno, err, "make", "the pipes of a flow");
		flow_place_unready(place);
		return HST_RETRY;
	}
	flow_orphans_begin(&place->orphans);
	return HST_OK;
}

void flow_place_unready(struct flow_place *place)
{
	int *fds[] = {&place->input[0], &place->input[1], &place->output[0], &place->output[1]};

	for (size_t i = 0; i < sizeof fds / sizeof *fds; i++) {
		if (*fds[i] >= 0)
			close(*fds[i]);
		*fds[i] = -1;
	}
}

void flow_place_clear(struct flow_place *place)
{
	flow_place_unready(place);
	int *fds[] = {&place->root_fd, &place->work_fd, &place->events_fd};

	for (size_t i = 0; i < 3; i++)
		if (*fds[i] >= 0)
			close(*fds[i]);
	free(place->work);
	free(place->events);
	free(place->control);
	*place = FLOW_PLACE_NONE;
}

/* Only what its owner alone may use, as it was made. */
static bool is_as_made(const struct flow_place *place, int fd, mode_t mode)
{
	const uid_t uid = place->uid >= 0 ? (uid_t)place->uid : geteuid();
	struct stat status;

	return fstat(fd, &status) == 0 && (status.st_mode & ALLPERMS) == mode && status.st_uid == uid;
}

static bool is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Takes the descriptor. `inner`: names that may be in it, ends with NULL. */
static bool has_only(int fd_take, const char *const *inner)
{
	DIR *folder = fd_take < 0 ? NULL : fdopendir(fd_take);
	struct dirent *entry;
	bool only = folder != NULL;

	while (only && (entry = readdir(folder)) != NULL) {
		only = is_dots(entry->d_name);
		for (size_t i = 0; !only && inner[i]; i++)
			only = strcmp(entry->d_name, inner[i]) == 0;
	}
	if (folder)
		closedir(folder);
	else if (fd_take >= 0)
		close(fd_take);
	return only;
}

static bool is_untouched(const struct flow_place *place)
{
	static const char *const inner[] = {"in", "out", NULL};
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

	if (!is_as_made(place, place->work_fd, 0700) || !has_only(openat(place->root_fd, "flow", flags), inner))
		return false;
	for (size_t i = 0; inner[i]; i++) {
		int fd = openat(place->work_fd, inner[i], flags);

		if (fd < 0 || !is_as_made(place, fd, 0700)) {
			if (fd >= 0)
				close(fd);
			return false;
		}
		if (!has_only(fd, inner + 2))
			return false;
	}
	return true;
}

static int renew_work(struct flow_place *place, hst_error *err)
{
	int code;

	if (is_untouched(place))
		return HST_OK;
	close(place->work_fd);
	place->work_fd = -1;
	code = files_remove_tree(place->work, err);
	return code ? code : make_work(place, err);
}

/* What nobody has read yet would be the next run's. A FIFO that never comes to an end has somebody who writes. */
static int renew_events(struct flow_place *place, hst_error *err)
{
	char bytes[4096];
	int reads = 0;

	if (is_as_made(place, place->events_fd, 0600))
		while (reads < FIFO_READS && read(place->events_fd, bytes, sizeof bytes) > 0)
			reads++;
	else
		reads = FIFO_READS;
	if (reads < FIFO_READS)
		return HST_OK;
	close(place->events_fd);
	place->events_fd = -1;
	if (unlinkat(place->root_fd, "events", 0) < 0)
		return failure_of(errno, err, "remove", place->events);
	return make_events(place, err);
}

int flow_place_renew(struct flow_place *place, hst_error *err)
{
	int code = HST_OK;

	if (place->used)
		code = renew_work(place, err);
	if (!code && place->used)
		code = renew_events(place, err);
	if (!code && place->steered)
		code = flow_place_control(place, "run", err);
	place->used = false;
	return code ? code : flow_place_ready(place, err);
}

int flow_place_control(struct flow_place *place, const char *word, hst_error *err)
{
	AUTO_CLOSE int fd = openat(place->root_fd, "control.new",
				   O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	char line[32];
	int length = snprintf(line, sizeof line, "%s\n", word);

	/* It says nothing secret, and the flow's user must be able to read it, whatever our umask. */
	if (fd < 0 || fchmod(fd, 0644) < 0 || write(fd, line, (size_t)length) != length ||
	    renameat(place->root_fd, "control.new", place->root_fd, "control") < 0)
		return failure_of(errno, err, "write", place->control);
	place->steered = strcmp(word, "run") != 0;
	return HST_OK;
}

int flow_place_open(const struct flow_place *place, const char *path, hst_error *err)
{
	struct open_how how = {
		.flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV,
	};
	AUTO_CLOSE int fd = (int)syscall(SYS_openat2, place->work_fd, path, &how, sizeof how);
	struct stat status;

	if (fd < 0 && (errno == ELOOP || errno == EXDEV))
		hst_fail(err, HST_INVALID, "%s leads out of the work directory, or over a link", path);
	else if (fd < 0)
		failure_of(errno, err, "open", path);
	else if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
		hst_fail(err, HST_INVALID, "%s is not a regular file", path);
	else if (place->uid >= 0 && (int64_t)status.st_uid != place->uid)
		/* As this process may read more than the flow may: a hard link, or a file somebody moved in.
		 */
		hst_fail(err, HST_INVALID, "%s belongs to another user than the flow's", path);
	else
		return take_fd(&fd);
	return -1;
}

int flow_place_read(const struct flow_place *place, const char *path, size_t max, char **ret,
		    size_t *ret_length, hst_error *err)
{
	AUTO_CLOSE int fd = flow_place_open(place, path, err);
	AUTO_FREE char *bytes = NULL;
	size_t size = 0, length = 0;
	ssize_t n;

	if (fd < 0)
		return HST_INVALID;
	do {
		bytes = mem_grow(bytes, &size, length + 4096, 1);
		n = read(fd, bytes + length, size - length - 1);
		if (n < 0 && errno != EINTR)
			return failure_of(errno, err, "read", path);
		length += n > 0 ? (size_t)n : 0;
		if (length > max)
			return hst_fail(err, HST_INVALID, "%s is larger than %zu KiB", path, max >> 10);
	} while (n != 0);
	bytes[length] = '\0';
	*ret = take(bytes);
	*ret_length = length;
	return HST_OK;
}
