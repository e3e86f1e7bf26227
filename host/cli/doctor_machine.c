/* The machine's side: who runs the house, its folders, room on the disk, the clock, the address of the host. */
#include "cli/doctor.h"

#include "base/arena.h"
#include "base/auto.h"
#include "config/accounts.h"
#include "os/files.h"

#include <errno.h>
#include <grp.h>
#include <netdb.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

enum { ROOM_LEAST_MB = 1024, INODES_LEAST = 1000 };

static void look_at_user(struct doctor *doctor)
{
	static const char *const accounts[] = {ACCOUNT_ENGINE, ACCOUNT_WORKER, ACCOUNT_GATEWAY};
	const struct passwd *self;

	if (geteuid() != 0) {
		self = getpwuid(geteuid());
		doctor_note(doctor, "user", "Start it as root where that matters: each part then has a user of its own.",
			    "a house started by %s runs as %s throughout: its plugins and desktop flows could read its keys and "
			    "store, and runs have sessions of no other user",
			    self ? self->pw_name : "this user", self ? self->pw_name : "this user");
		return;
	}
	for (size_t i = 0; i < sizeof accounts / sizeof accounts[0]; i++)
		if (!getpwnam(accounts[i])) {
			doctor_note(doctor, "user", NULL,
				    "root; the user %s is not there yet, and the first `hostler up` makes it", accounts[i]);
			return;
		}
	doctor_good(doctor, "user", "root; engine, workers and gateway each have a user of their own");
}

/* The folder itself, or the nearest above it that is there; in the arena. */
static const char *nearest_there(const struct doctor *doctor, const char *path)
{
	char *at = arena_text(doctor->arena, path), *slash;

	while (access(at, F_OK) != 0 && (slash = strrchr(at, '/')) && slash != at)
		*slash = '\0';
	return access(at, F_OK) == 0 ? at : "/";
}

/* A house that root starts gives some folders to its own accounts. */
static bool is_of_house(uid_t uid)
{
	const struct passwd *engine = geteuid() == 0 ? getpwnam(ACCOUNT_ENGINE) : NULL;

	return engine && engine->pw_uid == uid;
}

/* Nobody else may put anything into it, or the house could be given other keys. */
static void look_at_folder(struct doctor *doctor, const char *area, const char *path)
{
	struct stat found;

	if (stat(path, &found) < 0 && errno == ENOENT) {
		const char *above = nearest_there(doctor, path);

		if (access(above, W_OK | X_OK) == 0)
			doctor_good(doctor, area, "%s is not there yet, and the first `hostler up` makes it", path);
		else
			doctor_problem(doctor, area, arena_printf(doctor->arena, "Name another %s, or make the folder.", area),
				       "%s is not there, and this user cannot make it in %s", path, above);
		return;
	}
	if (stat(path, &found) < 0)
		doctor_problem(doctor, area, "Look with the user who starts the house.", "%s: %s", path, strerror(errno));
	else if (!S_ISDIR(found.st_mode))
		doctor_problem(doctor, area, "Remove it, or name another.", "%s is no folder", path);
	else if (found.st_uid != geteuid() && !is_of_house(found.st_uid))
		doctor_problem(doctor, area, "Look with the user who starts the house, or name another.",
			       "%s belongs to the user %u, not to this one", path, (unsigned)found.st_uid);
	else if (found.st_mode & 022)
		doctor_problem(doctor, area, arena_printf(doctor->arena, "chmod go-w %s", path),
			       "others may write into %s (mode %04o)", path, (unsigned)found.st_mode & 07777u);
	else if (access(path, W_OK | X_OK) != 0)
		doctor_problem(doctor, area, arena_printf(doctor->arena, "chmod u+rwx %s", path), "%s cannot be written into: %s",
			       path, strerror(errno));
	else
		doctor_good(doctor, area, "nobody else may write into %s", path);
}

static void look_at_seed(struct doctor *doctor)
{
	AUTO_FREE char *path = files_join(doctor->conf->state_dir, "host.seed");
	struct stat found;

	if (stat(path, &found) == 0 && (found.st_mode & 077))
		doctor_problem(doctor, "keys", arena_printf(doctor->arena, "chmod 600 %s", path),
			       "%s can be read by others (mode %04o), and all keys follow from it", path,
			       (unsigned)found.st_mode & 07777u);
}

static void look_at_disk(struct doctor *doctor)
{
	const char *path = nearest_there(doctor, doctor->conf->state_dir);
	struct statvfs disk;
	unsigned long long mb;

	if (statvfs(path, &disk) < 0) {
		doctor_problem(doctor, "disk", NULL, "%s: %s", path, strerror(errno));
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

/* Times of several machines stand side by side in histories. */
static void look_at_clock(struct doctor *doctor)
{
	struct timex now = {0};
	int state = adjtimex(&now);

	if (state < 0)
		doctor_note(doctor, "clock", NULL, "the system does not say whether it is set: %s", strerror(errno));
	else if (state == TIME_ERROR || (now.status & STA_UNSYNC))
		doctor_note(doctor, "clock", "Let chrony or systemd-timesyncd set it.", "nothing keeps it set right");
	else
		doctor_good(doctor, "clock", "it is kept set right");
}

/* "tcp://HOST:PORT" taken apart; '*' is every address. */
static struct addrinfo *address_of(struct doctor *doctor, const char *endpoint)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
	char *host = arena_text(doctor->arena, endpoint + strlen("tcp://")), *port = strrchr(host, ':');
	struct addrinfo *found = NULL;

	if (!port || strcmp(port, ":*") == 0)
		return NULL;
	*port++ = '\0';
	if (host[0] == '[' && strlen(host) > 1 && host[strlen(host) - 1] == ']') {
		host[strlen(host) - 1] = '\0';
		host++;
	}
	return getaddrinfo(strcmp(host, "*") == 0 ? NULL : host, port, &hints, &found) == 0 ? found : NULL;
}

static void try_address(struct doctor *doctor, const char *endpoint, const struct addrinfo *address)
{
	AUTO_CLOSE int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int yes = 1;

	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
	if (fd < 0 || (bind(fd, address->ai_addr, address->ai_addrlen) == 0 && listen(fd, 1) == 0))
		doctor_good(doctor, "listen", "%s is free for gateways of other machines", endpoint);
	else
		doctor_problem(doctor, "listen", "Name another address in `listen` of [host], or `listen = none`.",
			       "%s cannot be used: %s", endpoint, strerror(errno));
}

static void look_at_address(struct doctor *doctor)
{
	const char *endpoint = doctor->conf->has_host ? doctor->conf->listen : NULL;
	struct addrinfo *address;

	if (!endpoint || doctor->running || strncmp(endpoint, "tcp://", 6) != 0)
		return;
	address = address_of(doctor, endpoint);
	if (!address)
		return;
	try_address(doctor, endpoint, address);
	freeaddrinfo(address);
}

void doctor_machine(struct doctor *doctor)
{
	look_at_user(doctor);
	look_at_clock(doctor);
	if (!doctor->conf)
		return;
	if (doctor->conf->state_dir) {
		look_at_folder(doctor, "state_dir", doctor->conf->state_dir);
		look_at_seed(doctor);
		look_at_disk(doctor);
	}
	if (doctor->conf->run_dir)
		look_at_folder(doctor, "run_dir", doctor->conf->run_dir);
	look_at_address(doctor);
}
