#include "proc.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ENVIRONMENT_MAX = 1 << 20, PATH_SIZE = 64 };

/* Up to `size` - 1 bytes of /proc/PID/NAME and a NUL; -1 when it cannot be read. */
static ssize_t slurp(pid_t pid, const char *name, char *to, size_t size)
{
	char path[PATH_SIZE];
	size_t n = 0;
	ssize_t got = 0;
	int fd;

	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	while (n < size - 1 && (got = read(fd, to + n, size - 1 - n)) > 0)
		n += (size_t)got;
	close(fd);
	to[n] = '\0';
	return got < 0 ? -1 : (ssize_t)n;
}

bool proc_read(pid_t pid, struct proc_entry *ret)
{
	struct proc_entry entry = {.id.pid = pid};
	char path[PATH_SIZE], line[1024];
	const char *name, *rest;
	struct stat about;
	unsigned long long start;

	snprintf(path, sizeof path, "/proc/%d", (int)pid);
	if (stat(path, &about) != 0 || slurp(pid, "stat", line, sizeof line) < 0)
		return false;

	/* The name stands in parentheses and may hold any byte, so the fields are counted from its end. */
	name = strchr(line, '(');
	rest = strrchr(line, ')');
	if (!name || !rest ||
	    sscanf(rest + 1, " %c %d %*d %d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
		   &entry.state, &entry.parent, &entry.kernel_session, &start) != 4)
		return false;
	entry.id.start = start;
	entry.uid = about.st_uid;
	snprintf(entry.name, sizeof entry.name, "%.*s", (int)(rest - name - 1), name + 1);
	*ret = entry;
	return true;
}

size_t proc_scan(struct proc_entry **ret)
{
	struct proc_entry *entries = NULL;
	size_t n = 0, size = 0;
	struct dirent *name;
	DIR *directory = opendir("/proc");

	while (directory && (name = readdir(directory)) != NULL) {
		if (!isdigit((unsigned char)name->d_name[0]))
			continue;
		if (n == size) {
			size = size ? 2 * size : 256;
			entries = reallocarray(entries, size, sizeof *entries);
			if (!entries)
				abort();
		}
		if (proc_read((pid_t)strtol(name->d_name, NULL, 10), &entries[n]))
			n++;
	}
	if (directory)
		closedir(directory);
	*ret = entries;
	return n;
}

bool proc_lives(const struct process *process)
{
	struct proc_entry entry;

	return process->pid > 0 && proc_read(process->pid, &entry) && entry.id.start == process->start &&
	       entry.state != 'Z' && entry.state != 'X';
}

bool proc_runs(pid_t pid, const char *program)
{
	static const char replaced[] = " (deleted)";
	char path[PATH_SIZE], file[PATH_MAX];
	struct proc_entry entry;
	const char *name;
	ssize_t n;

	snprintf(path, sizeof path, "/proc/%d/exe", (int)pid);
	n = readlink(path, file, sizeof file - 1);
	if (n <= 0)
		return proc_read(pid, &entry) && strcmp(entry.name, program) == 0;
	file[n] = '\0';
	if ((size_t)n > strlen(replaced) && strcmp(file + n - strlen(replaced), replaced) == 0)
		file[(size_t)n - strlen(replaced)] = '\0';
	name = strrchr(file, '/');
	return name && strcmp(name + 1, program) == 0;
}

size_t proc_environment(pid_t pid, char **ret)
{
	ssize_t n;

	*ret = malloc(ENVIRONMENT_MAX);
	if (!*ret)
		abort();
	n = slurp(pid, "environ", *ret, ENVIRONMENT_MAX);
	return n > 0 ? (size_t)n : 0;
}

bool proc_has_environment(pid_t pid, const char *assignment)
{
	char *text;
	size_t n = proc_environment(pid, &text);
	bool found = false;

	for (size_t at = 0; at < n && !found; at += strlen(text + at) + 1)
		found = strcmp(text + at, assignment) == 0;
	free(text);
	return found;
}

bool proc_argument(pid_t pid, int index, char *to, size_t size)
{
	char text[8192];
	ssize_t n = slurp(pid, "cmdline", text, sizeof text);

	for (ssize_t at = 0; at < n; at += (ssize_t)strlen(text + at) + 1) {
		if (index-- > 0)
			continue;
		snprintf(to, size, "%s", text + at);
		return true;
	}
	return false;
}

bool proc_argument_after(pid_t pid, const char *flag, char *to, size_t size)
{
	char text[8192];
	ssize_t n = slurp(pid, "cmdline", text, sizeof text);

	for (ssize_t at = 0; at < n;) {
		bool here = strcmp(text + at, flag) == 0;

		at += (ssize_t)strlen(text + at) + 1;
		if (here && at < n) {
			snprintf(to, size, "%s", text + at);
			return true;
		}
	}
	return false;
}

void proc_boot(char to[PROC_BOOT_SIZE])
{
	FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");

	to[0] = '\0';
	if (!file)
		return;
	if (!fgets(to, PROC_BOOT_SIZE, file))
		to[0] = '\0';
	to[strcspn(to, "\n")] = '\0';
	fclose(file);
}
