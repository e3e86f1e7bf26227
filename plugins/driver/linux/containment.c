#include "containment.h"

#include "deadline.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINE_SIZE = 4096, EMPTY_MS = 5000, DEPTH_MAX = 16 };

#define NAME_PREFIX "hostler-"

const char *const containment_words[] = {"best", "cgroup", "processes", NULL};

/* This process's cgroup in the v2 hierarchy, as its namespace sees it. */
static bool own_path(char to[LINE_SIZE])
{
	FILE *file = fopen("/proc/self/cgroup", "re");
	bool found = false;

	while (file && !found && fgets(to, LINE_SIZE, file)) {
		to[strcspn(to, "\n")] = '\0';
		found = strncmp(to, "0::/", 4) == 0;
	}
	if (file)
		fclose(file);
	if (found)
		memmove(to, to + 3, strlen(to + 3) + 1);
	return found;
}

/*
 * The folder of `path`, if this line of mountinfo (proc(5)) is one of a v2 hierarchy with it in. Only a part of the
 * hierarchy may be mounted there, and a name with an odd character in it is passed over.
 */
static bool folder_by(char *line, const char *path, char to[NOTE_SIZE])
{
	char root[1024], mount[1024], *behind = strstr(line, " - ");
	size_t above;

	if (!behind || strncmp(behind, " - cgroup2 ", 11) != 0 ||
	    sscanf(line, "%*d %*d %*s %1023s %1023s", root, mount) != 2 || strchr(mount, '\\'))
		return false;
	above = strcmp(root, "/") == 0 ? 0 : strlen(root);
	if (strncmp(path, root, above) != 0 || (path[above] != '/' && path[above] != '\0'))
		return false;
	path += above;
	return snprintf(to, NOTE_SIZE, "%s%s", mount, strcmp(path, "/") == 0 ? "" : path) < NOTE_SIZE;
}

static bool own_folder(char to[NOTE_SIZE])
{
	char path[LINE_SIZE], line[LINE_SIZE];
	FILE *file = own_path(path) ? fopen("/proc/self/mountinfo", "re") : NULL;
	bool found = false;

	while (file && !found && fgets(line, sizeof line, file))
		found = folder_by(line, path, to);
	if (file)
		fclose(file);
	return found;
}

/* Whoever is not root moves a process only where it may write to the cgroup above both, too. */
static bool may_move_from(const char *folder)
{
	char path[NOTE_SIZE + 16];

	snprintf(path, sizeof path, "%s/cgroup.procs", folder);
	return access(path, W_OK) == 0;
}

/* Makes the cgroup `path`, and gives a descriptor to enter it by; -1 with errno, and it is not there. */
static int make(const char *path)
{
	char file[NOTE_SIZE + 16];
	int fd = -1, error;

	if (mkdir(path, 0755) != 0)
		return -1;
	/* Kernels before 5.14 have none: such a cgroup could not be emptied in one go. */
	snprintf(file, sizeof file, "%s/cgroup.kill", path);
	if (access(file, W_OK) == 0) {
		snprintf(file, sizeof file, "%s/cgroup.procs", path);
		fd = open(file, O_WRONLY | O_CLOEXEC);
	}
	error = errno;
	if (fd < 0)
		rmdir(path);
	errno = error;
	return fd;
}

hst_containment containment_in_force(enum containment_choice choice)
{
	char folder[NOTE_SIZE], path[NOTE_SIZE + 32];
	int fd = -1;

	if (choice != CHOICE_PROCESSES && own_folder(folder) && may_move_from(folder)) {
		snprintf(path, sizeof path, "%s/" NAME_PREFIX "try-%d", folder, (int)getpid());
		rmdir(path); /* of a process of that id that died in the middle */
		fd = make(path);
	}
	if (fd < 0)
		return HST_CONTAINMENT_PROCESSES;
	close(fd);
	rmdir(path);
	return HST_CONTAINMENT_CGROUP;
}

int containment_make(struct remains *remains, hst_call *call, enum containment_choice choice, hst_error *err)
{
	char folder[NOTE_SIZE], path[2 * NOTE_SIZE];
	int rc;

	if (choice == CHOICE_PROCESSES)
		return HST_OK;
	errno = 0;
	if (own_folder(folder) && may_move_from(folder)) {
		snprintf(path, sizeof path, "%s/" NAME_PREFIX "%s", folder, remains->mark);
		rc = remains_add_cgroup(remains, call, path, err);
		if (rc != HST_OK)
			return rc;
		remains->enter_fd = make(path);
	}
	if (remains->enter_fd >= 0)
		return HST_OK;
	remains->cgroup[0] = '\0';
	if (choice == CHOICE_BEST)
		return HST_OK;
	return hst_fail_as(err, HST_INVALID, "SessionCreationError",
			   "no cgroup can be made for the session (%s), and containment = cgroup asks for one: let the "
			   "house write to cgroup v2 (Delegate=yes of its unit), or set containment = best",
			   errno ? strerror(errno) : "cgroup v2 is not mounted");
}

bool containment_enter(const struct remains *remains)
{
	return remains->enter_fd < 0 || write(remains->enter_fd, "0", 1) == 1;
}

/* -1: there is no such cgroup any more, or no such file in it. */
static int open_file(const struct remains *remains, const char *name, int flags)
{
	char path[NOTE_SIZE + 32];

	if (!remains->cgroup[0] || remains->other_boot)
		return -1;
	snprintf(path, sizeof path, "%s/%s", remains->cgroup, name);
	return open(path, flags | O_CLOEXEC);
}

static int by_pid(const void *a, const void *b)
{
	const pid_t *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

size_t containment_members(const struct remains *remains, pid_t **ret)
{
	int fd = open_file(remains, "cgroup.procs", O_RDONLY), pid;
	FILE *file = fd >= 0 ? fdopen(fd, "r") : NULL;
	pid_t *members = NULL;
	size_t n = 0, size = 0;

	while (file && fscanf(file, "%d", &pid) == 1) {
		if (n == size) {
			size = size ? 2 * size : 64;
			members = reallocarray(members, size, sizeof *members);
			if (!members)
				abort();
		}
		members[n++] = pid;
	}
	if (file)
		fclose(file);
	if (n > 0)
		qsort(members, n, sizeof *members, by_pid);
	*ret = members;
	return n;
}

void containment_kill(const struct remains *remains)
{
	int fd = open_file(remains, "cgroup.kill", O_WRONLY);

	if (fd < 0)
		return;
	/* It fails only where the cgroup has just gone, and whoever looks for survivors finds them. */
	if (write(fd, "1", 1) != 1)
		errno = 0;
	close(fd);
}

/* Waits until nothing in it lives: the kernel tells of each change of that file. */
static void await_empty(const struct remains *remains, const struct deadline *deadline)
{
	int fd = open_file(remains, "cgroup.events", O_RDONLY);
	struct pollfd wait = {.fd = fd, .events = POLLPRI};
	char text[128];
	ssize_t n;

	if (fd < 0)
		return;
	do {
		n = pread(fd, text, sizeof text - 1, 0);
		text[n > 0 ? n : 0] = '\0';
	} while (strstr(text, "populated 1") && deadline_poll(deadline, &wait, 1) == HST_OK);
	close(fd);
}

/* Those of a user who has them all may have made some more below. False with errno. */
static bool remove_tree(int above, const char *name, int depth)
{
	int fd;
	DIR *directory;
	struct dirent *entry;

	if (unlinkat(above, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return true;
	fd = depth < DEPTH_MAX ? openat(above, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
	directory = fd >= 0 ? fdopendir(fd) : NULL;
	while (directory && (entry = readdir(directory)) != NULL)
		if (entry->d_type == DT_DIR && strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			remove_tree(fd, entry->d_name, depth + 1);
	if (directory)
		closedir(directory);
	return unlinkat(above, name, AT_REMOVEDIR) == 0 || errno == ENOENT;
}

int containment_remove(struct remains *remains, hst_error *err)
{
	struct deadline deadline = deadline_in(NULL, EMPTY_MS);

	if (remains->enter_fd >= 0)
		close(remains->enter_fd);
	remains->enter_fd = -1;
	if (!remains->cgroup[0] || remains->other_boot)
		return HST_OK;
	containment_kill(remains);
	await_empty(remains, &deadline);
	if (!remove_tree(AT_FDCWD, remains->cgroup, 0))
		return hst_fail_as(err, HST_TIMEOUT, "SessionCloseFailed",
				   "the cgroup %s cannot be removed: %s: look at what is in its cgroup.procs, and at what "
				   "that waits for (a network file system that does not answer)",
				   remains->cgroup, strerror(errno));
	remains->cgroup[0] = '\0';
	return HST_OK;
}
