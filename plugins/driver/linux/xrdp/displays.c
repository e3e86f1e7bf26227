#include "displays.h"

#include "../leftovers.h"
#include "sockets.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SOCKETS_MAX = 16384, DISPLAY_MAX = 65535, PATH_SIZE = 256, TEXT_SIZE = 256 };

static const char display_socket[] = "xrdp_display_";

/* One of xrdp's sockets. */
struct end {
	int display;
	bool connected;
	uint64_t inode;
};

struct seen {
	hst_call *call;
	const char *sockets;
	struct end *ends;
	size_t end_count;
	bool complete;
	struct proc_entry *entries; /* all processes */
	size_t entry_count;
};

static bool read_end(const struct bound *bound, const char *sockets, struct end *ret)
{
	size_t length = strlen(sockets);
	const char *number;
	char *end;
	long display;

	if (strncmp(bound->path, sockets, length) != 0 || bound->path[length] != '/' ||
	    strncmp(bound->path + length + 1, display_socket, sizeof display_socket - 1) != 0)
		return false;
	number = bound->path + length + sizeof display_socket;
	display = strtol(number, &end, 10);
	*ret = (struct end){.display = (int)display, .connected = bound->connected, .inode = bound->inode};
	return end != number && !*end && display >= 0 && display <= DISPLAY_MAX;
}

static void add_end(void *arg, const struct bound *bound)
{
	struct seen *seen = arg;
	struct end *larger, end;
	size_t n = seen->end_count;

	if (n == SOCKETS_MAX || !read_end(bound, seen->sockets, &end))
		return;
	if (n == 0 || (n >= 16 && (n & (n - 1)) == 0)) {
		larger = hst_alloc(seen->call, (n ? 2 * n : 16) * sizeof *larger);
		if (n)
			memcpy(larger, seen->ends, n * sizeof *larger);
		seen->ends = larger;
	}
	seen->ends[seen->end_count++] = end;
}

void *displays_look_round(hst_call *call, const char *sockets)
{
	struct seen *seen = hst_alloc(call, sizeof *seen);
	struct proc_entry *entries;

	*seen = (struct seen){.call = call, .sockets = sockets};
	seen->complete = sockets_each(add_end, seen) && seen->end_count < SOCKETS_MAX;
	seen->entry_count = proc_scan(&entries);
	seen->entries = hst_alloc(call, (seen->entry_count + 1) * sizeof *entries);
	memcpy(seen->entries, entries, seen->entry_count * sizeof *entries);
	free(entries);
	return seen;
}

/*
 * Anybody can bind a socket to a path that has this name, in a file system of their own. So where it may be seen, the X server
 * itself must have it; where it may not, the kernel's list is believed.
 */
static bool has_socket(pid_t pid, uint64_t inode)
{
	char path[64], wanted[64], link[64];
	struct dirent *entry;
	bool found = false;
	DIR *directory;
	ssize_t n;

	snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
	snprintf(wanted, sizeof wanted, "socket:[%llu]", (unsigned long long)inode);
	directory = opendir(path);
	if (!directory)
		return true;
	while (!found && (entry = readdir(directory)) != NULL) {
		n = readlinkat(dirfd(directory), entry->d_name, link, sizeof link - 1);
		link[n > 0 ? n : 0] = '\0';
		found = strcmp(link, wanted) == 0;
	}
	closedir(directory);
	return found;
}

struct attached {
	const char *sockets;
	int display;
	pid_t server;
	bool is;
};

static void look_for_client(void *arg, const struct bound *bound)
{
	struct attached *attached = arg;
	struct end end;

	attached->is = attached->is || (read_end(bound, attached->sockets, &end) && end.display == attached->display && end.connected &&
					has_socket(attached->server, end.inode));
}

bool displays_is_attached(const char *sockets, int display, pid_t server)
{
	struct attached attached = {.sockets = sockets, .display = display, .server = server};

	sockets_each(look_for_client, &attached);
	return attached.is;
}

static bool is_xrdps(const struct seen *seen, int display, uid_t uid)
{
	char path[PATH_SIZE];
	struct stat about;

	return snprintf(path, sizeof path, "%s/%s%d", seen->sockets, display_socket, display) < (int)sizeof path &&
	       lstat(path, &about) == 0 && S_ISSOCK(about.st_mode) && about.st_uid == uid;
}

static const struct proc_entry *entry_of(const struct proc_entry *entries, size_t n, pid_t pid)
{
	for (size_t i = 0; i < n; i++)
		if (entries[i].id.pid == pid)
			return &entries[i];
	return NULL;
}

/* What a shell was told to run; false: it is no shell that was told so. */
static bool told(const struct proc_entry *entry, char to[TEXT_SIZE])
{
	return strcmp(entry->name, "sh") == 0 && proc_argument_after(entry->id.pid, "-c", to, TEXT_SIZE);
}

static bool is_leader(const struct proc_entry *entry, pid_t broker, const char *mark)
{
	char text[TEXT_SIZE];

	return entry->parent == broker && told(entry, text) &&
	       strncmp(text, DISPLAYS_LEADER, sizeof DISPLAYS_LEADER - 1) == 0 &&
	       (!mark || (strncmp(text + sizeof DISPLAYS_LEADER - 1, mark, MARK_SIZE - 1) == 0 &&
			  text[sizeof DISPLAYS_LEADER - 1 + MARK_SIZE - 1] == ' '));
}

/* A process of sesman's that looks after a session. */
static bool is_broker(const struct proc_entry *entry)
{
	return entry && entry->uid == 0 && (proc_runs(entry->id.pid, "xrdp-sesman") || proc_runs(entry->id.pid, "xrdp-sesexec"));
}

/*
 * Only sesman as the parent makes it so: a person could run a shell with such a text, or have root run one, anywhere else. Fills in the
 * session's mark.
 */
static bool opened_by_hostler(const struct seen *seen, const struct ucred *server, char ret_mark[MARK_SIZE])
{
	const struct proc_entry *x = entry_of(seen->entries, seen->entry_count, server->pid);
	const struct proc_entry *broker = x ? entry_of(seen->entries, seen->entry_count, x->parent) : NULL;
	char text[TEXT_SIZE];

	if (!is_broker(broker))
		return false;
	for (size_t i = 0; i < seen->entry_count; i++)
		if (seen->entries[i].uid == server->uid && is_leader(&seen->entries[i], broker->id.pid, NULL) && told(&seen->entries[i], text)) {
			snprintf(ret_mark, MARK_SIZE, "%.*s", MARK_SIZE - 1, text + sizeof DISPLAYS_LEADER - 1);
			return true;
		}
	return false;
}

/* A session of sesman's with another X server than xorgxrdp (Xvnc): who is connected to it is not said. */
static bool is_strange(const struct seen *seen, const struct ucred *server)
{
	const struct proc_entry *x = entry_of(seen->entries, seen->entry_count, server->pid);
	const struct proc_entry *parent = x ? entry_of(seen->entries, seen->entry_count, x->parent) : NULL;

	return is_broker(parent);
}

bool displays_serves(const void *arg, int display, uid_t uid)
{
	const struct seen *seen = arg;

	if (!is_xrdps(seen, display, uid))
		return false;
	for (size_t i = 0; i < seen->end_count; i++)
		if (seen->ends[i].display == display && !seen->ends[i].connected)
			return true;
	return !seen->complete;
}

void displays_look(const void *arg, int display, const struct ucred *server, struct inventory_facts *facts)
{
	const struct seen *seen = arg;
	char mark[MARK_SIZE] = "";

	if (!is_xrdps(seen, display, server->uid)) {
		if (!facts->ours && !facts->anothers && server->pid > 0 && is_strange(seen, server)) {
			facts->connected = HST_UNKNOWN;
			facts->doubt = "xrdp does not say whether anybody is connected to an X server other than xorgxrdp";
		}
		return;
	}
	facts->connected = seen->complete ? HST_NO : HST_UNKNOWN;
	for (size_t i = 0; i < seen->end_count; i++)
		if (seen->ends[i].display == display && seen->ends[i].connected && has_socket(server->pid, seen->ends[i].inode))
			facts->connected = HST_YES;
	if (facts->connected == HST_UNKNOWN)
		facts->doubt = "the kernel does not say which sockets are connected (its module unix_diag), or there are too many of them";
	if (server->pid > 0 && opened_by_hostler(seen, server, mark)) {
		facts->ours = leftovers_is_own_mark(seen->call, mark);
		facts->anothers = !facts->ours;
	}
}

/* The display that an X server was started for: its first argument. */
static int display_of(pid_t pid)
{
	char text[16];
	int display;

	if (!proc_argument(pid, 1, text, sizeof text) || sscanf(text, ":%d", &display) != 1)
		return -1;
	return display;
}

bool displays_find(const char *mark, uid_t uid, struct carriers *ret)
{
	struct proc_entry *entries;
	size_t n = proc_scan(&entries);

	*ret = (struct carriers){.display = -1};
	for (size_t i = 0; i < n && !ret->leader.pid; i++) {
		const struct proc_entry *broker = entry_of(entries, n, entries[i].parent);

		if (entries[i].uid != uid || !broker || !is_leader(&entries[i], broker->id.pid, mark) || !is_broker(broker))
			continue;
		ret->leader = entries[i].id;
		ret->broker = broker->id;
	}
	for (size_t i = 0; i < n && ret->leader.pid; i++) {
		if (entries[i].uid != uid || entries[i].parent != ret->broker.pid || entries[i].id.pid == ret->leader.pid)
			continue;
		if (strcmp(entries[i].name, "xrdp-chansrv") == 0) {
			ret->channels = entries[i].id;
		} else if (display_of(entries[i].id.pid) >= 0) {
			ret->server = entries[i].id;
			ret->display = display_of(entries[i].id.pid);
		}
	}
	free(entries);
	return ret->leader.pid > 0;
}

/* What a session was started with; not what is yet to become that, or has ended, which have no command line of their own. */
static bool leads(const struct proc_entry *entry)
{
	char first[TEXT_SIZE];

	return strcmp(entry->name, "xrdp-chansrv") != 0 && strncmp(entry->name, "xrdp-ses", 8) != 0 && display_of(entry->id.pid) < 0 &&
	       proc_argument(entry->id.pid, 0, first, sizeof first);
}

bool displays_is_anothers(int display, uid_t uid, const char *mark)
{
	struct proc_entry *entries;
	size_t n = proc_scan(&entries);
	const struct proc_entry *broker = NULL;
	bool is = false;

	for (size_t i = 0; i < n && !broker; i++)
		if (entries[i].uid == uid && display_of(entries[i].id.pid) == display)
			broker = entry_of(entries, n, entries[i].parent);
	if (!is_broker(broker))
		broker = NULL;
	for (size_t i = 0; broker && i < n && !is; i++)
		is = entries[i].uid == uid && entries[i].parent == broker->id.pid && leads(&entries[i]) &&
		     !is_leader(&entries[i], broker->id.pid, mark);
	free(entries);
	return is;
}

/* The display of the X server below a process of sesman's; -1: it has none. */
static int display_below(const struct proc_entry *entries, size_t n, const struct process *broker)
{
	int display = -1;

	for (size_t i = 0; i < n && display < 0; i++)
		if (entries[i].parent == broker->pid)
			display = display_of(entries[i].id.pid);
	return display;
}

bool displays_may_come(int display)
{
	struct proc_entry *entries;
	size_t n = proc_scan(&entries);
	bool may = false;

	for (size_t i = 0; i < n && !may; i++) {
		int below;

		/* Of sesman's processes the one without such a parent is that which listens. */
		if (!is_broker(&entries[i]) || (!is_broker(entry_of(entries, n, entries[i].parent)) && !proc_runs(entries[i].id.pid, "xrdp-sesexec")))
			continue;
		below = display_below(entries, n, &entries[i].id);
		may = below < 0 || below == display;
	}
	free(entries);
	return may;
}

void displays_remove_sockets(const char *sockets, int display, uid_t uid)
{
	static const char *const names[] = {"xrdp_display_",		     "xrdp_disconnect_display_",
					    "xrdp_chansrv_socket_",	     "xrdpapi_",
					    "xrdp_chansrv_audio_out_socket_", "xrdp_chansrv_audio_in_socket_"};
	int directory = open(sockets, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat about;
	char name[64];

	/* The display may have gone to another session of the user's since. */
	for (size_t i = 0; directory >= 0 && i < sizeof names / sizeof *names && !leftovers_is_served(display); i++) {
		snprintf(name, sizeof name, "%s%d", names[i], display);
		if (fstatat(directory, name, &about, AT_SYMLINK_NOFOLLOW) == 0 && S_ISSOCK(about.st_mode) && about.st_uid == uid)
			unlinkat(directory, name, 0);
	}
	if (directory >= 0)
		close(directory);
}
