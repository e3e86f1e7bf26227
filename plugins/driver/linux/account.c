#include "account.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { USER_MAX = 256, HOST_MAX = 256, RECORD_MAX = 65536 };

static char *keep(hst_host *host, hst_arena *arena, const char *text)
{
	size_t size = strlen(text) + 1;

	return memcpy(host->alloc(arena, size), text, size);
}

/* Is `name`, `n` bytes long, a way to write this machine's name? */
static bool is_this_host(const char *name, size_t n)
{
	char here[HOST_MAX + 1] = "";

	if (n == 1 && name[0] == '.')
		return true;
	if (gethostname(here, HOST_MAX) != 0)
		return false;
	if (strlen(here) == n && strncasecmp(here, name, n) == 0)
		return true;
	return strcspn(here, ".") == n && strncasecmp(here, name, n) == 0;
}

/* The part that names the user, into `to`; false when the rest names another machine or domain. */
static bool local_part(const char *user, char to[USER_MAX])
{
	const char *backslash = strchr(user, '\\');
	const char *at = strrchr(user, '@');
	const char *name = backslash ? backslash + 1 : user;
	size_t n = !backslash && at ? (size_t)(at - user) : strlen(name);

	if (backslash && !is_this_host(user, (size_t)(backslash - user)))
		return false;
	if (!backslash && at && !is_this_host(at + 1, strlen(at + 1)))
		return false;
	if (n == 0 || n >= USER_MAX)
		return false;
	memcpy(to, name, n);
	to[n] = '\0';
	return true;
}

static int look_up(const char *name, struct passwd *record, char *buffer, struct passwd **ret, hst_error *err)
{
	int error = getpwnam_r(name, record, buffer, RECORD_MAX, ret);

	/* Several errors only say that there is no such user; getpwnam_r(3) lists them. */
	if (error == 0 || error == ENOENT || error == ESRCH || error == EBADF || error == EPERM)
		return HST_OK;
	return hst_fail_as(err, HST_RETRY, "SessionCreationError",
			   "the user database does not answer for '%s': %s", name, strerror(error));
}

static void fill(hst_host *host, hst_arena *arena, const struct passwd *found, struct account *ret)
{
	int n = ACCOUNT_GROUPS_MAX;

	ret->name = keep(host, arena, found->pw_name);
	ret->home = keep(host, arena, found->pw_dir);
	ret->shell = keep(host, arena, found->pw_shell[0] ? found->pw_shell : "/bin/sh");
	ret->uid = found->pw_uid;
	ret->gid = found->pw_gid;
	ret->umask = 022;
	if (getgrouplist(found->pw_name, found->pw_gid, ret->groups, &n) < 0)
		n = ACCOUNT_GROUPS_MAX; /* more groups than a process needs: the first ones count */
	ret->group_count = (size_t)n;
}

int account_find(hst_host *host, hst_arena *arena, const char *user, struct account *ret, hst_error *err)
{
	struct passwd record, *found = NULL;
	char *buffer = host->alloc(arena, RECORD_MAX);
	char local[USER_MAX];
	int rc = HST_OK;

	if (user[0] && strlen(user) < USER_MAX)
		rc = look_up(user, &record, buffer, &found, err);
	if (rc == HST_OK && !found && local_part(user, local))
		rc = look_up(local, &record, buffer, &found, err);
	if (rc != HST_OK)
		return rc;
	if (!found)
		return hst_fail_as(
			err, HST_NOT_FOUND, "SessionCreationInvalidCredentials",
			"there is no user '%.100s' on this machine: name one that `getent passwd` lists, or "
			"make it with `adduser`",
			user);
	if (found->pw_uid == 0)
		return hst_fail_as(err, HST_DENIED, "SessionCreationInvalidCredentials",
				   "'%s' is root, and root never has a session: name an ordinary user",
				   found->pw_name);
	fill(host, arena, found, ret);
	return HST_OK;
}

bool account_of_uid(hst_host *host, hst_arena *arena, uid_t uid, struct account *ret)
{
	struct passwd record, *found = NULL;
	char *buffer = host->alloc(arena, RECORD_MAX);

	if (uid == 0 || getpwuid_r(uid, &record, buffer, RECORD_MAX, &found) != 0 || !found)
		return false;
	fill(host, arena, found, ret);
	return true;
}

/* The least uid of people, as useradd and the display managers take it from login.defs. */
static uid_t first_ordinary_uid(void)
{
	uid_t first = 1000;
	char line[512];
	unsigned value;
	FILE *file = fopen("/etc/login.defs", "re");

	if (!file)
		return first;
	while (fgets(line, sizeof line, file))
		if (sscanf(line, " UID_MIN %u", &value) == 1)
			first = value;
	fclose(file);
	return first;
}

int account_admit(const struct account *account, hst_error *err)
{
	enum { NOBODY = 65534 };

	if (geteuid() != 0) {
		if (account->uid == geteuid())
			return HST_OK;
		return hst_fail_as(err, HST_DENIED, "SessionCreationError",
				   "a session for '%s' needs root, and hostler runs as uid %u: start it as "
				   "root, or name "
				   "the user it runs as",
				   account->name, (unsigned)geteuid());
	}
	if (account->uid < first_ordinary_uid() || account->uid == NOBODY)
		return hst_fail_as(
			err, HST_DENIED, "SessionCreationInvalidCredentials",
			"'%s' (uid %u) is a system user, and system users never have a session: name an "
			"ordinary user",
			account->name, (unsigned)account->uid);
	return HST_OK;
}
