#include "crowd.h"

#include "display.h"

#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct crowd_member {
	pid_t pid;
	uid_t uid;
};

/* By the 15 bytes that the kernel keeps of a name. */
static const char *const lockers[] = {"i3lock",	 "xsecurelock", "slock",	   "xlock", "xtrlock", "pyxtrlock",
				      "alock",	 "sxlock",	"kscreenlocker_g", "vlock", "physlock"};

static void look(struct crowd *crowd, hst_call *call)
{
	DIR *directory = opendir("/proc");
	size_t size = 1024;
	struct dirent *entry;
	struct stat about;

	crowd->at = hst_alloc(call, size * sizeof *crowd->at);
	while (directory && (entry = readdir(directory)) != NULL) {
		if (!isdigit((unsigned char)entry->d_name[0]) || fstatat(dirfd(directory), entry->d_name, &about, 0) != 0)
			continue;
		if (crowd->n == size) {
			struct crowd_member *larger = hst_alloc(call, 2 * size * sizeof *larger);

			memcpy(larger, crowd->at, size * sizeof *larger);
			crowd->at = larger;
			size *= 2;
		}
		crowd->at[crowd->n++] = (struct crowd_member){(pid_t)strtol(entry->d_name, NULL, 10), about.st_uid};
	}
	if (directory)
		closedir(directory);
}

/* One that does not say on which display it is may be on this one. */
static bool is_on_display(pid_t pid, int display)
{
	char *text;
	size_t n = proc_environment(pid, &text);
	bool on = true;

	for (size_t at = 0; at < n; at += strlen(text + at) + 1)
		if (strncmp(text + at, "DISPLAY=", 8) == 0)
			on = display_is_named(text + at + 8, display);
	free(text);
	return on;
}

static int by_pid(const void *a, const void *b)
{
	pid_t left = ((const struct crowd_member *)a)->pid, right = ((const struct crowd_member *)b)->pid;

	return (left > right) - (left < right);
}

/* Flows are children of processes that run the same program as this one, which most often are another user's. */
static bool is_flow(const struct crowd *crowd, const struct proc_entry *entry, const struct proc_entry *self)
{
	const struct crowd_member key = {.pid = entry->parent};
	const struct crowd_member *parent = bsearch(&key, crowd->at, crowd->n, sizeof key, by_pid);
	struct proc_entry found;

	return parent && parent->pid > 1 && (parent->uid != entry->uid || parent->uid == self->uid) &&
	       proc_read(parent->pid, &found) && strcmp(found.name, self->name) == 0;
}

static bool is_locker(const char *name)
{
	for (size_t i = 0; i < sizeof lockers / sizeof *lockers; i++)
		if (strcmp(name, lockers[i]) == 0)
			return true;
	return false;
}

struct running crowd_running(struct crowd *crowd, hst_call *call, uid_t uid, int display)
{
	struct running running = {0};
	struct proc_entry self = {.id.pid = 0}, entry;

	if (!crowd->at)
		look(crowd, call);
	if (!proc_read(getpid(), &self))
		return running;
	for (size_t i = 0; i < crowd->n; i++) {
		if (crowd->at[i].uid != uid || !proc_read(crowd->at[i].pid, &entry) || entry.state == 'Z' || entry.id.pid == self.id.pid)
			continue;
		if (is_locker(entry.name))
			running.locker = running.locker || is_on_display(entry.id.pid, display);
		else if (strcmp(entry.name, "xscreensaver") == 0)
			running.screensaver = running.screensaver || is_on_display(entry.id.pid, display);
		else if (strcmp(entry.name, "xscreensaver-gf") == 0)
			running.dark = true;
		running.flow = running.flow || is_flow(crowd, &entry, &self);
	}
	return running;
}
