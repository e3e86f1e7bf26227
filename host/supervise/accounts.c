#include "supervise/accounts.h"

#include "base/auto.h"
#include "os/failure.h"
#include "os/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { ADD_MS = 30000, ADD_BYTES_MAX = 4096 };

static int run(char *const *argv, const char *what, const char *name, hst_error *err)
{
	const struct spawn spawn = {.path = argv[0], .argv = argv};
	AUTO_FREE char *output = NULL;
	char status_text[64];
	int status = 0;
	int code = spawn_capture(&spawn, NULL, ADD_BYTES_MAX, ADD_MS, &output, &status, err);

	if (code != HST_OK)
		return code;
	if (status == 0)
		return HST_OK;
	spawn_status_text(status, status_text, sizeof status_text);
	return hst_fail(err, HST_DENIED, "the %s %s cannot be made: %s ended with %s", what, name, argv[0], status_text);
}

static int need_group(hst_error *err)
{
	char *const argv[] = {"/usr/sbin/groupadd", "--system", ACCOUNT_GROUP, NULL};

	return getgrnam(ACCOUNT_GROUP) ? HST_OK : run(argv, "group", ACCOUNT_GROUP, err);
}

static int need_user(const char *name, hst_error *err)
{
	char *const argv[] = {"/usr/sbin/useradd", "--system", "--gid", ACCOUNT_GROUP, "--no-create-home", "--home-dir",
			      "/nonexistent", "--shell", "/usr/sbin/nologin", (char *)name, NULL};

	return getpwnam(name) ? HST_OK : run(argv, "user", name, err);
}

static const char *const users[] = {ACCOUNT_ENGINE, ACCOUNT_WORKER, ACCOUNT_GATEWAY};
enum { USERS = sizeof users / sizeof users[0] };

static bool all_there(void)
{
	size_t there = 0;

	while (there < USERS && getpwnam(users[there]))
		there++;
	return there == USERS && getgrnam(ACCOUNT_GROUP);
}

/*
 * useradd looks whether the name is there before it locks anything, and gives a name that another one has made meanwhile a second
 * number. So hostlerds make them one at a time: by a lock that useradd, which locks the same file in another way, does not meet.
 */
static int make_missing(hst_error *err)
{
	static const char lock[] = "/etc/.pwd.lock";
	AUTO_CLOSE int fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	int code;

	if (fd < 0 || flock(fd, LOCK_EX) < 0)
		return failure_of(errno, err, "lock", lock);
	code = need_group(err);
	for (size_t i = 0; i < USERS && code == HST_OK; i++)
		code = need_user(users[i], err);
	return code;
}

static bool uid_of(const char *name, uid_t *ret)
{
	const struct passwd *user = getpwnam(name);

	if (user)
		*ret = user->pw_uid;
	return user != NULL;
}

int accounts_prepare(struct accounts *ret, hst_error *err)
{
	struct accounts made = {.root = true};
	const struct group *group;
	int code = HST_OK;

	if (geteuid() != 0) {
		*ret = (struct accounts){.engine = geteuid(), .worker = geteuid(), .gateway = geteuid(), .group = getegid()};
		return HST_OK;
	}
	if (!all_there())
		code = make_missing(err);
	if (code != HST_OK)
		return code;
	group = getgrnam(ACCOUNT_GROUP);
	if (!group || !uid_of(ACCOUNT_ENGINE, &made.engine) || !uid_of(ACCOUNT_WORKER, &made.worker) ||
	    !uid_of(ACCOUNT_GATEWAY, &made.gateway))
		return hst_fail(err, HST_NOT_FOUND, "the users %s, %s and %s or their group are not there although they were made",
				ACCOUNT_ENGINE, ACCOUNT_WORKER, ACCOUNT_GATEWAY);
	made.group = group->gr_gid;
	*ret = made;
	return HST_OK;
}
