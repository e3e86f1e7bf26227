#include "limit.h"

#include "../proc.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

enum { LINE_SIZE = 512, PATH_SIZE = 256 };

static const char sesman[] = "xrdp-sesman", usual_file[] = "/etc/xrdp/sesman.ini";

/* Containers have their own sesman, which is seen from here and is not the one that is asked. */
static bool is_in_our_network(pid_t pid)
{
	struct stat theirs, ours;
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/ns/net", (int)pid);
	return stat(path, &theirs) == 0 && stat("/proc/self/ns/net", &ours) == 0 && theirs.st_dev == ours.st_dev &&
	       theirs.st_ino == ours.st_ino;
}

static bool is_sesman(const struct proc_entry *entry)
{
	return entry->uid == 0 && entry->state != 'Z' && strcmp(entry->name, sesman) == 0 && proc_runs(entry->id.pid, sesman);
}

/* Sessions are below it, one process each; what a dead one has left is older than the one that listens. 0: there is none. */
static pid_t find_sesman(const struct proc_entry *entries, size_t n)
{
	struct process found = {0};

	for (size_t i = 0; i < n; i++) {
		const struct proc_entry *entry = &entries[i];
		struct proc_entry parent;

		if (entry->id.start < found.start || !is_sesman(entry) || !is_in_our_network(entry->id.pid))
			continue;
		if (!proc_read(entry->parent, &parent) || !is_sesman(&parent))
			found = entry->id;
	}
	return found.pid;
}

static long sessions_of(const struct proc_entry *entries, size_t n, pid_t server)
{
	long count = 0;

	for (size_t i = 0; i < n; i++)
		count += entries[i].parent == server && is_sesman(&entries[i]);
	return count;
}

/* 0: there is no limit, or it cannot be read. */
static long limit_in(const char *path)
{
	FILE *file = fopen(path, "re");
	char line[LINE_SIZE];
	long limit = 0;

	while (file && fgets(line, sizeof line, file)) {
		char *at = line + strspn(line, " \t");

		if (strncasecmp(at, "MaxSessions", strlen("MaxSessions")) != 0)
			continue;
		at += strlen("MaxSessions");
		at += strspn(at, " \t");
		if (*at == '=')
			limit = strtol(at + 1, NULL, 10);
	}
	if (file)
		fclose(file);
	return limit;
}

int limit_look(hst_error *err)
{
	struct proc_entry *entries;
	size_t n = proc_scan(&entries);
	pid_t server = find_sesman(entries, n);
	long count = server ? sessions_of(entries, n, server) : 0, limit;
	char path[PATH_SIZE];

	free(entries);
	if (count == 0)
		return HST_OK;
	if (!proc_argument_after(server, "-c", path, sizeof path) && !proc_argument_after(server, "--config", path, sizeof path))
		snprintf(path, sizeof path, "%s", usual_file);
	limit = limit_in(path);
	if (limit <= 0 || count < limit)
		return HST_OK;
	return hst_fail_as(err, HST_RETRY, "TooManyActiveSessions",
			   "xrdp-sesman has %ld sessions, and MaxSessions = %ld in %s lets in no more: somebody has to sign out, or raise it "
			   "there and restart the service",
			   count, limit, path);
}
