/* What the house keeps on this machine: its folders, room for them, keys, the store, and what sessions that died left. */
#include "cli/doctor.h"

#include "base/arena.h"
#include "base/auto.h"
#include "cli/connect.h"
#include "os/files.h"
#include "store/copy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { ROOM_LEAST_MB = 1024, INODES_LEAST = 1000, WHOLE_MB_MAX = 256 };

/* The folder itself, or the nearest above it that is there; in the arena. */
static const char *nearest_there(const struct doctor *doctor, const char *path)
{
	char *at = arena_text(doctor->arena, path), *slash;

	while (access(at, F_OK) != 0 && (slash = strrchr(at, '/')) && slash != at)
		*slash = '\0';
	return access(at, F_OK) == 0 ? at : "/";
}

static void look_at_absent(struct doctor *doctor, const char *area, const char *path)
{
	const char *above = nearest_there(doctor, path);

	if (access(above, W_OK | X_OK) == 0)
		doctor_good(doctor, area, "%s is not there yet, and the first `hostler up` makes it", path);
	else
		doctor_problem(doctor, area, arena_printf(doctor->arena, "Name another %s, or make the folder.", area),
			       "%s is not there, and this user cannot make it in %s", path, above);
}

/* Nobody else may put anything into it, or the house could be given other keys. */
static void look_at_folder(struct doctor *doctor, const char *area, const char *path)
{
	struct stat found;
	bool there = stat(path, &found) == 0;

	if (!there && errno == ENOENT)
		look_at_absent(doctor, area, path);
	else if (!there)
		doctor_problem(doctor, area, "Look with the user who starts the house.", "%s: %s", path, strerror(errno));
	else if (!S_ISDIR(found.st_mode))
		doctor_problem(doctor, area, "Remove it, or name another.", "%s is no folder", path);
	else if (found.st_mode & 022)
		doctor_problem(doctor, area, arena_printf(doctor->arena, "chmod go-w %s", path),
			       "others may write into %s (mode %04o)", path, (unsigned)found.st_mode & 07777u);
	else if (!doctor->guest && access(path, W_OK | X_OK) != 0)
		doctor_problem(doctor, area, arena_printf(doctor->arena, "chmod u+rwx %s", path), "%s cannot be written into: %s",
			       path, strerror(errno));
	else
		doctor_good(doctor, area, "nobody else may write into %s", path);
}

static void look_at_key(struct doctor *doctor, const char *path, const char *what)
{
	struct stat found;

	if (stat(path, &found) == 0 && (found.st_mode & 077))
		doctor_problem(doctor, "keys", arena_printf(doctor->arena, "chmod 600 %s", path),
			       "%s can be read by others (mode %04o), and %s", path, (unsigned)found.st_mode & 07777u, what);
}

static void look_at_keys(struct doctor *doctor)
{
	AUTO_FREE char *seed = files_join(doctor->conf->state_dir, "host.seed");
	AUTO_FREE char *operator_key = connect_key_path();
	struct stat found;

	look_at_key(doctor, operator_key, "whoever has it may do what you may");
	if (doctor->guest)
		return;
	look_at_key(doctor, seed, "all keys follow from it");
	if (stat(seed, &found) < 0 && errno == ENOENT && doctor->conf->store_path && access(doctor->conf->store_path, F_OK) == 0)
		doctor_problem(doctor, "keys", "Put host.seed back from a copy of state_dir; else every gateway has to join anew.",
			       "%s is gone, though there is a store: the next `hostler up` makes another host of it", seed);
}

static void look_at_disk(struct doctor *doctor)
{
	const char *path = nearest_there(doctor, doctor->conf->state_dir);
	struct statvfs disk;
	unsigned long long mb;

	if (statvfs(path, &disk) < 0) {
		doctor_problem(doctor, "disk", "Look with the user who starts the house.", "%s: %s", path, strerror(errno));
		return;
	}
	mb = (unsigned long long)disk.f_bavail * disk.f_frsize >> 20;
	if (disk.f_flag & ST_RDONLY)
		doctor_problem(doctor, "disk", "Mount it writable, or name another state_dir.", "%s is mounted read-only", path);
	else if (mb < ROOM_LEAST_MB)
		doctor_problem(doctor, "disk", "Make room, or name a state_dir on another disk.",
			       "%llu MiB are free at %s; files of runs and the store need more than %d", mb, path, ROOM_LEAST_MB);
	else if (disk.f_files && disk.f_favail < INODES_LEAST)
		doctor_problem(doctor, "disk", "Remove files that nobody needs.", "only %llu more files can be made at %s",
			       (unsigned long long)disk.f_favail, path);
	else
		doctor_good(doctor, "disk", "%llu MiB are free at %s", mb, path);
}

/* Of a house that is down. A large store is not read from end to end while somebody waits. */
static void look_at_store(struct doctor *doctor)
{
	const char *path = doctor->conf->store_path;
	struct store_look look = {0};
	struct stat found;
	hst_error err = {0};
	bool whole;

	if (!doctor->conf->has_host || !path || stat(path, &found) < 0)
		return;
	/* The engine has it for itself, and looked at it when it began. */
	if (doctor->running)
		return;
	whole = found.st_size <= (off_t)WHOLE_MB_MAX << 20;
	if (store_look(path, whole, &look, &err) != HST_OK)
		doctor_problem(doctor, "store", "Install the release that wrote it, or `hostler restore` a backup.", "%s", err.text);
	else if (!whole)
		doctor_good(doctor, "store", "%s can be read; it is larger than %d MiB, so not every page was looked at", path,
			    WHOLE_MB_MAX);
	else
		doctor_good(doctor, "store", "%s is whole; %lld runs, %lld of them unfinished", path, (long long)look.runs,
			    (long long)look.unfinished);
	free(look.restored);
}

/* A process that holds a session keeps its file of notes locked as long as it lives. */
static bool is_left(int folder, const char *name)
{
	AUTO_CLOSE int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) == 0;
}

static void look_at_sessions_left(struct doctor *doctor)
{
	AUTO_FREE char *path = files_join(doctor->conf->state_dir, "notes");
	DIR *folder = opendir(path);
	size_t left = 0;

	if (!folder)
		return;
	for (const struct dirent *entry; (entry = readdir(folder));)
		left += strstr(entry->d_name, ".notes") && is_left(dirfd(folder), entry->d_name);
	closedir(folder);
	if (left)
		doctor_note(doctor, "sessions",
			    doctor->running ? "The watch of the device undoes it; if it stays, its log says why it cannot."
					    : "`hostler up` undoes what they left.",
			    "%zu session process%s died and left something of a session", left, left == 1 ? "" : "es");
}

void doctor_folders(struct doctor *doctor)
{
	if (doctor->conf->state_dir) {
		look_at_folder(doctor, "state_dir", doctor->conf->state_dir);
		look_at_keys(doctor);
		look_at_disk(doctor);
	}
	if (doctor->conf->run_dir)
		look_at_folder(doctor, "run_dir", doctor->conf->run_dir);
	if (doctor->conf->state_dir && !doctor->guest) {
		look_at_store(doctor);
		look_at_sessions_left(doctor);
	}
}
