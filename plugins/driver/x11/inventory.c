#include "inventory.h"

#include "leftovers.h"
#include "proc.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { SESSIONS_MAX = 4096, ID_SIZE = 64, RECORD_MAX = 65536 };

/*
 * Who listens on the socket. False: nobody does, it was left behind. A server that is too busy to be
 * connected to is there all the same; its pid is then 0 and its user the socket's owner.
 */
static bool listener(const char *path, struct ucred *ret)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	socklen_t size = sizeof *ret;
	struct stat about;
	bool there = false;

	if (fd < 0)
		return false;
	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
		there = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, ret, &size) == 0;
	else if ((errno == EAGAIN || errno == EACCES) && stat(path, &about) == 0 && S_ISSOCK(about.st_mode)) {
		*ret = (struct ucred){.uid = about.st_uid, .gid = about.st_gid};
		there = true;
	}
	close(fd);
	return there;
}

static bool opened_by_hostler(pid_t pid)
{
	char path[1024];
	const char *name;

	if (pid <= 0 || !proc_argument_after(pid, "-auth", path, sizeof path))
		return false;
	name = strrchr(path, '/');
	return name && strcmp(name + 1, LEFTOVERS_COOKIE) == 0;
}

static const char *user_name(hst_call *call, uid_t uid)
{
	char *buffer = hst_alloc(call, RECORD_MAX), number[16];
	struct passwd record, *found = NULL;

	if (getpwuid_r(uid, &record, buffer, RECORD_MAX, &found) == 0 && found)
		return found->pw_name;
	snprintf(number, sizeof number, "%u", (unsigned)uid);
	return hst_copy(call, number, strlen(number));
}

static void describe(hst_call *call, const char *display, const struct ucred *server, hst_session *ret)
{
	char *id = hst_alloc(call, ID_SIZE), *key = hst_alloc(call, 16);
	bool ours = opened_by_hostler(server->pid);

	snprintf(id, ID_SIZE, "x11:%s:%d", display, (int)server->pid);
	snprintf(key, 16, "%u", (unsigned)server->uid);
	*ret = (hst_session){
		.id = id,
		.user = user_name(call, server->uid),
		.key = key,
		.connected = HST_YES,

		/* Nothing in hostler's own sessions locks them; of a person's it is not known here. */
		.locked = ours ? HST_NO : HST_UNKNOWN,
		.ours = ours};
}

static bool is_display(const char *name)
{
	size_t digits;

	if (name[0] != 'X')
		return false;
	digits = strspn(name + 1, "0123456789");
	return digits > 0 && digits <= 5 && !name[1 + digits];
}

int inventory_sessions(hst_call *call, hst_session **ret_sessions, size_t *ret_n, hst_error *err)
{
	hst_session *sessions = NULL;
	size_t n = 0, size = 0;
	struct dirent *entry;
	DIR *directory = opendir(LEFTOVERS_SOCKETS);

	/* Before the first X server of a machine has run, the directory is missing. */
	if (!directory && errno != ENOENT)
		return hst_fail(err, HST_RETRY, LEFTOVERS_SOCKETS " cannot be read: %s", strerror(errno));
	while (directory && n < SESSIONS_MAX && (entry = readdir(directory)) != NULL) {
		char path[sizeof LEFTOVERS_SOCKETS + 16];
		struct ucred server;

		if (!is_display(entry->d_name))
			continue;
		snprintf(path, sizeof path, LEFTOVERS_SOCKETS "/%.8s", entry->d_name);
		if (!listener(path, &server))
			continue;
		if (n == size) {
			hst_session *larger = hst_alloc(call, (size ? 2 * size : 16) * sizeof *larger);

			if (n)
				memcpy(larger, sessions, n * sizeof *larger);
			sessions = larger;
			size = size ? 2 * size : 16;
		}
		describe(call, entry->d_name + 1, &server, &sessions[n++]);
	}
	if (directory)
		closedir(directory);
	*ret_sessions = sessions;
	*ret_n = n;
	return HST_OK;
}

/* Memory that programs could have now counts as free, whatever the kernel keeps in it meanwhile. */
static int64_t memory_taken_milli(void)
{
	FILE *file = fopen("/proc/meminfo", "re");
	long long total = 0, available = -1;
	char line[256];

	while (file && fgets(line, sizeof line, file)) {
		sscanf(line, "MemTotal: %lld kB", &total);
		sscanf(line, "MemAvailable: %lld kB", &available);
	}
	if (file)
		fclose(file);
	if (total <= 0 || available < 0 || available > total)
		return -1;
	return (total - available) * 1000 / total;
}

void inventory_device(hst_call *call, hst_device *ret)
{
	char *name = hst_alloc(call, 256);
	double load;
	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	if (gethostname(name, 255) != 0)
		name[0] = '\0';
	if (processors < 1)
		processors = 1;
	*ret = (hst_device){.name = name,
			    .system = HST_LINUX,
			    .processors = processors,
			    .load_milli =
				    getloadavg(&load, 1) == 1 ? (int64_t)(load * 1000) / processors : -1,
			    .memory_milli = memory_taken_milli()};
}
