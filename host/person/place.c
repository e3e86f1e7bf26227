#include "person/place.h"

#include "base/auto.h"
#include "base/mem.h"
#include "os/files.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define PREFIX "hostler-here-"

enum { KEPT_MAX = 20, BYTES_MAX = 1 << 20, ENTRIES_MAX = 1000, TRIES = 5 };

static bool is_own_folder(const char *path, mode_t others)
{
	struct stat about;

	return lstat(path, &about) == 0 && S_ISDIR(about.st_mode) && about.st_uid == geteuid() && !(about.st_mode & others);
}

/* Holds what has this name; -1: it is swept at this moment. */
static int hold(const char *path)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat held, named;

	if (fd < 0 || flock(fd, LOCK_SH | LOCK_NB) != 0 || fstat(fd, &held) != 0 || lstat(path, &named) != 0 || held.st_ino != named.st_ino ||
	    held.st_dev != named.st_dev)
		return -1;
	return take_fd(&fd);
}

int place_find(char to[PLACE_SIZE], int *ret_fd, hst_error *err)
{
	char runtime[32];
	const unsigned uid = (unsigned)geteuid();

	snprintf(runtime, sizeof runtime, "/run/user/%u", uid);
	if (is_own_folder(runtime, 0022))
		snprintf(to, PLACE_SIZE, "%s/hostler-here", runtime);
	else
		snprintf(to, PLACE_SIZE, "/tmp/" PREFIX "%u", uid);
	for (int i = 0; i < TRIES; i++) {
		mkdir(to, 0700);
		*ret_fd = is_own_folder(to, 0077) ? hold(to) : -1;
		if (*ret_fd >= 0)
			return HST_OK;
	}
	return hst_fail(err, HST_DENIED, "%s is no folder of yours alone: remove it, or have it removed", to);
}

bool place_is_ours(int socket)
{
	struct ucred peer;
	socklen_t size = sizeof peer;

	return getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && (peer.uid == geteuid() || peer.uid == 0);
}

char *place_remembered(const char *place)
{
	AUTO_FREE char *path = files_join(place, "ended");
	char *lines;

	return files_read(path, BYTES_MAX, &lines, NULL, NULL) == HST_OK ? lines : mem_text("");
}

int place_remember(const char *place, const char *line, hst_error *err)
{
	AUTO_FREE char *path = files_join(place, "ended");
	AUTO_FREE char *before = place_remembered(place);
	AUTO_FREE char *after = NULL;
	const char *from = before + strlen(before);

	for (int lines = 0; from > before && lines < KEPT_MAX; lines++)
		do
			from--;
		while (from > before && from[-1] != '\n');
	after = mem_printf("%s%s\n", from, line);
	return files_replace_fleeting(path, after, strlen(after), 0600, err);
}

static bool is_of(const char *process, uid_t uid)
{
	AUTO_FREE char *path = mem_printf("/proc/%s/status", process);
	FILE *file = fopen(path, "re");
	unsigned real, effective;
	char line[256];
	bool found = false;

	while (file && !found && fgets(line, sizeof line, file))
		found = sscanf(line, "Uid: %u %u", &real, &effective) == 2 && (real == uid || effective == uid);
	if (file)
		fclose(file);
	return found;
}

/* Where it cannot be seen there may be some. */
static bool has_processes(uid_t uid)
{
	DIR *processes = opendir("/proc");
	bool found = !processes;
	struct dirent *entry;

	while (!found && (entry = readdir(processes)) != NULL)
		found = isdigit((unsigned char)entry->d_name[0]) && is_of(entry->d_name, uid);
	if (processes)
		closedir(processes);
	return found;
}

/* Files and sockets only: nobody makes a folder there. */
static void empty(int fd)
{
	int again = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *listing = again >= 0 ? fdopendir(again) : NULL;
	struct dirent *entry;

	if (again >= 0 && !listing)
		close(again);
	for (int n = 0; listing && n < ENTRIES_MAX && (entry = readdir(listing)) != NULL; n++)
		unlinkat(dirfd(listing), entry->d_name, 0);
	if (listing)
		closedir(listing);
}

/* By descriptors: whoever had it may still have been changing it. */
static void sweep(int folder, const char *name)
{
	const uid_t uid = (uid_t)strtoul(name + sizeof PREFIX - 1, NULL, 10);
	AUTO_FREE char *own = mem_printf(PREFIX "%u", (unsigned)uid);
	AUTO_CLOSE int fd = -1;
	struct stat about;

	if (strcmp(own, name) != 0 || (geteuid() != 0 && geteuid() != uid))
		return;
	fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0 && fstat(fd, &about) == 0 && about.st_uid == uid && !has_processes(uid) && flock(fd, LOCK_EX | LOCK_NB) == 0) {
		empty(fd);
		unlinkat(folder, name, AT_REMOVEDIR);
	}
}

void place_sweep(const char *folder)
{
	DIR *listing = opendir(folder);
	struct dirent *entry;

	while (listing && (entry = readdir(listing)) != NULL)
		if (strncmp(entry->d_name, PREFIX, sizeof PREFIX - 1) == 0)
			sweep(dirfd(listing), entry->d_name);
	if (listing)
		closedir(listing);
}
