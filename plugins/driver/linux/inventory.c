#include "inventory.h"

#include "leftovers.h"
#include "proc.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { SESSIONS_MAX = 4096, ID_SIZE = 64, RECORD_MAX = 65536, PEOPLE_MS = 3000 };

/* A socket in the directory of displays, and who serves it. */
struct display_file {
	char number[8], path[sizeof LEFTOVERS_SOCKETS + 16];
	struct ucred server;
	char cookies[LOCK_FILE_SIZE]; /* the file its X server was started with; "": not known */
};

struct inventory {
	hst_call *call;
	const struct inventory_kind *kind;
	void *driver;
	const void *seen; /* by the kind */
	const struct locks *before;
	struct locks now;
	struct deadline deadline; /* for asking the displays of people */
};

/* Who listens there, as the kernel says; false: nobody, or it cannot be said (errno). */
static bool listener_at(const struct sockaddr_un *address, socklen_t size, struct ucred *ret)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	socklen_t room = sizeof *ret;
	bool there = fd >= 0 && connect(fd, (const struct sockaddr *)address, size) == 0 &&
		     getsockopt(fd, SOL_SOCKET, SO_PEERCRED, ret, &room) == 0;
	int error = errno;

	if (fd >= 0)
		close(fd);
	errno = error;
	return there;
}

/*
 * False: nobody listens, the socket was left behind. A server that is too busy to be connected to is there all the same;
 * its pid is then 0 and its user the socket's owner.
 */
static bool listener(const char *path, const struct stat *about, struct ucred *ret)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	if (listener_at(&address, sizeof address, ret))
		return true;
	*ret = (struct ucred){.uid = about->st_uid, .gid = about->st_gid};
	return errno == EAGAIN || errno == EACCES || errno == EMFILE || errno == ENFILE;
}

/*
 * Xlib looks for the same name without a file first, and anybody may listen there: a program of the user's would give its
 * cookie to whoever does.
 */
static bool is_intercepted(const char *path, const struct ucred *server)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct ucred other;

	memcpy(address.sun_path + 1, path, strlen(path));
	return listener_at(&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(path)), &other) &&
	       other.uid != server->uid;
}

/* By its command line, which whoever starts an X server may write as they like. */
static bool says_it_is_ours(const char *cookies)
{
	const char *name = strrchr(cookies, '/');

	return name && strcmp(name + 1, LEFTOVERS_COOKIE) == 0;
}

/*
 * By the mark beside its cookie, which names this very process and was written by root, or by the user that hostler runs as: somebody
 * else's X server that calls itself ours is neither used nor ended. Fills in the session's mark.
 */
static bool opened_by_hostler(const struct display_file *file, char ret_mark[MARK_SIZE])
{
	char path[LOCK_FILE_SIZE + sizeof LEFTOVERS_MARK], line[64 + MARK_SIZE] = "";
	const char *name = strrchr(file->cookies, '/');
	struct proc_entry server;
	unsigned long long start = 0;
	struct stat about;
	bool genuine;
	int fd, pid = 0;

	if (!says_it_is_ours(file->cookies) || file->server.pid <= 0)
		return false;
	snprintf(path, sizeof path, "%.*s/" LEFTOVERS_MARK, (int)(name - file->cookies), file->cookies);
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	genuine = fd >= 0 && fstat(fd, &about) == 0 && S_ISREG(about.st_mode) && (about.st_uid == 0 || about.st_uid == geteuid()) &&
		  read(fd, line, sizeof line - 1) > 0 && sscanf(line, "%d %llu %32[0-9a-f]", &pid, &start, ret_mark) == 3 && pid == file->server.pid &&
		  proc_read(pid, &server) && server.id.start == start && server.uid == file->server.uid;
	if (fd >= 0)
		close(fd);
	return genuine;
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

/* Whoever stands in the place of whom: nobody's word is taken for whose session it is. */
static void describe_doubtful(struct inventory *inventory, const struct display_file *file, hst_session *ret)
{
	hst_call *call = inventory->call;
	char *id = hst_alloc(call, ID_SIZE), *doubt = hst_alloc(call, LOCK_DOUBT_SIZE);

	snprintf(id, ID_SIZE, "%s:%s:?", inventory->kind->name, file->number);
	snprintf(doubt, LOCK_DOUBT_SIZE, "display :%s: %s belongs to another user than the one who listens on it; end process %d, or remove the socket",
		 file->number, file->path, (int)file->server.pid);
	*ret = (hst_session){.id = id,
			     .user = "somebody",
			     .key = "",
			     .connected = HST_UNKNOWN,
			     .locked = HST_UNKNOWN,
			     .doubt = doubt};
}

static const char *not_asked(hst_call *call, const struct display_file *file, const char *why)
{
	char *text = hst_alloc(call, LOCK_DOUBT_SIZE);

	snprintf(text, LOCK_DOUBT_SIZE, "display :%s: %s", file->number, why);
	return text;
}

static const char anothers[] = "another hostler of this machine has opened it, for a run of its own";

static int display_number(const struct display_file *file)
{
	return (int)strtol(file->number, NULL, 10);
}

/* Of a person's session what has to be known for asking its display; NULL, or why it is not asked. */
static const char *make_seat(hst_call *call, const struct display_file *file, const char *id, struct seat *ret)
{
	struct account *account = hst_alloc(call, sizeof *account);

	*ret = (struct seat){.server = file->server,
			     .display = display_number(file),
			     .account = account};
	snprintf(ret->id, sizeof ret->id, "%s", id);
	snprintf(ret->server_file, sizeof ret->server_file, "%s", file->cookies);
	if (says_it_is_ours(file->cookies))
		return not_asked(call, file, "its X server is called as hostler calls its own, and none of this hostler's has started it; end that");
	if (is_intercepted(file->path, &file->server))
		return not_asked(call, file, "a program of another user listens under its name, to get cookies; end that (ss -xlp shows it)");
	if (geteuid() != 0 && file->server.uid != geteuid())
		return not_asked(call, file, "it is another user's, and hostler does not run as root, as which it could ask");
	if (!account_of_uid(call->host, call->arena, file->server.uid, account) || account_admit(account, NULL) != HST_OK)
		return not_asked(call, file, "its user is none of the people who may have sessions; have its X server run as the person who sits there");
	return NULL;
}

/* Of a person's session: is it locked? */
static hst_fact person_locked(struct inventory *inventory, const struct display_file *file, const char *id,
			      const char **ret_doubt)
{
	struct seat *seat = hst_alloc(inventory->call, sizeof *seat);

	*ret_doubt = make_seat(inventory->call, file, id, seat);
	if (*ret_doubt)
		return HST_UNKNOWN;
	return lock_state(inventory->before, &inventory->now, inventory->call, seat, &inventory->deadline, ret_doubt);
}

static struct inventory_facts facts_of(const struct inventory *inventory, const struct display_file *file)
{
	struct inventory_facts facts = {.connected = HST_YES};
	char mark[MARK_SIZE] = "";

	if (opened_by_hostler(file, mark)) {
		facts.ours = leftovers_is_own_mark(inventory->call, mark);
		facts.anothers = !facts.ours;
	}
	if (inventory->kind->look)
		inventory->kind->look(inventory->seen, display_number(file), &file->server, &facts);
	return facts;
}

static hst_fact is_locked(struct inventory *inventory, const struct display_file *file, const struct inventory_facts *facts,
			  const char *id, const char **doubt)
{
	if (facts->anothers) {
		*doubt = not_asked(inventory->call, file, anothers);
		return HST_UNKNOWN;
	}
	if (!facts->ours)
		return person_locked(inventory, file, id, doubt);
	return *doubt ? HST_UNKNOWN : HST_NO; /* nothing in hostler's own sessions locks them */
}

static void describe(struct inventory *inventory, const struct display_file *file, hst_session *ret)
{
	hst_call *call = inventory->call;
	char *id = hst_alloc(call, ID_SIZE), *key = hst_alloc(call, 16);
	struct inventory_facts facts = facts_of(inventory, file);
	const char *doubt = facts.doubt;

	snprintf(id, ID_SIZE, "%s:%s:%d", inventory->kind->name, file->number, (int)file->server.pid);
	snprintf(key, 16, "%u", (unsigned)file->server.uid);
	*ret = (hst_session){.id = id,
			     .user = user_name(call, file->server.uid),
			     .key = key,
			     .connected = facts.connected,

			     .locked = is_locked(inventory, file, &facts, id, &doubt),
			     .ours = facts.ours,
			     .doubt = doubt};
}

static bool is_display(const char *name)
{
	size_t digits;

	if (name[0] != 'X')
		return false;
	digits = strspn(name + 1, "0123456789");
	return digits > 0 && digits <= 5 && !name[1 + digits];
}

/* The display of this socket; false: there is none, or nobody serves it. */
static bool look_at_file(const char *name, struct display_file *ret, bool *ret_doubtful)
{
	struct stat about;

	if (!is_display(name))
		return false;
	snprintf(ret->number, sizeof ret->number, "%.5s", name + 1);
	snprintf(ret->path, sizeof ret->path, LEFTOVERS_SOCKETS "/X%s", ret->number);
	if (lstat(ret->path, &about) != 0 || !S_ISSOCK(about.st_mode) || !listener(ret->path, &about, &ret->server))
		return false;
	if (ret->server.pid <= 0 || !proc_argument_after(ret->server.pid, "-auth", ret->cookies, sizeof ret->cookies))
		ret->cookies[0] = '\0';
	*ret_doubtful = about.st_uid != ret->server.uid;
	return true;
}

int inventory_sessions(hst_call *call, const struct inventory_kind *kind, void *driver, struct locks *locks,
		       hst_session **ret_sessions, size_t *ret_n, hst_error *err)
{
	struct inventory *inventory = hst_alloc(call, sizeof *inventory);
	struct display_file *file = hst_alloc(call, sizeof *file);
	hst_session *sessions = NULL;
	size_t n = 0, size = 0;
	bool doubtful;
	struct dirent *entry = NULL;
	DIR *directory = opendir(LEFTOVERS_SOCKETS);

	/* Before the first X server of a machine has run, the directory is missing. */
	if (!directory && errno != ENOENT)
		return hst_fail(err, HST_RETRY, LEFTOVERS_SOCKETS " cannot be read: %s", strerror(errno));
	*inventory = (struct inventory){.call = call,
					.kind = kind,
					.driver = driver,
					.before = locks,
					.deadline = deadline_in(call, PEOPLE_MS)};
	if (directory && kind->begin)
		inventory->seen = kind->begin(call, driver);
	while (directory && (entry = readdir(directory)) != NULL) {
		if (!look_at_file(entry->d_name, file, &doubtful))
			continue;
		if (n == SESSIONS_MAX)
			break;
		if (n == size) {
			hst_session *larger = hst_alloc(call, (size ? 2 * size : 16) * sizeof *larger);

			if (n)
				memcpy(larger, sessions, n * sizeof *larger);
			sessions = larger;
			size = size ? 2 * size : 16;
		}
		if (doubtful)
			describe_doubtful(inventory, file, &sessions[n++]);
		else
			describe(inventory, file, &sessions[n++]);
	}
	if (directory)
		closedir(directory);

	/* With some left out, somebody would seem to have no session. Anybody can make so many. */
	if (entry)
		return hst_fail(err, HST_RETRY,
				"more than %d displays are served in " LEFTOVERS_SOCKETS ": see whose they are (ls -l), and end what serves them",
				SESSIONS_MAX);
	*locks = inventory->now;
	*ret_sessions = sessions;
	*ret_n = n;
	return HST_OK;
}

int inventory_seat(hst_call *call, const struct inventory_kind *kind, void *driver, const char *id, struct seat *ret, hst_error *err)
{
	struct display_file *file = hst_alloc(call, sizeof *file);
	struct inventory inventory = {.call = call, .kind = kind, .driver = driver};
	struct inventory_facts facts;
	int display = -1, server = 0;
	const char *why_not;
	size_t prefix = strlen(kind->name);
	bool doubtful = true;
	char name[16];

	if (strncmp(id, kind->name, prefix) != 0 || sscanf(id + prefix, ":%5d:%d", &display, &server) != 2 || display < 0)
		return hst_fail_as(err, HST_INVALID, "SessionNotFound", "%.80s is no session of a display", id);
	snprintf(name, sizeof name, "X%d", display);
	if (!look_at_file(name, file, &doubtful) || doubtful || file->server.pid != server || server <= 0)
		return hst_fail_as(err, HST_NOT_FOUND, "SessionNotFound", "session %s is no longer there", id);
	if (kind->begin)
		inventory.seen = kind->begin(call, driver);
	facts = facts_of(&inventory, file);
	if (facts.ours || facts.anothers)
		return hst_fail_as(err, HST_DENIED, "AttendedUserNotLoggedIn",
				   "session %s is none of a person: %s has opened it", id, facts.ours ? "hostler" : "another hostler");
	if (facts.connected != HST_YES)
		return hst_fail_as(err, HST_RETRY, "AttendedUserSessionNotActive", "session %s is disconnected", id);
	why_not = make_seat(call, file, id, ret);
	if (why_not)
		return hst_fail_as(err, HST_DENIED, "SessionFactUnknown", "session %s: %s", id, why_not);
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
